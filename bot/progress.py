"""Progress bars on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bot.console import error_console
from corpus.indexer import Progress as ReportProgress


@contextmanager
def progress_bars() -> Iterator[ReportProgress]:
    """A bar for each stage of an index run; nothing where standard error is no terminal."""
    tasks: dict[str, TaskID] = {}
    with _bars() as bars:

        def report(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


@contextmanager
def counter(description: str) -> Iterator[Callable[[], None]]:
    """A count that goes up by one with each call; nothing where standard error is no terminal."""
    with _bars() as bars:
        task = bars.add_task(description, total=None)
        yield lambda: bars.advance(task)


def _bars() -> Progress:
    console = error_console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
