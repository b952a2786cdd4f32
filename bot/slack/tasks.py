"""What goes on beside the event loop's own work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Tasks:
    """Tasks that are held until they end, so that none is lost and none fails unheard.

    Args:
        failed: told of errors.
    """

    def __init__(self, failed: Callable[[Exception], object]) -> None:
        self._failed = failed
        self._open: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin some work."""
        task = asyncio.ensure_future(self._guarded(work))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return task

    async def idle(self) -> None:
        """Wait until nothing goes on."""
        while self._open:
            await asyncio.wait(self._open)

    async def finish(self, seconds: float) -> None:
        """Wait for all of them, at most so long; then stop those that are left."""
        try:
            await asyncio.wait_for(self.idle(), seconds)
        except TimeoutError:
            late = list(self._open)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self._failed(error)
