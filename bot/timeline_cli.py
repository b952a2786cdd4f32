"""The command ``backchannel timeline``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from bot.arguments import Folder

if TYPE_CHECKING:
    from bot.app import Application
    from bot.askers import Question
    from bot.messages import Reply
    from retrieval.types import Filters

_MOST_EVENTS = 100


class Asked(Protocol):
    """Reads what was typed."""

    def __call__(self, text: str, since: str | None, until: str | None, source: str | None) -> tuple[Question, Filters]:
        """The question and the filters beside it.

        Raises:
            InputError: it cannot be asked; the message says why.
        """


def timeline_command(
    make_application: Callable[[Path | None], Application],
    print_json: Callable[[dict[str, Any]], None],
    show: Callable[[Reply], None],
    asked: Asked,
) -> click.Command:
    """The command.

    Args:
        make_application: wires the parts of a data folder.
        print_json: writes an object to standard output.
        show: writes a reply for people to standard output.
        asked: reads what was typed.
    """

    @click.command()
    @click.argument("topic")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
    @click.option("--events", type=click.IntRange(1, _MOST_EVENTS), default=12, show_default=True, metavar="N")
    @click.option("--since", metavar="D", help="Only events since 2024, 2024-06 or 2024-06-15.")
    @click.option("--until", metavar="D", help="Only events until then.")
    @click.option("--source", metavar="S", help="Only articles of this outlet.")
    @click.option("--data-dir", type=Folder(), metavar="DIR", help="The only folder that is written to.")
    def timeline(
        topic: str,
        as_json: bool,
        events: int,
        since: str | None,
        until: str | None,
        source: str | None,
        data_dir: Path | None,
    ) -> None:
        """Dated events on TOPIC, or of the article of that id, in verbatim sentences, oldest first."""
        from bot.render.json import timeline_object
        from bot.service import require_index

        question, filters = asked(topic, since, until, source)
        app = make_application(data_dir)
        require_index(app)
        reply = app.service.timeline(question, events=events, filters=filters)
        if as_json:
            print_json(timeline_object(reply))
        else:
            show(reply)

    return timeline
