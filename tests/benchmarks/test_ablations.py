"""A part of a set to measure on holds what answers."""

from __future__ import annotations

import pytest

from benchmarks.ablations import some
from retrieval.types import Article

ARTICLES = [Article(f"a{n}", "text") for n in range(20)]
GOLD = {"a3", "a17"}


@pytest.mark.parametrize(("most", "held"), [(None, 20), (20, 20), (50, 20), (6, 6), (2, 2), (1, 2)])
def test_what_answers_is_kept_whatever_the_limit(most: int | None, held: int) -> None:
    kept = [article.id for article in some(ARTICLES, GOLD, most)]
    assert len(kept) == held
    assert set(kept) >= GOLD
    assert kept == [article.id for article in ARTICLES if article.id in kept]
    assert kept == [article.id for article in some(ARTICLES, GOLD, most)]
