import numpy as np
import pytest

from retrieval.encoders.fake import FakeEncoder
from retrieval.segmentation import sentences
from retrieval.token_features import SHAPES, sentence_places, shapes, word_ids, words_of
from retrieval.types import Span

TEXT = "In 1954 NATO met twice. Modi’s aides, 12 of them, left in May."


def offsets(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, dtype=np.int32).reshape(-1, 2)


def test_each_token_gets_the_word_it_lies_in() -> None:
    # "unbelievable" in three pieces, and a mark.
    assert words_of("Unbelievable!", offsets((0, 2), (2, 7), (7, 12), (12, 13))) == ["Unbelievable"] * 3 + [""]


def test_tokens_of_nothing() -> None:
    assert words_of("", offsets()) == []
    assert word_ids([]).shape == (0, 2)
    assert shapes([], np.empty(0, dtype=np.int64)).shape == (0, len(SHAPES))


def test_words_are_one_whatever_their_case_and_stems_are_one_whatever_their_end() -> None:
    ids = word_ids(["Election", "election", "Elections", "electric", "vote", ""])
    assert ids[0, 0] == ids[1, 0] != ids[2, 0]
    assert ids[0, 1] == ids[2, 1] == ids[3, 1] != ids[4, 1]
    assert not ids[5].any()
    assert ids[:5].all()


def test_tokens_lie_in_sentences() -> None:
    spans = [Span(10, 15), Span(16, 20)]
    # The first lies in the title, the fourth between the sentences, the last reaches over an end.
    found = sentence_places(offsets((0, 3), (5, 10), (11, 14), (10, 12), (14, 16)), spans, shift=5)
    assert found.tolist() == [-1, 0, 1, -1, -1]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("In", {"capitalised"}),
        ("1954", {"number", "year"}),
        ("NATO", {"capitalised", "capitals"}),
        ("met", set()),
        ("twice", {"quantity"}),
        ("12", {"number"}),
        ("May", {"capitalised", "calendar"}),
        ("", {"mark"}),
        ("1990s", {"number", "year"}),
    ],
)
def test_shapes_of_words(word: str, expected: set[str]) -> None:
    (row,) = shapes([word], np.array([0]))
    assert {name for name, value in zip(SHAPES, row, strict=True) if value} - {"opening"} == expected


def test_shapes_know_the_place() -> None:
    encoder = FakeEncoder()
    title = "NATO. "
    where = encoder.token_spans([title + TEXT])[0]
    places = sentence_places(where, sentences(TEXT), -len(title))
    rows = shapes(words_of(title + TEXT, where), places)
    of = dict(zip(SHAPES, rows.T, strict=True))
    assert of["title"].tolist() == [1.0, 1.0] + [0.0] * (len(where) - 2)
    opening = [
        (title + TEXT)[start:end] for (start, end), is_first in zip(where, of["opening"], strict=True) if is_first
    ]
    assert opening == ["NATO", "In", "Modi"]
    assert of["later"].max() == pytest.approx(0.1)
