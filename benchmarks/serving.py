"""Processes of `backchannel serve`, each with a data folder of its own, for benchmarks of the bot in a chat."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from benchmarks.timing import resident_mib
from bot.app import Application
from bot.settings import load_settings
from tests.postgresql import new_server

_START = 180.0
_STOP = 30.0
_QUIET = {"BACKCHANNEL_HTTP_PORT": "0", "BACKCHANNEL_REFRESH": "false", "BACKCHANNEL_LOG_LEVEL": "warning"}
_ITS_OWN = ("index", "catalogue*", "asked", "salt")

Samples = list[tuple[float, float]]


class Bots:
    """The processes of one bot."""

    def __init__(self, processes: Sequence[_Bot]) -> None:
        import psutil

        self._bots = processes
        self._watched = [psutil.Process(bot.process.pid) for bot in processes]

    def resident(self) -> float:
        """MiB of memory, of all together; what they share counts for each."""
        return sum(map(resident_mib, self._watched))

    @property
    def complaints(self) -> int:
        """Lines of the logs, warnings and errors."""
        return sum(bot.complaints for bot in self._bots)


class Memory:
    """Samples of the memory that a bot's processes need.

    Args:
        bots: the processes.
        every: seconds between two samples.
        told: is called after each with all of them: seconds since the first, and MiB.
    """

    def __init__(self, bots: Bots, every: float, told: Callable[[Samples], None] = lambda _: None) -> None:
        self._bots = bots
        self._every = every
        self._told = told
        self.samples: Samples = []

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Sample meanwhile."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        started = time.perf_counter()
        while True:
            self.samples.append((time.perf_counter() - started, self._bots.resident()))
            self._told(self.samples)
            await asyncio.sleep(self._every)


def indexed(folder: Path, feed: str | None, database: str | None = None) -> None:
    """Index a feed, or the shipped briefs, into a data folder."""
    command = [sys.executable, "-m", "bot", "index", *([feed] if feed else []), "--data-dir", str(folder)]
    environment = os.environ | ({"BACKCHANNEL_DATABASE_URL": database} if database else {})
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603


def texts(folder: Path) -> list[str]:
    """The passages that are indexed in a data folder."""
    app = Application(load_settings(data_dir=folder))
    try:
        return [passage.text for passage in app.catalogue.passages(app.catalogue.current_passages().tolist())]
    finally:
        app.close()


@contextmanager
def replicated(folder: Path, feed: str | None, count: int) -> Iterator[tuple[str, list[Path]]]:
    """A PostgreSQL server's database, and data folders of replicas, made from one that is indexed by itself.

    Raises:
        NoServer: there is no PostgreSQL server to run.
    """
    server = new_server()
    try:
        url = server.new_database()
        folders = [folder.with_name(f"{folder.name}-{place}") for place in range(count)]
        for each in folders:
            # With the vectors and the models that are there already.
            shutil.copytree(folder, each, ignore=shutil.ignore_patterns(*_ITS_OWN))
            indexed(each, feed, url)
        yield url, folders
    finally:
        server.remove()


@asynccontextmanager
async def serving(folders: Sequence[Path], environment: Mapping[str, str]) -> AsyncIterator[Bots]:
    """A process for each data folder, connected; stopped at the end.

    Raises:
        RuntimeError: one did not connect.
    """
    async with AsyncExitStack() as stack:
        yield Bots([await stack.enter_async_context(_connected(folder, environment)) for folder in folders])


class _Bot:
    """A process, and what it says; warnings and errors go on to standard error."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.connected = asyncio.Event()
        self.complaints = 0
        self.last_words: deque[str] = deque(maxlen=3)

    async def read(self) -> None:
        """Read until it ends."""
        if self.process.stdout is None:
            return
        async for line in self.process.stdout:
            text = line.decode().rstrip()
            self.last_words.append(text)
            if text.endswith(" is connected."):
                self.connected.set()
            if " WARNING " in text or " ERROR " in text:
                self.complaints += 1
                print(text, file=sys.stderr, flush=True)


@asynccontextmanager
async def _connected(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[_Bot]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "serve", "--data-dir", str(folder),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, **_QUIET, **environment},
    )  # fmt: skip
    bot = _Bot(process)
    reading, ready = asyncio.create_task(bot.read()), asyncio.create_task(bot.connected.wait())
    try:
        await asyncio.wait([ready, reading], timeout=_START, return_when=asyncio.FIRST_COMPLETED)
        if not bot.connected.is_set():
            raise RuntimeError("a process of the bot did not connect: " + " / ".join(bot.last_words))
        yield bot
    finally:
        ready.cancel()
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), _STOP)
        await reading
