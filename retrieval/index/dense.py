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
from contextlib import contextmanager
from functools import cached_property
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Vectors
from retrieval.index.port import Mask, PassageIds, Rows

FLAT_MOST = 200_000
"""So many vectors of 384 dimensions are compared in some 8 ms."""
SEGMENT = 32_768
"""Rows of a segment: while an index is made, one of them is held in memory."""

Halves = npt.NDArray[np.float16]
_Faiss = Any  # what is known of an index's kind is known at run time

CANDIDATES = 2000
"""So many of the nearest by their sketches are compared by their vectors, at least. Of a million passages of speeches,
these hold all of the ten nearest to runs of twelve words, and .999 of the 200 nearest."""

_FIRST, _NEXT = "dense.faiss", "dense-{:04}.faiss"
_SKETCHES, _SPOOL = "sketches.faiss", "added.f16"
# Fewer rows than this are compared one by one: quicker than handing FAISS a selector over all.
_FEW = 4096
_BATCH = 4096
# A sketch has a part for every two dimensions, but no more than this; zeros fill up the last.
_MOST_PARTS = 256
# The codes of four bits. FAISS trains on 256 vectors for each, and needs as many as there are codes.
_CODES = 16
_TRAINED_ON = 256 * _CODES
# Of all vectors one in so many is a candidate, and so many are for each that is asked for.
_ONE_OF, _FOR_EACH = 500, 10
# More than one in so many candidates take as long as to compare all vectors.
_AT_MOST_ONE_OF = 20
# Of what is expected of them, this share has to pass a filter; by chance alone it hardly ever is less.
_NEARLY = 0.9


class DenseIndex:
    """Vectors by row; inner product on unit vectors. Nothing in it can be changed; a :class:`DenseWriter` makes one.

    Args:
        segments: one after the other, each a ``faiss.IndexScalarQuantizer`` in half precision.
        sketches: of all rows; ``None`` where every search compares all vectors.
        flat_most: filters that keep no more than this are exact whatever there is.
        candidates: so many at least are compared by their vectors.
    """

    def __init__(
        self, segments: list[_Faiss], sketches: faiss.Index | None, flat_most: int, candidates: int = CANDIDATES
    ) -> None:
        self._segments = segments
        self._sketches: _Faiss = sketches
        self._flat_most = flat_most
        self._candidates = candidates
        self._starts = np.cumsum([0, *(segment.ntotal for segment in segments)])

    @classmethod
    def load(
        cls, folder: Path, flat_most: int = FLAT_MOST, candidates: int = CANDIDATES, *, searched: bool = True
    ) -> DenseIndex:
        """Read what :class:`DenseWriter` wrote, leaving the vectors in their files.

        Args:
            folder: where it lies.
            flat_most: filters that keep no more than this are exact whatever there is.
            candidates: so many at least are compared by their vectors.
            searched: read the sketches too, which are held in memory; without them a search compares all vectors.

        Raises:
            RuntimeError: there is no such index, or its files do not belong together.
        """
        # Elsewhere a file that is mapped could not be removed.
        flags = faiss.IO_FLAG_MMAP_IFC if os.name == "posix" else 0
        segments = [_segment(faiss.read_index(str(file), flags)) for file in _files(folder)]
        file = folder / _SKETCHES
        sketches = faiss.read_index(str(file)) if searched and file.exists() else None
        index = cls(segments, sketches, flat_most, candidates)
        if sketches is not None and sketches.ntotal != len(index):
            raise RuntimeError(f"{sketches.ntotal} sketches are there of {len(index)} vectors")
        return index

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

        Nearly all of them where there are sketches.

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
        """Rows that most likely hold the ``k`` nearest, by their sketches; ``None`` where all have to be compared.

        That is where it would be as quick, and where the filter keeps fewer of what lies near the query than of all:
        the nearest of those that pass lie so deep then that their sketches do not tell them.
        """
        enough = max(self._candidates, len(self) // _ONE_OF, _FOR_EACH * k)
        wanted = math.ceil(enough * len(self) / count)
        if wanted > len(self) // _AT_MOST_ONE_OF:
            return None
        _, rows = _search(self._sketches, _padded(vector.reshape(1, -1), self._sketches.d), wanted)
        if passing is not None:
            rows = rows[passing[rows]]
        # A vector of zeros is like no other by its sketch.
        return np.sort(rows) if len(rows) >= _NEARLY * enough else None

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
        segment, parameters = self._segments[at], None
        if passing is not None:
            part = passing[self._starts[at] : self._starts[at + 1]]
            if not part.any():
                return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
            selector = faiss.IDSelectorBitmap(np.packbits(part, bitorder="little"))  # type: ignore[call-arg, arg-type]
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, rows = _search(segment, vector.reshape(1, -1), min(limit, segment.ntotal), parameters)
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
        """Write the files of a :class:`DenseIndex`; nothing can be added afterwards.

        Args:
            order: int64 ``(n,)``: what each row holds, as a row of the base, or counted on from these, one that was
                added.

        Raises:
            OSError, RuntimeError: they cannot be written.
        """
        with _one_thread():
            sketches = self._trained(order) if len(order) > max(self._flat_most, _CODES) else None
            for number, first in enumerate(range(0, max(len(order), 1), self._segment)):
                segment: _Faiss = _flat(self.dimension)
                for vectors in self._batches(order[first : first + self._segment]):
                    segment.add(vectors)
                    if sketches is not None:
                        sketches.add(_padded(vectors, sketches.d))
                faiss.write_index(segment, str(_file(self._folder, number)))
            if sketches is not None:
                faiss.write_index(sketches, str(self._folder / _SKETCHES))
        self._spool.unlink(missing_ok=True)
        self._base = None

    def _trained(self, order: Rows) -> _Faiss:
        parts = min(math.ceil(self.dimension / 2), _MOST_PARTS)
        width = parts * math.ceil(self.dimension / parts)
        sketches: _Faiss = faiss.IndexPQFastScan(width, parts, 4, faiss.METRIC_INNER_PRODUCT)
        chance = np.random.default_rng(7)
        few = np.sort(chance.choice(len(order), min(_TRAINED_ON, len(order)), replace=False))
        sketches.train(_padded(np.concatenate(list(self._batches(order[few]))), width))
        return sketches

    def _batches(self, order: Rows) -> Iterator[Vectors]:
        held = len(self._base) if self._base is not None else 0
        for first in range(0, len(order), _BATCH):
            part = order[first : first + _BATCH]
            vectors = np.empty((len(part), self.dimension), dtype=np.float32)
            added = part >= held
            if self._base is not None:
                vectors[~added] = self._base.halves(part[~added])
            if added.any():
                vectors[added] = self._added(part[added] - held)
            yield vectors

    def _added(self, numbers: Rows) -> Halves:
        """What was added, by its number, float16 ``(n, d)``. It is not mapped: that would take as much memory."""
        found = np.empty((len(numbers), self.dimension), dtype=np.float16)
        ends = [*(np.flatnonzero(np.diff(numbers) != 1) + 1).tolist(), len(numbers)]
        first = 0
        with self._spool.open("rb") as stream:
            for end in ends:
                stream.seek(int(numbers[first]) * found[0].nbytes)
                read = stream.read((end - first) * found[0].nbytes)
                found[first:end] = np.frombuffer(read, np.float16).reshape(end - first, -1)
                first = end
        return found


def _file(folder: Path, number: int) -> Path:
    """Of a segment."""
    return folder / (_NEXT.format(number) if number else _FIRST)


def _files(folder: Path) -> list[Path]:
    return [_file(folder, 0), *takewhile(Path.exists, (_file(folder, number) for number in count(1)))]


def _flat(dimension: int) -> faiss.Index:
    return faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)


def _segment(index: _Faiss) -> _Faiss:
    """A segment as it was read, or the vectors of the first layout: one file, with ids, perhaps in inverted lists."""
    if isinstance(index, faiss.IndexScalarQuantizer):
        return index
    if isinstance(index, faiss.IndexIDMap):
        return _in_order(faiss.vector_to_array(index.id_map), _view(faiss.downcast_index(index.index)))
    if isinstance(index, faiss.IndexIVFScalarQuantizer):
        lists = [_inverted_list(index, at) for at in range(index.nlist)]
        return _in_order(np.concatenate([ids for ids, _ in lists]), np.concatenate([halves for _, halves in lists]))
    kind = type(index).__name__
    raise RuntimeError(f"a file of vectors holds an index of another kind, {kind}")


def _in_order(ids: PassageIds, halves: Halves) -> _Faiss:
    segment: _Faiss = _flat(halves.shape[1])
    order = np.argsort(ids, kind="stable")
    for first in range(0, len(order), _BATCH):
        segment.add(halves[order[first : first + _BATCH]].astype(np.float32))
    return segment


def _inverted_list(index: _Faiss, at: int) -> tuple[PassageIds, Halves]:
    size = index.invlists.list_size(at)
    if not size:
        return np.empty(0, dtype=np.int64), np.empty((0, index.d), dtype=np.float16)
    codes = faiss.rev_swig_ptr(index.invlists.get_codes(at), size * index.code_size)
    return faiss.rev_swig_ptr(index.invlists.get_ids(at), size).copy(), codes.view(np.float16).reshape(size, -1).copy()


def _view(segment: _Faiss) -> Halves:
    """Vectors where they lie."""
    codes = faiss.rev_swig_ptr(segment.codes.data(), segment.codes.size())
    return codes.view(np.float16).reshape(-1, segment.d)


def _padded(vectors: Vectors, width: int) -> Vectors:
    """With zeros up to a width, which leave inner products as they are."""
    missing = width - vectors.shape[1]
    return np.pad(vectors, ((0, 0), (0, missing))) if missing else vectors


@contextmanager
def _one_thread() -> Iterator[None]:
    """FAISS by one thread.

    It deals out queries to threads, and training to as many for each little part: the others have next to nothing to
    do, but wait for it so eagerly that they keep other work off the cores.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _search(
    index: _Faiss, query: Vectors, limit: int, parameters: faiss.SearchParameters | None = None
) -> tuple[Vectors, Rows]:
    """Scores and rows for one query, float32 ``(1, d)``, best first."""
    with _one_thread():
        scores, rows = index.search(query, limit, params=parameters)
    found = rows[0] >= 0
    return scores[0][found], rows[0][found]


def _best(rows: Rows, scores: Vectors, k: int) -> tuple[Rows, Vectors]:
    order = np.lexsort((rows, -scores))[:k]
    return rows[order], scores[order]
