"""Platforms that do as they are told, and a process that serves one of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.app import Application
from bot.askers import Platform
from bot.errors import PlatformError
from bot.platforms import Delivery
from bot.reception import Reception
from bot.serve import Factory, serve
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application


@dataclass
class FakePlatform:
    """Connects and serves until cancelled, or ends by ``failure``; says what happens to it."""

    name: str
    said: list[str]
    failure: Exception | None = None
    slow_to_close: float = 0
    delivered: list[Delivery] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, ready: Callable[[], None]) -> None:
        self.said.append(f"{self.name} runs")
        if isinstance(self.failure, PlatformError):
            raise self.failure
        ready()
        if self.failure:
            raise self.failure
        try:
            await asyncio.Event().wait()
        finally:
            self.said.append(f"{self.name} ends")

    async def deliver(self, delivery: Delivery) -> None:
        self.delivered.append(delivery)
        self.said.append(f"{self.name} delivers")

    async def close(self) -> None:
        await asyncio.sleep(self.slow_to_close)
        self.said.append(f"{self.name} closes")
        self.closed.set()


def one_by_one(*platforms: FakePlatform) -> Factory:
    """Gives out the platforms in order, one each time it is asked."""
    left: Iterator[FakePlatform] = iter(platforms)
    return lambda app, reception: next(left)


def main(data_dir: Path) -> int:
    """Serve a fake Slack until a signal; what it says goes to standard output."""
    app = application(Settings(data_dir=data_dir, http_port=0), FakeEncoder())

    def make(app: Application, reception: Reception) -> FakePlatform:
        return FakePlatform("slack", [])

    status = serve(app, {Platform.SLACK: make}, lambda line: print(line, flush=True))  # noqa: T201
    app.close()
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
