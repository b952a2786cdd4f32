"""Posting in Slack what nobody asked for just now."""

from __future__ import annotations

import datetime as dt

from slack_sdk.web.async_client import AsyncWebClient

from bot.askers import Asker, Platform
from bot.errors import DeliveryRefused
from bot.platforms import Delivery
from bot.slack.blocks import Showing, render
from bot.slack.posting import Speaker
from bot.slack.reporting import direct_channel
from bot.slack.turns import Turn
from bot.slack.web import API_ERRORS, error_code

_LASTING = {
    "channel_not_found": "the channel is not there any more, or I am not in it",
    "not_in_channel": "I am not in the channel: invite me",
    "is_archived": "the channel is archived",
    "restricted_action": "a setting of the workspace lets me post nothing there",
    "restricted_action_read_only_channel": "I may only read there",
    "user_not_found": "the person is not there any more",
    "user_disabled": "the person is not there any more",
    "user_not_visible": "the person is not to be seen any more",
    "cannot_dm_bot": "a bot cannot be written to",
    "thread_not_found": "the thread is not there any more",
    "message_not_found": "the thread is not there any more",
    "messages_tab_disabled": "direct messages to me are switched off",
}


class Mailing:
    """Posts.

    Args:
        client: calls Slack.
        speaker: sees to it that everything is posted once.
    """

    def __init__(self, client: AsyncWebClient, speaker: Speaker) -> None:
        self._client = client
        self._speaker = speaker

    async def deliver(self, delivery: Delivery) -> None:
        """See :class:`bot.platforms.ChatPlatform`."""
        try:
            turn = await self._turn(delivery)
            found = await self._speaker.found(turn) if delivery.tried else None
            if found is None or not found.complete:
                payloads = render(delivery.reply, Showing(dt.datetime.now(dt.UTC).date()))
                await self._speaker.post(turn, payloads, "", found)
        except API_ERRORS as error:
            why = _LASTING.get(error_code(error))
            if why:
                raise DeliveryRefused(why) from None
            raise

    async def _turn(self, delivery: Delivery) -> Turn:
        """What stands for a turn of somebody's: where to post, and since when to look for what was posted."""
        to, since = delivery.to, delivery.tried or dt.datetime.now(dt.UTC)
        asker = Asker(Platform.SLACK, to.workspace, to.channel, to.thread, to.person, direct=not to.channel)
        # A minute earlier: clocks differ.
        turn = Turn(self._client, asker, delivery.key, at=f"{since.timestamp() - 60:.6f}", in_thread=bool(to.thread))
        return turn if to.channel else turn.in_channel(await direct_channel(turn))
