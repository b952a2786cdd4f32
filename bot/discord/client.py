"""The client: turns Discord's events over to the parts that answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

from bot.askers import Asker, Platform
from bot.discord.buttons import AnswerButton, sent_form
from bot.discord.commands import add_commands, sync
from bot.discord.interactions import Interaction
from bot.discord.parts import ClientWithParts, Parts
from bot.discord.payloads import Button
from bot.discord.sending import UNREACHABLE

logger = logging.getLogger(__name__)
_CONNECT_SECONDS = 60.0
_UNKNOWN = "This command has changed: try again in a minute, or reload Discord."


class Tree(app_commands.CommandTree["Client"]):
    """The commands."""

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Tell whoever ran a command that it could not be run."""
        if isinstance(error, app_commands.CommandInvokeError):
            await self.client.failed(interaction, error.original)
            return
        logger.warning("a command could not be run: %s", error)
        if not interaction.response.is_done() and interaction.type is not discord.InteractionType.autocomplete:
            await self.client.parts.interactions.tell(interaction, _UNKNOWN)


class Client(ClientWithParts):
    """One connection to Discord, over as many shards as Discord wants; it reads no message that is not meant for it.

    Args:
        parts: answer.
        ready: called once a shard is connected.
        gateway: takes the place of the gateway that Discord names; empty for that one.
        options: for :class:`discord.AutoShardedClient`.
    """

    def __init__(
        self,
        parts: Parts,
        ready: Callable[[], None] = lambda: None,
        gateway: str = "",
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(
            intents=discord.Intents.default(),
            allowed_mentions=discord.AllowedMentions.none(),
            shard_connect_timeout=_CONNECT_SECONDS,
            **options,
        )
        self.parts = parts
        self.tree = Tree(self)
        add_commands(self.tree)
        self._tell_ready = ready
        self._gateway = gateway

    async def setup_hook(self) -> None:
        """Before the connection: buttons of earlier runs work again, and the commands of one server are brought up."""
        self.add_dynamic_items(AnswerButton)
        guild = self.parts.host.app.settings.discord_guild
        try:
            if guild is not None:
                await sync(self.tree, guild)
                return
            listed = {command.name for command in await self.tree.fetch_commands()}
            if listed != {command.name for command in self.tree.get_commands()}:
                logger.warning("Discord does not list the bot's commands as they are: run `backchannel discord sync`")
        except (discord.HTTPException, *UNREACHABLE) as error:
            logger.warning("the commands could not be brought up to date: %s", error)

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        """As in the base class, over the gateway that was set, else the one that Discord names; and so ever after."""
        DiscordWebSocket.DEFAULT_GATEWAY = chosen = yarl.URL(self._gateway) if self._gateway else gateway
        await super().launch_shard(chosen, shard_id, initial=initial)

    async def on_connect(self) -> None:
        """A shard is connected."""
        self._tell_ready()

    async def on_message(self, message: discord.Message) -> None:
        """Somebody wrote."""
        if self.user:
            await self.parts.conversation.heard(message, self.user)

    async def on_answer_button(self, interaction: Interaction, button: Button) -> None:
        """Somebody pressed a button below an answer."""
        try:
            await self.parts.presses.pressed(interaction, button)
        except Exception as error:
            await self.failed(interaction, error)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Somebody sent a form; all else has gone its way already."""
        form = sent_form(interaction)
        if form:
            await self.parts.presses.explained(interaction, *form)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        """What nobody caught: the log says where, and not what was written."""
        logger.error("the event %s failed", event_method)

    async def failed(self, interaction: Interaction, error: BaseException) -> None:
        """Tell whoever is behind an interaction that it failed."""
        asker = Asker(Platform.DISCORD, user=str(interaction.user.id))
        notice = self.parts.host.reception.failed(asker, error)
        if not interaction.response.is_done():
            await self.parts.interactions.tell(interaction, notice.text)
