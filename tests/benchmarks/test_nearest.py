"""How much of what is nearest a search finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.nearest import found_of_nearest, nearest
from retrieval.dates import PartialDate
from retrieval.encoders.port import Vectors
from retrieval.encoders.tokens import unit
from retrieval.index.memory import MemoryIndex, MemoryIndexStore
from retrieval.index.port import EVERYTHING, IndexedPassage, Match
from retrieval.types import Article, Filters, Passage

COUNT = 400
VECTORS = unit(np.random.default_rng(1).standard_normal((COUNT, 8)).astype(np.float32))
QUERIES = unit(np.random.default_rng(2).standard_normal((5, 8)).astype(np.float32))


class Halved:
    """An index that finds every second passage only."""

    def __init__(self, inner: MemoryIndex) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def search_dense(self, vector: Vectors, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        return [match for match in self._inner.search_dense(vector, 2 * k, filters) if match.passage_id % 2][:k]


class Articles:
    """An article for each passage."""

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        return [Passage(at, Article(f"a{at}", "Text."), 0, 5) for at in ids]


@pytest.fixture
def index() -> MemoryIndex:
    store = MemoryIndexStore("e", 8)
    with store.begin() as writer:
        # A tenth each of ten years, so that half were published until the fifth of them.
        rows = [
            IndexedPassage(at, f"a{at}", "", "text", "outlet", PartialDate.parse(f"{1990 + at * 10 // COUNT}"))
            for at in range(COUNT)
        ]
        writer.add(rows, VECTORS)
        writer.publish()
    return store.current()


def test_the_nearest_are_found_by_comparing_all(index: MemoryIndex) -> None:
    best = nearest(index, index.passage_ids(), QUERIES)
    assert best.tolist() == np.argsort(-(QUERIES @ VECTORS.T), axis=1)[:, :10].tolist()
    few = np.array([7, 3, 5])
    assert {*nearest(index, few, QUERIES)[0].tolist()} == {3, 5, 7}


def test_a_search_that_compares_all_finds_all(index: MemoryIndex) -> None:
    figures = found_of_nearest(index, Articles(), QUERIES)
    assert [figures[f"kept_{name}"] for name in ("all", "half", "few", "fewest")] == [1.0, 0.5, 0.1, 0.05]
    assert {figures[f"recall_{name}"] for name in ("all", "half", "few", "fewest")} == {1.0}


def test_what_a_search_misses_is_told(index: MemoryIndex) -> None:
    figures = found_of_nearest(Halved(index), Articles(), QUERIES)  # type: ignore[arg-type]  # it passes all else on
    for name in ("all", "half", "few"):
        assert 0 < figures[f"recall_{name}"] < 1
