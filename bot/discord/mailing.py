"""Posting on Discord what nobody asked for just now."""

from __future__ import annotations

import datetime as dt

import discord

from bot.discord.embeds import render
from bot.discord.sending import ChannelSpot
from bot.errors import DeliveryRefused
from bot.platforms import Delivery
from corpus.outbox import Address

_LASTING = (discord.Forbidden, discord.NotFound)
_ALONE = "Discord does not let me write to the person: they have left, or take no direct messages"
_CHANNEL = "the channel is not there any more, or I may not write in it"


async def deliver(client: discord.Client, me: int, delivery: Delivery) -> None:
    """Post something; see :class:`bot.platforms.ChatPlatform`.

    Args:
        client: connected.
        me: the bot's own id.
        delivery: what, and where.
    """
    to = delivery.to
    alone = not to.channel
    messages = render(delivery.reply, today=dt.datetime.now(dt.UTC).date(), workspace=to.workspace if alone else "")
    try:
        channel = await _channel(client, to)
        spot = ChannelSpot(channel, delivery.key, _reference(to))
        await spot.post_missing(messages, me, delivery.tried)
    except _LASTING:
        raise DeliveryRefused(_ALONE if alone else _CHANNEL) from None


async def _channel(client: discord.Client, to: Address) -> discord.abc.Messageable:
    if not to.channel:
        return await client.create_dm(discord.Object(int(to.person)))
    return client.get_partial_messageable(int(to.channel))


def _reference(to: Address) -> discord.MessageReference | None:
    """The message that is gone on from, which may have been deleted meanwhile."""
    if not to.thread:
        return None
    return discord.MessageReference(message_id=int(to.thread), channel_id=int(to.channel), fail_if_not_exists=False)
