"""Keeps a connection alive: what ends by itself begins again, after a while."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.errors import PlatformError
from corpus.pauses import doubled

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long to wait, in seconds: ``first`` after one failure, twice as long after each more, up to ``longest``.

    A connection that held for ``sound`` starts the count anew. Each wait is drawn between its half and its whole,
    so that many bots do not come back together.
    """

    first: float = 1.0
    longest: float = 120.0
    sound: float = 60.0

    def pause(self, failures: int) -> float:
        """The wait after so many failures in a row, from 1."""
        return doubled(self.first, failures, self.longest) * random.uniform(0.5, 1.0)  # noqa: S311 (nothing secret)


async def supervise(connect: Callable[[], Awaitable[None]], back_off: BackOff | None = None) -> None:
    """Connect again and again; returns only by being cancelled.

    Args:
        connect: holds one connection until it ends.
        back_off: how long to wait between two.

    Raises:
        PlatformError: trying again is of no use.
    """
    waits = back_off or BackOff()
    failures = 0
    while True:
        began = time.monotonic()
        try:
            await connect()
            why = "it was closed"
        except PlatformError:
            raise
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            logger.debug("where it ended", exc_info=True)
        failures = 1 if time.monotonic() - began >= waits.sound else failures + 1
        pause = waits.pause(failures)
        logger.warning("the connection to Discord ended (%s): trying again in %.0f s", why, pause)
        await asyncio.sleep(pause)
