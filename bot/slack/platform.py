"""Slack as `serve` runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import aiohttp
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp

from bot.app import Application
from bot.askers import Asker, Platform
from bot.errors import PlatformError
from bot.ledger import Ledger
from bot.platforms import Delivery
from bot.reception import Reception
from bot.settings import SlackMode
from bot.slack.answering import Answering
from bot.slack.commands import Commands
from bot.slack.http import HttpServer
from bot.slack.listeners import Listeners
from bot.slack.mailing import Mailing
from bot.slack.people import Admins, Zones
from bot.slack.posting import Speaker
from bot.slack.presses import Presses
from bot.slack.socket import SocketConnection
from bot.slack.tasks import Tasks
from bot.slack.web import discreet_logger, persistently, retry_handlers

_TIMEOUT = 30
_LAST_WORDS = 10.0
_REFUSED = (
    "Slack refuses SLACK_BOT_TOKEN ({}): install the app in your workspace again and take the token "
    "from OAuth & Permissions"
)


class SlackPlatform:
    """One workspace, by its bot token.

    Args:
        app: the parts of the data folder.
        reception: serves requests in turn.
        every: seconds between pings of the connection, and at first between tries.
        pause: seconds before a post that broke off is looked for.
        report_every: seconds between edits of a re-index's message.
    """

    name = "slack"

    def __init__(
        self,
        app: Application,
        reception: Reception,
        *,
        every: float = 10.0,
        pause: float = 1.0,
        report_every: float = 3.0,
    ) -> None:
        self._app = app
        self._reception = reception
        self._every = every
        self._pause = pause
        self._report_every = report_every
        self._tasks = Tasks(lambda error: reception.failed(Asker(Platform.SLACK), error))
        self._ledger = Ledger(app.journal)
        self._connection: SocketConnection | HttpServer | None = None
        self._mailing: Mailing | None = None
        self._take_up: Callable[[str], Awaitable[None]] | None = None

    @property
    def port(self) -> int:
        """Where requests come in, in HTTP mode."""
        return self._connection.port if isinstance(self._connection, HttpServer) else 0

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until cancelled; ``ready`` is called once connected.

        Raises:
            PlatformError: Slack refuses a token for good, or one is missing.
        """
        settings = self._app.settings
        token = _needed(
            settings.slack_bot_token, "SLACK_BOT_TOKEN", "it is shown under OAuth & Permissions of your app"
        )
        async with AsyncExitStack() as stack:
            timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
            session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
            stack.callback(self._ledger.close)
            stack.push_async_callback(self._tasks.finish, _LAST_WORDS)
            bolt = self._bolt(token, session)
            self._connection = self._connect(bolt)
            await persistently(bolt.client.auth_test, self._every, _REFUSED)
            await self._connection.run(ready)
            # Closed: what goes on goes on until the platform is cancelled.
            await asyncio.get_running_loop().create_future()

    async def deliver(self, delivery: Delivery) -> None:
        """Post something unasked; see :class:`bot.platforms.ChatPlatform`.

        Raises:
            DeliveryRefused: Slack will not have it there, now or later.
            PlatformError: it is not connected yet.
            SlackClientError, aiohttp.ClientError, TimeoutError: nobody knows, or it may be tried again.
        """
        if self._mailing is None:
            raise PlatformError("Slack is not connected yet")
        await self._mailing.deliver(delivery)

    async def take_up(self, question: str) -> None:
        """Answer a question that was left; see :class:`bot.platforms.ChatPlatform`.

        Raises:
            PlatformError: it is not connected yet.
            SlackClientError, aiohttp.ClientError, TimeoutError: nobody knows, or it may be tried again.
        """
        if self._take_up is None:
            raise PlatformError("Slack is not connected yet")
        await self._take_up(question)

    async def close(self) -> None:
        """Take nothing new; what is being answered goes on."""
        if self._connection is not None:
            await self._connection.close()

    async def idle(self) -> None:
        """Wait until all that was taken is answered."""
        await self._tasks.idle()

    def _bolt(self, token: str, session: aiohttp.ClientSession) -> AsyncApp:
        """Bolt, with our listeners."""
        bolt = AsyncApp(name="backchannel", token=token, logger=discreet_logger(), request_verification_enabled=False)
        bolt.client.base_url = self._app.settings.slack_api_base_url.rstrip("/") + "/"
        bolt.client.session = session
        bolt.client.retry_handlers = retry_handlers()
        bolt.error(self._failed)
        speaker = Speaker(self._pause)
        self._mailing = Mailing(bolt.client, speaker)
        answering = Answering(self._app, self._reception, speaker, self._tasks)
        settings = self._app.settings
        admins = Admins(settings.slack_admins, workspace_admins=settings.slack_workspace_admins)
        commands = Commands(self._app, self._reception, answering, admins, Zones(), self._report_every)
        presses = Presses(self._app, answering, admins)
        listeners = Listeners(self._app, answering, commands, presses, admins, self._tasks, self._ledger)
        listeners.register(bolt)
        self._take_up = partial(listeners.take_up, bolt.client)
        return bolt

    def _connect(self, bolt: AsyncApp) -> SocketConnection | HttpServer:
        settings = self._app.settings
        if settings.slack_mode is SlackMode.HTTP:
            secret = _needed(
                settings.slack_signing_secret, "SLACK_SIGNING_SECRET", "it is shown under Basic Information of your app"
            )
            return HttpServer(bolt, secret, settings.slack_http_host, settings.slack_http_port)
        token = _needed(
            settings.slack_app_token,
            "SLACK_APP_TOKEN",
            "make an app-level token with the scope connections:write, under Basic Information of your app, "
            "or set SLACK_MODE=http",
        )
        return SocketConnection(bolt, token, self._every)

    async def _failed(self, error: Exception) -> None:
        """In place of Bolt's own handler, which logs what errors say."""
        self._reception.failed(Asker(Platform.SLACK), error)


def _needed(secret: SecretStr | None, name: str, way_out: str) -> str:
    """A secret that is set.

    Raises:
        PlatformError: it is not.
    """
    value = secret.get_secret_value().strip() if secret else ""
    if not value:
        raise PlatformError(f"{name} is not set: {way_out}")
    return value
