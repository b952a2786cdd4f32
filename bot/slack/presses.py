"""What people press: buttons below answers, the modal of a vote, the message shortcut."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.app import Application
from bot.messages import Notice
from bot.slack.actions import Action, number, unpacked
from bot.slack.answering import Answering
from bot.slack.mrkdwn import plain
from bot.slack.people import Admins
from bot.slack.turns import Turn
from bot.slack.views import View, chosen_reason, reason_modal
from bot.slack.web import API_ERRORS, error_code
from corpus.journal import Verdict


class Presses:
    """Does what was pressed.

    Args:
        app: the parts of the data folder.
        answering: asks the desk.
        admins: knows who runs the bot.
    """

    def __init__(self, app: Application, answering: Answering, admins: Admins) -> None:
        self._app = app
        self._desk = app.desk
        self._answering = answering
        self._admins = admins

    async def press(self, turn: Turn, action: Action, value: str, *, again: bool) -> None:
        """A button, with the value that it carries."""
        answer_id, detail = unpacked(value)
        match action:
            case Action.MORE:
                await self._answering.tell(turn, lambda: self._desk.more(turn.asker, answer_id, number(detail)))
            case Action.CONTEXT:
                await self._answering.tell(turn, lambda: self._desk.context(turn.asker, answer_id, number(detail)))
            case Action.GOOD:
                await self._answering.tell(turn, lambda: self._desk.feedback(turn.asker, answer_id, Verdict.GOOD))
            case Action.BAD:
                await self._ask_why(turn, answer_id)
            case Action.RELATED:
                await self._ask_related(turn, answer_id, number(detail), again=again)
            case Action.SHARE:
                await self._share(turn, answer_id, detail, again=again)
            case Action.END:
                turn = await self._admins.known(turn)
                await self._answering.tell(turn, lambda: self._app.watches.remove(turn.asker, number(answer_id)))

    async def ask_about(self, turn: Turn, message: Mapping[str, Any]) -> None:
        """The shortcut on a message: its text is asked, and answered to the person alone until they share it."""
        thread = message.get("thread_ts") or message.get("ts") or ""
        await self._answering.privately(turn, plain(message.get("text") or ""), share=thread)

    async def submit_reason(self, turn: Turn, view: View) -> None:
        """The modal of a vote: a vote is counted when it is sent, with a reason or without."""
        answer_id, reason = json.loads(view["private_metadata"])["answer"], chosen_reason(view)
        await self._answering.tell(turn, lambda: self._desk.feedback(turn.asker, answer_id, Verdict.BAD, reason))

    async def _ask_why(self, turn: Turn, answer_id: str) -> None:
        private = {
            "answer": answer_id,
            "channel": turn.asker.channel,
            "thread": turn.asker.thread if turn.in_thread else "",
            "private": turn.private,
            "response_url": turn.response_url,
        }
        try:
            await turn.client.views_open(trigger_id=turn.trigger, view=reason_modal(json.dumps(private)))
        except API_ERRORS as error:
            await self._answering.whisper(turn, Notice(f"Slack opened no form ({error_code(error)}): press again."))

    async def _ask_related(self, turn: Turn, answer_id: str, which: int, *, again: bool) -> None:
        reply = await self._answering.serve(turn, lambda: self._desk.related(turn.asker, answer_id))
        if isinstance(reply, Notice):
            await self._answering.whisper(turn, reply)
        elif not 1 <= which <= len(reply.questions):
            await self._answering.whisper(turn, Notice("That question is no longer there."))
        elif turn.private:
            await self._answering.privately(turn, reply.questions[which - 1], share=self._channel_share(turn))
        else:
            await self._answering.publicly(turn, reply.questions[which - 1], again=again, alone=True, question=True)

    async def _share(self, turn: Turn, answer_id: str, thread: str, *, again: bool) -> None:
        placed = turn.in_new_thread(thread)
        reply = await self._answering.serve(turn, lambda: self._desk.recall(turn.asker, answer_id))
        if isinstance(reply, Notice):
            await self._answering.whisper(turn, reply)
        elif not self._app.policy.may_speak(turn.asker) or (self._app.settings.threads_only and not thread):
            await self._answering.whisper(turn, Notice("I am not to post in this channel."))
        else:
            await self._answering.share(placed, reply, again=again)

    def _channel_share(self, turn: Turn) -> str | None:
        return None if self._app.settings.threads_only or turn.asker.direct else ""
