"""Dense search by FAISS: the one module that imports it.

Vectors lie in rows, in half precision, in segments of a file each, which all processes share in memory. Up to
``FLAT_MOST`` of them a search compares all, and is exact. Above, each has a sketch besides: four bits for every few of
its dimensions, by a product quantiser (Jégou, Douze and Schmid, 2011) whose distances are looked up in registers
(André, Kermarrec and Le Scouarnec, 2015). All sketches are compared, and the nearest few thousand by their vectors.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Vectors

FLAT_MOST = 200_000
"""So many vectors of 384 dimensions are compared in some 8 ms."""
SEGMENT = 32_768
"""Rows of a segment: while an index is made, one of them is held in memory."""

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Halves = npt.NDArray[np.float16]
_Faiss = Any  # what is known of an index's kind is known at run time

_FIRST, _NEXT = "dense.faiss", "dense-{:04}.faiss"
_SKETCHES, _SPOOL = "sketches.faiss", "added.f16"
# Fewer rows than this are compared one by one: quicker than handing FAISS a selector over all.
_FEW = 4096
_BATCH = 4096
# A sketch's parts, at most: two dimensions each of the packaged model's 384.
_MOST_PARTS = 192
# A codebook of four bits, which FAISS trains on 256 vectors for each of its codes, and cannot on fewer than there are.
_CODES = 16
_TRAINED_ON = 256 * _CODES
# So many of the nearest by their sketches are compared by their vectors: at least, of all, and for each asked for. Of a
# million passages of speeches, 2,000 hold all of the ten nearest to runs of twelve words, and .999 of the 200 nearest.
_CANDIDATES, _ONE_OF, _FOR_EACH = 2000, 500, 10
# Beyond this share of all as candidates, comparing all vectors is as quick.
_MOST_OF_ALL = 4


class DenseIndex:
    """Vectors by row; inner product on unit vectors. Nothing in it can be changed; a :class:`DenseWriter` makes one.

    Args:
        segments: rows in a row, of ``faiss.IndexScalarQuantizer`` in half precision.
        sketches: of all rows; ``None`` where every search compares all vectors.
        flat_most: filters that keep no more than this are exact whatever there is.
    """

    def __init__(self, segments: list[_Faiss], sketches: faiss.Index | None, flat_most: int) -> None:
        self._segments = segments
        self._sketches: _Faiss = sketches
        self._flat_most = flat_most
        self._starts = np.cumsum([0, *(segment.ntotal for segment in segments)])

    @classmethod
    def load(cls, folder: Path, flat_most: int = FLAT_MOST) -> DenseIndex:
        """Read what :class:`DenseWriter` wrote, leaving the vectors in their files.

        Raises:
            RuntimeError: a file is missing, or no such index.
        """
        # Elsewhere a file that is mapped could not be removed.
        flags = faiss.IO_FLAG_MMAP_IFC if os.name == "posix" else 0
        files = [folder / _FIRST, *sorted(folder.glob(_NEXT.format(0).replace("0000", "*")))]
        segments = [_segment(faiss.read_index(str(file), flags)) for file in files]
        sketches = folder / _SKETCHES
        return cls(segments, faiss.read_index(str(sketches)) if sketches.exists() else None, flat_most)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def dimension(self) -> int:
        """d, the length of a vector."""
        return int(self._segments[0].d)

    @property
    def sketched(self) -> bool:
        """Whether a search compares sketches first."""
        return self._sketches is not None

    def halves(self, rows: Rows) -> Halves:
        """float16 ``(n, d)``: the vectors of rows, int64 ``(n,)``, in this order."""
        found = np.empty((len(rows), self.dimension), dtype=np.float16)
        owners = np.searchsorted(self._starts, rows, side="right") - 1
        for at in np.unique(owners):
            of_it = owners == at
            found[of_it] = self._views[at][rows[of_it] - self._starts[at]]
        return found

    def vectors(self, rows: Rows) -> Vectors:
        """float32 ``(n, d)``: the vectors of rows, int64 ``(n,)``, as half precision kept them."""
        return self.halves(rows).astype(np.float32)

    def search(self, vector: Vectors, k: int, passing: Mask | None = None) -> tuple[Rows, Vectors]:
        """The ``k`` largest inner products with ``vector``, float32 ``(d,)``.

        Args:
            vector: the query, of unit length.
            k: how many at most.
            passing: bool ``(n,)``: search these rows alone.

        Returns:
            Rows and scores, best first, equal scores by ascending row; fewer than ``k`` where there are fewer.
        """
        count = len(self) if passing is None else int(np.count_nonzero(passing))
        k = min(k, count)
        if k <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        rows = None
        if passing is not None and count <= _FEW:
            rows = np.flatnonzero(passing)
        elif self.sketched and count > self._flat_most:
            rows = self._likely(vector, k, passing, count)
        if rows is None:
            return self._exact(vector, k, passing, count)
        # Not by matrix product, which may round equal rows differently.
        return _best(rows, np.einsum("ij,j->i", self.vectors(rows), vector), k)

    @cached_property
    def _views(self) -> list[Halves]:
        """Each segment's vectors where they lie, float16 ``(rows, d)``."""
        return [_view(segment) for segment in self._segments]

    def _likely(self, vector: Vectors, k: int, passing: Mask | None, count: int) -> Rows | None:
        """Rows that hold the ``k`` nearest, by their sketches; ``None`` where too many would have to be looked at.

        A filter may keep what lies far from the query: then more are looked at until enough of them pass.
        """
        enough = max(_CANDIDATES, len(self) // _ONE_OF, _FOR_EACH * k)
        wanted = math.ceil(enough * len(self) / count)
        while wanted <= len(self) // _MOST_OF_ALL:
            _, rows = _by_one_thread(self._sketches, vector, wanted)
            if passing is not None:
                rows = rows[passing[rows]]
            if passing is None or len(rows) >= enough // 2:
                return np.sort(rows)
            wanted *= 4
        return None

    def _exact(self, vector: Vectors, k: int, passing: Mask | None, count: int) -> tuple[Rows, Vectors]:
        limit = min(k + 1, count)
        while True:
            found = [self._of_segment(at, vector, limit, passing) for at in range(len(self._segments))]
            rows, scores = _best(np.concatenate([r for r, _ in found]), np.concatenate([s for _, s in found]), k)
            # Of equal scores at its end FAISS keeps any, so all of them are fetched.
            if limit >= count or not any(len(s) == limit and s[-1] >= scores[-1] for _, s in found):
                return rows, scores
            limit = min(limit * 4, count)

    def _of_segment(self, at: int, vector: Vectors, limit: int, passing: Mask | None) -> tuple[Rows, Vectors]:
        parameters = None
        if passing is not None:
            bits = np.packbits(passing[self._starts[at] : self._starts[at + 1]], bitorder="little")
            selector = faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, rows = _by_one_thread(self._segments[at], vector, limit, parameters)
        return rows + self._starts[at], scores


class DenseWriter:
    """Vectors in the order in which they come, kept in a file until they are put in that of their rows.

    Args:
        folder: of the generation that is being made.
        dimension: of the vectors.
        base: what is built upon.
        flat_most: more rows than this get sketches.
        segment: rows of a segment.
    """

    def __init__(
        self,
        folder: Path,
        dimension: int,
        base: DenseIndex | None = None,
        flat_most: int = FLAT_MOST,
        segment: int = SEGMENT,
    ) -> None:
        self._folder = folder
        self.dimension = dimension
        self._base = base
        self._flat_most = flat_most
        self._segment = segment
        self._spool = folder / _SPOOL

    def add(self, vectors: Vectors) -> None:
        """Add float32 ``(n, d)`` unit vectors.

        Raises:
            OSError: they cannot be written.
        """
        with self._spool.open("ab") as stream:
            stream.write(vectors.astype(np.float16).tobytes())

    def save(self, order: Rows) -> None:
        """Write the files of a :class:`DenseIndex`.

        Args:
            order: int64 ``(n,)``: what each row holds, as a row of the base, or counted on from these, one that was
                added.

        Raises:
            OSError, RuntimeError: they cannot be written.
        """
        sketches = self._trained(order) if len(order) > max(self._flat_most, _CODES) else None
        for number, first in enumerate(range(0, max(len(order), 1), self._segment)):
            segment: _Faiss = _flat(self.dimension)
            for vectors in self._batches(order[first : first + self._segment]):
                segment.add(vectors)
                if sketches is not None:
                    sketches.add(vectors)
            faiss.write_index(segment, str(self._folder / (_NEXT.format(number) if number else _FIRST)))
        if sketches is not None:
            faiss.write_index(sketches, str(self._folder / _SKETCHES))
        self._spool.unlink(missing_ok=True)

    def _trained(self, order: Rows) -> _Faiss:
        parts = next(n for n in range(_MOST_PARTS, 0, -1) if self.dimension % n == 0)
        sketches: _Faiss = faiss.IndexPQFastScan(self.dimension, parts, 4, faiss.METRIC_INNER_PRODUCT)
        chance = np.random.default_rng(7)
        few = np.sort(chance.choice(len(order), min(_TRAINED_ON, len(order)), replace=False))
        sketches.train(np.concatenate(list(self._batches(order[few]))))
        return sketches

    def _batches(self, order: Rows) -> Iterator[Vectors]:
        held = len(self._base) if self._base else 0
        for first in range(0, len(order), _BATCH):
            part = order[first : first + _BATCH]
            vectors = np.empty((len(part), self.dimension), dtype=np.float32)
            added = part >= held
            if self._base:
                vectors[~added] = self._base.halves(part[~added])
            if added.any():
                vectors[added] = self._added(part[added] - held)
            yield vectors

    def _added(self, numbers: Rows) -> Halves:
        """What was added, by its number, float16 ``(n, d)``. It is not mapped: that would take as much memory."""
        found = np.empty((len(numbers), self.dimension), dtype=np.float16)
        runs = np.split(np.arange(len(numbers)), np.flatnonzero(np.diff(numbers) != 1) + 1)
        with self._spool.open("rb") as stream:
            for run in runs:
                stream.seek(int(numbers[run[0]]) * found[0].nbytes)
                found[run] = np.frombuffer(stream.read(found[run].nbytes), np.float16).reshape(len(run), -1)
        return found


def _flat(dimension: int) -> faiss.Index:
    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def _segment(index: _Faiss) -> _Faiss:
    """A segment as it was read; the only one of the first layout had ids besides, which ascended."""
    if isinstance(index, faiss.IndexIDMap):
        ids = faiss.vector_to_array(index.id_map)
        inner: _Faiss = faiss.downcast_index(index.index)
        inner.referenced_objects = [index]  # which owns it
        if isinstance(inner, faiss.IndexScalarQuantizer) and (np.diff(ids) > 0).all():
            return inner
    elif isinstance(index, faiss.IndexScalarQuantizer):
        return index
    raise RuntimeError("its vectors lie in a layout of an earlier version")


def _view(segment: _Faiss) -> Halves:
    codes = faiss.rev_swig_ptr(segment.codes.data(), segment.codes.size())
    return codes.view(np.float16).reshape(-1, segment.d)


def _by_one_thread(
    index: _Faiss, vector: Vectors, limit: int, parameters: faiss.SearchParameters | None = None
) -> tuple[Vectors, Rows]:
    """Scores and rows for one query, best first.

    FAISS deals out queries to threads: with one query the others have nothing to do, but wait for it so eagerly that
    they keep other work off the cores.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        scores, rows = index.search(vector.reshape(1, -1), limit, params=parameters)
    finally:
        faiss.omp_set_num_threads(before)
    found = rows[0] >= 0
    return scores[0][found], rows[0][found]


def _best(rows: Rows, scores: Vectors, k: int) -> tuple[Rows, Vectors]:
    order = np.lexsort((rows, -scores))[:k]
    return rows[order], scores[order]
