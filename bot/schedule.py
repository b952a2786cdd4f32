"""When something is due: pure functions over an instant, an hour and a time zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from bot.errors import UsageError

_MONDAY = 0


class Every(StrEnum):
    """How often a digest comes."""

    DAILY = "daily"
    WEEKLY = "weekly"
    """On Mondays."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one whole hour to another, perhaps over midnight; the same hour twice is no time at all."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``22-7``, or ``off``.

        Raises:
            ValueError: it is neither.
        """
        if text.strip().lower() == "off":
            return cls(0, 0)
        start, _, end = text.partition("-")
        hours = [int(part) for part in (start.strip(), end.strip()) if part.isascii() and part.isdecimal()]
        if len(hours) != 2 or max(hours) > 24:
            raise ValueError(f"{text!r} are no quiet hours: write two whole hours such as 22-7, or off")
        return cls(hours[0] % 24, hours[1] % 24)

    def hold(self, at: dt.datetime, zone: ZoneInfo) -> bool:
        """Whether an instant falls into them, by the clock of a zone."""
        hour = at.astimezone(zone).hour
        if self.start <= self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name, letter case aside.

    Raises:
        UsageError: there is none of that name.
    """
    known = _zones().get(name.strip().casefold())
    if known is None:
        raise UsageError(f"there is no time zone {name[:40]!r}: write one such as Europe/Oslo, Asia/Kolkata or UTC")
    return ZoneInfo(known)


def zones_like(part: str, most: int) -> list[str]:
    """Names of time zones that hold ``part``, those of which a word begins with it first."""
    wanted = part.strip().casefold().replace(" ", "_")
    found = [name for folded, name in _zones().items() if wanted in folded]
    return sorted(found, key=lambda name: (not _begins(name.casefold(), wanted), name))[:most]


def next_due(after: dt.datetime, every: Every, hour: int, zone: ZoneInfo) -> dt.datetime:
    """The first instant past ``after``, in UTC, at which it is due.

    Where the clock skips the hour it is due when the clock has moved on; where the clock shows the hour twice, the
    first time.
    """
    day = after.astimezone(zone).date() - dt.timedelta(days=1)
    return next(slot for slot in _slots(day, every, hour, zone, dt.timedelta(days=1)) if slot > after)


def last_due(by: dt.datetime, every: Every, hour: int, zone: ZoneInfo) -> dt.datetime:
    """The last instant up to ``by``, in UTC, at which it was due."""
    day = by.astimezone(zone).date() + dt.timedelta(days=1)
    return next(slot for slot in _slots(day, every, hour, zone, dt.timedelta(days=-1)) if slot <= by)


def _slots(day: dt.date, every: Every, hour: int, zone: ZoneInfo, step: dt.timedelta) -> Iterator[dt.datetime]:
    while True:
        if every is Every.DAILY or day.weekday() == _MONDAY:
            yield dt.datetime.combine(day, dt.time(hour), zone).astimezone(dt.UTC)
        day += step


def _begins(name: str, part: str) -> bool:
    return name.startswith(part) or f"/{part}" in name


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones()) if name not in {"localtime", "Factory"}}
