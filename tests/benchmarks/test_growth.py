"""Corpora that are grown by edited copies, and where their vectors lie."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks.growth import articles_of, edited, grown, keep_vectors, paragraphs_in, turned, words_of
from corpus.catalogue import input_digest
from corpus.vectors import CachedVectors, VectorCache
from retrieval.encoders.fake import FakeEncoder
from retrieval.passages import PassageCutter
from retrieval.types import Article

WORDS = "envoys gathered quietly before sunrise while ministers argued about grain, ports and prisoners of earlier wars"


def line(name: str, text: str, **more: object) -> str:
    return json.dumps({"id": name, "text": text} | more)


def article(name: str, paragraphs: int = 3) -> Article:
    return Article(
        name, "\n\n".join(f"Paragraph {at} of {name}: {WORDS}. {WORDS}. {WORDS}." for at in range(paragraphs))
    )


def test_paragraphs_in_a_row_with_one_name_are_one_article() -> None:
    lines = [
        line("a:0", "One.", doc_id="a", title="Title", published="1946", source=None),
        line("a:1", "Two.", doc_id="a", title="Other", published="1947"),
        line("b", "Three."),
    ]
    first, second = articles_of(lines)
    assert (first.id, first.text, first.title, str(first.published)) == ("a", "One.\n\nTwo.", "Title", "1946")
    assert (second.id, second.text, second.published) == ("b", "Three.", None)
    assert [paragraphs_in(one) for one in (first, second)] == [2, 1]


def test_a_copy_differs_by_a_few_words_and_is_the_same_each_time() -> None:
    original = article("a")
    vocabulary = words_of([original])
    copy = edited(original, 1, vocabulary)
    assert copy == edited(original, 1, vocabulary) != edited(original, 2, vocabulary)
    assert copy.id != original.id
    for before, after in zip(original.text.split("\n\n"), copy.text.split("\n\n"), strict=True):
        changed = [pair for pair in zip(before.split(), after.split(), strict=True) if pair[0] != pair[1]]
        assert 0 < len(changed) <= 3


def test_a_corpus_grows_by_copies_until_it_is_large_enough() -> None:
    originals = [article("a"), article("b", 1)]
    large = list(grown(originals, 10))
    assert large[:2] == originals
    assert sum(map(paragraphs_in, large)) == 11
    assert len({one.id for one in large}) == len({one.text for one in large}) == len(large)
    assert list(grown(originals, 2)) == originals[:1]


@pytest.mark.parametrize("cosine", [1.0, 0.9, 0.0])
def test_vectors_are_turned_as_far_as_asked(cosine: float) -> None:
    vectors = np.eye(3, 5, dtype=np.float32)
    moved = turned(vectors, np.full(3, cosine, dtype=np.float32), np.random.default_rng(1))
    assert moved.dtype == np.float32
    np.testing.assert_allclose(np.einsum("nd,nd->n", moved, moved), 1, atol=1e-6)
    np.testing.assert_allclose(np.einsum("nd,nd->n", moved, vectors), cosine, atol=1e-6)


def test_copies_need_not_be_encoded(tmp_path: Path) -> None:
    encoder = FakeEncoder()
    originals = [article("a"), article("b")]
    copies = list(islice(grown(originals, 18), 2, None))
    cutter = PassageCutter(encoder)

    def inputs(articles: list[Article]) -> list[tuple[str, str]]:
        cut = zip(articles, cutter.cut(articles), strict=True)
        return [(one.title, span.of(one.text)) for one, spans in cut for span in spans]

    with CachedVectors(encoder, tmp_path / "vectors") as kept:
        kept.of(inputs(originals))
    cache = VectorCache(tmp_path / "vectors", encoder.fingerprint, encoder.dimension)
    try:
        new = inputs(copies)
        assert keep_vectors(cache, encoder, originals, copies) == len(new)
        found = cache.find([input_digest(*one) for one in new])
        assert len(found) == len(new)
        for vector in found.values():
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-2)
    finally:
        cache.close()


def test_copies_of_what_has_no_vector_are_left_out(tmp_path: Path) -> None:
    encoder = FakeEncoder()
    originals = [article("a")]
    cache = VectorCache(tmp_path / "vectors", encoder.fingerprint, encoder.dimension)
    try:
        assert keep_vectors(cache, encoder, originals, islice(grown(originals, 9), 1, None)) == 0
    finally:
        cache.close()
