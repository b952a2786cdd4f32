"""What is listened to. Everything is begun as a task of its own, and acknowledged at once.

In this order: what was acknowledged before it was begun would be lost if the bot were stopped in between.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import Application
from bot.ledger import Ledger, Work
from bot.slack import turns
from bot.slack.actions import ASK_SHORTCUT, REASON_VIEW, Action, unpacked
from bot.slack.answering import Answering
from bot.slack.commands import Command, Commands
from bot.slack.home import show_home
from bot.slack.mrkdwn import addressee, plain
from bot.slack.people import Admins
from bot.slack.presses import Presses
from bot.slack.tasks import Tasks
from bot.slack.turns import Turn

Body = dict[str, Any]
# What people post; edits, joins and the like are other subtypes.
_NEEDED = ("channel", "channel_type", "user", "text", "ts", "thread_ts")
_POSTS = frozenset({None, "file_share", "thread_broadcast"})


class Listeners:
    """Translates what Slack delivers.

    Args:
        app: the parts of the data folder.
        answering: asks the desk.
        commands: does what slash commands say.
        presses: does what was pressed.
        admins: knows who runs the bot.
        tasks: what goes on meanwhile.
        ledger: sees to it that everything is handled once. A post is known by its channel and time, which stay the same
            over redeliveries, and over the two events that a mention gives rise to.
    """

    def __init__(
        self,
        app: Application,
        answering: Answering,
        commands: Commands,
        presses: Presses,
        admins: Admins,
        tasks: Tasks,
        ledger: Ledger,
    ) -> None:
        self._app = app
        self._answering = answering
        self._commands = commands
        self._presses = presses
        self._admins = admins
        self._tasks = tasks
        self._once = ledger.once

    def register(self, bolt: AsyncApp) -> None:
        """Listen."""
        bolt.event("app_mention")(self._mention)
        bolt.event("message")(self._message)
        bolt.event("app_home_opened")(self._home)
        for command in Command:
            bolt.command(f"/{self._app.settings.slack_command_prefix}{command}")(self._command)
        bolt.action(re.compile(f"^({'|'.join(Action)})(_[0-9]+)?$"))(self._press)
        bolt.view(REASON_VIEW)(self._reason)
        bolt.shortcut({"type": "message_action", "callback_id": ASK_SHORTCUT})(self._ask_about)

    async def _mention(self, ack: AsyncAck, event: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        if _is_post(event):
            self._start(self._answer(turns.of_message(client, _team(context), event), event))
        await ack()

    async def _message(self, ack: AsyncAck, event: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        if _is_post(event):
            turn = turns.of_message(client, _team(context), event)
            if turn.asker.direct:
                self._start(self._answer(turn, event))
            elif turn.in_thread and addressee(event["text"]) in {None, context.bot_user_id}:
                self._start(self._follow_up(turn, event))
        await ack()

    async def _home(self, ack: AsyncAck, event: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        if event.get("tab", "home") == "home":
            turn = turns.of_home(client, _team(context), event)
            self._start(show_home(self._app, self._answering, self._admins, turn))
        await ack()

    async def _command(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        turn = turns.of_command(client, _team(context), body)
        name = body["command"].removeprefix(f"/{self._app.settings.slack_command_prefix}")
        text = body.get("text") or ""
        self._start(self._once(turn.key, lambda _: self._commands.handle(turn, Command(name), text)))
        await ack()

    async def _press(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        pressed = body["actions"][0]
        action, value = Action(pressed["action_id"].partition("_")[0]), str(pressed.get("value", ""))
        turn = turns.of_press(client, _team(context), body)
        if action is Action.SHARE:
            # Pressed twice, it is shared once.
            turn = replace(turn, key=f"{turn.asker.place}:share:{':'.join(unpacked(value))}")
        self._start(self._once(turn.key, lambda again: self._presses.press(turn, action, value, again=again)))
        await ack()

    async def _reason(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        turn = turns.of_view(client, _team(context), body)
        self._start(self._once(turn.key, lambda _: self._presses.submit_reason(turn, body["view"])))
        await ack()

    async def _ask_about(self, ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext) -> None:
        turn = replace(turns.of_press(client, _team(context), body), private=True, in_thread=False)
        self._start(self._once(turn.key, lambda _: self._presses.ask_about(turn, body["message"])))
        await ack()

    async def take_up(self, client: AsyncWebClient, question: str) -> None:
        """Answer a question that was left, as :meth:`_answer` wrote it down."""
        left = json.loads(question)
        await self._answer(turns.of_message(client, left["team"], left["event"]), left["event"])

    async def _answer(self, turn: Turn, event: Body) -> None:
        """A question for the bot; where it is not to speak, it is silent."""
        if not self._app.policy.may_speak(turn.asker):
            return
        work: Work = lambda again: self._answering.publicly(turn, plain(event["text"]), again=again)  # noqa: E731
        left = {"team": turn.asker.workspace, "event": {name: event[name] for name in _NEEDED if name in event}}
        await self._once(turn.key, work, json.dumps(left))

    async def _follow_up(self, turn: Turn, event: Body) -> None:
        """A message in a thread: a question for the bot if it has answered there."""
        if await asyncio.to_thread(self._app.desk.in_conversation, turn.asker):
            await self._answer(turn, event)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.start(work)


def _is_post(event: Mapping[str, Any]) -> bool:
    """Whether a person has written something; what bots write, edits, joins and deletions are nothing of the kind."""
    return (
        event.get("subtype") in _POSTS
        and bool(event.get("user"))
        and not event.get("bot_id")
        and "edited" not in event
        and bool((event.get("text") or "").strip())
    )


def _team(context: AsyncBoltContext) -> str:
    """The workspace that the bot is installed in, also where somebody from another one asks in a shared channel."""
    return (context.authorize_result and context.authorize_result.team_id) or context.team_id or ""
