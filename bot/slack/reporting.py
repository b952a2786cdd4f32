"""Reports for admins: a message that is edited while something goes on, and files."""

from __future__ import annotations

import datetime as dt
import logging

from bot.messages import IndexReply, Notice
from bot.slack.blocks import Showing, render
from bot.slack.elements import Payload
from bot.slack.turns import Turn
from bot.slack.web import API_ERRORS, error_code

logger = logging.getLogger(__name__)


class LiveMessage:
    """An ordinary message, which outlives the half hour of a private one; edited by each thing to show.

    Args:
        turn: who asked for it, and where.
        elsewhere: post it to the person directly, as is done where the channel does not take it.
    """

    def __init__(self, turn: Turn, *, elsewhere: bool) -> None:
        self._turn = turn
        self._channel = "" if elsewhere else turn.asker.channel
        self._stands = ""

    async def show(self, reply: IndexReply | Notice) -> None:
        """Show this in place of what was shown; what Slack does not take is logged."""
        payload = render(reply, Showing(dt.datetime.now(dt.UTC).date()))[0]
        try:
            if self._stands:
                said = {"text": payload["text"], "blocks": payload["blocks"]}
                await self._turn.client.chat_update(channel=self._channel, ts=self._stands, **said)
                return
        except API_ERRORS as error:
            logger.warning("a report could not be edited (%s): it is posted anew", error_code(error))
        try:
            await self._post(payload)
        except API_ERRORS as error:
            logger.warning("a report could not be posted (%s)", error_code(error))

    async def _post(self, payload: Payload) -> None:
        try:
            self._channel = self._channel or await direct_channel(self._turn)
            posted = await self._turn.client.chat_postMessage(channel=self._channel, **payload)
        except API_ERRORS:
            if self._channel != self._turn.asker.channel:
                raise
            self._channel = await direct_channel(self._turn)
            posted = await self._turn.client.chat_postMessage(channel=self._channel, **payload)
        # Slack answers a name of a channel with its id, which alone can be edited.
        self._channel, self._stands = posted["channel"], posted["ts"]


async def send_file(turn: Turn, name: str, content: str) -> None:
    """Send a person a file directly.

    Raises:
        SlackClientError, aiohttp.ClientError, TimeoutError: Slack does not take it.
    """
    channel = await direct_channel(turn)
    await turn.client.files_upload_v2(channel=channel, filename=name, content=content, title=name)


async def direct_channel(turn: Turn) -> str:
    """The direct messages with the person.

    Raises:
        SlackClientError, aiohttp.ClientError, TimeoutError: they cannot be opened.
    """
    return str((await turn.client.conversations_open(users=turn.asker.user))["channel"]["id"])
