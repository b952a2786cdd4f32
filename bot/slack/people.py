"""Who runs the bot in a workspace."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.web import API_ERRORS, error_code

logger = logging.getLogger(__name__)
_FOR = 60.0


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
