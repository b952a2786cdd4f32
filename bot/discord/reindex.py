"""`/reindex`: a message that is edited while the run goes on, since a command's reply expires after minutes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

import discord

from bot.askers import Asker
from bot.discord.askers import asker_of_interaction
from bot.discord.embeds import render
from bot.discord.interactions import Interaction, Interactions, acknowledged, survived
from bot.discord.sending import UNREACHABLE, ChannelSpot, InteractionSpot
from bot.messages import Notice, Reply
from bot.reindexing import reindex

logger = logging.getLogger(__name__)
_STARTED = Notice("Re-indexing: waiting.")
_HERE = Notice("Re-indexing: the message below says how far it is.")
_MAILED = Notice("Re-indexing: I may not write here, so a direct message says how far it is.")


class Reindexing:
    """Runs a re-index that somebody asked for.

    Args:
        interactions: answers.
        every: seconds between edits.
    """

    def __init__(self, interactions: Interactions, every: float = 3.0) -> None:
        self._host = interactions.host
        self._every = every

    async def run(self, interaction: Interaction, *, rebuild: bool) -> None:
        """Re-index, and tell how it goes."""
        asker = asker_of_interaction(interaction)
        if not await acknowledged(self._host, interaction, private=True):
            return
        private = InteractionSpot(interaction, private=True)

        async def tell(reply: Reply) -> None:
            await private.show(render(reply, today=self._host.today))

        async def started() -> None:
            refusal = await self._host.serve(asker, lambda: self._host.app.policy.require_admin(asker))
            if refusal:
                await tell(refusal)
                return
            await self._follow(interaction, asker, rebuild, tell)

        with self._host.work():
            await survived(self._host, asker, started, tell)

    async def _follow(
        self, interaction: Interaction, asker: Asker, rebuild: bool, tell: Callable[[Reply], Awaitable[None]]
    ) -> None:
        spot = await self._begun(interaction, tell)

        async def edit(reply: Reply) -> None:
            # An edit that fails ends nothing; the next one says it all.
            with suppress(discord.HTTPException, *UNREACHABLE):
                await spot.show(render(reply, today=self._host.today))

        await reindex(self._host.desk, self._host.reception, asker, edit, rebuild=rebuild, every=self._every)

    async def _begun(self, interaction: Interaction, tell: Callable[[Reply], Awaitable[None]]) -> ChannelSpot:
        """The message that will be edited: in the channel, or to the person where the bot may not write."""
        channel, key = interaction.channel, str(interaction.id)
        lines = render(_STARTED, today=self._host.today)
        if isinstance(channel, discord.abc.Messageable):
            spot = ChannelSpot(channel, key)
            with suppress(discord.Forbidden):
                await spot.show(lines)
                await tell(_HERE)
                return spot
        spot = ChannelSpot(await interaction.user.create_dm(), key)
        await spot.show(lines)
        await tell(_MAILED)
        return spot
