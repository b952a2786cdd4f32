"""What commands have in common that show sentences out of many articles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from bot.arguments import Folder

if TYPE_CHECKING:
    from bot.app import Application
    from bot.askers import Question
    from bot.messages import Reply
    from retrieval.types import Filters


class Asked(Protocol):
    """Reads what was typed."""

    def __call__(self, text: str, since: str | None, until: str | None, source: str | None) -> tuple[Question, Filters]:
        """The question and the filters beside it.

        Raises:
            InputError: it cannot be asked; the message says why.
        """


@dataclass(frozen=True, slots=True)
class Means:
    """What a command works with.

    Args:
        make_application: wires the parts of a data folder.
        print_json: writes an object to standard output.
        show: writes a reply for people to standard output.
        asked: reads what was typed.
    """

    make_application: Callable[[Path | None], Application]
    print_json: Callable[[dict[str, Any]], None]
    show: Callable[[Reply], None]
    asked: Asked


def extract_options(dated: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options of all of them.

    Args:
        dated: what ``--since`` and ``--until`` bound, such as ``events``.
    """
    options = (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."),
        click.option("--since", metavar="D", help=f"Only {dated} since 2024, 2024-06 or 2024-06-15."),
        click.option("--until", metavar="D", help=f"Only {dated} until then."),
        click.option("--source", metavar="S", help="Only articles of this outlet."),
        click.option("--data-dir", type=Folder(), metavar="DIR", help="The only folder that is written to."),
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
