"""Wordings that every platform shares, and text made safe to show."""

from __future__ import annotations

import datetime as dt
import unicodedata

from retrieval.dates import PartialDate
from retrieval.types import Answer, Horizon

_MONTHS = "January February March April May June July August September October November December".split()
_OLD = dt.timedelta(days=365)


def visible(text: str) -> str:
    """The text without characters that steer a screen: controls, and overrides of the writing direction.

    Line breaks and tabs stay; every other such character becomes the replacement character.
    """
    text = text.replace("\r\n", "\n")
    return "".join(
        c if c in "\n\t" or (unicodedata.category(c) not in {"Cc", "Cs"} and c not in _BIDI) else "\ufffd" for c in text
    )


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def long_date(date: PartialDate | None) -> str:
    """A date for people: ``9 July 2024``, ``July 2024``, ``2024`` or ``undated``."""
    if date is None:
        return "undated"
    parts = [str(date.day) if date.day else "", _MONTHS[date.month - 1] if date.month else "", str(date.year)]
    return " ".join(part for part in parts if part)


def confidence_words(confidence: float) -> str:
    """How sure, in words and per cent."""
    sure = "confident" if confidence >= 0.8 else "fairly confident" if confidence >= 0.6 else "not sure"
    return f"{sure} ({confidence:.0%})"


def horizon_words(horizon: Horizon) -> str:
    """What the corpus holds: ``30 articles, 17 June 2020 to 22 September 2024``."""
    articles = f"{horizon.articles:,} article{'s' if horizon.articles != 1 else ''}"
    if horizon.first is None or horizon.last is None:
        return f"{articles}, undated"
    if horizon.first == horizon.last:
        return f"{articles}, {long_date(horizon.first)}"
    return f"{articles}, {long_date(horizon.first)} to {long_date(horizon.last)}"


def understood_words(answer: Answer) -> str:
    """Which filters were applied, and which one is offered; empty where there is nothing to say."""
    filters = answer.query.filters
    applied = [
        f"since {filters.since}" if filters.since else "",
        f"until {filters.until}" if filters.until else "",
        f"from {', '.join(sorted(filters.sources))}" if filters.sources else "",
    ]
    said = ", ".join(part for part in applied if part)
    words = [f"Only articles {said}." if said else ""]
    suggested = answer.query.suggested
    if suggested and not (filters.since or filters.until):
        tokens = [
            f"since:{suggested.since}" if suggested.since else "",
            f"until:{suggested.until}" if suggested.until else "",
        ]
        words.append(f"For articles published {suggested.phrase} only, add {' '.join(t for t in tokens if t)}.")
    return " ".join(word for word in words if word)


def age_warning(answer: Answer, today: dt.date) -> str:
    """A warning where the newest article cited is over a year old; else empty."""
    newest = answer.as_of
    if newest is None or today - newest.last <= _OLD:
        return ""
    years = (today - newest.last).days // 365
    return f"The newest article cited is over {years} year{'s' if years > 1 else ''} old."
