"""How near in time an article is to what a question is about."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from retrieval.dates import PartialDate

Closeness = npt.NDArray[np.float64]
"""float64 ``(n,)`` in [0, 1], 1 for what was published at the time that is asked for."""

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
# Days in which closeness falls by half; between 90 and 365 little changed on development data.
_HALF_LIFE = 365.0


def closeness(question: str, published: Sequence[PartialDate | None], newest: dt.date | None) -> Closeness:
    """How near each article's publication is to the time that a question asks for.

    That is the years it names, else today, as far as the corpus knows it: news is asked about while it is new.
    It halves with every year between. An article without a date counts as the others do on average, so that it
    is neither put first nor last for it.

    Args:
        question: its words.
        published: of each article.
        newest: the last day that the corpus covers; ``None`` where nothing is dated.
    """
    dated = np.array([date is not None for date in published], dtype=bool)
    near = np.zeros(len(published))
    if newest is None or not dated.any():
        return near
    first, last = _asked(question, newest)
    near[dated] = [0.5 ** (_days_between(date, first, last) / _HALF_LIFE) for date in published if date is not None]
    near[~dated] = near[dated].mean()
    return near


def _asked(question: str, newest: dt.date) -> tuple[dt.date, dt.date]:
    years = [int(year) for year in _YEAR.findall(question)]
    return (dt.date(min(years), 1, 1), dt.date(max(years), 12, 31)) if years else (newest, newest)


def _days_between(published: PartialDate, first: dt.date, last: dt.date) -> int:
    return max((first - published.last).days, (published.first - last).days, 0)
