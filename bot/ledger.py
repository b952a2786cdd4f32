"""The ledger: which events were handled, so that each is handled once, however often it is delivered."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from typing import TypeVar

from corpus.errors import CatalogueError
from corpus.journal import Journal

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
_REMEMBERED = 1000
Work = Callable[[bool], Awaitable[None]]
"""Told whether an earlier try was cut off, so that what it posted may stand already."""


class Sight(Enum):
    """How an event is seen that wants to be handled."""

    FIRST = auto()
    AGAIN = auto()
    """An earlier try was cut off."""


class Ledger:
    """Claims events by their keys. For one event loop; what touches the journal runs in a thread of its own.

    While the journal cannot be written, as on a full disk, events are known from memory: that nobody is answered would
    be worse than that somebody is answered twice after a crash.

    Args:
        journal: outlives the process, so that what a crash cut off is handled when it is delivered again.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._open: set[str] = set()
        self._unwritten: deque[str] = deque(maxlen=_REMEMBERED)

    async def once(self, event: str, work: Work, question: str = "") -> None:
        """Do the work, unless it is done or going on. What raises is not done; see :meth:`claim`."""
        sight = await self.claim(event, question)
        if sight is None:
            return
        try:
            await work(sight is Sight.AGAIN)
            await self.settle(event)
        finally:
            self.release(event)

    async def claim(self, event: str, question: str = "") -> Sight | None:
        """Whether to handle an event: ``None`` where somebody is at it, or it was handled, be it in an earlier run.

        Args:
            event: names it.
            question: what is needed to take it up again, should this process be lost; empty where that is no use.
        """
        if event in self._open:
            return None
        self._open.add(event)
        sight = None
        try:
            sight = await self.run(lambda: self._seen(event, question))
        finally:
            if sight is None:
                self.release(event)
        return sight

    async def settle(self, event: str) -> None:
        """The event needs no more work."""
        await self.run(lambda: self._note_handled(event))
        self.release(event)

    def release(self, event: str) -> None:
        """Nobody is at the event any more; where it was not settled, whoever comes next may try."""
        self._open.discard(event)

    async def first(self, event: str) -> bool:
        """Whether this is the first time."""
        return await self.run(lambda: self._seen(event, "")) is Sight.FIRST

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do something short with the journal or the catalogue, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Finish what is being written, and let go of the journal's connection."""
        self._pool.submit(self._journal.close)
        self._pool.shutdown()

    def _seen(self, event: str, question: str) -> Sight | None:
        if event in self._unwritten:
            return None
        try:
            if self._journal.first_sight(event, question):
                return Sight.FIRST
            return Sight.AGAIN if self._journal.take_over(event) else None
        except CatalogueError as error:
            logger.warning("an event cannot be noted, and is handled all the same: %s", error)
            return Sight.FIRST

    def _note_handled(self, event: str) -> None:
        try:
            self._journal.handled(event)
        except CatalogueError as error:
            logger.debug("that an event was handled cannot be noted: %s", error)
            self._unwritten.append(event)
