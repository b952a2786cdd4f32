"""Periods of days, and those that news counts from the day of its publication ("last week", "next month")."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from retrieval.dates import PartialDate

_SEASONS = {"spring": (3, 5), "summer": (6, 8), "fall": (9, 11), "autumn": (9, 11)}
_SEASON = dt.timedelta(days=60)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days that a date can mean, both included."""

    first: dt.date
    last: dt.date

    @classmethod
    def of(cls, date: PartialDate) -> Period:
        """All days of a day, month or year."""
        return cls(date.first, date.last)

    @classmethod
    def day(cls, day: dt.date) -> Period:
        """One day."""
        return cls(day, day)

    @property
    def date(self) -> PartialDate | None:
        """The day, month or year that holds all of it; ``None`` where only a longer or a much longer time does.

        A week over the turn of a month is told by neither month, and the year says too little.
        """
        if self.first.year != self.last.year:
            return None
        month = self.first.month if self.first.month == self.last.month else None
        if month is None and self.last - self.first < _SEASON:
            return None
        return PartialDate(self.first.year, month, self.first.day if self.first == self.last else None)

    def holds(self, other: Period) -> bool:
        """Whether the other lies within."""
        return self.first <= other.first and other.last <= self.last

    def joined(self, other: Period) -> Period:
        """From the beginning of the one to the end of the other, whichever is earlier."""
        return Period(min(self.first, other.first), max(self.last, other.last))


def week(day: dt.date, shift: int) -> Period:
    """The week of a day, or one some weeks after it; it begins on Sunday for some and on Monday for others."""
    monday = day - dt.timedelta(days=day.weekday())
    sunday = day - dt.timedelta(days=(day.weekday() + 1) % 7)
    first, last = min(monday, sunday), max(monday, sunday) + dt.timedelta(days=6)
    by = dt.timedelta(weeks=shift)
    return Period(first + by, last + by)


def weekend(day: dt.date, shift: int) -> Period:
    """The Saturday and Sunday of a day's week, which begins on Monday, or of one some weeks after it."""
    saturday = day + dt.timedelta(days=5 - day.weekday(), weeks=shift)
    return Period(saturday, saturday + dt.timedelta(days=1))


def month(day: dt.date, shift: int) -> Period:
    """The month of a day, or one some months after it."""
    at = day.year * 12 + day.month - 1 + shift
    return Period.of(PartialDate(at // 12, at % 12 + 1))


def year(day: dt.date, shift: int) -> Period:
    """The year of a day, or one some years after it."""
    return Period.of(PartialDate(day.year + shift))


def season_year(season: str, day: dt.date, shift: int) -> Period | None:
    """The year of this season, the last or the next one; ``None`` where people differ on which one that is.

    "Last summer" is that of the year before in spring, and may be either in autumn. A winter lies in two years.
    """
    if season not in _SEASONS:
        return None
    first, last = _SEASONS[season]
    clear = shift == 0 or (day.month <= last if shift < 0 else day.month >= first)
    return year(day, shift) if clear else None
