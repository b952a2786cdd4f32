"""Dense search by FAISS: the one module that imports it.

Up to ``FLAT_MOST`` vectors a search compares all of them, and is exact. Above, they lie in inverted lists around
centroids, and a search looks through the lists nearest to the query: as many as find what an exact search would.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Vectors
from retrieval.encoders.tokens import unit
from retrieval.threads import large_products

FLAT_MOST = 200_000
"""So many vectors of 384 dimensions are compared in some 8 ms."""

# Fewer passages than this are compared one by one: quicker than handing FAISS a selector over all.
_FEW = 4096
# Centroids: FAISS's guideline of 4 to 16 times the square root of the vectors, each fitted on so many, at least 39.
_LISTS_PER_ROOT = 4
_FITTED_ON_EACH, _FEWEST_OF_EACH = 64, 39
# Lists are made anew when they have grown, or shrunk, so much on average.
_GROWN, _SHRUNK = 8, 4
_BATCH = 50_000
# Filtered searches are exact where no more than so many times as many pass as are compared without lists.
_EXHAUSTIVE = 5
# Lists are looked through until this share of the ten nearest is found, for so many of the vectors themselves, each
# moved by twice its length: questions lie further from passages than these from each other, and are harder still. Of
# 40,000 passages of news in 804 lists, 256 find .996 of the ten nearest to real questions, and 128 .985. Of a million
# passages of speeches, most of them edited copies, in 1,790 lists, 768 find .996 of the nearest to runs of twelve
# words, and 512 .987; of those to the vectors that were moved, .9996 and .9992.
_RECALL, _NEAREST, _PROBES, _MOVED = 0.9995, 10, 256, 2.0


class DenseIndex:
    """Vectors by id in half-precision numbers; inner product on unit vectors."""

    def __init__(self, index: faiss.Index, flat_most: int) -> None:
        self._index: Any = index  # what is known of its kind is known at run time
        self.flat_most = flat_most

    @classmethod
    def empty(cls, dimension: int, flat_most: int = FLAT_MOST) -> DenseIndex:
        """An index without vectors; above ``flat_most`` of them it will be in lists."""
        return cls(_flat(dimension), flat_most)

    @classmethod
    def load(cls, file: Path, flat_most: int = FLAT_MOST, *, mapped: bool = False) -> DenseIndex:
        """Read what :meth:`save` wrote.

        Args:
            file: where it lies.
            flat_most: as for :meth:`empty`.
            mapped: leave the vectors in the file, in memory that all processes share; nothing can then be changed.

        Raises:
            RuntimeError: the file is no such index.
        """
        # Elsewhere a file that is mapped could not be removed.
        flags = faiss.IO_FLAG_MMAP_IFC if mapped and os.name == "posix" else 0
        return cls(faiss.read_index(str(file), flags), flat_most)

    def save(self, file: Path) -> None:
        """Write everything to one file."""
        self._settle()
        faiss.write_index(self._index, str(file))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """d, the length of a vector."""
        return int(self._index.d)

    @property
    def lists(self) -> int:
        """Inverted lists; 0 where every search compares all vectors."""
        return int(self._index.nlist) if self._inverted else 0

    @property
    def _inverted(self) -> bool:
        return isinstance(self._index, faiss.IndexIVF)

    def add(self, ids: npt.NDArray[np.int64], vectors: Vectors) -> None:
        """Add float32 ``(n, d)`` unit vectors under new ids, int64 ``(n,)``."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)
            if not self._inverted and len(self) > self.flat_most:
                self._index = self._in_lists()

    def remove(self, ids: npt.NDArray[np.int64]) -> None:
        """Remove ids, int64 ``(n,)``; unknown ones are passed over."""
        if len(ids):
            self._index.remove_ids(ids)

    def vectors(self, ids: npt.NDArray[np.int64]) -> Vectors:
        """float32 ``(n, d)``: the stored vectors, as half precision kept them.

        Raises:
            KeyError: an id is not there.
        """
        if not len(ids):
            return np.empty((0, self.dimension), dtype=np.float32)
        try:
            rows: Vectors = self._index.reconstruct_batch(ids)
        except RuntimeError as error:
            raise KeyError(f"not all of these passages are in the index: {ids[:5].tolist()}…") from error
        return rows

    def search(
        self, vector: Vectors, k: int, only: npt.NDArray[np.int64] | None = None
    ) -> tuple[npt.NDArray[np.int64], Vectors]:
        """The ``k`` largest inner products with ``vector``, float32 ``(d,)``.

        Args:
            vector: the query, of unit length.
            k: how many at most.
            only: search these ids alone.

        Returns:
            Ids and scores, best first, equal scores by ascending id; fewer than ``k`` where there are fewer.
        """
        if only is not None and len(only) <= _FEW:
            # Not by matrix product, which may round equal rows differently.
            return _best(only, np.einsum("ij,j->i", self.vectors(only), vector), k)
        count = len(self) if only is None else len(only)
        k = min(k, count)
        if k == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        limit = min(k + 1, count)
        selector = None if only is None else _selector(only)
        probes = self._probes(count)
        while True:
            scores, ids = self._one(vector.reshape(1, -1), limit, self._parameters(selector, probes))
            found = int((ids[0] >= 0).sum())
            if found < limit and probes < self.lists:
                probes = min(4 * probes, self.lists)
            # Of equal scores at the end FAISS keeps those added first, so all of them are fetched.
            elif limit >= count or found < limit or scores[0][-1] < scores[0][k - 1]:
                return _best(ids[0][:found], scores[0][:found], k)
            else:
                limit = min(limit * 4, count)

    def _one(self, query: Vectors, limit: int, parameters: faiss.SearchParameters | None) -> tuple[Vectors, Any]:
        """Scores and ids for one query, by one thread.

        FAISS deals out queries to threads: with one query the others have nothing to do, but wait for it so eagerly
        that they keep other work off the cores.
        """
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            scores, ids = self._index.search(query, limit, params=parameters)
        finally:
            faiss.omp_set_num_threads(before)
        return scores, ids

    def _probes(self, count: int) -> int:
        """How many lists to look through where ``count`` of all vectors may be found: the more, the fewer they are."""
        if not self._inverted:
            return 0
        if count < len(self) and count <= _EXHAUSTIVE * self.flat_most:
            return self.lists  # what passes a filter may lie far from the query
        return min(self.lists, math.ceil(int(self._index.nprobe) * len(self) / max(count, 1)))

    def _parameters(self, selector: faiss.IDSelector | None, probes: int) -> faiss.SearchParameters | None:
        chosen: dict[str, Any] = {} if selector is None else {"sel": selector}
        if self._inverted:
            return faiss.SearchParametersIVF(nprobe=probes, **chosen)  # type: ignore[call-arg]
        return faiss.SearchParameters(**chosen) if chosen else None

    def _settle(self) -> None:
        """Lists where there are many vectors, and as many lists as suit them."""
        if not self._inverted:
            return
        if len(self) <= self.flat_most // 2:
            flat = _flat(self.dimension)
            for ids, vectors in self._batches():
                flat.add_with_ids(vectors, ids)
            self._index = flat
            return
        suited = _lists(len(self))
        if not self.lists / math.sqrt(_SHRUNK) <= suited <= self.lists * math.sqrt(_GROWN):
            self._index = self._in_lists()
        self._index.nprobe = self._enough_probes()

    def _in_lists(self) -> faiss.Index:
        """The same vectors in inverted lists."""
        count = _lists(len(self))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(self.dimension), self.dimension, count, faiss.ScalarQuantizer.QT_fp16,
            faiss.METRIC_INNER_PRODUCT, False,
        )  # fmt: skip
        with large_products():
            index.train(self.vectors(self._sample(_FITTED_ON_EACH * count)))
        index.set_direct_map_type(faiss.DirectMap.Hashtable)  # type: ignore[attr-defined]
        for ids, vectors in self._batches():
            index.add_with_ids(vectors, ids)
        return index

    def _enough_probes(self) -> int:
        """The fewest lists, of 1, 2, 3, 4, 6, 8, 12 and so on, that give the recall asked for."""
        rows = self.vectors(self._sample(_PROBES))
        moved = rows + _MOVED * unit(np.random.default_rng(11).standard_normal(rows.shape).astype(np.float32))
        queries = unit(moved)
        k = min(_NEAREST, len(self))
        _, exact = self._index.search(queries, k, params=self._parameters(None, self.lists))
        for probes in _steps(self.lists):
            _, found = self._index.search(queries, k, params=self._parameters(None, probes))
            shared = sum(len(np.intersect1d(*pair)) for pair in zip(exact, found, strict=True))
            if shared >= _RECALL * exact.size:
                return probes
        return self.lists

    def _ids(self) -> npt.NDArray[np.int64]:
        """All ids, in the order in which they are stored."""
        if not self._inverted:
            return faiss.vector_to_array(self._index.id_map)
        lists = self._index.invlists
        return np.concatenate(
            [faiss.rev_swig_ptr(lists.get_ids(at), lists.list_size(at)).copy() for at in range(self.lists)]
        )

    def _sample(self, most: int) -> npt.NDArray[np.int64]:
        ids = self._ids()
        return np.sort(np.random.default_rng(7).choice(ids, min(most, len(ids)), replace=False))

    def _batches(self) -> Iterator[tuple[npt.NDArray[np.int64], Vectors]]:
        ids = self._ids()
        for first in range(0, len(ids), _BATCH):
            part = ids[first : first + _BATCH]
            yield part, self.vectors(part)


def _flat(dimension: int) -> faiss.Index:
    flat = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexIDMap2(flat)


def _lists(count: int) -> int:
    return max(1, min(round(_LISTS_PER_ROOT * math.sqrt(count)), count // _FEWEST_OF_EACH))


def _steps(end: int) -> list[int]:
    """1, 2, 3, 4, 6, 8, 12 and so on, below ``end``."""
    return sorted(step for n in range(end.bit_length()) for step in (1 << n, 3 << n) if step < end)


def _best(ids: npt.NDArray[np.int64], scores: Vectors, k: int) -> tuple[npt.NDArray[np.int64], Vectors]:
    order = np.lexsort((ids, -scores))[:k]
    return ids[order], scores[order]


def _selector(ids: npt.NDArray[np.int64]) -> faiss.IDSelector:
    bits = np.zeros(int(ids.max()) + 1, dtype=bool)
    bits[ids] = True
    return faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))  # type: ignore[call-arg, arg-type]
