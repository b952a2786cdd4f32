"""Latency in a chat, from the message in to the answer out, when several people ask at once.

    python -m benchmarks.chat_load [--data-dir DIR] [--at-once 1 10 50] [--rounds 5] [--json FILE]

The bot runs as `serve` runs it, with the real model, against the small Slack and Discord of the tests, over
loopback. Without ``--data-dir`` the shipped briefs are indexed first.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from bot.app import Application
from bot.discord.platform import DiscordPlatform
from bot.platforms import ChatPlatform
from bot.reception import Reception
from bot.settings import Settings, load_settings
from bot.slack.platform import SlackPlatform
from tests.bot.discord import server as discord_server
from tests.bot.slack import server as slack_server

_POLL = 0.005
_UNLIMITED = {"rate_per_person": "100000/minute", "rate_per_channel": "100000/minute"}
_TOPICS = (
    "India and Russia",
    "the Red Sea",
    "BRICS",
    "the Quad",
    "the grain deal",
    "sanctions",
    "the Security Council",
    "the South China Sea",
    "NATO",
    "climate finance",
)
_ASKED = (
    "Who met over {}?",
    "What was agreed on {}?",
    "Why does {} matter?",
    "What changed for {}?",
    "Who spoke of {}?",
)

Row = dict[str, Any]


class Chat(Protocol):
    """A chat with the bot in it."""

    async def ask(self, text: str, person: int) -> str:
        """Have somebody ask; returns what the answer will refer to."""
        ...

    def answered(self) -> set[str]:
        """What has been answered."""
        ...


class SlackChat:
    """The small Slack."""

    def __init__(self, server: slack_server.FakeSlack) -> None:
        self._server = server

    async def ask(self, text: str, person: int) -> str:
        """As :class:`Chat`."""
        message = self._server.write("C1", f"U{person}", f"<@{slack_server.BOT}> {text}")
        await self._server.deliver(self._server.event(message, "app_mention"))
        return message.ts

    def answered(self) -> set[str]:
        """As :class:`Chat`."""
        return {message.thread for message in self._server.messages if message.user == slack_server.BOT}


class DiscordChat:
    """The small Discord."""

    def __init__(self, server: discord_server.FakeDiscord) -> None:
        self._server = server

    async def ask(self, text: str, person: int) -> str:
        """As :class:`Chat`."""
        message = await self._server.say(text, user=1000 + person)
        return str(message["id"])

    def answered(self) -> set[str]:
        """As :class:`Chat`."""
        # an answer has embeds; that somebody has to wait is told in a line
        answers = [posted for posted in self._server.posted if posted["embeds"]]
        return {str(posted["message_reference"]["message_id"]) for posted in answers if "message_reference" in posted}


@asynccontextmanager
async def running(
    settings: Settings, make: Callable[[Application, Reception], ChatPlatform]
) -> AsyncIterator[Application]:
    """The bot on one platform, loaded and connected."""
    app = Application(settings)
    await asyncio.to_thread(app.service.load)
    reception = Reception(app.policy, app.metrics, settings.workers)
    platform = make(app, reception)
    ready = asyncio.Event()
    serving = asyncio.create_task(platform.run(ready.set))
    await ready.wait()
    try:
        yield app
    finally:
        await platform.close()
        await reception.drain(10)
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        app.close()


@asynccontextmanager
async def on_slack(data_dir: Path) -> AsyncIterator[Chat]:
    """The bot on the small Slack."""
    async with slack_server.FakeSlack() as server:
        settings = load_settings(
            data_dir=data_dir,
            slack_bot_token=slack_server.BOT_TOKEN,
            slack_app_token=slack_server.APP_TOKEN,
            slack_api_base_url=server.api,
            **_UNLIMITED,
        )
        async with running(settings, SlackPlatform):
            yield SlackChat(server)


@asynccontextmanager
async def on_discord(data_dir: Path) -> AsyncIterator[Chat]:
    """The bot on the small Discord."""
    server = discord_server.FakeDiscord()
    await server.start()
    settings = load_settings(
        data_dir=data_dir, discord_token=discord_server.TOKEN, discord_api_base_url=server.api, **_UNLIMITED
    )
    try:
        async with running(settings, DiscordPlatform):
            yield DiscordChat(server)
    finally:
        await server.stop()


async def burst(chat: Chat, questions: list[str]) -> list[float]:
    """Milliseconds from each question to its answer, all asked at once."""
    started: dict[str, float] = {}
    times: list[float] = []

    async def ask(text: str, person: int) -> None:
        before = time.perf_counter()
        started[await chat.ask(text, person)] = before

    asking = asyncio.gather(*(ask(text, person) for person, text in enumerate(questions)))
    while len(times) < len(questions):
        await asyncio.sleep(_POLL)
        now = time.perf_counter()
        times += [(now - started.pop(key)) * 1000 for key in chat.answered() & started.keys()]
    await asking
    return times


async def measure(chat: Chat, at_once: int, rounds: int) -> Row:
    """Bursts of one size, one after the other."""
    asked = itertools.cycle([form.format(topic) for topic in _TOPICS for form in _ASKED])
    times: list[float] = []
    for _ in range(rounds):
        times += await burst(chat, list(itertools.islice(asked, at_once)))
    times.sort()
    return {
        "at_once": at_once,
        "questions": len(times),
        "p50_ms": statistics.median(times),
        "p95_ms": times[min(int(len(times) * 0.95), len(times) - 1)],
    }


async def measure_all(
    data_dir: Path,
    sizes: list[int],
    rounds: int,
    platforms: dict[str, Callable[[Path], AbstractAsyncContextManager[Chat]]],
) -> list[Row]:
    """Each platform by itself."""
    rows: list[Row] = []
    for name, platform in platforms.items():
        async with platform(data_dir) as chat:
            await measure(chat, 2, 2)  # warm
            rows += [{"platform": name} | await measure(chat, size, rounds) for size in sizes]
    return rows


def main() -> None:
    """Measure; print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = options.data_dir or Path(temporary)
        if not options.data_dir:
            app = Application(load_settings(data_dir=data_dir))
            app.service.reindex()
            app.close()
        platforms = {"Slack": on_slack, "Discord": on_discord}
        rows = asyncio.run(measure_all(data_dir, options.at_once, options.rounds, platforms))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    table = Table("platform", "at once", "questions", "p50", "p95")
    for row in rows:
        times = (f"{row['p50_ms']:,.0f} ms", f"{row['p95_ms']:,.0f} ms")
        table.add_row(row["platform"], str(row["at_once"]), str(row["questions"]), *times)
    Console().print(table)


if __name__ == "__main__":
    main()
