"""Dates that cannot be: those of days to come."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from corpus.readers.port import BadItem
from retrieval.dates import PartialDate
from retrieval.types import Article

# Somewhere it is tomorrow already.
_TOLERANCE = dt.timedelta(days=1)


def in_future(published: PartialDate | None, today: dt.date) -> bool:
    """Whether a date is that of a day to come, everywhere on earth."""
    return published is not None and published.first > today + _TOLERANCE


def without_future(article: Article, today: dt.date, where: str) -> tuple[Article, BadItem | None]:
    """The article without a date in the future, and a complaint if it had one."""
    if not in_future(article.published, today):
        return article, None
    reason = f"is dated {article.published}, which is in the future: it is kept without a date"
    return replace(article, published=None), BadItem(where, reason)
