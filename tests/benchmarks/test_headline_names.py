"""What is watched: the names in a headline."""

from __future__ import annotations

from benchmarks.watches import headline_names
from retrieval.types import Article


def test_names_of_a_headline_that_its_article_does_not_hold_are_not_watched() -> None:
    article = Article("a", "In Ankara, Erdogan spoke of grain.", "Turkey hears Erdogan speak in Ankara")
    assert headline_names(article) == ["Erdogan", "Ankara"]
    assert headline_names(Article("b", "It rained.", "a wet day")) == []
