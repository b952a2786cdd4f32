"""Questions in messages: a mention, a direct message, or a reply to the bot."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import replace

import discord

from bot.askers import Asker, Question
from bot.discord.askers import asked_in, asker_of_message, remembered_at
from bot.discord.embeds import render
from bot.discord.host import Host
from bot.discord.markdown import clip
from bot.discord.payloads import Message
from bot.discord.sending import UNREACHABLE, ChannelSpot, Spot, typing
from bot.messages import AnswerReply, Notice
from bot.render.words import waiting_words

logger = logging.getLogger(__name__)
_Place = discord.abc.Messageable
_ASKING = {discord.MessageType.default, discord.MessageType.reply}
_THREAD_NAME = 100
_GONE_AFTER = 20.0
_EMPTY = "Write your question after the mention, such as “Who met in Oslo?”; /help lists what else there is."
_HIDDEN = (
    "I cannot see what you wrote: Discord shows me a message only where it mentions me. "
    "Mention me in it, or leave the ping on when you reply."
)


class Conversation:
    """Answers messages.

    Args:
        host: serves.
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    async def heard(self, message: discord.Message, me: discord.ClientUser) -> None:
        """Answer a message if it is meant for the bot; each one once."""
        if message.author.bot or message.type not in _ASKING or self._host.closing or not _for_me(message, me):
            return
        asker = asker_of_message(message)
        event = f"discord:message:{message.id}"
        written = json.dumps({"channel": message.channel.id, "message": message.id})
        if not self._host.may_speak(asker) or not await self._host.ledger.claim(event, written):
            return
        with self._host.work():
            try:
                await self._answer(message, asker)
            except (discord.HTTPException, *UNREACHABLE) as error:
                logger.warning("a reply could not be posted: %s", error)
                self._host.ledger.release(event)
            except Exception as error:
                await self._apologize(message, asker, error)
                await self._host.ledger.settle(event)
            else:
                await self._host.ledger.settle(event)

    async def _answer(self, message: discord.Message, asker: Asker) -> None:
        if not message.content:
            await self._hint(message, asker)
            return
        refusal = await self._host.reception.admit(asker)
        if refusal:
            spot = _reply_to(message)
            await spot.show(self._rendered(refusal))
            if not asker.direct:
                await spot.remove(after=_GONE_AFTER)
            return
        place = await self._place(message)
        if place is None:
            await self._mail(message, await self._ask(message, asker), asker)
            return
        if isinstance(place, discord.Thread):
            asker = replace(asker, channel=str(place.id), thread="", parent=str(place.parent_id))
        spot = _reply_to(message) if place is message.channel else ChannelSpot(place, str(message.id))
        async with typing(place):
            reply = await self._ask(message, asker, spot)
            try:
                ids = await spot.show(self._rendered(reply))
            except discord.Forbidden:
                await self._mail(message, reply, asker)
                return
        for posted in ids:
            await self._remember(remembered_at(asker, place, posted), reply)

    async def _ask(self, message: discord.Message, asker: Asker, spot: Spot | None = None) -> AnswerReply | Notice:
        text = asked_in(message)
        if not text:
            return Notice(_EMPTY)

        async def waiting(before: int) -> None:
            if spot:
                with suppress(discord.Forbidden):
                    await spot.show(self._rendered(Notice(waiting_words(before))))

        question = Question(text, message.created_at, asker)
        return await self._host.serve(asker, lambda: self._host.desk.ask(question), waiting)

    async def _place(self, message: discord.Message) -> _Place | None:
        """Where to answer: the channel, or a thread opened for the question; ``None`` where none may be opened."""
        channel = message.channel
        if not self._host.app.settings.threads_only or message.guild is None or isinstance(channel, discord.Thread):
            return channel
        known = message.guild.get_thread(message.id)  # a thread has the id of the message that it begins with
        if known:
            return known
        try:
            return await message.create_thread(name=clip(asked_in(message), _THREAD_NAME) or "Question")
        except (discord.HTTPException, ValueError) as error:
            logger.info("no thread could be opened: %s", error)
            return None

    async def _mail(self, message: discord.Message, reply: AnswerReply | Notice, asker: Asker) -> None:
        """Answer in a direct message, since the bot may not write where it was asked."""
        spot = ChannelSpot(await message.author.create_dm(), str(message.id))
        await spot.show(self._rendered(reply, asker.workspace))

    async def _hint(self, message: discord.Message, asker: Asker) -> None:
        """Say that a reply could not be read: to each person in each channel once a day."""
        who = self._host.app.people.of(asker.person)
        if asker.direct or await self._host.ledger.first(f"discord:hint:{who}:{asker.channel}:{self._host.today}"):
            await _reply_to(message).show(self._rendered(Notice(_EMPTY if asker.direct else _HIDDEN)))

    async def _apologize(self, message: discord.Message, asker: Asker, error: Exception) -> None:
        notice = self._host.reception.failed(asker, error)
        with suppress(discord.HTTPException, *UNREACHABLE):
            await _reply_to(message).show(self._rendered(notice))

    async def _remember(self, asker: Asker, reply: AnswerReply | Notice) -> None:
        if isinstance(reply, AnswerReply):
            await self._host.remember(asker, reply)

    def _rendered(self, reply: AnswerReply | Notice, workspace: str = "") -> tuple[Message, ...]:
        return render(reply, today=self._host.today, workspace=workspace)


def _reply_to(message: discord.Message) -> ChannelSpot:
    return ChannelSpot(message.channel, str(message.id), message.to_reference(fail_if_not_exists=False))


def _for_me(message: discord.Message, me: discord.ClientUser) -> bool:
    """Whether a message mentions the bot, by its name or its own role, replies to it, or comes to it alone."""
    resolved = message.reference.resolved if message.reference else None
    return (
        message.guild is None
        or any(user.id == me.id for user in message.mentions)
        or any(role.tags is not None and role.tags.bot_id == me.id for role in message.role_mentions)
        or (isinstance(resolved, discord.Message) and resolved.author.id == me.id)
    )
