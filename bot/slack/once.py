"""Each thing that happens in Slack is handled once, however often it is delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from corpus.journal import Journal

Work = Callable[[bool], Awaitable[None]]
"""Told whether an earlier try was cut off, so that its post may stand already."""


class Once:
    """Remembers in the journal what was handled.

    A post is known by its channel and time: it stays the same over redeliveries, and over the two events that
    a mention gives rise to.

    Args:
        journal: outlives the process, so that what a crash cut off is handled when it is delivered again.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._going_on: set[str] = set()

    async def __call__(self, key: str, work: Work) -> None:
        """Do the work, unless it is done or going on. What raises is not done."""
        if key in self._going_on:
            return
        self._going_on.add(key)
        try:
            if await asyncio.to_thread(self._journal.was_handled, key):
                return
            again = not await asyncio.to_thread(self._journal.first_sight, key)
            await work(again)
            await asyncio.to_thread(self._journal.handled, key)
        finally:
            self._going_on.discard(key)
