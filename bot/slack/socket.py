"""Socket Mode: a connection that comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.slack.web import discreet_logger, persistently

logger = logging.getLogger(__name__)
_REFUSED = (
    "Slack refuses SLACK_APP_TOKEN ({}): make an app-level token with the scope connections:write, "
    "under Basic Information of your app"
)


class SocketConnection:
    """Receives by a web socket.

    slack-sdk reconnects by itself, but tries a ticket that was refused again and again. A watchdog makes it
    ask for a new one.

    Args:
        bolt: what is delivered goes there.
        app_token: opens connections.
        every: seconds between pings, and between the watchdog's looks.
    """

    def __init__(self, bolt: AsyncApp, app_token: str, every: float) -> None:
        self._bolt = bolt
        self._app_token = app_token
        self._every = every
        self._handler: AsyncSocketModeHandler | None = None

    async def run(self, ready: Callable[[], None]) -> None:
        """Receive until cancelled or closed.

        Raises:
            PlatformError: the token is refused for good.
        """
        # slack-sdk would ask for ever with a token that is no good.
        opened = await persistently(
            lambda: self._bolt.client.apps_connections_open(app_token=self._app_token), self._every, _REFUSED
        )
        handler = AsyncSocketModeHandler(
            self._bolt, self._app_token, logger=discreet_logger(), ping_interval=self._every
        )
        handler.client.wss_uri = opened["url"]
        self._handler = handler
        connecting = asyncio.ensure_future(handler.connect_async())  # type: ignore[no-untyped-call]
        try:
            await self._watch(handler, connecting, ready)
        finally:
            connecting.cancel()
            await self.close()

    async def close(self) -> None:
        """Receive nothing more; what is not acknowledged is delivered to whoever connects next."""
        handler, self._handler = self._handler, None
        if handler is not None:
            await handler.close_async()  # type: ignore[no-untyped-call]

    async def _watch(
        self, handler: AsyncSocketModeHandler, connecting: asyncio.Future[None], ready: Callable[[], None]
    ) -> None:
        client = handler.client
        told = False
        while self._handler is not None:
            await asyncio.wait([connecting], timeout=self._every)
            if connecting.done() and not told:
                told = True
                ready()
                logger.info("connected to Slack")
            if told:
                await asyncio.sleep(self._every)
            if self._handler is not None and not await client.is_connected():
                # A ticket is good for one connection; with none, slack-sdk asks for another.
                client.wss_uri = None
