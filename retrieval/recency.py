"""How new an article is, for questions that ask for the latest."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from retrieval.dates import PartialDate

Newness = npt.NDArray[np.float64]
"""float64 ``(n,)`` in [0, 1], 1 for what was published on the last day that is covered."""

_LATEST = re.compile(
    r"\b(?:this (?:week|month|year)|recent(?:ly)?|now|current(?:ly)?|latest|today|yesterday)\b", re.IGNORECASE
)
# Days in which newness falls by half; between 90 and 365 little changed on development data.
_HALF_LIFE = 365.0


def asks_for_the_latest(question: str) -> bool:
    """Whether the question says that it is about what is new: "this week", "recently", "now" and the like."""
    return _LATEST.search(question) is not None


def newness(published: Sequence[PartialDate | None], newest: dt.date | None) -> Newness:
    """How new articles are: half as new with every year.

    What is new is counted from the last day that the corpus covers. An article without a date counts as the others do
    on average, so that it is put neither first nor last for it.

    Args:
        published: when, for each article.
        newest: the last day that the corpus covers; ``None`` where nothing is dated.
    """
    dated = np.array([date is not None for date in published], dtype=bool)
    new = np.zeros(len(published))
    if newest is None or not dated.any():
        return new
    new[dated] = [0.5 ** (max((newest - date.last).days, 0) / _HALF_LIFE) for date in published if date is not None]
    new[~dated] = new[dated].mean()
    return new
