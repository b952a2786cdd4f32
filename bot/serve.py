"""The bot on its platforms: each kept running by itself, all stopped together."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from bot.app import Application
from bot.askers import Platform
from bot.board import Board, State
from bot.errors import BotError
from bot.health import endpoints, listening
from bot.herald import Herald
from bot.platforms import ChatPlatform
from bot.posting import Posting
from bot.reception import Reception
from bot.settings import Settings
from bot.taking_up import TakingUp
from corpus.errors import CorpusError
from corpus.events import HEARD_EVERY

logger = logging.getLogger(__name__)
Factory = Callable[[Application, Reception], ChatPlatform]

HOW_TO_GET_TOKENS = """\
No platform has a token yet, so there is nothing to serve.

Slack
  1. Run `backchannel slack manifest` and copy what it prints.
  2. On https://api.slack.com/apps: Create New App, From a manifest, choose the workspace, paste it, Create.
  3. Basic Information, App-Level Tokens, Generate Token and Scopes: add connections:write. It begins with xapp-.
  4. Install App, Install to the workspace: the Bot User OAuth Token begins with xoxb-.
  5. Write both into a file .env in this folder:
       SLACK_APP_TOKEN=xapp-…
       SLACK_BOT_TOKEN=xoxb-…

Discord
  1. On https://discord.com/developers/applications: New Application.
  2. Bot, Reset Token, and copy it.
  3. Write it into a file .env in this folder:
       DISCORD_TOKEN=…
  4. Run `backchannel discord sync`, which registers the commands.
  5. Installation, Guild Install: the scopes applications.commands and bot; then open the Install Link.

Then run `backchannel serve` again. One platform is enough. `backchannel chat` is the bot in this terminal, without
any token."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds.

    Args:
        first_wait: before a platform that crashed is started again; twice as long each time.
        longest_wait: but never longer.
        steady: after so long without a crash, the next one counts as the first.
        stop_within: from a signal to the end.
        expire_every: between deletions of what is too old.
        look_every: between looks which feeds are due.
        tell_every: between looks whether there is anything to tell unasked.
        heard_every: between looks whether anything is left of another replica.
    """

    first_wait: float = 1.0
    longest_wait: float = 300.0
    steady: float = 600.0
    stop_within: float = 10.0
    expire_every: float = 3600.0
    look_every: float = 15.0
    tell_every: float = 5.0
    heard_every: float = HEARD_EVERY


def platforms_of(settings: Settings) -> dict[Platform, Factory]:
    """The platforms that have a token."""
    found: dict[Platform, Factory] = {}
    if settings.slack_bot_token:
        found[Platform.SLACK] = _slack
    if settings.discord_token:
        found[Platform.DISCORD] = _discord
    return found


def serve(
    app: Application,
    factories: Mapping[Platform, Factory],
    say: Callable[[str], None],
    *,
    timing: Timing | None = None,
    leave: Callable[[int], NoReturn] = os._exit,
) -> int:
    """Serve until a signal to stop, or until every platform has refused the bot; returns the exit status.

    Args:
        app: the parts of the data folder.
        factories: what makes each platform.
        say: told what people at the terminal should know.
        timing: how long things may take.
        leave: ends the process at once, where threads still work when the time to stop is over.

    Raises:
        BotError, CorpusError, RetrievalError: it cannot begin.
    """
    server = Server(app, factories, say, timing or Timing())
    status = asyncio.run(_until_signal(server))
    if not server.finished:
        logger.warning("what was still being done is left undone")
        logging.shutdown()
        leave(status)
    return status


class Server:
    """Runs platforms, each on its own, over one desk.

    Args:
        app: the parts of the data folder.
        factories: what makes each platform, again after a crash.
        say: told what people at the terminal should know.
        timing: how long things may take.
    """

    def __init__(
        self, app: Application, factories: Mapping[Platform, Factory], say: Callable[[str], None], timing: Timing
    ) -> None:
        self._app = app
        self._factories = factories
        self._say = say
        self._timing = timing
        self._reception = Reception(app.policy, app.metrics, app.settings.workers, app.settings.most_waiting)
        self._running: dict[Platform, ChatPlatform] = {}
        self._stopping = asyncio.Event()
        self.board = Board(factories)
        self.finished = True
        """Whether all that had begun was done when the server stopped."""

    async def run(self, stop: asyncio.Event) -> int:
        """Serve until ``stop`` is set (returns 0) or no platform is left (returns 1).

        Raises:
            BotError, CorpusError, RetrievalError: it cannot begin.
        """
        settings = self._app.settings
        web = endpoints(self._app, self._reception, self.board)
        async with listening(web, settings.http_host, settings.http_port):
            self._say(f"Loading the model and the index for {_named(self._factories)} …")
            await asyncio.to_thread(self._app.service.load)
            serving = asyncio.create_task(self._keep_all())
            stopped = asyncio.create_task(stop.wait())
            expiring = asyncio.create_task(self._expire())
            posting = asyncio.create_task(self._keep_posted())
            taking_up = TakingUp(self._app.journal, self._connected_platforms)
            heard = asyncio.create_task(taking_up.keep(self._timing.heard_every))
            tasks: list[asyncio.Task[Any]] = [serving, stopped, expiring, posting, heard]
            if settings.refresh or self._app.is_replica:
                tasks.append(asyncio.create_task(self._app.refreshing.run(self._timing.look_every)))
            try:
                with self._app.service.watching():
                    await asyncio.wait([serving, stopped], return_when=asyncio.FIRST_COMPLETED)
            finally:
                await self._stop(tasks)
                await taking_up.leave()
        return 0 if stop.is_set() else 1

    async def _keep_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, factory in self._factories.items():
                group.create_task(self._keep(name, factory))

    async def _keep(self, name: Platform, factory: Factory) -> None:
        """Run a platform, and again after each crash, until it refuses the bot."""
        loop = asyncio.get_running_loop()
        wait = self._timing.first_wait
        while not self._stopping.is_set():
            started = loop.time()
            self.board.put(name, State.CONNECTING)
            try:
                self._running[name] = factory(self._app, self._reception)
                await self._running[name].run(lambda: self._connected(name))
                failure = "its connection ended"
            except BotError as error:
                self.board.put(name, State.REFUSED)
                logger.error("%s is given up: %s", name.title(), error)  # noqa: TRY400 (a traceback says no more)
                return
            except Exception as error:
                # What a library says may hold addresses with tokens in them.
                failure = type(error).__name__
                logger.debug("%s: %s", name.title(), error)
            if self._stopping.is_set():
                return
            wait = self._timing.first_wait if loop.time() - started > self._timing.steady else wait
            self.board.put(name, State.WAITING)
            logger.error("%s stopped working (%s): it is started again in %.0f s", name.title(), failure, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._timing.longest_wait)

    def _connected(self, name: Platform) -> None:
        self.board.put(name, State.CONNECTED)
        self._say(f"{name.title()} is connected.")

    async def _expire(self) -> None:
        """Delete what is too old, now and then."""
        while True:
            try:
                count = await asyncio.to_thread(self._app.desk.expire)
                logger.info("%d answers were older than the settings keep", count)
            except CorpusError as error:
                logger.warning("what is too old could not be deleted: %s", error)
            await asyncio.sleep(self._timing.expire_every)

    async def _keep_posted(self) -> None:
        """Tell people what they asked to be told of, on the platforms that are connected."""
        herald = Herald(self._app, self._factories.keys())
        await Posting(self._app, herald, self._connected_platforms).keep(self._timing.tell_every)

    def _connected_platforms(self) -> dict[Platform, ChatPlatform]:
        if self._stopping.is_set():
            return {}
        states = self.board.states
        return {name: one for name, one in self._running.items() if states[name] is State.CONNECTED}

    async def _stop(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        """Take nothing new, finish what is being answered, then let go; half of the time is for the answers."""
        self._stopping.set()
        self._app.stopping.set()
        part = self._timing.stop_within / 6
        closing = [asyncio.create_task(platform.close()) for platform in self._running.values()]
        await _wait(closing, part)
        ended = await asyncio.gather(self._reception.drain(3 * part), self._app.refreshing.ended(4 * part))
        self.finished = all(ended)
        for task in (*tasks, *closing):
            task.cancel()
        await _wait([*tasks, *closing], part)


async def _wait(tasks: Iterable[asyncio.Task[Any]], seconds: float) -> None:
    """Wait for tasks at most so long; how they end is no matter any more."""
    waiting = list(tasks)
    if waiting:
        done, _ = await asyncio.wait(waiting, timeout=seconds)
        for task in done:
            if not task.cancelled() and task.exception():
                logger.warning("while stopping: %s", type(task.exception()).__name__)


async def _until_signal(server: Server) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C cancels, which stops as well
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await server.run(stop)


def _named(platforms: Iterable[Platform]) -> str:
    return " and ".join(platform.title() for platform in platforms)


def _slack(app: Application, reception: Reception) -> ChatPlatform:
    from bot.slack.platform import SlackPlatform

    return SlackPlatform(app, reception)


def _discord(app: Application, reception: Reception) -> ChatPlatform:
    from bot.discord.platform import DiscordPlatform

    return DiscordPlatform(app, reception)
