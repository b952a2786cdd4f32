"""Slack's Web API: what is tried again, and which answers say that a token is good for nothing."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState

from bot.errors import PlatformError

logger = logging.getLogger(__name__)
_T = TypeVar("_T")
API_ERRORS = (SlackClientError, aiohttp.ClientError, asyncio.TimeoutError)
"""All that a call can raise."""
_FATAL = frozenset(
    "invalid_auth not_authed account_inactive token_revoked token_expired missing_scope not_allowed_token_type "
    "user_removed_from_team team_access_not_granted".split()
)
_POST = "chat.postMessage"
_RATE_LIMIT_RETRIES = 5
_SERVER_ERROR = 500
_LONGEST_PAUSE = 60.0
_SECRET = re.compile(r"\bx(?:ox[a-z]?|app)-[\w.-]+|(?<=ticket=)[^&\s'\")]+")


def retry_handlers() -> list[AsyncRetryHandler]:
    """What tries calls again: after a rate limit when Slack says, after a broken connection or a failed server soon."""
    return [
        AsyncRateLimitErrorRetryHandler(max_retry_count=_RATE_LIMIT_RETRIES),
        _ConnectionErrors(max_retry_count=2),
        _ServerErrors(max_retry_count=2),
    ]


def error_code(error: Exception) -> str:
    """Slack's name for an error, or the kind of it; never what it says, which may hold what people wrote."""
    data = getattr(error.response, "data", None) if isinstance(error, SlackApiError) else None
    code = data.get("error") if isinstance(data, dict) else None
    return code if isinstance(code, str) else type(error).__name__


def is_refusal(error: Exception) -> bool:
    """Whether Slack says that it has not done what it was asked to; else nobody knows."""
    return (
        isinstance(error, SlackApiError)
        and error_code(error) != type(error).__name__
        and getattr(error.response, "status_code", 0) < _SERVER_ERROR
    )


async def persistently(call: Callable[[], Awaitable[_T]], pause: float, refused: str) -> _T:
    """Call Slack until it answers, less and less often.

    Raises:
        PlatformError: it refuses the token for good; ``refused`` says which and what to do, around a "{}".
    """
    while True:
        try:
            return await call()
        except API_ERRORS as error:
            code = error_code(error)
            if code in _FATAL:
                raise PlatformError(refused.format(code)) from None
            logger.warning("Slack cannot be reached (%s): trying again in %.0f s", code, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


class Discreet(logging.Filter):
    """Keeps tokens, and what errors say beyond their first line, out of the libraries' log lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the line through, perhaps changed."""
        record.msg, record.args = _SECRET.sub("…", record.getMessage().partition("\n")[0]), ()
        record.exc_info = record.exc_text = None
        return True


def discreet_logger() -> logging.Logger:
    """The logger that the libraries use."""
    logger = logging.getLogger("bot.slack.libraries")
    if not logger.filters:
        logger.addFilter(Discreet())
    return logger


class _NeverPostsTwice(AsyncRetryHandler):
    """Never repeats a post that may have arrived: whoever posts looks for it first."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if request.url.endswith(_POST) and not isinstance(error, aiohttp.ClientConnectorError):
            return False
        return await super()._can_retry_async(state=state, request=request, response=response, error=error)


class _ConnectionErrors(_NeverPostsTwice, AsyncConnectionErrorRetryHandler):
    """A request that broke off."""


class _ServerErrors(_NeverPostsTwice, AsyncServerErrorRetryHandler):
    """A request that Slack could not serve."""
