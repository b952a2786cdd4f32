"""Progress bars on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from bot.console import error_console
from bot.render.words import counted, one_line
from corpus.progress import Progress as ReportProgress
from corpus.progress import Step

_MOST_CLEAN = 8
"""Bars of feeds without a fault."""


@contextmanager
def progress_bars(console: Console | None = None) -> Iterator[ReportProgress]:
    """A bar for each feed and each stage of an index run; nothing where standard error is no terminal.

    Where there are many feeds, those that were read without a fault make room for others.

    Args:
        console: takes the place of standard error.
    """
    tasks: dict[str, TaskID] = {}
    clean: dict[str, TaskID] = {}
    with _bars(console or error_console()) as bars:

        def report(step: Step) -> None:
            name = one_line(f"{step.stage} {step.feed}".strip())
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=step.total, faults="")
            faults = counted(step.errors, "bad item") if step.errors else ""
            bars.update(tasks[name], completed=step.done, total=step.total, faults=faults)
            if step.feed and step.errors:
                clean.pop(name, None)
            elif step.feed:
                clean[name] = tasks[name]
            while len(clean) > _MOST_CLEAN:
                bars.update(clean.pop(next(iter(clean))), visible=False)

        yield report


@contextmanager
def counter(description: str) -> Iterator[Callable[[int], None]]:
    """A count that goes up with each call, by what it is given; nothing where standard error is no terminal."""
    with _bars(error_console()) as bars:
        task = bars.add_task(description, total=None, faults="")
        yield lambda more: bars.advance(task, more)


class _RateColumn(ProgressColumn):
    """Items a second."""

    def render(self, task: Task) -> Text:
        """The rate, once it is known."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f}/s" if speed else "", style="progress.data.speed")


def _bars(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[faults]}", style="red", markup=False),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
