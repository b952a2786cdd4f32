"""An event loop in a thread of its own, for code that has none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

from corpus.errors import IndexStopped

# Seconds between looks whether to wait on.
_LOOK_UP = 0.2
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class _End:
    """The last thing in a queue; holds what went wrong, if anything did."""

    error: Exception | None


class Background(Generic[_R]):
    """Runs asynchronous iterators in a thread, each a few items ahead of whoever takes them.

    Args:
        resource: is opened in the loop, and closed there at the end.
        at_once: iterators that run together; others wait for their turn, in order.
        ahead: items of each that are made before anybody takes them.
        stop: once this is set, nobody waits for an item any more.
    """

    def __init__(
        self,
        resource: AbstractAsyncContextManager[_R],
        *,
        at_once: int = 8,
        ahead: int = 32,
        stop: threading.Event | None = None,
    ) -> None:
        self._resource = resource
        self._given_up = stop or threading.Event()
        self._at_once, self._ahead = at_once, ahead
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="fetching", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def resource(self) -> _R:
        """What was opened in the loop; used there alone."""
        return self._opened

    def stream(self, items: AsyncIterator[_T]) -> Iterator[_T]:
        """Start an iterator, and hand out its items here.

        Raises:
            IndexStopped: nobody is to wait any more.
            Exception: whatever the iterator raised.
        """
        queue: asyncio.Queue[_T | _End] = asyncio.Queue(self._ahead)
        asyncio.run_coroutine_threadsafe(self._fill(queue, items), self._loop)
        return self._drain(queue)

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._slots = asyncio.Semaphore(self._at_once)
        async with self._resource as self._opened:
            self._ready.set()
            await self._stop.wait()
            await _cancel_others()

    async def _fill(self, queue: asyncio.Queue[_T | _End], items: AsyncIterator[_T]) -> None:
        error: Exception | None = None
        async with self._slots:
            try:
                async for item in items:
                    await queue.put(item)
            except Exception as raised:
                error = raised
            await queue.put(_End(error))

    def _drain(self, queue: asyncio.Queue[_T | _End]) -> Iterator[_T]:
        while True:
            item = self._next(queue)
            if not isinstance(item, _End):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return

    def _next(self, queue: asyncio.Queue[_T | _End]) -> _T | _End:
        coming = asyncio.run_coroutine_threadsafe(queue.get(), self._loop)
        while True:
            try:
                return coming.result(_LOOK_UP)
            except TimeoutError:
                if self._given_up.is_set():
                    raise IndexStopped from None


async def _cancel_others() -> None:
    """What nobody waits for any more ends before the resource is closed."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
