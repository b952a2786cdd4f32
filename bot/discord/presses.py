"""What the buttons below an answer do."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import discord

from bot.askers import Asker
from bot.discord.askers import asker_of_interaction, remembered_at
from bot.discord.buttons import ReasonForm
from bot.discord.embeds import render
from bot.discord.host import SILENT
from bot.discord.interactions import Interaction, Interactions, acknowledged, survived
from bot.discord.payloads import Action, Button
from bot.discord.sending import UNREACHABLE, follow_up
from bot.errors import UsageError
from bot.messages import Notice, Reply
from corpus.journal import Reason, Verdict

logger = logging.getLogger(__name__)
_SHARED = "It is in the channel already."


class Presses:
    """Answers presses. What is shown is for whoever pressed alone, but for what is shared.

    Args:
        interactions: answers.
    """

    def __init__(self, interactions: Interactions) -> None:
        self._interactions = interactions
        self._host = interactions.host
        self._desk = interactions.host.desk

    async def pressed(self, interaction: Interaction, button: Button) -> None:
        """Do what a button stands for."""
        answer_id, number, desk = button.answer_id, button.number, self._desk
        match button.action:
            case Action.MORE:
                await self._show(interaction, button, lambda asker: desk.more(asker, answer_id, number))
            case Action.CONTEXT:
                await self._show(interaction, button, lambda asker: desk.context(asker, answer_id, number))
            case Action.RELATED:
                await self._show(interaction, button, lambda asker: desk.related(asker, answer_id))
            case Action.GOOD:
                await self._show(interaction, button, lambda asker: desk.feedback(asker, answer_id, Verdict.GOOD))
            case Action.BAD:
                await self._show_form(interaction, button)
            case Action.ASK:
                await self._ask(interaction, button)
            case Action.SHARE:
                await self._share(interaction, button)
            case Action.END:
                watches = self._host.app.watches
                await self._show(interaction, button, lambda asker: watches.remove(asker, int(answer_id)))

    async def explained(self, interaction: Interaction, answer_id: str, workspace: str, reason: Reason | None) -> None:
        """Note what is wrong with an answer."""
        await self._interactions.answer(
            interaction,
            lambda asker: self._desk.feedback(asker, answer_id, Verdict.BAD, reason),
            workspace=workspace,
        )

    async def _show(self, interaction: Interaction, button: Button, work: Callable[[Asker], Reply]) -> None:
        await self._interactions.answer(interaction, work, workspace=button.workspace)

    @staticmethod
    async def _show_form(interaction: Interaction, button: Button) -> None:
        try:
            await interaction.response.send_modal(ReasonForm(button.answer_id, button.workspace))
        except (discord.HTTPException, discord.InteractionResponded, *UNREACHABLE) as error:
            logger.info("a form could not be shown: %s", error)

    async def _ask(self, interaction: Interaction, button: Button) -> None:
        """Ask a related question; which one it is, the answer it belongs to tells."""

        def question(asker: Asker) -> str:
            questions = self._desk.related(asker, button.answer_id).questions
            if button.number > len(questions):
                raise UsageError("that question can no longer be asked: write it yourself")
            return questions[button.number - 1]

        await self._interactions.ask(interaction, question, button.workspace)

    async def _share(self, interaction: Interaction, button: Button) -> None:
        """Post an answer, that one person has seen, in the channel; once."""
        if not await acknowledged(self._host, interaction, private=True, thinking=False):
            return
        asker = asker_of_interaction(interaction)
        event = f"discord:share:{button.answer_id}:{asker.channel}"

        async def whisper(reply: Reply) -> None:
            for message in render(reply, today=self._host.today):
                await follow_up(interaction, message, private=True)

        async def shared() -> None:
            if not self._host.may_speak(asker):
                await whisper(Notice(SILENT))
                return
            if not await self._host.ledger.claim(event):
                await whisper(Notice(_SHARED))
                return
            try:
                await self._post(interaction, asker, button.answer_id, whisper)
                await self._host.ledger.settle(event)
            finally:
                self._host.ledger.release(event)

        with self._host.work():
            await survived(self._host, asker, shared, whisper)

    async def _post(
        self, interaction: Interaction, asker: Asker, answer_id: str, whisper: Callable[[Reply], Awaitable[None]]
    ) -> None:
        reply = await self._host.serve(asker, lambda: self._desk.recall(asker, answer_id))
        if isinstance(reply, Notice):
            await whisper(reply)
            return
        # Those who read it there see an answer of now, unless it is outdated, and the question that they have not seen.
        shown = replace(reply, asked=None) if not reply.outdated else reply
        for message in render(shown, today=self._host.today, with_question=True):
            posted = await follow_up(interaction, message, private=False)
            await self._host.remember(remembered_at(asker, interaction.channel, posted), reply)
