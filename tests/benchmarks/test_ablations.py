"""A part of a set to measure on holds what answers; what is encoded may hold the end of the passage before."""

from __future__ import annotations

import pytest

from benchmarks.ablations import Cut, diverse, some
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


def test_the_end_of_the_passage_before_is_encoded_too_where_that_is_wanted() -> None:
    article = Article("a", "one two. three four. five six.", "Title")
    texts = ["one two.", "three four.", "five six."]
    plain = Cut(prefix=lambda a: f"{a.title}. ").inputs(article, texts)
    assert plain == ["Title. one two.", "Title. three four.", "Title. five six."]
    assert Cut(prefix=lambda _: "", overlap=4).inputs(article, texts) == [
        "one two.",
        "two. three four.",
        "our. five six.",
    ]
    assert Cut(overlap=4).inputs(article, []) == []


def test_further_articles_of_an_outlet_fall_behind_those_of_others() -> None:
    best = {"a": 0.9, "b": 0.8, "c": 0.75, "d": 0.72, "e": 0.7}
    outlets = {"a": "Wire", "b": "Wire", "c": "Post", "d": "", "e": ""}
    assert diverse(best, outlets, 0.0) == ["a", "b", "c", "d", "e"]
    assert diverse(best, outlets, 0.07) == ["a", "c", "b", "d", "e"]
    assert diverse(best, outlets, 0.2) == ["a", "c", "d", "e", "b"]
