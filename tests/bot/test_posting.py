"""What is told unasked: to whom, when, and how often."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import Application
from bot.askers import Asker, Platform, Question
from bot.corrections import changed
from bot.errors import DeliveryRefused
from bot.herald import MOST_TRIES, Herald
from bot.messages import CorrectionReply, DigestReply, MatchReply
from bot.posting import Posting
from bot.schedule import Every
from bot.settings import Settings
from bot.watches import Watches, Where
from corpus.errors import CatalogueError
from corpus.feed_options import FeedOptions, OutletFacts
from corpus.subscriptions import Subscriptions
from retrieval.encoders.fake import FakeEncoder
from retrieval.types import Article, Citation, Passage, Span
from tests.bot.command_line import application, close
from tests.bot.conftest import NEWS, OSLO
from tests.bot.fake_chats import FakeChat, FakeClock, Killed
from tests.bot.newsroom import COMET, NOON, TURKU
from tests.fakes import record, write_jsonl

ANN = Asker(Platform.SLACK, "T1", "C1", "", "U1", zone="Europe/Oslo")
BOB = Asker(Platform.SLACK, "T1", "C1", "", "U2")
GONE = record("gone", "The comet over Turku is gone. Many had gone to see the comet.", title="Comet gone")
WIRED = (
    "A comet was seen over Turku on Friday night. Astronomers of the city had waited for it since the spring, when a "
    "telescope in Chile found it behind Jupiter. Hundreds of people stood on the bridges over the Aura to look at it."
)
WIRE = record("wire", WIRED, title="Comet over Turku", source="The Wire")
REPRINT = record("reprint", f"{WIRED} The ferries waited.", title="Hundreds look up", source="The Courier")
FERRY = record("ferry", "The ferry to Oslo was late again.", title="Ferry")


class World:
    """A data folder, somebody's clock, and a chat."""

    def __init__(self, folder: Path, **settings: Any) -> None:  # noqa: ANN401 (settings)
        self.feed = write_jsonl(folder / "news.jsonl", *NEWS)
        self.records: list[object] = list(NEWS)
        self.settings = Settings(data_dir=folder / "data", **settings)
        self.clock = FakeClock(NOON)
        self.chat = FakeChat()
        self.connected = True
        self.processes: list[tuple[Posting, Application]] = []
        self.begin()
        self.app.service.reindex([str(self.feed)])

    def begin(self) -> None:
        """A process begins, where another one may have been killed."""
        self.app = application(self.settings, FakeEncoder())
        self.app.watches = Watches(self.app, self.clock)
        herald = Herald(self.app, [Platform.SLACK], self.clock)
        self.posting = Posting(
            self.app,
            herald,
            lambda: {Platform.SLACK: self.chat} if self.connected else {},  # type: ignore[dict-item]
        )
        self.processes.append((self.posting, self.app))

    def publish(self, *records: object, instead_of: str = "") -> None:
        """Articles come, perhaps in place of another one."""
        self.records = [r for r in self.records if r["id"] != instead_of] + list(records)  # type: ignore[index]
        write_jsonl(self.feed, *self.records)
        self.app.service.reindex([])

    async def told(self) -> list[Any]:
        """What is told by now, since the last time."""
        before = len(self.chat.posts)
        await self.posting.once()
        return self.chat.replies[before:]

    def asked(self, text: str, asker: Asker = BOB) -> str:
        """An answer, which stands in the chat."""
        reply = self.app.desk.ask(Question(text, self.clock(), asker))
        self.app.desk.remember(asker, reply)
        return reply.answer_id or ""  # type: ignore[union-attr]


@pytest.fixture
def options() -> dict[str, Any]:
    return {}


@pytest.fixture
def world(tmp_path: Path, options: dict[str, Any]) -> Iterator[World]:
    made = World(tmp_path, **options)
    yield made
    for posting, app in made.processes:
        posting.close()
        close(app)


def found(reply: MatchReply) -> list[str]:
    return [citation.article_id for citation in (*reply.citations, *reply.headlines)]


# Watches


async def test_a_new_article_is_told_once_where_it_was_asked_for_with_its_sentence_marked(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    assert await world.told() == []
    world.publish(TURKU, FERRY)
    (reply,) = await world.told()
    assert found(reply) == ["turku"]
    assert reply.citations[0].highlights[0].text == "A comet was seen over Turku on Friday night."
    (delivery,) = world.chat.posts.values()
    assert (delivery.to.channel, delivery.to.person, delivery.tried) == ("C1", "", None)
    world.clock.turn(hours=5)
    assert await world.told() == []


async def test_two_processes_post_it_once(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    one, other = (Herald(world.app, [Platform.SLACK], world.clock) for _ in range(2))
    world.publish(TURKU)
    one.look()
    one.compose([Platform.SLACK])
    ((post, _),) = one.deliveries([Platform.SLACK])
    ((same, _),) = other.deliveries([Platform.SLACK])
    assert (one.trying(post), other.trying(same)) == (True, False)


async def test_what_was_there_before_a_watch_is_not_told(world: World) -> None:
    world.publish(TURKU)
    world.app.watches.watch(ANN, "comet over Turku")
    assert await world.told() == []
    world.publish(GONE)
    (reply,) = await world.told()
    assert found(reply) == ["gone"]


async def test_an_article_that_changes_is_told_if_it_was_not_yet(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    world.publish(record("turku", "Nothing was seen of any kind."))
    assert await world.told() == []
    world.publish(TURKU, instead_of="turku")
    assert len(await world.told()) == 1
    world.publish(record("turku", f"{COMET} It shone for hours."), instead_of="turku")
    world.clock.turn(hours=5)
    assert await world.told() == []


async def test_a_rebuilt_index_holds_nothing_new(world: World) -> None:
    world.app.watches.watch(ANN, "grain ships in Oslo")
    world.app.service.reindex([], rebuild=True)
    assert await world.told() == []


async def test_a_story_is_told_once_however_many_tell_it(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    world.publish(WIRE)
    assert len(await world.told()) == 1
    world.publish(REPRINT)
    world.clock.turn(hours=5)
    assert await world.told() == []


async def test_a_match_says_where_else_its_story_stands_and_who_publishes_it(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    outlet = OutletFacts(country="Norway", owner="The state", state_controlled=True)
    world.app.catalogue.add_feed(world.app.catalogue.feeds()[0], FeedOptions(outlet=outlet))
    world.publish(WIRE, REPRINT)
    (reply,) = await world.told()
    (citation,) = reply.citations
    assert {citation.article_id, *citation.also_in} == {"wire", "reprint"}
    assert set(reply.provenance.names.values()) == {"The Wire", "The Courier"}
    assert reply.provenance.facts == {citation.article_id: outlet}


async def test_wire_copies_that_come_together_are_one_story(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    world.publish(TURKU, {**TURKU, "id": "turku-too", "source": "The Wire"})
    (reply,) = await world.told()
    assert len(found(reply)) == 1
    assert len(reply.citations[0].also_in) == 1


async def test_who_wants_it_alone_is_told_alone(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku", Where.DM)
    world.publish(TURKU)
    await world.told()
    (delivery,) = world.chat.posts.values()
    assert (delivery.to.channel, delivery.to.person) == ("", "U1")


# Noise


@pytest.mark.parametrize("options", [{"watch_posts_per_hour": 1}])
async def test_what_comes_too_soon_is_held_back_and_told_together_later(world: World) -> None:
    world.app.watches.watch(ANN, "comet")
    world.publish(TURKU)
    assert len(await world.told()) == 1
    world.publish(GONE)
    assert await world.told() == []
    world.publish(record("third", "A third comet came to Vaasa. The comet was small.", title="Third comet"))
    assert await world.told() == []
    world.clock.turn(minutes=61)
    (reply,) = await world.told()
    assert found(reply) == ["gone", "third"]


@pytest.mark.parametrize("options", [{"channel_posts_per_hour": 1}])
async def test_a_channel_hears_no_more_in_an_hour_than_is_set(world: World) -> None:
    world.app.watches.watch(ANN, "comet")
    world.app.watches.watch(BOB, "ferry to Oslo")
    world.app.watches.watch(BOB, "ferry to Oslo", Where.DM)
    world.publish(TURKU, FERRY)
    told = await world.told()
    assert [reply.topic for reply in told] == ["comet", "ferry to Oslo"]
    assert [d.to.channel for d in world.chat.posts.values()] == ["C1", ""]
    world.clock.turn(minutes=61)
    assert [reply.topic for reply in await world.told()] == ["ferry to Oslo"]


async def test_quiet_hours_hold_back_by_the_clock_of_whom_is_told(world: World) -> None:
    world.app.watches.watch(ANN, "comet")  # Oslo is an hour ahead
    world.app.watches.watch(BOB, "comet", Where.DM)  # UTC
    world.clock.now = NOON.replace(hour=21, minute=30)
    world.publish(TURKU)
    await world.told()
    assert [d.to.person for d in world.chat.posts.values()] == ["U2"]
    world.clock.turn(hours=8)  # 5:30 and 6:30
    assert await world.told() == []
    world.clock.turn(hours=1)
    assert len(await world.told()) == 1


async def test_what_changed_while_it_was_held_back_is_told_as_it_is_now(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    world.clock.now = NOON.replace(hour=23)
    world.publish(TURKU, GONE)
    assert await world.told() == []
    world.publish(record("turku", f"{COMET} It shone."), instead_of="turku")
    world.publish(instead_of="gone")
    world.clock.turn(hours=12)
    (reply,) = await world.told()
    assert found(reply) == ["turku"]
    assert "It shone." in reply.citations[0].text


async def test_of_many_the_first_are_shown_others_named_and_the_rest_told_in_the_next_post(world: World) -> None:
    world.app.watches.watch(ANN, "comet")
    world.publish(
        *(record(f"c{n}", f"Comet number {n} was seen from {n * 7} towers.", title=f"C {n}") for n in range(14))
    )
    (reply,) = await world.told()
    assert (len(reply.citations), len(reply.headlines), reply.further) == (3, 7, 4)
    (rest,) = await world.told()
    assert (len(rest.citations), len(rest.headlines), rest.further) == (3, 1, 0)
    assert len({*found(reply), *found(rest)}) == 14
    world.clock.turn(hours=5)
    assert await world.told() == []


# Crashes


async def test_a_delivery_of_unknown_outcome_is_tried_again_later_and_looked_for(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    world.publish(TURKU)
    world.chat.failures = [TimeoutError()]
    world.chat.lost = [ConnectionResetError()]
    for _ in range(4):
        await world.told()
        world.clock.turn(minutes=5)
    assert [t.tried for t in world.chat.tries] == [None, NOON, NOON]
    assert len(world.chat.posts) == 1


@pytest.mark.parametrize("step", ["found", "tell", "trying", "sent"])
@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_at_any_point_loses_nothing_and_repeats_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    world.publish(TURKU)
    real = getattr(Subscriptions, step)

    def killed(*arguments: object) -> None:
        if after:
            real(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Subscriptions, step, killed)
        with pytest.raises(Killed):
            await world.posting.once()
    world.begin()
    for _ in range(3):
        await world.posting.once()
        world.clock.turn(minutes=10)
    assert [found(reply) for reply in world.chat.replies] == [["turku"]]


async def test_what_a_platform_will_not_have_pauses_the_watch_and_is_not_tried_again(world: World) -> None:
    world.app.watches.watch(ANN, "comet")
    world.publish(TURKU)
    world.chat.failures = [DeliveryRefused("the channel is archived")]
    for _ in range(3):
        await world.told()
        world.clock.turn(days=1)
    assert len(world.chat.tries) == 1
    (listed,) = world.app.watches.mine(ANN).own
    assert listed.paused == "the channel is archived"
    world.publish(GONE)
    assert await world.told() == []
    world.app.watches.watch(ANN, "comet")
    assert world.app.watches.mine(ANN).own[0].paused == ""
    assert await world.told() == []
    world.publish(record("third", "A third comet came to Vaasa. The comet was small.", title="Third comet"))
    assert [found(reply) for reply in await world.told()] == [["third"]]


async def test_what_cannot_be_delivered_for_long_is_given_up(world: World) -> None:
    world.app.watches.watch(ANN, "comet")
    world.publish(TURKU)
    world.chat.failures = [TimeoutError() for _ in range(100)]
    for _ in range(MOST_TRIES + 5):
        await world.told()
        world.clock.turn(hours=2)
    assert len(world.chat.tries) == MOST_TRIES
    assert world.app.watches.mine(ANN).own[0].paused


async def test_while_a_platform_is_away_nothing_piles_up(world: World) -> None:
    world.app.watches.watch(ANN, "comet")
    world.connected = False
    world.publish(TURKU)
    await world.told()
    world.publish(GONE)
    await world.told()
    world.connected = True
    (reply,) = await world.told()
    assert sorted(found(reply)) == ["gone", "turku"]


async def test_what_is_for_another_platform_is_left_to_it(world: World) -> None:
    world.app.watches.watch(Asker(Platform.DISCORD, "100", "200", "", "1"), "comet")
    world.publish(TURKU)
    assert await world.told() == []


@pytest.mark.parametrize("options", [{"channels_denied": ("C2",)}])
async def test_a_channel_that_the_bot_is_silent_in_meanwhile_hears_nothing(world: World) -> None:
    world.app.watches.watch(ANN, "comet")
    world.settings = world.settings.model_copy(update={"channels_denied": ("C1",)})
    world.begin()
    world.publish(TURKU)
    assert await world.told() == []


async def test_what_keeps_going_wrong_is_logged_once_and_the_rest_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.app.watches.watch(ANN, "comet")
    world.publish(TURKU)

    def damaged(*_: object) -> None:
        raise CatalogueError("the catalogue cannot be read")

    with monkeypatch.context() as patch:
        patch.setattr(Subscriptions, "active", damaged)
        keeping = asyncio.create_task(world.posting.keep(0.001))
        await asyncio.sleep(0.2)
    while not world.chat.posts:
        await asyncio.sleep(0.01)
    keeping.cancel()
    assert [r.getMessage() for r in caplog.records].count(
        "nobody can be told what is new: the catalogue cannot be read"
    ) == 1


# Digests


async def test_a_digest_comes_at_its_hour_with_what_is_new_since_the_last(world: World) -> None:
    world.app.watches.digest(ANN, Every.DAILY)
    world.publish(TURKU, {**TURKU, "id": "other", "source": "The Wire"}, FERRY)
    assert await world.told() == []
    world.clock.now = dt.datetime(2026, 11, 24, 6, 59, tzinfo=dt.UTC)
    assert await world.told() == []
    world.clock.turn(minutes=1)  # 8:00 in Oslo
    (reply,) = await world.told()
    assert isinstance(reply, DigestReply)
    assert reply.articles == 3
    assert {s.citation.article_id for s in reply.stories} == {"turku", "other", "ferry"}
    assert "A comet was seen over Turku on Friday night." in [s.citation.text for s in reply.stories]
    world.clock.turn(days=1)
    assert await world.told() == []
    world.publish(GONE)
    world.clock.turn(days=1)
    assert [s.citation.article_id for s in (await world.told())[0].stories] == ["gone"]


async def test_the_story_of_most_outlets_comes_first(world: World) -> None:
    world.app.watches.digest(ANN, Every.DAILY)
    world.publish(WIRE, REPRINT, {**FERRY, "published": "2025"})
    world.clock.turn(days=1)
    (reply,) = await world.told()
    assert [(s.articles, s.outlets) for s in reply.stories] == [(2, 2), (1, 1)]


async def test_a_digest_on_a_topic_holds_its_best_passages_alone(world: World) -> None:
    world.app.watches.digest(ANN, Every.DAILY, "comet over Turku")
    world.publish(FERRY, TURKU)
    world.clock.turn(days=1)
    (reply,) = await world.told()
    assert [s.citation.article_id for s in reply.stories] == ["turku"]
    assert reply.stories[0].citation.highlights
    world.publish({**FERRY, "id": "ferry2"})
    world.clock.turn(days=1)
    assert await world.told() == []


async def test_a_weekly_digest_comes_on_monday_and_says_when_nothing_is_new(world: World) -> None:
    world.app.watches.digest(ANN, Every.WEEKLY)
    world.clock.now = dt.datetime(2026, 11, 30, 7, tzinfo=dt.UTC)
    (reply,) = await world.told()
    assert reply.stories == ()
    assert reply.since == NOON


@pytest.mark.parametrize(
    ("every", "down", "times"),
    [(Every.DAILY, dt.timedelta(days=5), 1), (Every.WEEKLY, dt.timedelta(days=7, hours=10), 1),
     (Every.WEEKLY, dt.timedelta(days=9), 0)],
)  # fmt: skip
async def test_what_was_due_while_the_bot_was_down_is_told_once_if_it_is_not_long_ago(
    world: World, every: Every, down: dt.timedelta, times: int
) -> None:
    world.app.watches.digest(ANN, every)
    world.publish(TURKU)
    world.clock.now += down
    assert len(await world.told()) == times
    assert await world.told() == []
    world.clock.now = dt.datetime(2026, 12, 7, 7, tzinfo=dt.UTC)
    world.publish(FERRY)
    (reply,) = await world.told()
    stories = {story.citation.article_id for story in reply.stories}
    assert stories == ({"ferry"} if times else {"ferry", "turku"})


async def test_a_crash_between_a_digest_and_its_note_posts_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.app.watches.digest(ANN, Every.DAILY)
    world.publish(TURKU)
    world.clock.turn(days=1)

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Subscriptions, "sent", killed)
        with pytest.raises(Killed):
            await world.posting.once()
    world.begin()
    world.clock.turn(minutes=10)
    await world.posting.once()
    assert len(world.chat.posts) == 1
    assert world.chat.tries[-1].tried is not None


# Corrections

QUESTION = "Which grain ships may pass the strait until December?"
SENTENCE = "They agreed to let grain ships pass the strait until December."
NOW_SAID = "They agreed to let grain ships pass the strait until March, not December."


def corrected(text: str) -> dict[str, object]:
    return {**NEWS[0], "text": text}


async def test_where_an_answer_stands_a_changed_sentence_is_told_once(world: World) -> None:
    thread = Asker(Platform.SLACK, "T1", "C1", "17.5", "U2")
    answer_id = world.asked(QUESTION, thread)
    assert await world.told() == []
    world.publish(corrected(OSLO.replace(SENTENCE, NOW_SAID)), instead_of="oslo")
    (reply,) = await world.told()
    assert isinstance(reply, CorrectionReply)
    assert reply.answer_id == answer_id
    (correction,) = reply.corrections
    assert correction.old.highlights[0].text == SENTENCE
    assert correction.new is not None
    assert correction.new.highlights[0].text == NOW_SAID
    article = world.app.catalogue.article("oslo")
    assert article is not None
    correction.new.verify(article.text)
    (delivery,) = world.chat.posts.values()
    assert (delivery.to.channel, delivery.to.thread) == ("C1", "17.5")
    world.publish(corrected(OSLO.replace(SENTENCE, "They agreed on nothing.")), instead_of="oslo")
    assert await world.told() == []


@pytest.mark.parametrize(
    "text",
    [f"Corrected at noon. {OSLO}", OSLO.replace(" ", "\n"), OSLO.replace("by different doors", "at once")],
    ids=["shifted", "rewrapped", "another sentence"],
)
async def test_a_change_that_leaves_the_sentence_is_no_correction(world: World, text: str) -> None:
    world.asked(QUESTION)
    world.publish(corrected(text), instead_of="oslo")
    assert await world.told() == []


async def test_of_two_quotations_each_is_told_of_by_itself(world: World) -> None:
    world.publish({**TURKU, "text": "Grain ships may pass the strait of Turku until December, too."})
    world.asked(QUESTION)
    world.publish(corrected(OSLO.replace(SENTENCE, NOW_SAID)), instead_of="oslo")
    (reply,) = await world.told()
    assert [c.old.article_id for c in reply.corrections] == ["oslo"]
    world.publish({**TURKU, "text": "Grain ships may pass the strait of Turku until May, too."}, instead_of="turku")
    (reply,) = await world.told()
    assert [c.old.article_id for c in reply.corrections] == ["turku"]


def test_what_stood_there_before_has_taken_no_sentences_place() -> None:
    before = "Forty trains a week carry ore. Forty trains a week carry more ore. The port is open."
    citation = Citation.of(Passage(0, Article("a", before), 0, len(before)), 1.0, [(Span(0, 30), 1.0)])
    gone = changed(citation, before, Article("a", before[31:]))
    assert gone is not None
    assert gone.new is None
    mended = changed(citation, before, Article("a", f"{before[31:]} Thirty trains a week carry ore."))
    assert mended is not None
    assert mended.new is not None
    assert mended.new.highlights[0].text == "Thirty trains a week carry ore."


async def test_where_nothing_took_its_place_that_is_said(world: World) -> None:
    world.asked(QUESTION)
    world.publish(corrected(OSLO.replace(SENTENCE, "")), instead_of="oslo")
    (reply,) = await world.told()
    assert [(c.new, c.removed) for c in reply.corrections] == [(None, False)]


@pytest.mark.parametrize(
    ("options", "told"), [({}, 0), ({"corrections": "all"}, 1), ({"corrections": "off"}, 0)], ids=["", "all", "off"]
)
async def test_that_an_article_is_gone_is_told_if_that_is_set(world: World, told: int) -> None:
    world.asked(QUESTION)
    world.publish(instead_of="oslo")
    replies = await world.told()
    assert len(replies) == told
    assert all(c.removed for reply in replies for c in reply.corrections)


@pytest.mark.parametrize("options", [{"corrections": "off"}])
async def test_where_corrections_are_off_none_is_told_and_no_place_is_noted(world: World) -> None:
    world.asked(QUESTION)
    world.publish(corrected(OSLO.replace(SENTENCE, NOW_SAID)), instead_of="oslo")
    assert await world.told() == []
    assert world.app.subscriptions.postings(["slack"], NOON - dt.timedelta(days=99)) == []


async def test_an_answer_of_long_ago_or_that_was_deleted_is_not_corrected(world: World) -> None:
    world.asked(QUESTION)
    world.asked(QUESTION, ANN)
    world.app.desk.forget(ANN)
    world.clock.turn(days=31)
    world.publish(corrected(OSLO.replace(SENTENCE, NOW_SAID)), instead_of="oslo")
    assert await world.told() == []
    world.clock.turn(days=-2)
    world.begin()
    assert len(await world.told()) == 1


@pytest.mark.parametrize("options", [{"channel_posts_per_hour": 1}])
async def test_corrections_keep_to_the_limits_and_the_quiet_hours(world: World) -> None:
    world.asked(QUESTION, Asker(Platform.SLACK, "T1", "C1", "1.1", "U2"))
    world.asked(QUESTION, Asker(Platform.SLACK, "T1", "C1", "2.2", "U2"))
    world.clock.now = NOON.replace(hour=23)
    world.publish(corrected(OSLO.replace(SENTENCE, NOW_SAID)), instead_of="oslo")
    assert await world.told() == []
    world.clock.now = NOON + dt.timedelta(days=1)
    assert len(await world.told()) == 1
    world.clock.turn(minutes=6)
    assert await world.told() == []
    world.clock.turn(minutes=60)
    assert len(await world.told()) == 1
    world.clock.turn(minutes=61)
    assert await world.told() == []


async def test_answers_whose_articles_have_not_changed_are_not_read(world: World) -> None:
    answer = world.asked(QUESTION)
    long_ago = NOON - dt.timedelta(days=9)
    assert world.app.subscriptions.postings(["slack"], long_ago) == []
    world.publish(corrected(OSLO.replace(SENTENCE, NOW_SAID)), instead_of="oslo")
    assert [one.answer_id for one in world.app.subscriptions.postings(["slack"], long_ago)] == [answer]


# Beginning and end


async def test_who_is_to_stop_matches_nothing_more_and_the_next_process_does(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    world.publish(TURKU)
    world.app.stopping.set()
    assert await world.told() == []
    assert [world.app.subscriptions.waiting(one.id) for one in world.app.subscriptions.active(["slack"])] == [[]]
    world.begin()
    (reply,) = await world.told()
    assert found(reply) == ["turku"]


async def test_a_watch_that_ends_while_it_is_told_is_told_nothing(world: World) -> None:
    (watch,) = world.app.watches.watch(ANN, "comet over Turku").own
    world.app.watches.remove(ANN, watch.id)
    world.app.subscriptions.tell(watch, ["turku"], "{}", NOON)
    assert world.app.subscriptions.unsent(["slack"], NOON) == []


async def test_what_could_not_be_told_for_as_long_as_answers_are_kept_is_forgotten(world: World) -> None:
    (watch,) = world.app.watches.watch(ANN, "comet over Turku").own
    world.connected = False
    world.publish(TURKU)
    assert await world.told() == []
    store = world.app.subscriptions
    store.expire(NOON)
    assert len(store.waiting(watch.id)) == 1
    store.expire(NOON + dt.timedelta(seconds=1))
    assert store.waiting(watch.id) == []


async def test_a_re_index_does_not_give_way_to_what_nobody_waits_for(world: World) -> None:
    world.app.watches.watch(ANN, "comet over Turku")
    world.publish(TURKU)
    assert len(await world.told()) == 1
    shown = world.settings.data_dir / "asked"
    assert not shown.exists()
    world.asked(QUESTION)
    assert shown.exists()
