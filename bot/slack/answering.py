"""A question from Slack to its answer in Slack."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from bot.app import Application
from bot.errors import UsageError
from bot.messages import AnswerReply, Notice, Reply
from bot.reception import Reception
from bot.render.words import waiting_words
from bot.slack.blocks import Showing, render
from bot.slack.posting import Found, Speaker, hide_eyes, show_eyes
from bot.slack.tasks import Tasks
from bot.slack.turns import Turn
from bot.slack.web import API_ERRORS, error_code, is_refusal

_T = TypeVar("_T")
_UNASKED = frozenset({"not_in_channel", "channel_not_found"})


class Answering:
    """Asks the desk, and says what it says.

    Args:
        app: the parts of the data folder.
        reception: serves requests in turn.
        speaker: posts.
        tasks: what goes on meanwhile.
        patience: seconds after which somebody who asked in private is told that it goes on.
    """

    def __init__(
        self, app: Application, reception: Reception, speaker: Speaker, tasks: Tasks, patience: float = 0.8
    ) -> None:
        self._app = app
        self._reception = reception
        self._speaker = speaker
        self._tasks = tasks
        self._patience = patience

    async def publicly(
        self, turn: Turn, text: str, *, again: bool, alone: bool = False, question: bool = False
    ) -> None:
        """Answer where everyone in the conversation reads it.

        Args:
            turn: who asked, and where.
            text: the question.
            again: whether an earlier try was cut off, so that the answer may stand there.
            alone: never take it for a follow-up.
            question: repeat the question.
        """
        found = await self._speaker.found(turn) if again else Found()
        if found.complete:
            await self._remember(turn, lambda: self._app.desk.recall(turn.asker, found.answer_id))
            return
        eyes = self._tasks.start(show_eyes(turn))
        try:
            asked = turn.question(text)
            reply = await self._reception.serve(
                turn.asker,
                lambda: self._app.desk.ask(asked, alone=alone),
                waiting=lambda before: self._wait(turn, before),
                counted=not again,
            )
            if isinstance(reply, Notice):
                await self.whisper(turn, reply)
            elif await self.post(turn, reply, question=question, found=found):
                await self._remember(turn, lambda: reply)
        finally:
            await eyes
            await hide_eyes(turn)

    async def privately(self, turn: Turn, text: str, *, share: str | None) -> None:
        """Answer the person alone, with a button that shares the answer; see :class:`bot.slack.blocks.Showing`."""
        asked = turn.question(text)
        sign = self._tasks.start(self._show_patience(turn))
        reply = await self._reception.serve(
            turn.asker,
            lambda: self._app.desk.ask(asked, alone=True),
            waiting=lambda before: self._wait(turn, before),
            counted=True,
        )
        sign.cancel()
        await self.whisper(turn, reply, question=True, share=share)

    async def share(self, turn: Turn, reply: AnswerReply, *, again: bool) -> None:
        """Post an answer that its asker alone has seen; where it stands, its thread goes on from it."""
        found = await self._speaker.found(turn) if again else Found()
        ts = await self.post(turn, reply, question=True, found=found)
        if ts:
            await self._remember(turn.in_new_thread(turn.asker.thread or ts), lambda: reply)

    async def serve(self, turn: Turn, work: Callable[[], _T], *, counted: bool = False) -> _T | Notice:
        """Let the desk do something."""
        return await self._reception.serve(
            turn.asker, work, waiting=lambda before: self._wait(turn, before), counted=counted
        )

    async def tell(self, turn: Turn, work: Callable[[], Reply], *, counted: bool = False) -> None:
        """Let the desk do something, and tell the person alone what came of it."""
        await self.whisper(turn, await self.serve(turn, work, counted=counted))

    async def whisper(self, turn: Turn, reply: Reply, *, question: bool = False, share: str | None = None) -> None:
        """Tell the person alone."""
        await self._speaker.whisper(turn, render(reply, Showing(_today(), question, share)))

    async def post(
        self, turn: Turn, reply: AnswerReply, *, question: bool = False, found: Found | None = None
    ) -> str | None:
        """Post an answer for everyone; where Slack refuses, tell the person alone. Returns the first message's time."""
        try:
            payloads = render(reply, Showing(_today(), question))
            return await self._speaker.post(turn, payloads, reply.answer_id or "", found)
        except API_ERRORS as error:
            if not is_refusal(error):
                raise
            code = error_code(error)
            way_out = "invite me into it" if code in _UNASKED else "an admin finds out why"
            await self.whisper(turn, Notice(f"Slack let me post nothing in this channel ({code}): {way_out}."))
            return None

    async def _remember(self, turn: Turn, reply: Callable[[], AnswerReply]) -> None:
        with suppress(UsageError):  # nobody remembers what was deleted meanwhile
            await asyncio.to_thread(lambda: self._app.desk.remember(turn.asker, reply()))

    async def _wait(self, turn: Turn, before: int) -> None:
        # Not awaited: who is told would lose their place meanwhile.
        self._tasks.start(self.whisper(turn, Notice(waiting_words(before))))

    async def _show_patience(self, turn: Turn) -> None:
        await asyncio.sleep(self._patience)
        await self.whisper(turn, Notice("Searching …"))


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
