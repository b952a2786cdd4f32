"""Who asks, and where, as Discord tells it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import discord

from bot.askers import Asker, Platform

_MENTION = re.compile(r"<(?:@[!&]?|#)\d+>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")


def asker_of_message(message: discord.Message) -> Asker:
    """Whoever wrote a message; in a server, a reply belongs to the message it replies to."""
    direct = message.guild is None
    apart = direct or isinstance(message.channel, discord.Thread)
    reference = message.reference.message_id if message.reference else None
    return Asker(
        Platform.DISCORD,
        workspace="" if message.guild is None else str(message.guild.id),
        channel=str(message.channel.id),
        thread="" if apart or reference is None else str(reference),
        user=str(message.author.id),
        direct=direct,
        parent=_parent(message.channel),
    )


def asker_of_interaction(interaction: discord.Interaction[Any], workspace: str = "") -> Asker:
    """Whoever ran a command or pressed a button; ``workspace`` is that of an answer in a direct message."""
    guild = interaction.guild_id
    return Asker(
        Platform.DISCORD,
        workspace=workspace if guild is None else str(guild),
        channel=str(interaction.channel_id or ""),
        user=str(interaction.user.id),
        is_admin=guild is not None and interaction.permissions.manage_guild,
        direct=guild is None,
        locale=interaction.locale.value,
        parent=_parent(interaction.channel),
    )


def remembered_at(asker: Asker, channel: object, message_id: int) -> Asker:
    """Where a follow-up to a posted answer will come from: a reply to it, unless the channel is one conversation."""
    apart = asker.direct or isinstance(channel, discord.Thread)
    return replace(asker, thread="" if apart else str(message_id))


def _parent(channel: object) -> str:
    """The channel that a thread belongs to, which the settings' lists know; empty for none."""
    return str(channel.parent_id) if isinstance(channel, discord.Thread) else ""


def asked_in(message: discord.Message) -> str:
    """The question in a message, without mentions and the codes of emoji."""
    return " ".join(_EMOJI.sub(r"\1", _MENTION.sub(" ", message.content)).split())


def asked_about(message: discord.Message) -> str:
    """What a message of anybody's says: its text, else what the cards below it say."""
    texts = [asked_in(message)] + [text for embed in message.embeds for text in (embed.title, embed.description)]
    return next((" ".join(text.split()) for text in texts if text and text.strip()), "")
