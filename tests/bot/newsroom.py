"""A bot whose clock is set, and whose articles come when they are told to."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from bot.app import Application
from bot.askers import Platform
from bot.herald import Herald
from bot.platforms import ChatPlatform
from bot.posting import Posting
from bot.watches import Watches
from corpus.feed_options import FeedOptions, OutletFacts
from tests.bot.conftest import NEWS
from tests.bot.fake_chats import FakeClock
from tests.fakes import record, write_jsonl

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)  # a Monday
COMET = "A comet was seen over Turku on Friday night. Astronomers had waited for the comet for years."
LONGER = (
    f"{COMET} They had set up their telescopes on the roof of the castle, where two hundred people queued to look "
    "through them until the clouds came in from the sea at midnight, and children slept on blankets in the yard."
)
REPRINTED = (
    record("wire", LONGER, title="Comet over Turku", source="BBC News", published="2024-08-01"),
    record("reprint", LONGER, title="Seen over Turku", source="Morning Post", published="2024-08-02"),
)
STATE = OutletFacts(country="Ruritania", state_controlled=True)
TURKU = record("turku", COMET, title="Comet over Turku", source="BBC News", published="2024-08-01")


class Newsroom:
    """Publishes, and lets the bot tell what is due on one platform.

    Args:
        app: the parts of a data folder.
        folder: for the articles.
        name: the platform's.
        chat: the platform, connected.
        posted: all that was posted there, in order.
    """

    def __init__(self, app: Application, folder: Path, name: Platform, chat: ChatPlatform, posted: list[Any]) -> None:
        self.app = app
        self.clock = FakeClock(NOON)
        app.watches = Watches(app, self.clock)
        self._name, self._chat, self._posted = name, chat, posted
        self._feed = write_jsonl(folder / "news.jsonl", *NEWS)
        app.service.reindex([str(self._feed)])
        self._posting: Posting | None = None
        self.begin()

    def begin(self) -> None:
        """A process begins, where another one may have been killed."""
        self.close()
        self._posting = Posting(self.app, Herald(self.app, [self._name], self.clock), lambda: {self._name: self._chat})

    def close(self) -> None:
        if self._posting:
            self._posting.close()

    def describe(self, outlet: OutletFacts) -> None:
        """Let the feed say whose it is."""
        catalogue = self.app.catalogue
        catalogue.add_feed(catalogue.feeds()[0], FeedOptions(outlet=outlet))

    def now(self) -> None:
        """Set the clock to a noon of these days: platforms tell when something was posted by their own clocks."""
        now = dt.datetime.now(dt.UTC)
        self.clock.now = now.replace(hour=12)
        self.clock.now -= dt.timedelta(days=self.clock.now > now)

    async def publish(self, *records: Any) -> list[Any]:  # noqa: ANN401 (lines of JSON)
        """Index these articles beside the others; what the bot posts by itself."""
        taken = {r["id"] for r in records}
        write_jsonl(self._feed, *(r for r in NEWS if r["id"] not in taken), *records)
        self.app.service.reindex([])
        return await self.told()

    async def told(self) -> list[Any]:
        """What the bot posts by itself now."""
        assert self._posting
        before = len(self._posted)
        await self._posting.once()
        return self._posted[before:]
