"""HTTP mode: Slack sends signed requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.errors import PlatformError

logger = logging.getLogger(__name__)
PATH = "/slack/events"
_LARGEST = 1024 * 1024


class HttpServer:
    """Receives requests at one address.

    Args:
        bolt: what is delivered goes there.
        secret: what Slack signs with.
        host: the address to bind, and no other.
        port: its port; 0 for any that is free.
    """

    def __init__(self, bolt: AsyncApp, secret: str, host: str, port: int) -> None:
        self._bolt = bolt
        self._verifier = SignatureVerifier(secret)
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._runner.addresses[0][1]) if self._runner else self._port

    async def run(self, ready: Callable[[], None]) -> None:
        """Receive until cancelled.

        Raises:
            PlatformError: the address cannot be bound.
        """
        application = web.Application(client_max_size=_LARGEST)
        application.router.add_post(PATH, self._receive)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
            ready()
            logger.info("listening for Slack")
            await asyncio.get_running_loop().create_future()
        except OSError as error:
            raise PlatformError(
                f"requests of Slack cannot be received at {self._host}:{self._port} ({error.strerror}): "
                "set BACKCHANNEL_SLACK_HTTP_HOST and BACKCHANNEL_SLACK_HTTP_PORT"
            ) from error
        finally:
            await self.close()

    async def close(self) -> None:
        """Receive nothing more."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        # Checked here and not by Bolt, which logs the whole body of a request that is not signed well.
        if not self._is_signed(await request.read(), request):
            logger.warning("a request was refused: its signature is wrong or too old")
            return web.Response(status=401)
        return await to_aiohttp_response(await self._bolt.async_dispatch(await to_bolt_request(request)))

    def _is_signed(self, body: bytes, request: web.Request) -> bool:
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError):  # no number, no UTF-8, no ASCII
            return False
