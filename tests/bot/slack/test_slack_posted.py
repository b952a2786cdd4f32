"""Watches, digests and corrections in Slack: asked for by commands, told by themselves."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.askers import Platform
from tests.bot.conftest import NEWS, OSLO
from tests.bot.fake_chats import Killed
from tests.bot.newsroom import REPRINTED, STATE, TURKU, Newsroom
from tests.bot.slack import block_kit
from tests.bot.slack.driver import Bot
from tests.bot.slack.server import FakeSlack

HOSTILE = ["<!channel> comet", "*comet* `over` Turku", "comet <@U1> over <https://evil.example|Turku>", "comet ```"]


class SlackRoom(Newsroom):
    """With the bot on the small Slack."""

    def __init__(self, bot: Bot, folder: Path) -> None:
        super().__init__(bot.app, folder, Platform.SLACK, bot.platform, bot.slack.messages)
        self.bot = bot
        self.slack = bot.slack


@pytest.fixture
async def bot(slack: FakeSlack, tmp_path: Path) -> Any:  # noqa: ANN401 (a fixture)
    async with Bot(slack, tmp_path / "data", threshold=None, slack_admins=("U9",)) as connected:
        yield connected


@pytest.fixture
def newsroom(bot: Bot, tmp_path: Path) -> Iterator[SlackRoom]:
    made = SlackRoom(bot, tmp_path)
    yield made
    made.close()


async def test_a_watch_is_told_of_a_new_article_in_its_channel_with_the_sentence_marked(newsroom: SlackRoom) -> None:
    shown = await newsroom.bot.command("backchannel", "watch comet over Turku")
    assert "1: watch on “comet over Turku” · told here" in shown.text
    listed = await newsroom.bot.command("backchannel", "watches", channel="C2")
    assert "1: watch on “comet over Turku” · told in another channel" in listed.text
    assert all(message.only_for == "U1" for message in shown.messages)
    (post,) = await newsroom.publish(TURKU)
    assert (post.channel, post.thread) == ("C1", "")
    assert block_kit.marked(post.blocks)[-1] == "A comet was seen over Turku on Friday night."
    assert "BBC News" in block_kit.shown(post.blocks)
    assert await newsroom.told() == []


async def test_what_is_told_unasked_tells_its_outlet_and_where_else_it_stands(newsroom: SlackRoom) -> None:
    newsroom.describe(STATE)
    await newsroom.bot.command("backchannel", "watch comet over Turku")
    await newsroom.bot.command("backchannel", "digest daily")
    (post,) = await newsroom.publish(*REPRINTED)
    newsroom.clock.turn(hours=24)
    (digest,) = await newsroom.told()
    for message in (post, digest):
        assert "Ruritania · state-controlled" in block_kit.shown(message.blocks)
    assert "also in " in block_kit.shown(post.blocks)
    assert "(1 independent source)" in block_kit.shown(post.blocks)


async def test_who_wants_to_be_told_alone_is_written_to_directly(newsroom: SlackRoom) -> None:
    await newsroom.bot.command("backchannel", "watch comet over Turku DM")
    (post,) = await newsroom.publish(TURKU)
    assert post.channel == "DU1"


async def test_in_a_direct_message_here_is_there(newsroom: SlackRoom) -> None:
    await newsroom.bot.command("backchannel", "watch comet over Turku here", channel="DU1")
    (post,) = await newsroom.publish(TURKU)
    assert post.channel == "DU1"


async def test_watches_are_listed_and_ended_by_a_button_by_a_number_and_below_a_post(newsroom: SlackRoom) -> None:
    bot = newsroom.bot
    for topic in ("comet", "ferry", "grain deal"):
        await bot.command("backchannel", f"watch {topic}")
    shown = await bot.command("backchannel", "watches")
    assert [b for b in shown.buttons if b.startswith("End")] == ["End 1", "End 2", "End 3"]
    assert "Ended:" in (await bot.press(shown, "End 2")).text
    assert "Ended:" in (await bot.command("backchannel", "watches remove 3")).text
    (post,) = await newsroom.publish(TURKU)
    button = next(b for b in block_kit.buttons(post.blocks) if b["text"]["text"] == "End this watch")
    assert "another person's" in (await bot.hear(newsroom.slack.press(button, post, "U2"))).text
    assert "Ended:" in (await bot.hear(newsroom.slack.press(button, post, "U9"))).text
    assert "Nothing is watched" in (await bot.command("backchannel", "watches")).text


async def test_a_digest_comes_at_eight_by_the_persons_own_clock(newsroom: SlackRoom) -> None:
    newsroom.slack.zones["U1"] = "America/New_York"
    shown = await newsroom.bot.command("backchannel", "digest daily")
    assert "23 November 2026, 08:00 (America/New_York)" in shown.text
    assert await newsroom.publish(TURKU) == []
    newsroom.clock.turn(hours=1)
    (post,) = await newsroom.told()
    assert "A comet was seen over Turku on Friday night." in block_kit.shown(post.blocks)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("watch", "watch and a topic"),
        ("watch dm", "watch and a topic"),
        ("watch ?!", "holds no word"),
        ("watch source:Wier grain", "no article is from the source 'Wier': try 'The Wire'"),
        ("digest daily source:Nobody grain", "no article is from the source 'Nobody'"),
        ("watch " + "comet " * 300, "at most 200"),
        ("watch " + "x" * 2500, "2,500 characters, at most 200"),
        ("digest", "daily or weekly"),
        ("digest hourly", "daily or weekly"),
        ("watches remove", "its number"),
        ("watches remove all", "its number"),
        ("watches remove 7", "there is no watch or digest 7"),
    ],
)
async def test_what_cannot_be_kept_is_told(newsroom: SlackRoom, text: str, said: str) -> None:
    assert said.casefold() in (await newsroom.bot.command("backchannel", text)).text.casefold()
    assert newsroom.bot.app.subscriptions.active(["slack"]) == []


@pytest.mark.parametrize("topic", HOSTILE)
async def test_a_hostile_topic_pings_nobody(newsroom: SlackRoom, topic: str) -> None:
    await newsroom.bot.command("backchannel", f"watch {topic}")
    for message in await newsroom.publish(TURKU):
        assert "<" not in message.text


async def test_what_slack_took_but_did_not_confirm_is_not_posted_again(newsroom: SlackRoom) -> None:
    await newsroom.bot.command("backchannel", "watch comet over Turku")
    newsroom.slack.broken_posts = ["kept"]
    assert len(await newsroom.publish(TURKU)) == 1
    newsroom.clock.turn(hours=1)
    assert await newsroom.told() == []


async def test_a_crash_after_the_post_and_before_its_note_repeats_nothing(
    newsroom: SlackRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await newsroom.bot.command("backchannel", "watch comet over Turku dm")
    newsroom.now()

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("corpus.subscriptions.Subscriptions.sent", killed)
        with pytest.raises(Killed):
            await newsroom.publish(TURKU)
    assert len(newsroom.slack.by_bot("DU1")) == 1
    newsroom.begin()
    newsroom.clock.turn(minutes=10)
    await newsroom.told()
    assert len(newsroom.slack.by_bot("DU1")) == 1
    assert newsroom.bot.app.subscriptions.unsent(["slack"], newsroom.clock() + dt.timedelta(days=9)) == []


@pytest.mark.parametrize("error", ["is_archived", "channel_not_found", "not_in_channel"])
async def test_a_channel_that_is_gone_pauses_the_watch(newsroom: SlackRoom, error: str) -> None:
    await newsroom.bot.command("backchannel", "watch comet over Turku")
    newsroom.slack.errors["chat.postMessage"] = error
    assert await newsroom.publish(TURKU) == []
    del newsroom.slack.errors["chat.postMessage"]
    newsroom.clock.turn(hours=12)
    assert await newsroom.told() == []
    assert "paused" in (await newsroom.bot.command("backchannel", "watches")).text


@pytest.mark.parametrize("error", ["ratelimited", "internal_error", "invalid_auth"])
async def test_a_trouble_that_passes_only_delays(newsroom: SlackRoom, error: str) -> None:
    await newsroom.bot.command("backchannel", "watch comet over Turku")
    newsroom.slack.errors["chat.postMessage"] = error
    assert await newsroom.publish(TURKU) == []
    del newsroom.slack.errors["chat.postMessage"]
    newsroom.clock.turn(hours=1)
    assert len(await newsroom.told()) == 1


async def test_the_thread_of_an_answer_is_told_of_a_correction_and_nobody_of_a_private_one(newsroom: SlackRoom) -> None:
    newsroom.now()
    newsroom.describe(STATE)
    asked = await newsroom.bot.mention("Which grain ships may pass the strait until December?")
    await newsroom.bot.command("ask", "Which grain ships may pass the strait until December?", user="U2")
    changed = {**NEWS[0], "text": OSLO.replace("until December", "until March, not December")}
    (post,) = await newsroom.publish(changed)
    assert (post.channel, post.thread) == ("C1", asked.messages[0].thread)
    shown = block_kit.shown(post.blocks)
    assert "They agreed to let grain ships pass the strait until December." in shown
    assert shown.count("Ruritania · state-controlled") == 2
    assert "a sentence quoted in answer" in shown
    assert "has changed since" in shown
    assert "also in" not in shown
    assert "They agreed to let grain ships pass the strait until March, not December." in shown
    assert await newsroom.told() == []


async def test_forget_ends_a_persons_own_and_nobody_elses(newsroom: SlackRoom) -> None:
    await newsroom.bot.command("backchannel", "watch comet")
    await newsroom.bot.command("backchannel", "watch comet", user="U2")
    assert "Ended: 1 watch or digest" in (await newsroom.bot.command("backchannel", "forget")).text
    (left,) = newsroom.bot.app.subscriptions.active(["slack"])
    assert left.owner == newsroom.bot.app.people.of("slack:T1:U2")
