"""Watches, digests and corrections on Discord: asked for by commands, told by themselves."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.app import Application
from bot.askers import Platform
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application
from tests.bot.conftest import NEWS, OSLO
from tests.bot.discord.driver import Bot, Shown, Start, settings_for, until
from tests.bot.discord.server import ADMIN, CHANNEL, FakeDiscord, Json, dm_of
from tests.bot.fake_chats import Killed
from tests.bot.newsroom import NOON, REPRINTED, STATE, TURKU, Newsroom


class DiscordRoom(Newsroom):
    """With the bot on a fake Discord."""

    def __init__(self, bot: Bot, server: FakeDiscord, folder: Path) -> None:
        super().__init__(bot.app, folder, Platform.DISCORD, bot.platform, server.posted)
        self.bot = bot
        self.server = server

    async def command(self, name: str, options: Json | None = None, **others: Any) -> Shown:  # noqa: ANN401
        pressed = await self.server.command(name, options, **others)
        await until(lambda: pressed.replies)
        await self.bot.platform.at_rest()
        return Shown.of(*pressed.replies)


@pytest.fixture
def app(server: FakeDiscord, tmp_path: Path) -> Iterator[Application]:
    made = application(settings_for(server, Settings(data_dir=tmp_path / "data")), FakeEncoder())
    yield made
    made.close()


@pytest_asyncio.fixture
async def newsroom(app: Application, start: Start, server: FakeDiscord, tmp_path: Path) -> AsyncIterator[DiscordRoom]:
    made = DiscordRoom(await start(app), server, tmp_path)
    yield made
    made.close()


async def test_a_watch_is_told_of_a_new_article_in_its_channel_with_the_sentence_marked(newsroom: DiscordRoom) -> None:
    shown = await newsroom.command("watch", {"topic": "comet over Turku"})
    assert shown.private
    assert "1: watch on “comet over Turku”" in shown.text
    (post,) = await newsroom.publish(TURKU)
    assert post["channel_id"] == str(CHANNEL)
    assert "**A comet was seen over Turku on Friday night.**" in post["embeds"][0]["description"]
    assert "BBC News" in post["embeds"][0]["footer"]["text"]
    assert await newsroom.told() == []


async def test_what_is_told_unasked_tells_its_outlet_and_where_else_it_stands(newsroom: DiscordRoom) -> None:
    newsroom.describe(STATE)
    await newsroom.command("watch", {"topic": "comet over Turku"})
    await newsroom.command("digest", {"every": "daily"})
    (post,) = await newsroom.publish(*REPRINTED)
    newsroom.clock.turn(hours=24)
    (digest,) = await newsroom.told()
    for message in (post, digest):
        assert "Ruritania · state-controlled" in message["embeds"][0]["footer"]["text"]
    assert "also in " in post["embeds"][0]["footer"]["text"]


async def test_who_wants_to_be_told_alone_gets_a_direct_message_whose_button_ends_it(newsroom: DiscordRoom) -> None:
    await newsroom.command("watch", {"topic": "comet over Turku", "where": "dm"})
    (post,) = await newsroom.publish(TURKU)
    assert post["channel_id"] == str(dm_of(1))
    pressed = await newsroom.server.press(post, "End this watch", direct=True)
    await until(lambda: pressed.replies)
    await newsroom.bot.platform.at_rest()
    assert "Ended:" in Shown.of(*pressed.replies).text
    assert newsroom.bot.app.subscriptions.active(["discord"]) == []


async def test_watches_are_listed_and_ended_by_those_who_may(newsroom: DiscordRoom) -> None:
    await newsroom.command("watch", {"topic": "comet"})
    await newsroom.command("digest", {"every": "daily", "topic": "ferry"})
    shown = await newsroom.command("watches")
    assert shown.buttons == ("End 1", "End 2")
    theirs = await newsroom.command("watches", user=2)
    assert theirs.buttons == ()
    assert "Of others, told in this channel:" in theirs.text
    assert "another person's" in (await newsroom.command("watches", {"remove": 1}, user=2)).text
    assert "Ended:" in (await newsroom.command("watches", {"remove": 1}, user=ADMIN)).text
    assert "Ended:" in (await newsroom.command("watches", {"remove": 2})).text
    assert "Nothing is watched" in (await newsroom.command("watches")).text


async def test_the_numbers_and_the_time_zones_are_offered(newsroom: DiscordRoom) -> None:
    await newsroom.command("watch", {"topic": "comet"})
    offered = await newsroom.server.command("watches", {"remove": 0}, focused="remove")
    await until(lambda: offered.callbacks)
    assert [choice["value"] for choice in offered.callbacks[0]["data"]["choices"]] == [1]
    offered = await newsroom.server.command("digest", {"every": "daily", "timezone": "osl"}, focused="timezone")
    await until(lambda: offered.callbacks)
    assert [choice["value"] for choice in offered.callbacks[0]["data"]["choices"]] == ["Europe/Oslo"]


async def test_a_digest_comes_at_eight_by_the_clock_that_was_named(newsroom: DiscordRoom) -> None:
    pressed = await newsroom.server.command("digest", {"every": "daily", "timezone": "america/new_york"})
    await until(lambda: pressed.replies)
    await newsroom.bot.platform.at_rest()
    due = dt.datetime(2026, 11, 23, 13, tzinfo=dt.UTC)
    assert f"<t:{int(due.timestamp())}:f>" in pressed.replies[0]["embeds"][0]["description"]
    assert await newsroom.publish(TURKU) == []
    newsroom.clock.now = due
    (post,) = await newsroom.told()
    assert "A comet was seen over Turku on Friday night." in Shown.of(post).text
    assert f"<t:{int(NOON.timestamp())}:f>" in post["content"]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("watch", {"topic": "?!"}, "holds no word"),
        ("watch", {"topic": "comet " * 300}, "at most 200"),
        ("watch", {"topic": "comet", "timezone": "Oslo"}, "There is no time zone 'Oslo'"),
        ("watches", {"remove": 7}, "There is no watch or digest 7"),
    ],
)
async def test_what_cannot_be_kept_is_told(newsroom: DiscordRoom, name: str, options: Json, said: str) -> None:
    assert said in (await newsroom.command(name, options)).text
    assert newsroom.bot.app.subscriptions.active(["discord"]) == []


@pytest.mark.parametrize(
    "topic", ["@everyone comet", "[comet over Turku](https://e.example)", "<@Turku> comet", "``` comet"]
)
async def test_a_hostile_topic_pings_and_formats_nothing(newsroom: DiscordRoom, topic: str) -> None:
    await newsroom.command("watch", {"topic": topic})
    names_it = TURKU | {
        "text": f"A comet over Turku was seen on Friday: everyone saw {topic}, as https://e.example had it."
    }
    (post,) = await newsroom.publish(names_it)
    assert topic in Shown.of(post).text
    assert topic not in re.sub(r"\\.", "", post["content"])  # not where nothing is escaped


@pytest.mark.parametrize("where", ["here", "dm"])
async def test_a_crash_after_the_post_and_before_its_note_repeats_nothing(
    newsroom: DiscordRoom, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    await newsroom.command("watch", {"topic": "comet over Turku", "where": where})
    newsroom.now()

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("corpus.subscriptions.Subscriptions.sent", killed)
        with pytest.raises(Killed):
            await newsroom.publish(TURKU)
    assert len(newsroom.server.posted) == 1
    newsroom.server._nonces.clear()  # Discord forgets them after some minutes
    newsroom.begin()
    newsroom.clock.turn(minutes=10)
    await newsroom.told()
    assert len(newsroom.server.posted) == 1
    assert newsroom.bot.app.subscriptions.unsent(["discord"], newsroom.clock() + dt.timedelta(days=9)) == []


async def test_a_channel_that_the_bot_was_taken_from_pauses_the_watch(newsroom: DiscordRoom) -> None:
    await newsroom.command("watch", {"topic": "comet over Turku"})
    newsroom.server.forbidden.add(str(CHANNEL))
    assert await newsroom.publish(TURKU) == []
    newsroom.server.forbidden.clear()
    newsroom.clock.turn(hours=12)
    assert await newsroom.told() == []
    assert "paused" in (await newsroom.command("watches")).text


async def test_a_trouble_that_passes_only_delays(newsroom: DiscordRoom) -> None:
    await newsroom.command("watch", {"topic": "comet over Turku"})
    newsroom.server.fail("POST", rf"/channels/{CHANNEL}/messages", 400, times=1, code=20028)
    assert await newsroom.publish(TURKU) == []
    newsroom.clock.turn(hours=1)
    assert len(await newsroom.told()) == 1


async def test_below_an_answer_a_correction_is_told_and_nobody_is_told_of_a_private_one(newsroom: DiscordRoom) -> None:
    newsroom.now()
    question = "Which grain ships may pass the strait until December?"
    await newsroom.server.say(question)
    await until(lambda: newsroom.server.posted)
    await newsroom.bot.platform.at_rest()
    answer = newsroom.server.posted[-1]
    await newsroom.command("ask", {"question": question}, user=2)
    changed = {**NEWS[0], "text": OSLO.replace("until December", "until March, not December")}
    (post,) = await newsroom.publish(changed)
    assert post["channel_id"] == str(CHANNEL)
    assert str(post["message_reference"]["message_id"]) == answer["id"]
    shown = Shown.of(post).text
    assert "They agreed to let grain ships pass the strait until December." in shown
    assert "They agreed to let grain ships pass the strait until March, not December." in shown
    assert await newsroom.told() == []
