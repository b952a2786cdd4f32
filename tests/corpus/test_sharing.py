"""Which articles share bands, held against comparing each with each."""

from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpus.stories.sharing import sharing

KEYS = st.lists(st.integers(0, 12), max_size=5, unique=True)
SKETCHES = st.dictionaries(st.integers(1, 40), KEYS, max_size=14)


def arrays(sketches: Mapping[int, list[int]]) -> dict[int, np.ndarray]:
    return {revision: np.array(keys, dtype=np.int64) for revision, keys in sketches.items()}


def one_by_one(new: Mapping[int, list[int]], old: Mapping[int, list[int]], most: int) -> dict[int, list[int]]:
    found = {}
    for revision, keys in new.items():
        others = {**old, **{other: bands for other, bands in new.items() if other < revision}}
        shared = {other: len(set(keys) & set(bands)) for other, bands in others.items()}
        found[revision] = sorted((other for other in shared if shared[other]), key=lambda o: (-shared[o], o))[:most]
    return found


@given(SKETCHES, SKETCHES, st.integers(1, 15), st.integers(1, 4))
def test_those_that_share_most_come_first(
    new: dict[int, list[int]], old: dict[int, list[int]], at: int, parts: int
) -> None:
    old = {revision: keys for revision, keys in old.items() if revision not in new}
    dealt = [dict(list(arrays(old).items())[part::parts]) for part in range(parts)]
    # As many as there are: no band is shared by more.
    assert sharing(arrays(new), dealt, 30) == one_by_one(new, old, 30)
    found = sharing(arrays(new), dealt, at)
    assert found.keys() == new.keys()
    assert all(len(others) <= at for others in found.values())


@given(st.integers(2, 30), st.integers(0, 30), st.integers(1, 4))
def test_copies_of_one_text_hang_together_however_many_they_are(new: int, old: int, most: int) -> None:
    numbers = list(range(old + new))
    sketches = {number: np.array([7, 8, 9], dtype=np.int64) for number in numbers}
    there = {number: sketches[number] for number in numbers[:old]}
    found = sharing({number: sketches[number] for number in numbers[old:]}, [there], most)
    reached = {old}
    for one in numbers[old + 1 :]:
        assert reached & set(found[one]) or set(found[one]) & there.keys()
        reached.add(one)
    assert not old or set(found[old]) <= there.keys()
    assert bool(found[old]) == bool(old)
