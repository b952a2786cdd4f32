"""HTTP mode: signed requests, at one address."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.errors import PlatformError
from tests.bot.slack.driver import CHANNEL, Bot
from tests.bot.slack.server import BOT, FakeSlack, signed

QUESTION = "Who met in Oslo on Monday?"
VERIFICATION, ANOTHER = "verification-token", "another"


@pytest.fixture
async def bot(slack: FakeSlack, news: Path) -> AsyncIterator[Bot]:
    async with Bot(slack, news, slack_mode="http", slack_http_port=0) as listening:
        yield listening


async def send(bot: Bot, body: str, headers: dict[str, str]) -> tuple[int, str]:
    url = f"http://127.0.0.1:{bot.platform.port}/slack/events"
    async with aiohttp.ClientSession() as session, session.post(url, data=body.encode(), headers=headers) as answered:
        said = await answered.text()
    await bot.platform.idle()
    return answered.status, said


async def test_events_are_answered_once_however_often_they_come(bot: Bot, slack: FakeSlack) -> None:
    message = slack.write(CHANNEL, "U1", f"<@{BOT}> {QUESTION}")
    event = slack.event(message, "app_mention")
    for attempt in range(3):
        body, headers = signed(event)
        retried = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"} if attempt else {}
        assert (await send(bot, body, headers | retried))[0] == 200
    assert [m.thread for m in slack.by_bot()] == [message.ts]


async def test_commands_and_buttons_are_heard(bot: Bot, slack: FakeSlack) -> None:
    assert (await send(bot, *signed(slack.command("/ask", QUESTION, "U1", CHANNEL)))) == (200, "")
    (answer,) = slack.private
    assert "Oslo" in answer.text
    button = answer.blocks[-2]["elements"][0]
    assert (await send(bot, *signed(slack.press(button, answer, "U1"))))[0] == 200
    assert len(slack.private) == 2


async def test_the_address_is_verified(bot: Bot) -> None:
    status, said = await send(bot, *signed({"type": "url_verification", "challenge": "abc"}))
    assert (status, said) == (200, '{"challenge": "abc"}')


async def test_what_is_not_signed_well_is_refused_and_not_logged(
    bot: Bot, slack: FakeSlack, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    message = slack.write(CHANNEL, "U1", f"<@{BOT}> {QUESTION}")
    event = slack.event(message, "app_mention", token=VERIFICATION)
    body, headers = signed(event)
    refused = [
        signed(event, secret=ANOTHER),
        signed(event, age=60 * 6),
        signed(event, age=-60 * 6),
        (body + " ", headers),
        (body, {"Content-Type": "application/json"}),
        (body, headers | {"X-Slack-Request-Timestamp": "soon"}),
        (body, headers | {"X-Slack-Signature": "v0=ü"}),
        signed(slack.command("/ask", QUESTION, "U1", CHANNEL), secret=ANOTHER),
        (f"ssl_check=1&token={VERIFICATION}", {"Content-Type": "application/x-www-form-urlencoded"}),
    ]
    for request in refused:
        assert (await send(bot, *request))[0] == 401
    assert slack.by_bot() == slack.private == []
    said = caplog.text + "".join(capsys.readouterr())
    assert said.count("its signature is wrong") == len(refused)
    for secret in (QUESTION, "Oslo", VERIFICATION):
        assert secret not in said


async def test_it_listens_on_loopback_alone(bot: Bot) -> None:
    assert bot.settings.slack_http_host == "127.0.0.1"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{bot.platform.port}/slack/events") as answered:
            assert answered.status == 405
        async with session.post(f"http://127.0.0.1:{bot.platform.port}/elsewhere") as answered:
            assert answered.status == 404


async def test_a_port_that_is_taken_is_told(bot: Bot, slack: FakeSlack, news: Path) -> None:
    other = Bot(slack, news, slack_mode="http", slack_http_port=bot.platform.port)
    with pytest.raises(PlatformError, match="BACKCHANNEL_SLACK_HTTP_PORT"):
        await other.start()
    await other.stop()
