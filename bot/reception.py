"""The reception: runs the desk's work off the event loop, a few at once, and turns failures into a polite line."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from bot.askers import Asker
from bot.errors import BotError, Busy, TooMany
from bot.messages import Notice
from bot.metrics import Metrics
from bot.policy import Policy
from corpus.errors import CatalogueError, CorpusError
from retrieval.errors import InputError, RetrievalError

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
Waiting = Callable[[int], Awaitable[None]]
"""Told how many are before a request that has to wait."""
_SENDING = 2.0
"""Seconds that sending the last replies may take."""


class Reception:
    """Serves the requests of all platforms of one process, on one event loop.

    Args:
        policy: who may ask, and how often.
        metrics: counts.
        workers: how many are served at once.
        most_waiting: how many may wait beside them; who comes then is told to ask again.
    """

    def __init__(self, policy: Policy, metrics: Metrics, workers: int, most_waiting: int = 300) -> None:
        self._policy = policy
        self._metrics = metrics
        self._workers = workers
        self._most_waiting = most_waiting
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="desk")
        self._counting = ThreadPoolExecutor(1, thread_name_prefix="rates")
        self._turn = asyncio.Semaphore(workers)
        self._waiting = 0
        self._queued = 0
        self._callers: set[asyncio.Task[Any]] = set()

    async def serve(
        self, asker: Asker, work: Callable[[], _T], *, waiting: Waiting | None = None, counted: bool = False
    ) -> _T | Notice:
        """Do some work in a thread; what fails becomes a notice for the person.

        Args:
            asker: for whom.
            work: what to do.
            waiting: told, where the work cannot begin at once, how many are before it.
            counted: whether it counts as a question under the rates.
        """
        started = time.monotonic()
        self._note_caller()
        try:
            with self._place(asker):
                if counted:
                    await self._count(asker)
                await self._take_turn(waiting)
            reply = await self._done(work)
        except (InputError, BotError, CorpusError, RetrievalError) as error:
            if not isinstance(error, (InputError, BotError)):
                self._metrics.failed(asker.platform)
                logger.warning("%s: %s", type(error).__name__, error)
            return Notice(_sentence(str(error)))
        except Exception as error:
            return self.failed(asker, error)
        self._metrics.answered(asker.platform, time.monotonic() - started)
        return reply

    async def admit(self, asker: Asker) -> Notice | None:
        """Count a question by itself, for whoever shows a refusal in another way than a reply."""
        try:
            self._require_place(asker)
            await self._count(asker)
        except (Busy, TooMany) as error:
            return Notice(_sentence(str(error)))
        return None

    async def _count(self, asker: Asker) -> None:
        """Count a question; one that cannot be counted is answered all the same."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._counting, self._policy.admit, asker)
        except CatalogueError as error:
            logger.warning("a question cannot be counted: %s", error)

    def failed(self, asker: Asker, error: BaseException) -> Notice:
        """Note an unexpected failure; the person gets a reference to it, the log where it happened.

        What the error says is logged for debugging alone: it may hold what people wrote. What is raised on purpose
        says enough in a line.
        """
        self._metrics.failed(asker.platform)
        reference = secrets.token_hex(4)
        if isinstance(error, (CorpusError, RetrievalError)):
            logger.error("reference %s: %s", reference, error)
            return _not_your_fault(reference)
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("reference %s: %s\n%s", reference, type(error).__name__, frames)
        logger.debug("reference %s says: %s", reference, error)
        return _not_your_fault(reference)

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return self._waiting

    async def drain(self, seconds: float) -> bool:
        """Wait until what is being served is done and its replies are sent, at most so long.

        What a platform took before it was closed, and brings only now, is still served.

        Returns:
            Whether all of it was done in time.
        """
        end = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(end):
                for _ in range(self._workers):
                    await self._turn.acquire()
        except TimeoutError:
            self._pool.shutdown(wait=False, cancel_futures=True)
            return False
        for _ in range(self._workers):
            self._turn.release()
        sending = self._callers - {asyncio.current_task()}
        if sending:
            # Some callers may go on for good; a reply is sent in a moment.
            await asyncio.wait(sending, timeout=min(_SENDING, end - asyncio.get_running_loop().time()))
        return True

    def _note_caller(self) -> None:
        """Remember the task that will send the reply, until it has ended."""
        caller = asyncio.current_task()
        if caller:
            self._callers.add(caller)
            caller.add_done_callback(self._callers.discard)

    @contextmanager
    def _place(self, asker: Asker) -> Iterator[None]:
        """Be one of those whose work is yet to begin."""
        self._require_place(asker)
        self._queued += 1
        try:
            yield
        finally:
            self._queued -= 1

    def _require_place(self, asker: Asker) -> None:
        """See that not too many wait; before the question is counted, so that asking again is free."""
        if self._queued >= self._most_waiting:
            self._metrics.turned_away(asker.platform)
            raise Busy(f"too many are asking just now, and {self._queued:,} wait already: ask again in a minute")

    async def _take_turn(self, waiting: Waiting | None) -> None:
        before = self._waiting
        self._waiting += 1
        try:
            if self._turn.locked() and waiting:
                await waiting(before)
            await self._turn.acquire()
        finally:
            self._waiting -= 1

    async def _done(self, work: Callable[[], _T]) -> _T:
        """Do the work of which the turn has come."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._turn.release()


def _not_your_fault(reference: str) -> Notice:
    return Notice(f"Something went wrong, and it is not your fault. An admin finds it in the log by {reference}.")


def _sentence(message: str) -> str:
    """An error's message as a sentence."""
    return f"{message[:1].upper()}{message[1:]}{'' if message.endswith(('.', '?', '!')) else '.'}"
