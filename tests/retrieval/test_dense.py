"""Inverted lists: what they find of what an exact search finds, and when they come and go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from retrieval.encoders.port import Vectors
from retrieval.encoders.tokens import unit
from retrieval.index.dense import DenseIndex

COUNT, WIDTH, FLAT_MOST = 12_000, 32, 2_000

Ids = npt.NDArray[np.int64]


def vectors_of(count: int, seed: int = 0) -> Vectors:
    """Unit vectors in clusters, as those of texts on a few hundred subjects."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((300, WIDTH))
    return unit((centres[chance.integers(300, size=count)] + chance.standard_normal((count, WIDTH))).astype(np.float32))


VECTORS = vectors_of(COUNT)
IDS = np.arange(COUNT, dtype=np.int64) * 3 + 7
QUERIES = vectors_of(60, seed=1)


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of vectors in lists."""
    index = DenseIndex.empty(WIDTH, FLAT_MOST)
    for first in range(0, COUNT, 1_000):
        index.add(IDS[first : first + 1_000], VECTORS[first : first + 1_000])
    file = tmp_path_factory.mktemp("dense") / "dense.faiss"
    index.save(file)
    return file


def exact(query: Vectors, kept: Ids, k: int) -> set[int]:
    rows = VECTORS[(kept - 7) // 3]
    return set(kept[np.argsort(-(rows @ query), kind="stable")[:k]].tolist())


def recall(index: DenseIndex, kept: Ids, only: Ids | None, k: int = 10) -> float:
    shares = []
    for query in QUERIES:
        ids, scores = index.search(query, k, only)
        assert len(ids) == k
        assert (np.diff(scores) <= 0).all()
        assert only is None or np.isin(ids, only).all()
        shares.append(len(exact(query, kept, k) & set(ids.tolist())) / k)
    return float(np.mean(shares))


@pytest.mark.parametrize("mapped", [True, False])
def test_nearly_all_of_the_nearest_are_found_in_a_part_of_the_lists(listed: Path, mapped: bool) -> None:
    index = DenseIndex.load(listed, FLAT_MOST, mapped=mapped)
    assert index.lists > 50
    assert recall(index, IDS, None) >= 0.97


@pytest.mark.parametrize("share", [0.5, 0.05, 0.005])
def test_filters_cost_no_recall(listed: Path, share: float) -> None:
    index = DenseIndex.load(listed, FLAT_MOST, mapped=True)
    kept = np.sort(np.random.default_rng(5).choice(IDS, int(share * COUNT), replace=False))
    assert recall(index, kept, kept) >= 0.97


def test_filters_that_keep_what_lies_far_from_the_query_find_it(listed: Path) -> None:
    index = DenseIndex.load(listed, FLAT_MOST)
    far = np.sort(IDS[np.argsort(VECTORS @ QUERIES[0])[: COUNT // 2]])
    ids, _ = index.search(QUERIES[0], 10, far)
    assert len(exact(QUERIES[0], far, 10) & set(ids.tolist())) >= 9


def test_deletions_cost_no_recall(listed: Path, tmp_path: Path) -> None:
    index = DenseIndex.load(listed, FLAT_MOST)
    index.remove(np.concatenate([IDS[::2], np.array([1])]))
    kept = IDS[1::2]
    for again in (index, saved(index, tmp_path)):
        assert len(again) == len(kept)
        assert recall(again, kept, None) >= 0.97
        with pytest.raises(KeyError):
            again.vectors(IDS[:1])


def test_as_many_as_asked_for_are_found_however_many_that_is(listed: Path) -> None:
    index = DenseIndex.load(listed, FLAT_MOST, mapped=True)
    for k in (200, COUNT, COUNT + 5):
        ids, _ = index.search(QUERIES[0], k)
        assert len(set(ids.tolist())) == min(k, COUNT)


def test_stored_vectors_come_back(listed: Path) -> None:
    index = DenseIndex.load(listed, FLAT_MOST, mapped=True)
    assert index.vectors(IDS[[5, 3, 11_000]]) == pytest.approx(VECTORS[[5, 3, 11_000]], abs=1e-3)


def test_lists_come_with_the_vector_that_makes_them_pay_and_go_when_half_are_gone(tmp_path: Path) -> None:
    index = DenseIndex.empty(WIDTH, FLAT_MOST)
    index.add(IDS[:FLAT_MOST], VECTORS[:FLAT_MOST])
    assert saved(index, tmp_path).lists == 0
    index.add(IDS[FLAT_MOST : FLAT_MOST + 1], VECTORS[FLAT_MOST : FLAT_MOST + 1])
    assert saved(index, tmp_path).lists > 0
    index.remove(IDS[: FLAT_MOST // 2 + 1])
    again = saved(index, tmp_path)
    assert (again.lists, len(again)) == (0, FLAT_MOST // 2)
    kept = IDS[FLAT_MOST // 2 + 1 : FLAT_MOST + 1]
    assert recall(again, kept, None) == 1.0


def test_more_lists_are_made_where_vectors_have_become_many_times_more(tmp_path: Path) -> None:
    index = DenseIndex.empty(WIDTH, 500)
    index.add(IDS[:501], VECTORS[:501])
    few = saved(index, tmp_path)
    few.add(IDS[501:], VECTORS[501:])
    many = saved(few, tmp_path)
    assert many.lists > 3 * index.lists
    assert recall(many, IDS, None) >= 0.97


def saved(index: DenseIndex, folder: Path) -> DenseIndex:
    """As it comes back from a file."""
    index.save(folder / "dense.faiss")
    return DenseIndex.load(folder / "dense.faiss", index.flat_most)
