"""The time now, for what takes another clock in tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]
"""Tells the time, with its zone."""


def utc_now() -> dt.datetime:
    """The time in UTC."""
    return dt.datetime.now(dt.UTC)


def utc_text(time: dt.datetime) -> str:
    """A time as it is stored: ISO 8601, in UTC, so that texts are in order as times are."""
    return time.astimezone(dt.UTC).isoformat()
