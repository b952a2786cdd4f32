"""Questions that nobody is at any more are taken up: a lost replica's, and this one's of before it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from bot.askers import Platform
from bot.platforms import ChatPlatform
from corpus.clock import utc_now
from corpus.errors import CatalogueError
from corpus.events import OpenQuestion
from corpus.journal import Journal

logger = logging.getLogger(__name__)
_T = TypeVar("_T")


class TakingUp:
    """Says that this replica is there, and looks for questions that are left.

    Args:
        journal: knows them.
        connected: the platforms that are connected now.
    """

    def __init__(self, journal: Journal, connected: Callable[[], Mapping[Platform, ChatPlatform]]) -> None:
        self._journal = journal
        self._connected = connected
        self._started = utc_now()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="replica")
        self._begun: set[asyncio.Task[None]] = set()
        self._complaint = ""

    async def keep(self, every: float) -> None:
        """Do so until cancelled."""
        try:
            while True:
                await self.once()
                await asyncio.sleep(every)
        finally:
            self._pool.shutdown(wait=False)

    async def once(self) -> None:
        """Say that this replica is there, and begin to answer what is left, where its platform is connected."""
        try:
            await self._run(self._journal.heard)
            left = await self._run(lambda: self._journal.left_open(self._started))
            self._complaint = ""
        except CatalogueError as error:
            if str(error) != self._complaint:
                logger.warning("questions of other replicas cannot be taken up: %s", error)
            self._complaint = str(error)
            return
        platforms = self._connected()
        for one in left:
            platform = platforms.get(Platform(one.event.partition(":")[0]))
            if platform is not None:
                self._begin(self._take_up(platform, one))

    async def leave(self) -> None:
        """Say that this replica is gone: what it leaves undone is the others'."""
        try:
            await asyncio.to_thread(self._journal.left)
        except CatalogueError as error:
            logger.debug("the others will notice by themselves: %s", error)

    async def _take_up(self, platform: ChatPlatform, one: OpenQuestion) -> None:
        try:
            await platform.take_up(one.question)
        except Exception as error:
            # What it says may hold what people wrote.
            logger.warning("a question that was left could not be answered (%s)", type(error).__name__)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
