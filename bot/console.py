"""The terminal as rich sees it."""

from __future__ import annotations

import datetime as dt
import sys

from rich.console import Console

from bot.messages import Reply
from bot.render.terminal import render

_WIDEST = 100  # long lines are hard to read


def output_console() -> Console:
    """Standard output; where it is no terminal it gets no colours."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=False)
    console.width = min(console.width, _WIDEST)
    return console


def error_console() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def show(console: Console, reply: Reply, *, explain: bool = False, folded: bool = True) -> None:
    """Print a reply."""
    console.print(
        render(
            reply,
            today=dt.datetime.now().astimezone().date(),
            color=shows_color(console),
            explain=explain,
            folded=folded,
        )
    )


def shows_color(console: Console) -> bool:
    """Whether a highlight can be shown by colour."""
    return console.color_system is not None and not console.no_color
