"""Publication dates as they are known: to the day, the month or the year."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal, Self

# A day may be followed by a time of day, which is dropped.
_PATTERN = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ][\d:.,]+.{0,12})?)?)?")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date that may lack its day, or its month and day.

    Raises:
        ValueError: there is no such date.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.month is None and self.day is not None:
            raise ValueError(f"the day {self.day} has no month")
        dt.date(self.year, *(1 if part is None else part for part in (self.month, self.day)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2024``, ``2024-07``, ``2024-07-09`` or an ISO timestamp (its time of day is dropped).

        Raises:
            ValueError: the text is no such date; the message names it.
        """
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no date: write 2024, 2024-07 or 2024-07-09")
        try:
            return cls(*(int(part) if part else None for part in match.groups()))  # type: ignore[arg-type]
        except ValueError as error:
            raise ValueError(f"{text!r} is no date: {error}") from None

    @property
    def precision(self) -> Literal["day", "month", "year"]:
        """How precisely it is known."""
        return "day" if self.day else "month" if self.month else "year"

    @property
    def first(self) -> dt.date:
        """The earliest day it can mean."""
        return dt.date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> dt.date:
        """The latest day it can mean."""
        month = self.month or 12
        return dt.date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def __str__(self) -> str:
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None)]
        return "-".join(parts)
