"""Discord, as `serve` runs it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import discord
from discord import app_commands
from discord.http import Route

from bot.app import Application
from bot.discord.client import Client
from bot.discord.commands import add_commands, sync
from bot.discord.host import Host
from bot.discord.mailing import deliver
from bot.discord.parts import Parts
from bot.discord.sending import UNREACHABLE
from bot.discord.supervisor import BackOff, supervise
from bot.errors import PlatformError
from bot.platforms import Delivery
from bot.reception import Reception
from bot.settings import Settings

_FINISH_SECONDS = 20.0
_NOT_SET = "DISCORD_TOKEN is not set: copy it from https://discord.com/developers/applications, your app's page Bot"
_REFUSED = (
    "Discord refuses DISCORD_TOKEN: copy it anew from https://discord.com/developers/applications, your app's page Bot"
)
_INTENTS = (
    "Discord refuses the bot's intents, though it asks for no privileged one: "
    "see your app's page Bot on https://discord.com/developers/applications"
)
# https://discord.com/developers/docs/topics/opcodes-and-status-codes: closed for good.
_FATAL = {4004: _REFUSED, 4013: _INTENTS, 4014: _INTENTS}


class DiscordPlatform:
    """The bot on Discord; runs once.

    Args:
        app: the parts of the data folder.
        reception: does the desk's work, for all platforms of the process.
        back_off: how long to wait before connecting again.
        progress_every: seconds between two edits of a message that tells how far a re-index is.
        heartbeat_timeout: seconds after which a gateway that says nothing is left.
    """

    name = "discord"

    def __init__(
        self,
        app: Application,
        reception: Reception,
        *,
        back_off: BackOff | None = None,
        progress_every: float = 3.0,
        heartbeat_timeout: float = 60.0,
    ) -> None:
        self._settings = app.settings
        self._host = Host(app, reception)
        self._parts = Parts(self._host, progress_every)
        self._back_off = back_off
        self._heartbeat_timeout = heartbeat_timeout
        self._client: Client | None = None

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until cancelled; ``ready`` is called once connected.

        Raises:
            PlatformError: the platform refuses the bot for good.
        """
        token = _token(self._settings)
        reach(self._settings)
        try:
            await supervise(lambda: self._connect(token, ready), self._back_off)
        finally:
            self._host.ledger.close()

    async def deliver(self, delivery: Delivery) -> None:
        """Post something unasked; see :class:`bot.platforms.ChatPlatform`.

        Raises:
            DeliveryRefused: Discord will not have it there, now or later.
            PlatformError: it is not connected yet.
            discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError: nobody knows, or it may be tried again.
        """
        if self._client is None or self._client.user is None or self._client.is_closed():
            raise PlatformError("Discord is not connected yet")
        await deliver(self._client, self._client.user.id, delivery)

    async def take_up(self, question: str) -> None:
        """Answer a question that was left; see :class:`bot.platforms.ChatPlatform`.

        Raises:
            PlatformError: it is not connected yet.
            discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError: the message cannot be had.
        """
        if self._client is None or self._client.user is None or self._client.is_closed():
            raise PlatformError("Discord is not connected yet")
        left = json.loads(question)
        channel = await self._client.fetch_channel(left["channel"])
        if isinstance(channel, discord.abc.Messageable):
            await self._parts.conversation.heard(await channel.fetch_message(left["message"]), self._client.user)

    async def close(self) -> None:
        """Take nothing new; what is being answered goes on."""
        self._host.closing = True

    async def at_rest(self) -> None:
        """Until nothing is being answered."""
        await self._host.finish(_FINISH_SECONDS)

    async def _connect(self, token: str, ready: Callable[[], None]) -> None:
        """One connection, until it ends; what is being answered then is finished first."""
        client = Client(
            self._parts, ready, self._settings.discord_gateway_url, heartbeat_timeout=self._heartbeat_timeout
        )
        async with client:
            self._client = client
            try:
                with _plainly():
                    await client.start(token)
            except asyncio.CancelledError:
                await self.close()
                raise
            finally:
                await self.at_rest()


async def sync_commands(app: Application) -> int:
    """Tell Discord the bot's commands: of the server that is set for development, else of all; returns how many.

    Raises:
        PlatformError: Discord refuses, or cannot be reached.
    """
    token = _token(app.settings)
    reach(app.settings)
    async with discord.Client(intents=discord.Intents.none()) as client:
        tree = app_commands.CommandTree(client)
        add_commands(tree)
        try:
            with _plainly():
                await client.login(token)
                return await sync(tree, app.settings.discord_guild)
        except (discord.HTTPException, *UNREACHABLE) as error:
            raise PlatformError(f"the commands could not be registered with Discord: {error}") from error


def reach(settings: Settings) -> None:
    """Point the library to where the settings say that Discord is."""
    Route.BASE = settings.discord_api_base_url.rstrip("/")
    discord.VoiceClient.warn_nacl = False  # it does not speak


def _token(settings: Settings) -> str:
    if settings.discord_token is None:
        raise PlatformError(_NOT_SET)
    return settings.discord_token.get_secret_value()


@contextmanager
def _plainly() -> Iterator[None]:
    """Refusals that last, as a line that says what to do."""
    try:
        yield
    except discord.LoginFailure as error:
        raise PlatformError(_REFUSED) from error
    except discord.PrivilegedIntentsRequired as error:
        raise PlatformError(_INTENTS) from error
    except discord.ConnectionClosed as error:
        if error.code in _FATAL:
            raise PlatformError(_FATAL[error.code]) from error
        raise
