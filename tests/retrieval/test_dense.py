"""Sketches: what they find of what an exact search finds, and when they come and go. Segments show nowhere."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
import pytest

from retrieval.encoders.port import Vectors
from retrieval.encoders.tokens import unit
from retrieval.index.dense import DenseIndex, DenseWriter

COUNT, WIDTH, FLAT_MOST, SEGMENT, CANDIDATES = 40_000, 32, 5_000, 1_000, 400

Rows = npt.NDArray[np.int64]


def vectors_of(count: int, seed: int = 0) -> Vectors:
    """Unit vectors in clusters, as those of texts on a few hundred subjects."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((300, WIDTH))
    return unit((centres[chance.integers(300, size=count)] + chance.standard_normal((count, WIDTH))).astype(np.float32))


VECTORS = vectors_of(COUNT)
QUERIES = vectors_of(60, seed=1)


def written(folder: Path, vectors: Vectors, base: DenseIndex | None = None, order: Rows | None = None) -> DenseIndex:
    """As it comes back from its files."""
    folder.mkdir(exist_ok=True)
    writer = DenseWriter(folder, WIDTH, base, FLAT_MOST, SEGMENT)
    for first in range(0, len(vectors), 700):
        writer.add(vectors[first : first + 700])
    writer.save(np.arange(len(vectors) + (len(base) if base else 0)) if order is None else order)
    return DenseIndex.load(folder, FLAT_MOST, CANDIDATES)


@pytest.fixture(scope="module")
def sketched(tmp_path_factory: pytest.TempPathFactory) -> DenseIndex:
    """More vectors than are compared one by one."""
    return written(tmp_path_factory.mktemp("dense"), VECTORS)


def exact(query: Vectors, kept: Rows, k: int) -> set[int]:
    return set(kept[np.argsort(-(VECTORS[kept] @ query), kind="stable")[:k]].tolist())


def mask(kept: Rows) -> npt.NDArray[np.bool_]:
    passing = np.zeros(COUNT, dtype=bool)
    passing[kept] = True
    return passing


def recall(index: DenseIndex, kept: Rows, *, filtered: bool, k: int = 10) -> float:
    shares = []
    for query in QUERIES:
        rows, scores = index.search(query, k, mask(kept) if filtered else None)
        assert len(rows) == k
        assert (np.diff(scores) <= 0).all()
        assert np.isin(rows, kept).all()
        shares.append(len(exact(query, kept, k) & set(rows.tolist())) / k)
    return float(np.mean(shares))


def test_nearly_all_of_the_nearest_are_found_by_their_sketches(sketched: DenseIndex) -> None:
    assert sketched.sketched
    assert recall(sketched, np.arange(COUNT), filtered=False) >= 0.99


@pytest.mark.parametrize("share", [0.9, 0.5, 0.3, 0.11, 0.05, 0.005])
def test_filters_cost_no_recall(sketched: DenseIndex, share: float) -> None:
    kept = np.sort(np.random.default_rng(5).choice(COUNT, int(share * COUNT), replace=False))
    assert recall(sketched, kept, filtered=True) >= 0.99


@pytest.mark.parametrize("share", [0.95, 0.8, 0.5])
def test_filters_that_keep_what_lies_far_from_the_query_find_it(sketched: DenseIndex, share: float) -> None:
    far = np.sort(np.argsort(VECTORS @ QUERIES[0])[: int(share * COUNT)])
    rows, scores = sketched.search(QUERIES[0], 10, mask(far))
    assert np.isin(rows, far).all()
    # Many lie equally far, but for half precision.
    assert scores == pytest.approx(np.sort(VECTORS[far] @ QUERIES[0])[::-1][:10], abs=1e-3)


def test_what_is_taken_out_and_put_in_costs_no_recall(sketched: DenseIndex, tmp_path: Path) -> None:
    # Every second row goes, and a hundred come in front.
    more = vectors_of(100, seed=3)
    order = np.concatenate([np.arange(COUNT, COUNT + 100), np.arange(1, COUNT, 2)])
    again = written(tmp_path, more, sketched, order)
    assert again.sketched
    assert again.vectors(np.array([99, 100])) == pytest.approx(np.stack([more[99], VECTORS[1]]), abs=1e-3)
    everything = np.concatenate([more, VECTORS[1::2]])
    for query in QUERIES:
        rows, _ = again.search(query, 10)
        nearest = np.argsort(-(everything @ query), kind="stable")[:10]
        assert len(set(nearest.tolist()) & set(rows.tolist())) >= 9


def test_as_many_as_asked_for_are_found_however_many_that_is(sketched: DenseIndex) -> None:
    for k in (200, 5_000, COUNT, COUNT + 5):
        rows, _ = sketched.search(QUERIES[0], k)
        assert len(set(rows.tolist())) == min(k, COUNT)


def test_stored_vectors_come_back(sketched: DenseIndex) -> None:
    rows = np.array([5, 3, 11_000, 999, 1_000])
    assert sketched.vectors(rows) == pytest.approx(VECTORS[rows], abs=1e-3)


def test_sketches_come_with_the_vector_that_makes_them_pay_and_go_with_it(tmp_path: Path) -> None:
    few = written(tmp_path / "few", VECTORS[:FLAT_MOST])
    assert not few.sketched
    more = written(tmp_path / "more", VECTORS[FLAT_MOST : FLAT_MOST + 1], few)
    assert (more.sketched, len(more)) == (True, FLAT_MOST + 1)
    again = written(tmp_path / "again", VECTORS[:0], more, np.arange(1, FLAT_MOST + 1))
    assert (again.sketched, len(again)) == (False, FLAT_MOST)
    assert set(again.search(QUERIES[0], 10)[0] + 1) == exact(QUERIES[0], np.arange(1, FLAT_MOST + 1), 10)


@pytest.mark.parametrize("filtered", [False, True])
def test_equal_vectors_come_in_the_order_of_their_rows_whatever_segment_they_are_in(
    tmp_path: Path, filtered: bool
) -> None:
    vectors = VECTORS[:4_900].copy()
    equal = np.arange(50, 4_900, 7)
    vectors[equal] = QUERIES[0]
    passing = np.arange(4_900) != 57 if filtered else None
    rows, scores = written(tmp_path, vectors).search(QUERIES[0], 20, passing)
    assert rows.tolist() == [row for row in equal.tolist() if not (filtered and row == 57)][:20]
    assert len(set(scores.tolist())) == 1


def test_who_only_reads_vectors_holds_no_sketches(tmp_path: Path) -> None:
    sketched = written(tmp_path, VECTORS[:6_000])
    read = DenseIndex.load(tmp_path, searched=False)
    assert (sketched.sketched, read.sketched) == (True, False)
    assert np.array_equal(read.halves(np.arange(6_000)), sketched.halves(np.arange(6_000)))


def test_nothing_of_what_was_added_is_left_beside_the_index(tmp_path: Path) -> None:
    written(tmp_path, VECTORS[:2_500])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["dense-0001.faiss", "dense-0002.faiss", "dense.faiss"]


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    rows, scores = written(tmp_path, VECTORS[:0]).search(QUERIES[0], 5)
    assert (len(rows), len(scores)) == (0, 0)


@pytest.mark.parametrize("filtered", [False, True])
def test_equal_vectors_come_in_the_order_of_their_rows_by_their_sketches_too(tmp_path: Path, filtered: bool) -> None:
    vectors = VECTORS.copy()
    equal = np.arange(50, COUNT, 400)
    vectors[equal] = QUERIES[0]
    passing = np.arange(COUNT) != 450 if filtered else None
    rows, _ = written(tmp_path, vectors).search(QUERIES[0], 20, passing)
    assert rows.tolist() == [row for row in equal.tolist() if not (filtered and row == 450)][:20]


def test_a_vector_of_zeros_is_found_and_finds(tmp_path: Path) -> None:
    vectors = VECTORS.copy()
    vectors[0] = 0
    rows, scores = written(tmp_path, vectors).search(vectors[0], 3)
    assert (rows.tolist(), scores.tolist()) == ([0, 1, 2], [0, 0, 0])


@pytest.mark.parametrize("width", [31, 97, 386])
def test_sketches_are_made_of_any_width(tmp_path: Path, width: int) -> None:
    chance = np.random.default_rng(4)
    centres = chance.standard_normal((100, width))
    vectors = unit((centres[chance.integers(100, size=9_000)] + chance.standard_normal((9_000, width))).astype("f4"))
    writer = DenseWriter(tmp_path, width, flat_most=FLAT_MOST)
    writer.add(vectors)
    writer.save(np.arange(9_000))
    index = DenseIndex.load(tmp_path, FLAT_MOST, CANDIDATES)
    assert index.sketched
    for query in vectors[:20]:
        nearest = np.argsort(-(vectors @ query), kind="stable")[:10]
        assert len(set(nearest.tolist()) & set(index.search(query, 10)[0].tolist())) >= 9


def test_files_that_do_not_belong_together_are_refused(sketched: DenseIndex, tmp_path: Path) -> None:
    written(tmp_path, VECTORS[:0], sketched, np.arange(6_000))
    (tmp_path / "dense-0005.faiss").unlink()
    with pytest.raises(RuntimeError, match="6000 sketches are there of 5000 vectors"):
        DenseIndex.load(tmp_path)


def first_layout(ids: Rows, *, lists: bool) -> faiss.Index:
    """One file with ids, as it was written before there were segments."""
    kind = faiss.ScalarQuantizer.QT_fp16
    index: faiss.Index
    if lists:
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(WIDTH), WIDTH, 4, kind, faiss.METRIC_INNER_PRODUCT, False
        )
        index.train(VECTORS[:200])  # type: ignore[call-arg]
    else:
        index = faiss.IndexIDMap2(faiss.IndexScalarQuantizer(WIDTH, kind, faiss.METRIC_INNER_PRODUCT))
    index.add_with_ids(VECTORS[: len(ids)], ids)  # type: ignore[call-arg]
    return index


@pytest.mark.parametrize("lists", [False, True])
@pytest.mark.parametrize("ascending", [False, True])
def test_an_index_of_the_first_layout_is_read_and_built_upon(tmp_path: Path, lists: bool, ascending: bool) -> None:
    ids = np.arange(300) * 3 + 7
    ids = ids if ascending else np.random.default_rng(6).permutation(ids)
    faiss.write_index(first_layout(ids, lists=lists), str(tmp_path / "dense.faiss"))
    old = DenseIndex.load(tmp_path)
    row = int(np.argsort(ids).tolist().index(20))
    assert old.search(VECTORS[20], 1)[0].tolist() == [row]
    new = written(tmp_path / "new", VECTORS[300:310], old)
    assert new.vectors(np.array([row, 305])) == pytest.approx(VECTORS[[20, 305]], abs=1e-3)


def test_an_index_of_another_kind_is_refused(tmp_path: Path) -> None:
    faiss.write_index(faiss.index_factory(WIDTH, "Flat", faiss.METRIC_INNER_PRODUCT), str(tmp_path / "dense.faiss"))
    with pytest.raises(RuntimeError, match="another kind, IndexFlat"):
        DenseIndex.load(tmp_path)
