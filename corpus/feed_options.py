"""How a feed is read: its kind, how often, what of it, and whose it is."""

from __future__ import annotations

import datetime as dt
import re
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from retrieval.dates import PartialDate

_UNITS = {"m": 60, "h": 3600, "d": 86400}
_INTERVAL = re.compile(r"([1-9]\d{0,4})\s*([mhd])", re.IGNORECASE)


class FeedKind(StrEnum):
    """What a feed is."""

    FOLDER = "folder"
    FILE = "file"
    PAGE = "page"
    RSS = "rss"
    """RSS or Atom."""
    SITEMAP = "sitemap"

    @property
    def on_the_web(self) -> bool:
        """Whether it is fetched rather than read from disk."""
        return self not in {FeedKind.FOLDER, FeedKind.FILE}


def _read_interval(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _INTERVAL.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is no interval: write a number and m, h or d, such as 15m, 6h or 1d")
    return dt.timedelta(seconds=int(match[1]) * _UNITS[match[2].lower()])


def interval_words(interval: dt.timedelta) -> str:
    """An interval as people write it: ``15m``, ``6h`` or ``1d``."""
    seconds = int(interval.total_seconds())
    unit = next(unit for unit in ("d", "h", "m") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


Interval = Annotated[dt.timedelta, BeforeValidator(_read_interval), PlainSerializer(interval_words, return_type=str)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
HostName = Annotated[
    str, Field(pattern=r"^[^/\s@]+$"), BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v)
]


class OutletFacts(BaseModel):
    """Who publishes a feed, shown with what is quoted from it. Empty or ``None`` where nothing was said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    country: str = ""
    owner: str = ""
    state_controlled: bool | None = None


class FeedOptions(BaseModel):
    """How a feed is read.

    ``include`` and ``exclude`` are globs on addresses, or on paths within a folder. ``max_age`` is in days; articles
    without a date have none. ``allow_private`` names hosts that may lead to private addresses.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FeedKind | None = None
    outlet: OutletFacts = OutletFacts()
    refresh: Interval = dt.timedelta(hours=1)
    include: tuple[Text, ...] = ()
    exclude: tuple[Text, ...] = ()
    max_age: Annotated[int, Field(ge=1, le=36500)] | None = None
    allow_private: frozenset[HostName] = frozenset()

    def wants(self, place: str) -> bool:
        """Whether the patterns let an address or a path in."""
        included = not self.include or any(fnmatchcase(place, pattern) for pattern in self.include)
        return included and not any(fnmatchcase(place, pattern) for pattern in self.exclude)

    def oldest(self, today: dt.date) -> dt.date | None:
        """The first day of publication that is kept; ``None`` where all are."""
        return today - dt.timedelta(days=self.max_age) if self.max_age else None

    def is_too_old(self, published: PartialDate | None, today: dt.date) -> bool:
        """Whether an article of that date is left out."""
        oldest = self.oldest(today)
        return oldest is not None and published is not None and published.last < oldest

    def stored(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON can hold it."""
        return self.model_dump(mode="json", exclude_defaults=True)
