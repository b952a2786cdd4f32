"""Posting: every message is sent once, even when Discord does not say whether it arrived."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar

import aiohttp
import discord

from bot.discord.buttons import view_of
from bot.discord.payloads import Attachment, Embed, Message

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
_PAUSES = (0.5, 2.0, 5.0)
_TYPING_SECONDS = 8.0  # Discord shows it for ten
_INVALID_BODY = 50035
_CLOCKS_DIFFER = dt.timedelta(minutes=1)
_LOOKED_AT = 200
UNREACHABLE = (aiohttp.ClientError, OSError, TimeoutError, discord.DiscordServerError)
"""What leaves open whether Discord has done what it was asked for."""


class Spot(Protocol):
    """Where something is shown."""

    async def show(self, messages: Sequence[Message]) -> list[int]:
        """Show messages in place of what was shown before; returns their ids.

        Raises:
            discord.HTTPException: Discord refuses them.
        """
        ...


class ChannelSpot:
    """A place in a channel.

    Args:
        channel: where to post.
        key: names what is posted, in at most 20 characters; Discord takes a message of the same key but once.
        reference: the message that is answered.
    """

    def __init__(
        self, channel: discord.abc.Messageable, key: str, reference: discord.MessageReference | None = None
    ) -> None:
        self._channel = channel
        self._key = key
        self._reference = reference
        self._first: discord.Message | None = None

    async def post_missing(self, messages: Sequence[Message], me: int, tried: dt.datetime | None) -> None:
        """Post messages that may have been posted already, at a try that began then; what stands is left alone.

        Args:
            messages: in order.
            me: the bot's own id.
            tried: ``None`` where there was no other try.

        Raises:
            discord.HTTPException: Discord refuses them.
        """
        stands = await self._own_since(me, tried) if tried else []
        for part, message in enumerate(messages):
            if _said(message.content, message.embeds) not in stands:
                await self._post(part, message)

    async def show(self, messages: Sequence[Message]) -> list[int]:
        """As :class:`Spot`: edits what was shown before, so that one question has one reply."""
        first, *rest = messages
        self._first = await (self._edit(self._first, first) if self._first else self._post(0, first))
        return [self._first.id, *[(await self._post(part, message)).id for part, message in enumerate(rest, start=1)]]

    async def remove(self, after: float) -> None:
        """Take away what was shown, after some seconds."""
        if self._first:
            await self._first.delete(delay=after)

    async def _post(self, part: int, message: Message) -> discord.Message:
        arguments: dict[str, Any] = {"nonce": f"{self._key}-{part}"}
        if self._reference and part == 0:
            arguments["reference"] = self._reference
        return await settled(message, lambda m: self._channel.send(**_new(m), **arguments))

    async def _own_since(self, me: int, tried: dt.datetime) -> list[list[str]]:
        """What the bot has said there since: Discord tells a message by its key for some minutes alone."""
        since = tried - _CLOCKS_DIFFER
        return [
            _said(m.content, m.embeds)
            async for m in self._channel.history(after=since, limit=_LOOKED_AT)
            if m.author.id == me
        ]

    @staticmethod
    async def _edit(shown: discord.Message, message: Message) -> discord.Message:
        return await settled(message, lambda m: shown.edit(**_whole(m)))


class InteractionSpot:
    """The reply to a command or a press; deferred already.

    Args:
        interaction: what is answered.
        private: whether one person alone sees it.
    """

    def __init__(self, interaction: discord.Interaction[Any], *, private: bool) -> None:
        self._interaction = interaction
        self._private = private

    async def show(self, messages: Sequence[Message]) -> list[int]:
        """As :class:`Spot`."""
        first, *rest = messages
        shown = await settled(first, lambda m: self._interaction.edit_original_response(**_whole(m)))
        return [shown.id, *[await follow_up(self._interaction, message, private=self._private) for message in rest]]


async def follow_up(interaction: discord.Interaction[Any], message: Message, *, private: bool) -> int:
    """Send one more message after an interaction; returns its id. It has no key, so it is tried once."""

    async def send(m: Message) -> discord.WebhookMessage:
        return await interaction.followup.send(**_new(m), ephemeral=private, wait=True)

    return (await settled(message, send, pauses=())).id


async def settled(message: Message, send: Callable[[Message], Awaitable[_T]], pauses: Sequence[float] = _PAUSES) -> _T:
    """Send until Discord says that it has arrived; an address that it does not take for one falls away.

    Raises:
        discord.HTTPException: Discord refuses it.
    """
    for pause in (*pauses, None):
        try:
            return await send(message)
        except UNREACHABLE as error:
            if pause is None:
                raise
            logger.warning("Discord did not confirm a message (%s): trying again", type(error).__name__)
            await asyncio.sleep(pause)
        except discord.HTTPException as error:
            if error.code != _INVALID_BODY or message == message.without_links():
                raise
            message = message.without_links()
    raise AssertionError("unreachable")


@asynccontextmanager
async def typing(channel: discord.abc.Messageable) -> AsyncIterator[None]:
    """Show that the bot is at it, without waiting for that to be shown."""
    task = asyncio.create_task(_keep_typing(channel))
    try:
        yield
    finally:
        task.cancel()


async def _keep_typing(channel: discord.abc.Messageable) -> None:
    with suppress(discord.HTTPException, *UNREACHABLE):
        while True:
            await channel.typing()
            await asyncio.sleep(_TYPING_SECONDS)


def _new(message: Message) -> dict[str, Any]:
    """What sending takes; nobody is ever pinged."""
    arguments: dict[str, Any] = {
        "content": message.content or None,
        "embeds": [_embed(embed) for embed in message.embeds],
        "allowed_mentions": discord.AllowedMentions.none(),
    }
    view = view_of(message.buttons)
    if view:
        arguments["view"] = view
    if message.attachment:
        arguments["file"] = _file(message.attachment)
    return arguments


def _whole(message: Message) -> dict[str, Any]:
    """What editing takes to leave nothing of what was there before."""
    return {
        "content": message.content or None,
        "embeds": [_embed(embed) for embed in message.embeds],
        "attachments": [_file(message.attachment)] if message.attachment else [],
        "view": view_of(message.buttons),
        "allowed_mentions": discord.AllowedMentions.none(),
    }


def _said(content: str | None, embeds: Sequence[Embed | discord.Embed]) -> list[str]:
    """What tells a message from others; Discord takes blanks off the ends of texts."""
    texts = [content, *(text for embed in embeds for text in (embed.title, embed.description))]
    return [" ".join((text or "").split()) for text in texts]


def _file(attachment: Attachment) -> discord.File:
    return discord.File(io.BytesIO(attachment.data), attachment.name)


def _embed(embed: Embed) -> discord.Embed:
    made = discord.Embed(
        title=embed.title or None, url=embed.url or None, description=embed.description, color=embed.color
    )
    return made.set_footer(text=embed.footer) if embed.footer else made
