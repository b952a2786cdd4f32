"""The connection: what Discord does to it, and how it comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.app import Application
from bot.discord.platform import sync_commands
from bot.discord.supervisor import BackOff, supervise
from bot.errors import PlatformError
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application
from tests.bot.discord.driver import Bot, DiscordDriver, Shown, Start, until
from tests.bot.discord.server import FakeDiscord

QUESTION = "Who met in Oslo on Monday?"
SENTENCE = "Envoys of both countries met in Oslo on Monday."


async def answers(server: FakeDiscord, count: int = 1) -> None:
    await until(lambda: len(server.posted) >= count)
    assert SENTENCE in Shown.of(server.posted[-1]).text


async def test_no_privileged_intent_is_asked_for(bot: Bot, server: FakeDiscord) -> None:
    privileged = (1 << 1) | (1 << 8) | (1 << 15)
    assert server.identified[0]["intents"] & privileged == 0


@pytest.mark.parametrize("code", [1006, 4000])
async def test_a_connection_killed_while_answering_loses_nothing(bot: Bot, server: FakeDiscord, code: int) -> None:
    await server.say(QUESTION)
    await server.drop(code)
    await server.say(QUESTION, user=2)

    await until(lambda: server.resumed)
    await answers(server, 2)
    await bot.platform.at_rest()
    assert len(server.posted) == 2


async def test_an_order_to_reconnect_is_followed(bot: Bot, server: FakeDiscord) -> None:
    await server.order(7)

    await until(lambda: server.resumed)
    await server.say(QUESTION)
    await answers(server)


async def test_an_invalid_session_begins_anew(bot: Bot, server: FakeDiscord) -> None:
    await server.order(9, False)

    await until(lambda: len(server.identified) == 2)
    await server.say(QUESTION)
    await answers(server)


async def test_a_gateway_that_is_not_there_at_first_is_waited_for(
    app: Application, start: Start, server: FakeDiscord
) -> None:
    server.fail("GET", "/gateway/bot", 404)
    server.fail("GET", "/users/@me", 404)
    await start(app)

    await server.say(QUESTION)
    await answers(server)


async def test_a_socket_that_is_refused_at_first_is_waited_for(
    app: Application, start: Start, server: FakeDiscord
) -> None:
    server.refuse_sockets = 1
    await start(app)

    await server.say(QUESTION)
    await answers(server)


async def test_a_gateway_that_falls_silent_is_left(app: Application, start: Start, server: FakeDiscord) -> None:
    server.heartbeat_ms = 100
    bot = await start(app, heartbeat_timeout=0.5)
    server.dead = True
    await until(lambda: server.resumed)
    server.dead = False

    await server.say(QUESTION)
    await answers(server)
    assert bot.task
    assert not bot.task.done()


@pytest.mark.parametrize(("code", "says"), [(4004, "DISCORD_TOKEN"), (4013, "intents"), (4014, "intents")])
async def test_what_is_refused_for_good_ends_with_a_line(
    app: Application, start: Start, server: FakeDiscord, code: int, says: str
) -> None:
    server.close_with = code
    bot = await start(app, connected=False)
    assert bot.task

    with pytest.raises(PlatformError, match=says):
        await bot.task
    bot.task = None


async def test_a_wrong_token_ends_with_a_line(settings: Settings, start: Start, server: FakeDiscord) -> None:
    app = application(Settings(**{**settings.model_dump(), "discord_token": "wrong"}), FakeEncoder())
    bot = await start(app, connected=False)
    assert bot.task

    with pytest.raises(PlatformError, match="Discord refuses DISCORD_TOKEN: copy it anew from https://"):
        await bot.task
    bot.task = None
    app.close()


async def test_commands_are_registered_once_for_all(
    app: Application, start: Start, server: FakeDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    assert await sync_commands(app) == 16

    by_name = {command["name"]: command for command in server.commands}
    assert {"ask", "summary", "reindex", "Ask about this"} <= set(by_name)
    assert {name for name, c in by_name.items() if c["default_member_permissions"]} == {"reindex", "status", "gaps"}
    await start(app)
    assert "backchannel discord sync" not in caplog.text


async def test_without_them_the_log_says_what_to_run(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    assert "run `backchannel discord sync`" in " ".join(record.message for record in caplog.get_records("setup"))


async def test_in_a_server_for_development_they_appear_at_once(started: Start, server: FakeDiscord) -> None:
    await started(discord_guild=100)

    assert len(server.guild_commands["100"]) == 16


async def test_without_a_token_the_message_names_it(settings: Settings) -> None:
    app = application(settings.model_copy(update={"discord_token": None}), FakeEncoder())

    with pytest.raises(PlatformError, match="DISCORD_TOKEN is not set"):
        await sync_commands(app)


async def test_the_supervisor_waits_longer_each_time_and_gives_up_for_good_alone() -> None:
    ends = iter([OSError("no"), RuntimeError("odd"), None, PlatformError("never")])

    async def connect() -> None:
        error = next(ends)
        if error:
            raise error

    with pytest.raises(PlatformError, match="never"):
        await supervise(connect, BackOff(first=0.001, longest=0.002))

    waits = BackOff(first=1, longest=60)
    assert all(0.5 <= waits.pause(1) <= 1 for _ in range(20))
    assert 30 <= waits.pause(5000) <= 60


async def test_a_scenario_by_the_driver(news: Path) -> None:
    driver = DiscordDriver(lambda settings: application(settings, FakeEncoder(), 0.0), Settings(data_dir=news))
    await driver.start()
    try:
        assert SENTENCE in (await driver.ask(QUESTION)).text
        assert "Searched for" in (await driver.follow_up("and the harbour?")).text
        await driver.restart()
        assert "Thank you" in (await driver.down_vote("out of date")).text
        assert "The harbour had been closed" in (await driver.press("Context 1")).text
        assert "admins" in (await driver.command("status")).text
        assert "5 articles" in (await driver.command("sources", user="2")).text
        assert SENTENCE in (await driver.ask(QUESTION, "3", direct=True)).text
    finally:
        await driver.stop()


async def test_stopping_waits_for_what_is_being_answered(bot: Bot, server: FakeDiscord) -> None:
    for user in range(5):
        await server.say(QUESTION, user=user + 1)
    await until(lambda: server.posted)
    await asyncio.sleep(0)
    await bot.stop()

    assert len(server.posted) == 5
