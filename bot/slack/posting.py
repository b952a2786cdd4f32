"""Saying things in Slack: to everyone and just once, or to one person alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from slack_bolt.context.respond.async_respond import AsyncRespond

from bot.slack.elements import Payload
from bot.slack.turns import Turn
from bot.slack.web import API_ERRORS, error_code, is_refusal

logger = logging.getLogger(__name__)
ANSWERED = "backchannel_answer"
"""The type of the metadata that our answers carry."""
_TRIES = 5
_LOOKED_AT = 200
_EYES = "eyes"


@dataclass(slots=True)
class Found:
    """Which messages of an answer stand already: their times by their number, how many there are, and its id."""

    parts: dict[int, str] = field(default_factory=dict)
    of: int = 0
    answer_id: str = ""

    @property
    def complete(self) -> bool:
        """Whether all of it stands."""
        return 0 < self.of <= len(self.parts)


class Speaker:
    """Posts messages.

    Args:
        pause: seconds before a post whose outcome is unknown is looked for; doubled each time.
    """

    def __init__(self, pause: float = 1.0) -> None:
        self._pause = pause
        # Slack takes about one post a second in a channel. Of many that try again each second most would give up.
        self._in_turn: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def post(self, turn: Turn, payloads: Sequence[Payload], answer_id: str, found: Found | None = None) -> str:
        """Post an answer where it belongs, without what stands there already; returns the first message's time.

        Raises:
            SlackClientError, aiohttp.ClientError, TimeoutError: it could not be posted.
        """
        stands = dict(found.parts) if found else {}
        for part, payload in enumerate(payloads, start=1):
            if part not in stands:
                named = {"post": turn.key, "part": part, "of": len(payloads), "answer": answer_id}
                stands[part] = await self._post_surely(turn, {**payload, "metadata": _metadata(named)}, part)
        return stands[1]

    async def found(self, turn: Turn) -> Found:
        """Look for an answer in its thread or, in a direct message, in the channel.

        Raises:
            SlackClientError, aiohttp.ClientError, TimeoutError: nobody could look.
        """
        found = Found()
        cursor: str | None = None
        while True:
            page = await _page(turn, cursor)
            for ts, named in _ours(page["messages"]):
                if named.get("post") == turn.key:
                    found.parts[int(named["part"])] = ts
                    found.of, found.answer_id = int(named["of"]), str(named["answer"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return found

    async def whisper(self, turn: Turn, payloads: Sequence[Payload]) -> bool:
        """Tell the person alone; ``False``, and a line in the log, where that failed."""
        for payload in payloads:
            ways = [self._respond, self._ephemeral] if turn.private else [self._ephemeral, self._respond]
            for way in ways:
                if await way(turn, payload):
                    break
            else:
                logger.warning("nobody could be told in private")
                return False
        return True

    async def _post_surely(self, turn: Turn, payload: Payload, part: int) -> str:
        for attempt in range(_TRIES):
            try:
                if attempt:
                    await asyncio.sleep(self._pause * 2 ** (attempt - 1))
                    arrived = (await self.found(turn)).parts.get(part)
                    if arrived:
                        return arrived
                async with self._in_turn.setdefault(turn.asker.channel, asyncio.Lock()):
                    posted = await turn.client.chat_postMessage(
                        channel=turn.asker.channel, thread_ts=turn.asker.thread or None, mrkdwn=False, **payload
                    )
                return str(posted["ts"])
            except API_ERRORS as error:
                if is_refusal(error) or attempt == _TRIES - 1:
                    raise
                logger.warning("a post broke off (%s): it is looked for before it is tried again", error_code(error))
        raise AssertionError("every try returns or raises")

    @staticmethod
    async def _ephemeral(turn: Turn, payload: Payload) -> bool:
        # In a thread that is not there yet, Slack shows no ephemeral message.
        thread = turn.asker.thread if turn.in_thread else None
        try:
            if turn.asker.direct:
                await turn.client.chat_postMessage(
                    channel=turn.asker.channel, thread_ts=thread or None, mrkdwn=False, **payload
                )
            else:
                said = {"text": payload["text"], "blocks": payload["blocks"]}
                await turn.client.chat_postEphemeral(
                    channel=turn.asker.channel, user=turn.asker.user, thread_ts=thread or None, **said
                )
        except API_ERRORS as error:
            logger.info("an ephemeral message was refused (%s)", error_code(error))
            return False
        return True

    @staticmethod
    async def _respond(turn: Turn, payload: Payload) -> bool:
        if not turn.response_url:
            return False
        respond = AsyncRespond(response_url=turn.response_url)
        try:
            answered = await respond(**payload, response_type="ephemeral", replace_original=False)
        except API_ERRORS as error:
            logger.info("a response could not be sent (%s)", error_code(error))
            return False
        # It does not raise where Slack refuses, as it does half an hour later or at the sixth time.
        return answered.status_code == 200


async def show_eyes(turn: Turn) -> None:
    """Show that a question was seen."""
    if turn.asked:
        with suppress(*API_ERRORS):
            await turn.client.reactions_add(channel=turn.asker.channel, timestamp=turn.asked, name=_EYES)


async def hide_eyes(turn: Turn) -> None:
    """Take that back, once it is answered."""
    if turn.asked:
        with suppress(*API_ERRORS):
            await turn.client.reactions_remove(channel=turn.asker.channel, timestamp=turn.asked, name=_EYES)


def _metadata(named: dict[str, Any]) -> dict[str, Any]:
    return {"event_type": ANSWERED, "event_payload": named}


async def _page(turn: Turn, cursor: str | None) -> Any:  # noqa: ANN401 (a Slack response)
    asker, client = turn.asker, turn.client
    if asker.thread:
        return await client.conversations_replies(
            channel=asker.channel,
            ts=asker.thread,
            oldest=turn.at,
            include_all_metadata=True,
            limit=_LOOKED_AT,
            cursor=cursor,
        )
    return await client.conversations_history(
        channel=asker.channel, oldest=turn.at, include_all_metadata=True, limit=_LOOKED_AT, cursor=cursor
    )


def _ours(messages: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for message in messages:
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == ANSWERED:
            yield message["ts"], metadata.get("event_payload") or {}
