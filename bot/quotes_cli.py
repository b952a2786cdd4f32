"""The command ``backchannel quotes``."""

from __future__ import annotations

from pathlib import Path

import click

from bot.extract_options import Means, extract_options

_MOST_QUOTES = 1000


def quotes_command(means: Means) -> click.Command:
    """The command."""

    @click.command()
    @click.argument("person")
    @click.option(
        "-k", "k", type=click.IntRange(1, _MOST_QUOTES), default=10, show_default=True, help="Quotes to show."
    )
    @extract_options("articles published")
    def quotes(
        person: str,
        k: int,
        as_json: bool,
        since: str | None,
        until: str | None,
        source: str | None,
        data_dir: Path | None,
    ) -> None:
        """What PERSON, named in full or by surname, is quoted with, newest first, in verbatim sentences."""
        from bot.render.json import quotes_object
        from bot.service import require_index

        question, filters = means.asked(person, since, until, source)
        app = means.make_application(data_dir)
        require_index(app)
        reply = app.service.quotes(question, count=k, filters=filters)
        if as_json:
            means.print_json(quotes_object(reply))
        else:
            means.show(reply)

    return quotes
