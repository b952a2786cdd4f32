"""How far an index run is, and who runs it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from corpus.errors import IndexStopped

READING, FOLDING, CUTTING, ENCODING = "reading", "folding", "cutting", "encoding"


@dataclass(frozen=True, slots=True)
class Step:
    """How far a run is.

    Args:
        stage: ``reading``, then ``folding`` (copies into stories), ``cutting`` and ``encoding``.
        done: items of the stage, or of the feed that is read.
        total: of them; ``None`` where that is not known.
        feed: the one that is read; empty in other stages.
        errors: bad items of that feed so far, or of the run in other stages.
    """

    stage: str
    done: int = 0
    total: int | None = None
    feed: str = ""
    errors: int = 0


class Progress(Protocol):
    """Told how far a run has come; each stage, and each feed that is read, ends with ``done`` at its highest."""

    def __call__(self, step: Step) -> None:
        """Take note of a step."""


def silent(step: Step) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class Steps:
    """Tells several listeners how far a run is, and ends it when it is to stop.

    Args:
        listeners: are told every step.
        stop: once this is set, the next step is the last one.
    """

    listeners: tuple[Callable[[Step], None], ...]
    stop: threading.Event = field(default_factory=threading.Event)

    def __call__(self, stage: str, done: int, total: int | None, feed: str = "", errors: int = 0) -> None:
        """Tell a step.

        Raises:
            IndexStopped: the run is to stop here.
        """
        if self.stop.is_set():
            raise IndexStopped
        step = Step(stage, done, total, feed, errors)
        for listener in self.listeners:
            listener(step)


@dataclass(frozen=True, slots=True)
class Underway:
    """A run that is going on, in this process or another.

    Args:
        pid: of the process.
        since: when it began, ISO 8601 in UTC.
        by: what started it, such as ``/reindex``; empty where that is not known.
        step: how far it is, if it has said so.
        seconds: since the stage or the feed of that step began, when it was said.
        host: the machine's name, if it may be another one.
    """

    pid: int
    since: str
    by: str = ""
    step: Step | None = None
    seconds: float = 0.0
    host: str = ""

    def __str__(self) -> str:
        by = f", started by {self.by}" if self.by else ""
        where = f" on {self.host}" if self.host else ""
        step = f" ({step_words(self.step)})" if self.step else ""
        return f"by process {self.pid}{where} since {self.since}{by}{step}"


def rate(step: Step, seconds: float) -> float | None:
    """Items a second, where that can be told yet."""
    return step.done / seconds if step.done and seconds > 0 else None


def remaining(step: Step, seconds: float) -> float | None:
    """Seconds that the stage, or the feed that is read, still takes at this rate; ``None`` where that is not known."""
    pace = rate(step, seconds)
    return max(step.total - step.done, 0) / pace if pace and step.total else None


def step_words(step: Step, seconds: float | None = None) -> str:
    """A step in words: ``reading The Wire, 12 of 40 (30%), 4.0/s, about 7 s left, 2 bad items``."""
    what = f"{step.stage} {step.feed}".strip()
    if step.total:
        words = [what, f"{step.done:,} of {step.total:,} ({min(step.done / step.total, 1):.0%})"]
    else:
        words = [what, *([f"{step.done:,} so far"] if step.done else [])]
    pace = rate(step, seconds) if seconds else None
    left = remaining(step, seconds) if seconds else None
    words += [f"{pace:,.0f}/s" if pace >= 10 else f"{pace:.1f}/s"] if pace else []
    words += [f"about {duration_words(left)} left"] if left and left >= 1 else []
    words += [f"{step.errors:,} bad item{'s' if step.errors != 1 else ''}"] if step.errors else []
    return ", ".join(words)


def duration_words(seconds: float) -> str:
    """A time that something takes, roughly: ``12 s``, ``5 min``, ``3 h`` or ``4 days``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"
