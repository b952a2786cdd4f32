"""What dense search finds of the nearest passages, beside comparing them all; with filters and without."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterator

import numpy as np

from benchmarks.timing import milliseconds
from retrieval.encoders.port import Vectors
from retrieval.engine import PassageStore
from retrieval.index.port import Index, PassageIds
from retrieval.types import Filters

_NEAREST = 10
_SHARES = (0.5, 0.05)  # of all passages, by date; the oldest day's articles, halved, are the third
_AT_ONCE = 50_000


def found_of_nearest(index: Index, store: PassageStore, queries: Vectors) -> dict[str, float]:
    """Recall of the ten nearest and the median time to find them, for all passages and three filters.

    Args:
        index: searched; its passages have dates.
        store: of its passages.
        queries: float32 ``(q, d)`` unit vectors.
    """
    figures: dict[str, float] = {}
    for name, (filters, passing) in zip(("all", "half", "few", "fewest"), _filters(index, store), strict=True):
        found, times = _searched(index, queries, filters)
        exact = nearest(index, passing, queries)
        shared = sum(len(np.intersect1d(*pair)) for pair in zip(found, exact, strict=True))
        figures |= {
            f"kept_{name}": len(passing) / index.info.passages,
            f"recall_{name}": shared / max(exact.size, 1),
            f"nearest_{name}_ms": statistics.median(times),
        }
    return figures


def nearest(index: Index, ids: PassageIds, queries: Vectors) -> PassageIds:
    """int64 ``(q, k)``: of these passages the ten nearest to each query, compared one by one, best first."""
    best = np.empty((len(queries), 0), dtype=np.int64)
    scores = np.empty((len(queries), 0), dtype=np.float32)
    for at in range(0, len(ids), _AT_ONCE):
        part = ids[at : at + _AT_ONCE]
        best = np.hstack([best, np.broadcast_to(part, (len(queries), len(part)))])
        scores = np.hstack([scores, queries @ index.vectors(part.tolist()).T])
        order = np.argsort(-scores, axis=1, kind="stable")[:, :_NEAREST]
        best, scores = np.take_along_axis(best, order, axis=1), np.take_along_axis(scores, order, axis=1)
    return best


def _searched(index: Index, queries: Vectors, filters: Filters) -> tuple[list[list[int]], list[float]]:
    """The ids that each query finds, and how many milliseconds that takes."""
    found: list[list[int]] = []

    def search(query: Vectors) -> None:
        found.append([match.passage_id for match in index.search_dense(query, _NEAREST, filters)])

    times = [milliseconds(lambda query=query: search(query)) for query in queries]
    return found, times


def _filters(index: Index, store: PassageStore) -> Iterator[tuple[Filters, PassageIds]]:
    """Filters, from none to the narrowest, each with the passages that pass."""
    ids = index.passage_ids()
    yield Filters(), ids
    dates = index.published(ids.tolist())
    last = np.array([(date.last if date else dt.date.max).toordinal() for date in dates])
    days, counts = np.unique(last, return_counts=True)
    passed = np.cumsum(counts) / len(ids)
    for share in _SHARES:
        day = int(days[np.argmin(np.abs(passed - share))])
        yield Filters(until=dt.date.fromordinal(day)), ids[last <= day]
    oldest = store.passages(ids[last == days[0]].tolist())
    articles = sorted({passage.article.id for passage in oldest})
    chosen = frozenset(articles[: (len(articles) + 1) // 2])
    passing = np.array([passage.id for passage in oldest if passage.article.id in chosen], dtype=np.int64)
    yield Filters(article_ids=chosen), passing
