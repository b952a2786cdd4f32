"""A re-index as people in a chat see it: one message, edited while it goes on, that ends in a report."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.desk import Desk
from bot.messages import Asker, IndexReply, Notice
from bot.reception import Reception

_EVERY = 3.0
"""Seconds between edits: chats allow about one a second."""

Edit = Callable[[IndexReply | Notice], Awaitable[None]]


class ProgressLine:
    """Remembers how far a run is; told from one thread, read from another."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stage, self._done, self._total = "waiting", 0, None
        self._since = clock()

    _total: int | None

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """As :class:`corpus.indexer.Progress`."""
        with self._lock:
            if stage != self._stage:
                self._since = self._clock()
            self._stage, self._done, self._total = stage, done, total

    def __str__(self) -> str:
        with self._lock:
            stage, done, total, took = self._stage, self._done, self._total, self._clock() - self._since
        if not total:
            return f"Re-indexing: {stage}{f', {done:,} so far' if done else ''}."
        left = took / done * (total - done) if done else None
        rest = f", about {_duration(left)} left" if left and left >= 1 else ""
        return f"Re-indexing: {stage}, {done:,} of {total:,} ({done / total:.0%}){rest}."


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


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
