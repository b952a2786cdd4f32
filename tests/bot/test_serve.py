import asyncio
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app import Application
from bot.askers import Asker, Platform
from bot.board import State
from bot.errors import PlatformError, UsageError
from bot.messages import Notice
from bot.reception import Reception
from bot.serve import Server, Timing, platforms_of, serve
from bot.settings import Settings
from bot.watches import Where
from corpus.journal import StoredAnswer
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import CommandLine, application, close
from tests.bot.fake_platforms import FakePlatform, one_by_one
from tests.fakes import record, write_jsonl

QUICK = Timing(first_wait=0, longest_wait=0, stop_within=3)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(news: Path) -> Iterator[Application]:
    app = application(Settings(data_dir=news, http_port=0, quiet_hours="off"), FakeEncoder(), threshold=0)
    yield app
    close(app)


@pytest.fixture
def said() -> list[str]:
    return []


async def until(said: list[str], line: str, times: int = 1) -> None:
    """Wait until something has been said so often."""
    async with asyncio.timeout(30):
        while said.count(line) < times:
            await asyncio.sleep(0.005)


async def stopped(server: Server, said: list[str], line: str, times: int = 1) -> int:
    """The exit status of a server that is stopped once something has been said."""
    stop = asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    await until(said, line, times)
    stop.set()
    return await running


# Which platforms


def test_a_platform_with_a_token_is_served() -> None:
    slack, discord = SecretStr("xoxb-1"), SecretStr("token")
    assert list(platforms_of(Settings())) == []
    assert list(platforms_of(Settings(slack_bot_token=slack))) == [Platform.SLACK]
    assert list(platforms_of(Settings(discord_token=discord))) == [Platform.DISCORD]
    both = Settings(slack_bot_token=slack, discord_token=discord)
    assert list(platforms_of(both)) == [Platform.SLACK, Platform.DISCORD]


def test_without_any_token_it_is_said_where_to_get_one(cli: CommandLine) -> None:
    ran = cli("serve")
    assert (ran.status, ran.out) == (2, "")
    for part in ("api.slack.com/apps", "discord.com/developers", "SLACK_BOT_TOKEN=", "DISCORD_TOKEN=", "chat`"):
        assert part in ran.err


def test_without_an_index_the_command_that_makes_one_is_named(
    fresh: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "token")
    assert "run `backchannel index`" in fresh("serve").refused(1)


# Serving


async def test_both_platforms_run_until_the_signal_and_are_closed_before_they_end(
    app: Application, said: list[str]
) -> None:
    slack, discord = FakePlatform("slack", said), FakePlatform("discord", said)
    factories = {Platform.SLACK: one_by_one(slack), Platform.DISCORD: one_by_one(discord)}
    server = Server(app, factories, said.append, QUICK)
    stop = asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    await until(said, "Slack is connected.")
    await until(said, "Discord is connected.")
    assert server.board.missing() == []
    stop.set()
    assert await running == 0
    assert said[0] == "Loading the model and the index for Slack and Discord …"
    assert set(said[-4:-2]) == {"slack closes", "discord closes"}
    assert set(said[-2:]) == {"slack ends", "discord ends"}
    assert server.finished


async def test_model_and_index_are_loaded_before_a_platform_connects(app: Application, said: list[str]) -> None:
    generations: list[object] = []

    def make(app: Application, reception: Reception) -> FakePlatform:
        generations.append(app.service.generation)
        return FakePlatform("slack", said)

    await stopped(Server(app, {Platform.SLACK: make}, said.append, QUICK), said, "slack runs")
    assert generations == [app.service.status().info]


async def test_an_index_that_cannot_answer_ends_it_before_a_platform_connects(news: Path, said: list[str]) -> None:
    from retrieval.errors import IndexForeign

    app = application(Settings(data_dir=news, http_port=0), FakeEncoder(dimension=32))
    server = Server(app, {Platform.SLACK: one_by_one(FakePlatform("slack", said))}, said.append, QUICK)
    with pytest.raises(IndexForeign, match="--rebuild"):
        await server.run(asyncio.Event())
    assert "slack runs" not in said
    close(app)


# Deaths


async def test_a_refused_platform_is_told_in_a_line_and_not_started_again_and_the_other_goes_on(
    app: Application, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    refused = FakePlatform("slack", said, PlatformError("SLACK_BOT_TOKEN is refused (invalid_auth): make another"))
    factories = {
        Platform.SLACK: one_by_one(refused),
        Platform.DISCORD: one_by_one(FakePlatform("discord", said)),
    }
    server = Server(app, factories, said.append, QUICK)
    assert await stopped(server, said, "Discord is connected.") == 0
    assert server.board.states[Platform.SLACK] is State.REFUSED
    assert said.count("slack runs") == 1
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert line == "Slack is given up: SLACK_BOT_TOKEN is refused (invalid_auth): make another"


async def test_a_platform_that_crashed_is_started_again_and_its_words_are_not_logged(
    app: Application, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    crashed = [FakePlatform("slack", said, OSError("wss://chat.example/?ticket=secret")) for _ in range(3)]
    slack = one_by_one(*crashed, FakePlatform("slack", said))
    server = Server(app, {Platform.SLACK: slack}, said.append, QUICK)
    assert await stopped(server, said, "slack runs", times=4) == 0
    lines = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert lines == ["Slack stopped working (OSError): it is started again in 0 s"] * 3


async def test_each_wait_before_a_new_start_is_longer_up_to_a_limit(
    app: Application, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    slack = one_by_one(*[FakePlatform("slack", said, OSError()) for _ in range(4)], FakePlatform("slack", said))
    timing = Timing(first_wait=0.01, longest_wait=0.03, stop_within=3)
    caplog.set_level(logging.ERROR)
    await stopped(Server(app, {Platform.SLACK: slack}, said.append, timing), said, "slack runs", times=5)
    waits = [record.args[2] for record in caplog.records if isinstance(record.args, tuple)]
    assert waits == [0.01, 0.02, 0.03, 0.03]


async def test_after_a_steady_time_the_waits_begin_anew(
    app: Application, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    slack = one_by_one(*[FakePlatform("slack", said, OSError()) for _ in range(3)], FakePlatform("slack", said))
    timing = Timing(first_wait=0.01, longest_wait=9, steady=-1, stop_within=3)
    await stopped(Server(app, {Platform.SLACK: slack}, said.append, timing), said, "slack runs", times=4)
    waits = [r.args[2] for r in caplog.records if isinstance(r.args, tuple) and r.levelno == logging.ERROR]
    assert waits == [0.01] * 3


async def test_where_no_platform_is_left_the_server_fails(app: Application, said: list[str]) -> None:
    refused = FakePlatform("slack", said, PlatformError("no"))
    server = Server(app, {Platform.SLACK: one_by_one(refused)}, said.append, QUICK)
    assert await server.run(asyncio.Event()) == 1


async def test_a_platform_that_cannot_be_made_is_refused(app: Application, said: list[str]) -> None:
    def make(app: Application, reception: Reception) -> FakePlatform:
        raise UsageError("SLACK_APP_TOKEN is not set")

    assert await Server(app, {Platform.SLACK: make}, said.append, QUICK).run(asyncio.Event()) == 1


# Stopping


async def test_what_is_being_answered_is_finished_and_sent_before_the_platform_ends(
    app: Application, said: list[str]
) -> None:
    receptions: list[Reception] = []
    begun, release = threading.Event(), threading.Event()

    def make(app: Application, reception: Reception) -> FakePlatform:
        receptions.append(reception)
        return FakePlatform("slack", said)

    def work() -> Notice:
        begun.set()
        assert release.wait(30)
        return Notice("done")

    async def answer() -> None:
        reply = await receptions[0].serve(Asker(Platform.SLACK), work)
        await asyncio.sleep(0.01)
        said.append(f"sent: {reply.text}")

    server = Server(app, {Platform.SLACK: make}, said.append, Timing(stop_within=60))
    stop = asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    await until(said, "Slack is connected.")
    answering = asyncio.create_task(answer())
    assert await asyncio.to_thread(begun.wait, 30)
    stop.set()
    await until(said, "slack closes")
    release.set()
    assert await running == 0
    assert said[-3:] == ["slack closes", "sent: done", "slack ends"]
    assert server.finished
    await answering


def test_work_that_does_not_end_is_left_undone_and_the_process_leaves(
    app: Application, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()

    class Stuck(FakePlatform):
        async def run(self, ready: object) -> None:
            serving = asyncio.create_task(reception[0].serve(Asker(Platform.SLACK), lambda: release.wait(30)))
            await asyncio.sleep(0)
            signal.raise_signal(signal.SIGTERM)
            await serving

    class Left(Exception):
        pass

    reception: list[Reception] = []

    def make(app: Application, given: Reception) -> FakePlatform:
        reception.append(given)
        return Stuck("slack", said)

    def leave(status: int) -> None:
        raise Left(status)

    try:
        with pytest.raises(Left, match="0"):
            serve(app, {Platform.SLACK: make}, said.append, timing=Timing(stop_within=0.3), leave=leave)  # type: ignore[arg-type]
    finally:
        release.set()
    assert "left undone" in caplog.text


async def test_a_platform_that_is_slow_to_close_does_not_hold_up_the_end(app: Application, said: list[str]) -> None:
    slack = FakePlatform("slack", said, slow_to_close=600)
    server = Server(app, {Platform.SLACK: one_by_one(slack)}, said.append, Timing(stop_within=0.3))
    assert await stopped(server, said, "Slack is connected.") == 0
    assert "slack closes" not in said
    assert said[-1] == "slack ends"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_with_success(news: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.bot.fake_platforms", str(news)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "Slack is connected.\n":
                break
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


# Retention


async def test_what_is_too_old_is_deleted_at_the_start_and_again_and_again(app: Application, said: list[str]) -> None:
    old = StoredAnswer("000000", "2000-01-01T00:00:00+00:00", "Who?", False, "{}")
    app.journal.add_answer(old)
    server = Server(
        app,
        {Platform.SLACK: one_by_one(FakePlatform("slack", said))},
        said.append,
        Timing(stop_within=3, expire_every=0.01),
    )
    stop = asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    async with asyncio.timeout(30):
        for _ in range(2):
            while app.journal.answer(old.id):
                await asyncio.sleep(0.005)
            app.journal.add_answer(old)
    stop.set()
    assert await running == 0


# Keeping posted


async def test_what_was_asked_for_is_delivered_on_its_own_platform_once_that_is_connected(
    app: Application, said: list[str], tmp_path: Path
) -> None:
    for platform in (Platform.SLACK, Platform.DISCORD):
        app.watches.watch(Asker(platform, "W", "1", "", "1"), "comet over Turku", Where.DM)
    app.subscriptions.pause(2, "it is away")
    feed = write_jsonl(tmp_path / "more.jsonl", record("turku", "A comet was seen over Turku.", title="Comet"))
    app.service.reindex([str(feed)])
    slack, discord = FakePlatform("slack", said), FakePlatform("discord", said, OSError("never connects"))
    factories = {Platform.SLACK: one_by_one(slack), Platform.DISCORD: one_by_one(*[discord] * 10_000)}
    timing = Timing(first_wait=0.05, longest_wait=0.05, stop_within=3, tell_every=0.01)
    assert await stopped(Server(app, factories, said.append, timing), said, "slack delivers") == 0
    assert said.index("Slack is connected.") < said.index("slack delivers")
    assert [delivery.to.platform for delivery in slack.delivered] == ["slack"]
    assert discord.delivered == []
