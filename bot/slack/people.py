"""People in a workspace: who of them runs the bot, and by which clock they live."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import UsageError
from bot.schedule import zone_of
from bot.slack.turns import Turn
from bot.slack.web import API_ERRORS, error_code

logger = logging.getLogger(__name__)
_FOR = 60.0
_ZONE_FOR = 3600.0


class Admins:
    """Knows who is an admin: whom the settings name, and the workspace's own admins and owners if they say so.

    Args:
        named: people's ids.
        workspace_admins: whether the workspace's own run the bot too.
        clock: seconds that never go back.
    """

    def __init__(
        self, named: Iterable[str], *, workspace_admins: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._named = frozenset(named)
        self._workspace_admins = workspace_admins
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, bool]] = {}

    async def include(self, client: AsyncWebClient, workspace: str, user: str) -> bool:
        """Whether a person is one. Slack is asked at most once a minute; who cannot be looked up is none."""
        if user in self._named:
            return True
        if not self._workspace_admins:
            return False
        until, known = self._known.get((workspace, user), (0.0, False))
        if self._clock() < until:
            return known
        try:
            found = (await client.users_info(user=user))["user"]
        except API_ERRORS as error:
            logger.warning("users.info failed (%s): the person is taken for no admin", error_code(error))
            return False
        # Somebody else's admin, met in a shared channel, is none here.
        ours = found.get("team_id", workspace) == workspace
        is_admin = ours and any(found.get(role) for role in ("is_admin", "is_owner", "is_primary_owner"))
        self._known[workspace, user] = (self._clock() + _FOR, is_admin)
        return is_admin

    async def known(self, turn: Turn) -> Turn:
        """The turn of somebody of whom it is known whether they run the bot."""
        is_admin = await self.include(turn.client, turn.asker.workspace, turn.asker.user)
        return replace(turn, asker=replace(turn.asker, is_admin=is_admin))


class Zones:
    """Knows people's time zones.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, str]] = {}

    async def placed(self, turn: Turn) -> Turn:
        """The turn of somebody whose time zone is known, if Slack tells one; it is asked at most once an hour."""
        return replace(turn, asker=replace(turn.asker, zone=await self._of(turn.client, turn.asker.user)))

    async def _of(self, client: AsyncWebClient, user: str) -> str:
        until, known = self._known.get(user, (0.0, ""))
        if self._clock() < until:
            return known
        try:
            zone = zone_of(str((await client.users_info(user=user))["user"].get("tz") or "")).key
        except API_ERRORS as error:
            logger.warning("users.info failed (%s): the person's time zone is not known", error_code(error))
            return ""
        except UsageError:
            zone = ""
        self._known[user] = (self._clock() + _ZONE_FOR, zone)
        return zone
