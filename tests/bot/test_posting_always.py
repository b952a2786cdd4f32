"""Whatever happens, and in whatever order: each article is told once, never too often, and never at night."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.app import Application
from bot.askers import Asker, Platform
from bot.herald import Herald
from bot.messages import DigestReply, Provenance
from bot.posting import Posting
from bot.schedule import Every
from bot.settings import Settings
from bot.watches import Watches
from corpus.catalogue import Arrival
from corpus.subscriptions import Subscriptions
from retrieval.encoders.fake import FakeEncoder
from retrieval.types import Article, Citation, Passage
from tests.bot.fake_chats import FakeChat, FakeClock, Killed

ANN = Asker(Platform.SLACK, "T1", "C1", "", "U1", zone="Europe/Oslo")
BEGIN = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)  # the night after is an hour short
OSLO = ZoneInfo("Europe/Oslo")
STEPS = ["found", "tell", "digested", "trying", "sent"]


@dataclass
class FakeNews:
    """In place of the service, its editions and the catalogue: every article matches, and tells its own story."""

    articles: dict[str, Article] = field(default_factory=dict)

    def publish(self, count: int) -> None:
        for number in range(len(self.articles), len(self.articles) + count):
            self.articles[f"a{number}"] = Article(f"a{number}", f"Text {number}.")

    @property
    def number(self) -> int:
        return len(self.articles)

    mark = number

    def close(self) -> None:
        pass

    def edition(self) -> AbstractContextManager[FakeNews]:
        return nullcontext(self)

    def since(self, mark: int) -> dict[str, Arrival]:
        return {i: Arrival(n, i, "", None) for n, i in enumerate(self.articles, start=1) if n > mark}

    def story_of(self, article_ids: Collection[str]) -> dict[str, str]:
        return {article_id: article_id for article_id in article_ids}

    def check(self, topic: str, now: dt.datetime) -> None:
        pass

    def matches(self, topic: str, article_ids: Collection[str], most: int, now: dt.datetime) -> list[Citation]:
        return [Citation.of(Passage(0, self.articles[i], 0, 4), 1.0, ()) for i in sorted(article_ids)]

    def with_stories(self, citations: Sequence[Citation]) -> tuple[Citation, ...]:
        return tuple(citations)

    def provenance(self, citations: Iterable[Citation]) -> Provenance:
        return Provenance(stories={citation.article_id: citation.article_id for citation in citations})

    def article(self, article_id: str) -> Article:
        return self.articles[article_id]

    def verify(self, citation: Citation) -> None:
        citation.verify(self.articles[citation.article_id].text)


happenings = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 3)),
        st.tuples(st.just("turn"), st.integers(1, 900)),
        st.tuples(st.just("look"), st.none()),
        st.tuples(st.just("fail"), st.booleans()),
        st.tuples(st.just("away"), st.none()),
        st.tuples(st.just("kill"), st.tuples(st.sampled_from(STEPS), st.booleans())),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(happenings)
def test_each_article_is_told_once_and_never_at_the_wrong_time(happened: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), happened))


class Game:
    """A watch and a daily digest, and all that may happen to them."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.chat, self.news = FakeClock(BEGIN), FakeChat(), FakeNews()
        self.app = Application(Settings(data_dir=folder), FakeEncoder())
        self.app.service = self.app.catalogue = self.news  # type: ignore[assignment]
        watches = Watches(self.app, self.clock)
        watches.watch(ANN, "comet")
        watches.digest(ANN, Every.DAILY, "comet")
        self.connected = True
        self.begin()

    def begin(self) -> None:
        herald = Herald(self.app, [Platform.SLACK], self.clock)
        self.posting = Posting(self.app, herald, self.platforms)

    def platforms(self) -> dict[Platform, Any]:
        return {Platform.SLACK: self.chat} if self.connected else {}

    async def play(self, what: str, how: Any) -> None:  # noqa: ANN401 (as it happens)
        match what:
            case "publish":
                self.news.publish(how)
            case "turn":
                self.clock.turn(minutes=how)
            case "away":
                self.connected = not self.connected
            case "fail" if self.failures < 10:
                (self.chat.lost if how else self.chat.failures).append(TimeoutError())
            case "look":
                await self.posting.once()
            case "kill":
                await self.killed(*how)

    @property
    def failures(self) -> int:
        return len(self.chat.tries) - len(self.chat.posts) + len(self.chat.failures) + len(self.chat.lost)

    async def killed(self, step: str, after: bool) -> None:
        real = getattr(Subscriptions, step)

        def killing(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 (of any method)
            if after:
                real(*arguments, **named)
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Subscriptions, step, killing)
            try:
                await self.posting.once()
            except Killed:
                self.posting.close()
                self.begin()

    async def end(self) -> None:
        """Time goes by, and nothing else happens."""
        self.connected = True
        for _ in range(40):
            await self.posting.once()
            self.clock.turn(hours=1)
        self.posting.close()
        self.app.subscriptions.close()


async def play(folder: Path, happened: list[tuple[str, Any]]) -> None:
    game = Game(folder)
    for what, how in happened:
        await game.play(what, how)
    await game.end()
    check(game.news, game.chat)


def check(news: FakeNews, chat: FakeChat) -> None:
    watched: Counter[str] = Counter()
    digested: Counter[str] = Counter()
    posted: list[dt.datetime] = []
    for key, delivery in chat.posts.items():
        reply: Any = delivery.reply
        if isinstance(reply, DigestReply):
            digested.update(story.citation.article_id for story in reply.stories)
        else:
            watched.update(citation.article_id for citation in (*reply.citations, *reply.headlines))
            posted.append(made_at(key))
    assert watched == Counter(dict.fromkeys(news.articles, 1))
    assert digested == Counter(dict.fromkeys(news.articles, 1))
    assert all(7 <= made.astimezone(OSLO).hour < 22 for made in posted)
    for made in posted:
        assert sum(dt.timedelta(0) <= other - made < dt.timedelta(hours=1) for other in posted) <= 2


def made_at(key: str) -> dt.datetime:
    """When a post was written down, which its key tells."""
    return dt.datetime.fromtimestamp(int(key.partition("-")[2], 16), dt.UTC)
