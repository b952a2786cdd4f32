"""What all parts of the adapter share: the desk, who may speak, and the work that is going on."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bot.app import Application
from bot.askers import Asker
from bot.ledger import Ledger
from bot.messages import AnswerReply, Notice
from bot.reception import Reception, Waiting
from corpus.clock import Clock, utc_now

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
SILENT = "I do not speak in this channel: ask in another one, or in a direct message."
CLOSING = "I am about to restart: ask again in a minute."


class Host:
    """Serves whoever comes by Discord.

    Args:
        app: the parts of the data folder.
        reception: does the desk's work.
        clock: tells the time, with its zone.
    """

    def __init__(self, app: Application, reception: Reception, clock: Clock = utc_now) -> None:
        self.app = app
        self.desk = app.desk
        self.reception = reception
        self.ledger = Ledger(app.journal)
        self.clock = clock
        self.closing = False
        self._at_work: set[asyncio.Task[object]] = set()

    @property
    def today(self) -> dt.date:
        """For warnings of old news."""
        return self.clock().date()

    def may_speak(self, asker: Asker) -> bool:
        """Whether the bot answers there."""
        return self.app.policy.may_speak(asker)

    async def serve(self, asker: Asker, work: Callable[[], _T], waiting: Waiting | None = None) -> _T | Notice:
        """Do some of the desk's work."""
        return await self.reception.serve(asker, work, waiting=waiting)

    async def remember(self, asker: Asker, reply: AnswerReply) -> None:
        """Note what a conversation is about."""
        await self.ledger.run(lambda: self.desk.remember(asker, reply))

    @contextmanager
    def work(self) -> Iterator[None]:
        """What happens inside is waited for by :meth:`finish`."""
        tasks = {task for task in (asyncio.current_task(),) if task}
        self._at_work |= tasks
        try:
            yield
        finally:
            self._at_work -= tasks

    async def finish(self, seconds: float) -> None:
        """Wait for what is being answered, at most so long."""
        if self._at_work:
            _, late = await asyncio.wait(self._at_work, timeout=seconds)
            if late:
                logger.warning("%d replies could not be finished in %g s", len(late), seconds)
