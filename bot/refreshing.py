"""Refreshes feeds when they are due, while the bot serves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from corpus.clock import Clock, utc_now
from corpus.errors import CorpusError, FeedsFileError, IndexBusy, IndexStopped
from corpus.faults import unforeseen
from corpus.feed_records import Plan
from corpus.feed_register import RegisteredFeed
from corpus.feeds_file import BUILTIN
from corpus.pauses import doubled
from corpus.runs import IndexRun
from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from bot.app import Application

logger = logging.getLogger(__name__)
_BY = "the schedule of `backchannel serve`"
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 3600.0


class Refreshing:
    """Looks now and then which feeds are due, by the clock on the wall, and refreshes those.

    It looks rather than sleeps until then, so that a clock that is set, or a machine that sleeps, does not matter.

    Args:
        app: the parts of the data folder.
        clock: tells the time, in UTC.
        seconds: tells seconds that go on evenly.
    """

    def __init__(
        self,
        app: Application,
        clock: Clock = utc_now,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._clock, self._seconds = clock, seconds
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="schedule")
        self._known: list[RegisteredFeed] | None = None
        self._failing: dict[str, str] = {}
        # What an earlier process was cut off from is done first.
        self._undone = True
        self._failed_runs, self._paused_until = 0, 0.0
        self.problem = ""
        """Why nothing can be refreshed now; empty where all is well."""

    async def run(self, every: float) -> None:
        """Look every so many seconds, until the bot stops; what has begun then goes on in its thread."""
        while not self._app.stopping.is_set():
            await asyncio.get_running_loop().run_in_executor(self._pool, self.look)
            await asyncio.sleep(every)

    async def ended(self, seconds: float) -> bool:
        """Wait for what has begun, at most so long; whether it has ended. Nothing is begun after that."""
        last = asyncio.wrap_future(self._pool.submit(self._app.close))
        self._pool.shutdown(wait=False)
        done, _ = await asyncio.wait([last], timeout=seconds)
        return bool(done)

    def look(self) -> IndexRun | None:
        """Refresh what is due, if anything is; whatever goes wrong is logged in a line and tried again later."""
        try:
            due = self._due()
            if due is None or self._seconds() < self._paused_until or self._app.stopping.is_set():
                return None
            run = self._app.service.refresh(due, by=_BY).run
        except IndexBusy as error:
            logger.debug("the refresh waits: %s", error)
            return None
        except IndexStopped:
            return None
        except (CorpusError, RetrievalError, OSError) as error:
            self._pause(" ".join(str(error).split()))
            return None
        except Exception as error:
            self._pause(unforeseen("the schedule", error))
            return None
        self._undone, self._failed_runs, self.problem = False, 0, ""
        self._tell(run)
        return run

    def _due(self) -> list[RegisteredFeed] | None:
        """The feeds to refresh now, perhaps none where only the index is to be brought up; ``None`` for nothing.

        That is so where an earlier run was cut off, and where another replica has indexed.
        """
        planned = self._feeds() if self._app.settings.refresh else []
        feeds = [feed for feed in planned if feed.known.name != BUILTIN]
        plans, now = self._app.catalogue.plans(), self._clock()
        due = [
            feed
            for feed in feeds
            if plans.get(feed.known.name, Plan()).due(feed.options.refresh, now) or self._is_changed(feed)
        ]
        return due if due or (feeds and self._undone) or self._app.catalogue.behind() else None

    def _feeds(self) -> list[RegisteredFeed]:
        """The feeds there are; while the feeds file is broken, those of before."""
        register = self._app.register
        try:
            self._known = register.all()
        except FeedsFileError as error:
            if self._failing.get("feeds file") != str(error):
                logger.warning("the feeds stay as they were: %s", error)
            self._failing["feeds file"] = str(error)
            self._known = register.remembered() if self._known is None else self._known
        else:
            self._failing.pop("feeds file", None)
        return self._known

    def _is_changed(self, feed: RegisteredFeed) -> bool:
        """Whether the feeds file says something else of a feed than it did when it was read last."""
        return feed.declared and self._app.register.differs(feed)

    def _pause(self, problem: str) -> None:
        """Leave it for a while, each time twice as long."""
        if problem != self.problem:
            logger.warning("the feeds cannot be refreshed, and it is tried again: %s", problem)
        self.problem, self._undone = problem, True
        self._failed_runs += 1
        self._paused_until = self._seconds() + doubled(_FIRST_PAUSE, self._failed_runs, _LONGEST_PAUSE)

    def _tell(self, run: IndexRun) -> None:
        """Log what a run did; a feed that goes on failing in one way is told once."""
        for feed in run.feeds:
            if feed.failed and self._failing.get(feed.name) != feed.failed:
                logger.warning("a feed failed: %s", " ".join(feed.failed.split()))
            if feed.failed:
                self._failing[feed.name] = feed.failed
            elif self._failing.pop(feed.name, None):
                logger.warning("the feed %s works again", feed.name)
        if run.added or run.changed or run.removed:
            did = (run.generation, run.added, run.changed, run.removed, len(run.errors))
            logger.info("generation %s: %d added, %d changed, %d removed, %d bad items", *did)
