"""What happened in Slack: who did it, where, and how to speak to them."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.askers import Asker, Platform, Question

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that a person did.

    Args:
        client: calls Slack for this workspace.
        asker: the person and the place; its thread is where an answer belongs.
        key: names what was done, the same each time it is delivered.
        at: Slack's time of it; nothing that answers it is older.
        asked: the message that asked, to react to; empty for none.
        in_thread: whether it was done in a thread that is there already.
        private: whether it was done where nobody else sees it.
        response_url: where Slack takes private replies, for half an hour; empty for none.
        trigger: opens a modal, for three seconds; empty for none.
    """

    client: AsyncWebClient
    asker: Asker
    key: str
    at: str
    asked: str = ""
    in_thread: bool = False
    private: bool = False
    response_url: str = ""
    trigger: str = ""

    def question(self, text: str) -> Question:
        """A question asked by it."""
        return Question(text, dt.datetime.fromtimestamp(float(self.at), dt.UTC), self.asker)

    def in_new_thread(self, thread: str) -> Turn:
        """The same, with its answer in that thread."""
        return replace(self, asker=replace(self.asker, thread=thread))

    def in_channel(self, channel: str) -> Turn:
        """The same, with its answer in that channel."""
        return replace(self, asker=replace(self.asker, channel=channel))


def of_message(client: AsyncWebClient, team: str, event: Body) -> Turn:
    """A message or a mention: answered in its thread, in a direct message where it stands."""
    direct = event.get("channel_type") == "im" or str(event["channel"]).startswith("D")
    thread = event.get("thread_ts", "")
    asker = Asker(
        Platform.SLACK,
        workspace=team,
        channel=event["channel"],
        thread=thread or ("" if direct else event["ts"]),
        user=event["user"],
        direct=direct,
    )
    return Turn(
        client, asker, f"{asker.place}:{event['ts']}", at=event["ts"], asked=event["ts"], in_thread=bool(thread)
    )


def of_command(client: AsyncWebClient, team: str, body: Body) -> Turn:
    """A slash command: nobody else sees it."""
    asker = _asker(team, body["channel_id"], "", body["user_id"])
    return Turn(
        client,
        asker,
        f"{asker.home}:{body['trigger_id']}",
        at=_now(),
        private=True,
        response_url=body.get("response_url", ""),
        trigger=body["trigger_id"],
    )


def of_press(client: AsyncWebClient, team: str, body: Body) -> Turn:
    """A button in a message, or a shortcut on one."""
    container = body.get("container", {})
    message = body.get("message", {})
    channel = body["channel"]["id"]
    ephemeral = bool(container.get("is_ephemeral"))
    thread = message.get("thread_ts") or container.get("thread_ts") or ""
    stands = message.get("ts") or container.get("message_ts") or ""
    direct = channel.startswith("D")
    asker = _asker(team, channel, thread or ("" if direct or ephemeral else stands), body["user"]["id"])
    return Turn(
        client,
        asker,
        f"{asker.home}:{body['trigger_id']}",
        at=_now(),
        in_thread=bool(thread),
        private=ephemeral and not thread,
        response_url=body.get("response_url", ""),
        trigger=body["trigger_id"],
    )


def of_view(client: AsyncWebClient, team: str, body: Body) -> Turn:
    """A modal that was sent; it says of itself where it was opened."""
    opened = json.loads(body["view"]["private_metadata"])
    asker = _asker(team, opened["channel"], opened["thread"], body["user"]["id"])
    return Turn(
        client,
        asker,
        f"{asker.home}:{body['view']['id']}",
        at=_now(),
        in_thread=bool(opened["thread"]),
        private=opened["private"],
        response_url=opened["response_url"],
    )


def of_home(client: AsyncWebClient, team: str, event: Body) -> Turn:
    """The App Home tab that was opened."""
    asker = Asker(Platform.SLACK, workspace=team, channel=event.get("channel", ""), user=event["user"], direct=True)
    return Turn(client, asker, "", at=_now(), private=True)


def _asker(team: str, channel: str, thread: str, user: str) -> Asker:
    return Asker(
        Platform.SLACK,
        workspace=team,
        channel=channel,
        thread=thread,
        user=user,
        direct=channel.startswith("D"),
    )


def _now() -> str:
    return f"{time.time():.6f}"
