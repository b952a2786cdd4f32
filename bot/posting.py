"""Keeping people posted while `serve` runs: what the herald decides is handed to the platforms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bot.app import Application
from bot.askers import Platform
from bot.errors import BotError, DeliveryRefused
from bot.herald import MOST_TRIES, Herald
from bot.platforms import ChatPlatform, Delivery
from corpus.errors import CorpusError
from corpus.outbox import Post
from retrieval.errors import RetrievalError

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
_PATIENCE = 120.0
"""Seconds that one delivery may take."""


class Posting:
    """Delivers, one thing after the other.

    Args:
        app: the parts of the data folder.
        herald: decides.
        connected: the platforms that are connected now.
    """

    def __init__(
        self, app: Application, herald: Herald, connected: Callable[[], Mapping[Platform, ChatPlatform]]
    ) -> None:
        self._app = app
        self._herald = herald
        self._connected = connected
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="herald")
        self._complaint = ""
        self._closed = False

    async def keep(self, every: float) -> None:
        """Keep people posted until cancelled."""
        try:
            while True:
                await self._once_surely()
                await asyncio.sleep(every)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the catalogue, once what is being done is done; the second time, nothing happens."""
        if not self._closed:
            self._pool.submit(self._app.close)
            self._pool.shutdown(wait=False)
        self._closed = True

    async def once(self) -> None:
        """Look whether there is anything new, and tell what is due.

        Raises:
            CorpusError, IndexFault: nothing can be read.
        """
        await self._run(self._herald.look)
        platforms = self._connected()
        await self._run(lambda: self._herald.compose(platforms))
        ready = await self._run(lambda: self._herald.deliveries(platforms))
        # One platform that is slow keeps no other one waiting.
        await asyncio.gather(*(self._deliver_all(name, platform, ready) for name, platform in platforms.items()))

    async def _once_surely(self) -> None:
        try:
            await self.once()
            self._complaint = ""
        except (BotError, CorpusError, RetrievalError) as error:
            self._complain(str(error))
        except Exception as error:
            self._complain(type(error).__name__)  # what it says may hold what people wrote
            logger.debug("where that was", exc_info=True)

    def _complain(self, why: str) -> None:
        """Log what goes wrong, each time anew once it has changed or was over."""
        if why != self._complaint:
            logger.error("nobody can be told what is new: %s", why)
        self._complaint = why

    async def _deliver_all(
        self, name: Platform, platform: ChatPlatform, ready: Sequence[tuple[Post, Delivery]]
    ) -> None:
        for post, delivery in ready:
            if post.to.platform == name:
                await self._deliver(platform, post, delivery)

    async def _deliver(self, platform: ChatPlatform, post: Post, delivery: Delivery) -> None:
        if not await self._run(lambda: self._herald.trying(post)):
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                await platform.deliver(delivery)
        except DeliveryRefused as refusal:
            why = str(refusal)
        except Exception as error:
            logger.warning("post %d could not be delivered (%s)", post.id, type(error).__name__)
            if post.tries + 1 < MOST_TRIES:
                return
            why = "it could not be reached for most of a day"
        else:
            await self._run(lambda: self._herald.sent(post))
            return
        logger.warning("post %d is given up: %s", post.id, why)
        await self._run(lambda: self._herald.refused(post, why))

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
