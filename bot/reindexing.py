"""A re-index as people in a chat see it: one message, edited while it goes on, that ends in a report."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.askers import Asker
from bot.desk import Desk
from bot.messages import IndexReply, Notice
from bot.reception import Reception
from bot.render.words import counted, one_line
from corpus.progress import Step, step_words

_EVERY = 3.0
"""Seconds between edits: chats allow about one a second."""

_FEEDS_SHOWN = 10

Edit = Callable[[IndexReply | Notice], Awaitable[None]]


class ProgressLine:
    """Remembers how far a run is; told from one thread, read from another."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._now = Step("waiting")
        self._since = clock()
        self._read: dict[str, Step] = {}

    def __call__(self, step: Step) -> None:
        """As :class:`corpus.progress.Progress`."""
        with self._lock:
            if (step.stage, step.feed) != (self._now.stage, self._now.feed):
                self._since = self._clock()
            self._now = step
            if step.feed:
                self._read[step.feed] = step

    def __str__(self) -> str:
        with self._lock:
            now, took, read = self._now, self._clock() - self._since, list(self._read.values())
        others = [step for step in read if step.feed != now.feed]
        # What went wrong is shown first where not all can be.
        shown = sorted(others, key=lambda step: not step.errors)[:_FEEDS_SHOWN]
        lines = [f"Re-indexing: {step_words(now, took)}.", *(f"• {one_line(_read_words(step))}" for step in shown)]
        rest = len(others) - len(shown)
        return "\n".join([*lines, f"… and {rest:,} more feeds"] if rest else lines)


def _read_words(step: Step) -> str:
    bad = f", {counted(step.errors, 'bad item')}" if step.errors else ""
    return f"{step.feed}: {step.done:,} read{bad}"


async def reindex(
    desk: Desk, reception: Reception, asker: Asker, edit: Edit, *, rebuild: bool = False, every: float = _EVERY
) -> None:
    """Re-index; ``edit`` is called with each line of progress, and with the report or what went wrong at the end."""
    progress = ProgressLine()
    work = asyncio.ensure_future(
        reception.serve(asker, lambda: desk.reindex(asker, rebuild=rebuild, progress=progress))
    )
    shown = ""
    while not work.done():
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(work), every)
        if not work.done() and str(progress) != shown:
            shown = str(progress)
            await edit(Notice(shown))
    await edit(work.result())
