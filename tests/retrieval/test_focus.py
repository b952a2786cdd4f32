"""Of a long passage, the likeliest sentences are read, whole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.joint.focus import Focus, likeliest

# Two tokens of the title, three sentences of three, one and two tokens, a mark between two of them.
PLACES = np.array([-1, -1, 0, 0, 0, 1, -1, 2, 2])


def test_a_short_passage_is_read_whole() -> None:
    assert likeliest(PLACES, [1, 0, 2], 9).tolist() == list(range(9))


def test_the_likeliest_sentences_that_fit_are_read_in_their_order() -> None:
    assert likeliest(PLACES, [2, 1, 0], 6).tolist() == [0, 1, 5, 6, 7, 8]
    # The second does not fit behind the first, the third does.
    assert likeliest(PLACES, [2, 0, 1], 6).tolist() == [0, 1, 5, 6, 7, 8]


def test_the_likeliest_is_read_however_long_it_is() -> None:
    assert likeliest(PLACES, [0, 1, 2], 1).tolist() == [0, 1, 2, 3, 4, 6]


@given(st.lists(st.integers(-1, 5), max_size=40), st.integers(0, 40))
def test_sentences_are_read_whole_and_within_bounds(places: list[int], most: int) -> None:
    found = np.array(sorted(places), dtype=np.int64)
    ranked = sorted({place for place in places if place >= 0}, key=lambda place: (place * 7) % 5)
    chosen = likeliest(found, ranked, most)
    read = set(found[chosen].tolist())
    assert chosen.tolist() == [at for at, place in enumerate(found.tolist()) if place in read]
    assert set(places) & {-1, *ranked[:1]} <= read
    least = sum(place in {-1, *ranked[:1]} for place in places)
    assert len(chosen) <= max(most, least)
    # What was left out did not fit beside what ranks before it.
    for rank, place in enumerate(ranked):
        before = sum(each in {-1, *(read & set(ranked[:rank]))} for each in places)
        assert place in read or before + places.count(place) > most


def test_the_likeliest_passages_are_read_thoroughly() -> None:
    focus = Focus(likely=9, others=5)
    assert focus.of([0.1, 0.9, 0.3, 0.2, 0.8, 0.4]) == [5, 9, 9, 5, 9, 9]
    assert focus.of([0.1, 0.2]) == [9, 9]
    assert focus.of([]) == []
