"""The App Home tab: what can be searched, how to ask and, for admins, how things stand."""

from __future__ import annotations

import logging

from bot.app import Application
from bot.messages import GapsReply, SourcesReply, StatusReply
from bot.slack.answering import Answering
from bot.slack.commands import help_reply
from bot.slack.people import Admins
from bot.slack.turns import Turn
from bot.slack.views import home
from bot.slack.web import API_ERRORS, error_code

logger = logging.getLogger(__name__)


async def show_home(app: Application, answering: Answering, admins: Admins, turn: Turn) -> None:
    """Publish a person's own tab."""
    turn = await admins.known(turn)
    is_admin = turn.asker.is_admin
    sources = await answering.serve(turn, app.desk.sources)
    status = await answering.serve(turn, lambda: app.desk.status(turn.asker)) if is_admin else None
    gaps = await answering.serve(turn, lambda: app.desk.gaps(turn.asker)) if is_admin else None
    view = home(
        sources if isinstance(sources, SourcesReply) else None,
        help_reply(app.settings.slack_command_prefix),
        status if isinstance(status, StatusReply) else None,
        gaps if isinstance(gaps, GapsReply) else None,
    )
    try:
        await turn.client.views_publish(user_id=turn.asker.user, view=view)
    except API_ERRORS as error:
        logger.warning("the App Home tab could not be shown (%s)", error_code(error))
