"""The ledger: which events were answered, so that each is answered once, and other small writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from corpus.journal import Journal

_T = TypeVar("_T")


class Ledger:
    """Claims events by their keys. For one event loop; what touches the journal runs in a thread of its own."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="discord-ledger")
        self._open: set[str] = set()

    async def claim(self, event: str) -> bool:
        """Whether to handle an event: nobody is at it, and it was not handled before, nor in an earlier run."""
        if event in self._open:
            return False
        self._open.add(event)
        fresh = False
        try:
            fresh = await self.run(lambda: self._journal.first_sight(event) or not self._journal.was_handled(event))
        finally:
            if not fresh:
                self._open.discard(event)
        return fresh

    async def settle(self, event: str) -> None:
        """The event needs no more work."""
        await self.run(lambda: self._journal.handled(event))
        self._open.discard(event)

    def release(self, event: str) -> None:
        """The event could not be handled; whoever comes next may try."""
        self._open.discard(event)

    async def first(self, event: str) -> bool:
        """Whether this is the first time."""
        return await self.run(lambda: self._journal.first_sight(event))

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do something short with the journal or the catalogue, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Finish what is being written, and let go of the journal's connection."""
        self._pool.submit(self._journal.close)
        self._pool.shutdown()
