"""The command ``backchannel timeline``."""

from __future__ import annotations

from pathlib import Path

import click

from bot.extract_options import Means, extract_options

_MOST_EVENTS = 100


def timeline_command(means: Means) -> click.Command:
    """The command."""

    @click.command()
    @click.argument("topic")
    @click.option("--events", type=click.IntRange(1, _MOST_EVENTS), default=12, show_default=True, metavar="N")
    @extract_options("events")
    def timeline(
        topic: str,
        events: int,
        as_json: bool,
        since: str | None,
        until: str | None,
        source: str | None,
        data_dir: Path | None,
    ) -> None:
        """Dated events on TOPIC, or of the article of that id, in verbatim sentences, oldest first."""
        from bot.render.json import timeline_object
        from bot.service import require_index

        question, filters = means.asked(topic, since, until, source)
        app = means.make_application(data_dir)
        require_index(app)
        reply = app.service.timeline(question, events=events, filters=filters)
        if as_json:
            means.print_json(timeline_object(reply))
        else:
            means.show(reply)

    return timeline
