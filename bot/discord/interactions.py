"""Commands and presses: acknowledged at once, then answered.

Discord lets an interaction be acknowledged once. So that comes first, and an event that is delivered again
goes no further.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import discord

from bot.askers import Asker, Question
from bot.discord.askers import asker_of_interaction, remembered_at
from bot.discord.embeds import render
from bot.discord.host import CLOSING, SILENT, Host
from bot.discord.sending import UNREACHABLE, InteractionSpot
from bot.messages import AnswerReply, Notice, Reply
from bot.render.words import waiting_words

logger = logging.getLogger(__name__)
Interaction = discord.Interaction[Any]


class Interactions:
    """Answers commands and presses.

    Args:
        host: serves.
    """

    def __init__(self, host: Host) -> None:
        self.host = host

    async def ask(self, interaction: Interaction, text: Callable[[Asker], str], workspace: str = "") -> None:
        """Answer a question by itself, for whoever asked alone; in a server it can be shared."""

        def ask(asker: Asker) -> Reply:
            return self.host.desk.ask(Question(text(asker), interaction.created_at, asker), alone=True)

        await self.answer(interaction, ask, counted=True, with_question=True, workspace=workspace)

    async def answer(
        self,
        interaction: Interaction,
        work: Callable[[Asker], Reply],
        *,
        private: bool = True,
        counted: bool = False,
        with_question: bool = False,
        workspace: str = "",
    ) -> None:
        """Acknowledge an interaction, do some of the desk's work for whoever is behind it, and show the reply.

        Args:
            interaction: a command or a press.
            work: what to do.
            private: whether one person alone sees the reply; in a direct message that makes no difference.
            counted: whether it counts as a question, and needs a channel that the bot may speak in.
            with_question: whether the reply says what was asked, which nobody has seen.
            workspace: the server of an answer in a direct message.
        """
        asker = asker_of_interaction(interaction, workspace)
        speaks = self.host.may_speak(asker)
        private = (private or (counted and not speaks)) and not asker.direct
        if not await acknowledged(self.host, interaction, private=private):
            return
        with self.host.work():
            spot = InteractionSpot(interaction, private=private)

            async def show(reply: Reply) -> list[int]:
                return await spot.show(
                    render(
                        reply,
                        today=self.host.today,
                        with_question=with_question,
                        shareable=private,
                        workspace=workspace,
                    )
                )

            async def waiting(before: int) -> None:
                await show(Notice(waiting_words(before)))

            async def answered() -> None:
                reply: Reply | None = Notice(SILENT) if counted and not speaks else None
                if counted and not reply:
                    reply = await self.host.reception.admit(asker)
                if not reply:
                    reply = await self.host.serve(asker, lambda: work(asker), waiting)
                ids = await show(reply)
                if isinstance(reply, AnswerReply) and asker.direct and counted:
                    await self.host.remember(remembered_at(asker, interaction.channel, ids[-1]), reply)

            await survived(self.host, asker, answered, show)

    async def tell(self, interaction: Interaction, text: str) -> None:
        """Answer with a line of our own, for one person alone."""
        await self.answer(interaction, lambda _: Notice(text))


async def acknowledged(host: Host, interaction: Interaction, *, private: bool, thinking: bool = True) -> bool:
    """Whether an interaction is ours to answer: nobody has acknowledged it, and it has not expired."""
    try:
        if host.closing:
            await interaction.response.send_message(CLOSING, ephemeral=True)
            return False
        await interaction.response.defer(ephemeral=private, thinking=thinking)
    except (discord.HTTPException, discord.InteractionResponded, *UNREACHABLE) as error:
        logger.info("an interaction could not be acknowledged: %s", error)
        return False
    return True


async def survived(
    host: Host, asker: Asker, work: Callable[[], Awaitable[None]], show: Callable[[Reply], Awaitable[object]]
) -> None:
    """Do some work; what fails unexpectedly becomes a line with a reference, where it can still be shown."""
    try:
        await work()
    except (discord.HTTPException, *UNREACHABLE) as error:
        logger.warning("a reply could not be shown: %s", error)
    except Exception as error:
        with suppress(discord.HTTPException, *UNREACHABLE):
            await show(host.reception.failed(asker, error))
