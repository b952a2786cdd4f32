"""Connections that break, tickets that are refused, limits, and tokens that are no good."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.errors import PlatformError
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import Vectors
from tests.bot.slack.driver import CHANNEL, Bot
from tests.bot.slack.server import APP_TOKEN, BOT, BOT_TOKEN, FakeSlack

QUESTION = "Who met in Oslo on Monday?"


async def test_it_comes_back_when_slack_says_that_it_disconnects(bot: Bot, slack: FakeSlack) -> None:
    await slack.send({"type": "disconnect", "reason": "warning"})
    await slack.until(lambda: slack.calls["apps.connections.open"] == 2 and slack.connections == 1)
    assert "Oslo" in (await bot.mention(QUESTION)).text


async def test_it_comes_back_when_the_connection_breaks(bot: Bot, slack: FakeSlack) -> None:
    await slack.hang_up()
    await slack.until(lambda: slack.connections == 1)
    assert "Oslo" in (await bot.mention(QUESTION)).text


async def test_a_refused_ticket_is_not_tried_for_ever(bot: Bot, slack: FakeSlack) -> None:
    slack.tickets_refused = 3
    await slack.hang_up()
    await slack.until(lambda: slack.connections == 1)
    assert slack.calls["apps.connections.open"] >= 3
    assert "Oslo" in (await bot.mention(QUESTION)).text


async def test_a_first_ticket_may_be_refused_too(slack: FakeSlack, news: Path) -> None:
    slack.tickets_refused = 1
    async with Bot(slack, news) as bot:
        assert "Oslo" in (await bot.mention(QUESTION)).text


async def test_an_outage_is_waited_for(slack: FakeSlack, news: Path, caplog: pytest.LogCaptureFixture) -> None:
    slack.errors["auth.test"] = "fatal_error"
    bot = Bot(slack, news)
    slack.errors["apps.connections.open"] = "internal_error"

    async def recover() -> None:
        await slack.until(lambda: slack.calls["auth.test"] >= 2)
        del slack.errors["auth.test"]
        await slack.until(lambda: slack.calls["apps.connections.open"] >= 2)
        del slack.errors["apps.connections.open"]

    recovery = asyncio.ensure_future(recover())
    async with bot:
        assert "Oslo" in (await bot.mention(QUESTION)).text
    await recovery
    assert "Slack cannot be reached (fatal_error)" in caplog.text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"slack_bot_token": "xoxb-wrong"}, r"refuses SLACK_BOT_TOKEN \(invalid_auth\)"),
        ({"slack_app_token": "xapp-wrong"}, r"refuses SLACK_APP_TOKEN \(invalid_auth\).*connections:write"),
        ({"slack_bot_token": " "}, "SLACK_BOT_TOKEN is not set"),
        ({"slack_app_token": None}, "SLACK_APP_TOKEN is not set: .*SLACK_MODE=http"),
        ({"slack_mode": "http", "slack_signing_secret": None}, "SLACK_SIGNING_SECRET is not set"),
    ],
)
async def test_tokens_that_are_no_good_end_it_in_one_line(
    slack: FakeSlack, news: Path, settings: dict[str, object], said: str
) -> None:
    bot = Bot(slack, news, **settings)
    with pytest.raises(PlatformError, match=said) as raised:
        await bot.start()
    assert "\n" not in str(raised.value)
    assert "wrong" not in str(raised.value)
    await bot.stop()


async def test_a_rate_limit_is_waited_for(bot: Bot, slack: FakeSlack) -> None:
    slack.rate_limits["chat.postMessage"] = 2
    assert len((await bot.mention(QUESTION)).messages) == 1
    assert slack.calls["chat.postMessage"] == 3


# Posts whose outcome nobody knows


@pytest.mark.parametrize("channel", [CHANNEL, "D1"])
@pytest.mark.parametrize("broken", [["kept"], ["lost"], ["lost", "kept"], ["lost", "lost", "lost"]])
async def test_a_post_that_broke_off_stands_once(bot: Bot, slack: FakeSlack, broken: list[str], channel: str) -> None:
    for n in range(5):  # more than fit on a page of the history
        slack.write(channel, "U2", f"Somebody else writes {n}")
    slack.broken_posts = list(broken)
    message = slack.write(channel, "U1", QUESTION)
    kind = "message" if channel == "D1" else "app_mention"
    (answer,) = (await bot.hear(slack.event(message, kind))).messages
    assert answer.only_for == ""
    assert slack.broken_posts == []


async def test_what_a_crash_cut_off_is_answered_when_it_comes_again(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news) as bot:
        message = slack.write(CHANNEL, "U1", f"<@{BOT}> {QUESTION}")
        bot.app.journal.first_sight(f"slack:T1:{CHANNEL}:{message.ts}")
        event = slack.event(message, "app_mention")
        assert len((await bot.hear(event)).messages) == 1
        assert (await bot.hear(event)).messages == ()


async def test_what_was_posted_before_a_crash_is_not_posted_again(slack: FakeSlack, news: Path) -> None:
    async with Bot(slack, news) as bot:
        message = slack.write(CHANNEL, "U1", f"<@{BOT}> {QUESTION}")
        event = slack.event(message, "app_mention")
        (answer,) = (await bot.hear(event)).messages
        # The process died after the post, before it was noted.
        bot.app.journal._write(text("UPDATE events SET done = 0"))
        bot.app.journal._write(text("DELETE FROM threads"))
        assert (await bot.hear(event)).messages == ()
        assert slack.by_bot() == [answer]
        assert "Searched for" in (await bot.say("and in Bergen?", thread=message.ts)).text


async def test_closed_it_takes_nothing_new_and_finishes_what_it_has(slack: FakeSlack, news: Path) -> None:
    slack.delay = 0.05
    bot = await Bot(slack, news).start()
    message = slack.write(CHANNEL, "U1", f"<@{BOT}> {QUESTION}")
    await slack.deliver(slack.event(message, "app_mention"))
    await bot.platform.close()
    assert slack.connections == 0
    await bot.stop()
    assert [m.thread for m in slack.by_bot()] == [message.ts]


class BrokenEncoder(FakeEncoder):
    """Fails with an error that says what was asked."""

    broken = False

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        if self.broken:
            raise RuntimeError(f"cannot encode {list(texts)}")
        return super().encode_queries(texts)


async def test_nothing_secret_is_logged(
    slack: FakeSlack, news: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = BrokenEncoder()
    with caplog.at_level(logging.INFO):
        async with Bot(slack, news, encoder=encoder) as bot:
            slack.errors["chat.postMessage"] = "invalid_blocks"
            assert "invalid_blocks" in (await bot.mention(QUESTION)).text
            encoder.broken = True
            assert "not your fault" in (await bot.mention(QUESTION)).text
            slack.tickets_refused = 1
            await slack.hang_up()
            await slack.until(lambda: slack.connections == 1)
    assert "Failed to connect" in caplog.text
    said = caplog.text + "".join(capsys.readouterr())
    for secret in (QUESTION, "Oslo", BOT_TOKEN, APP_TOKEN, "ticket=id"):
        assert secret not in said
