"""Exact dense search by FAISS: the one module that imports it."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Vectors

# Fewer passages than this are compared one by one: quicker than handing FAISS a selector over all.
_FEW = 4096


class DenseIndex:
    """Vectors by id in a flat FAISS index of half-precision numbers; inner product on unit vectors."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def empty(cls, dimension: int) -> DenseIndex:
        """An index without vectors."""
        flat = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        return cls(faiss.IndexIDMap2(flat))

    @classmethod
    def load(cls, file: Path) -> DenseIndex:
        """Read what :meth:`save` wrote.

        Raises:
            RuntimeError: the file is no such index.
        """
        return cls(faiss.read_index(str(file)))

    def save(self, file: Path) -> None:
        """Write everything to one file."""
        faiss.write_index(self._index, str(file))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """d, the length of a vector."""
        return int(self._index.d)

    def add(self, ids: npt.NDArray[np.int64], vectors: Vectors) -> None:
        """Add float32 ``(n, d)`` unit vectors under new ids, int64 ``(n,)``."""
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def remove(self, ids: npt.NDArray[np.int64]) -> None:
        """Remove ids, int64 ``(n,)``; unknown ones are passed over."""
        if len(ids):
            self._index.remove_ids(ids)  # type: ignore[arg-type]  # FAISS's Python layer takes arrays

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
        parameters = None
        if only is not None:
            parameters = faiss.SearchParameters(sel=_selector(only))  # type: ignore[call-arg]
        limit = min(k + 1, count)
        while True:
            scores, ids = self._index.search(vector.reshape(1, -1), limit, params=parameters)
            # Of equal scores at the end FAISS keeps those added first, so all of them are fetched.
            if limit == count or scores[0][-1] < scores[0][k - 1]:
                return _best(ids[0], scores[0], k)
            limit = min(limit * 4, count)


def _best(ids: npt.NDArray[np.int64], scores: Vectors, k: int) -> tuple[npt.NDArray[np.int64], Vectors]:
    order = np.lexsort((ids, -scores))[:k]
    return ids[order], scores[order]


def _selector(ids: npt.NDArray[np.int64]) -> faiss.IDSelector:
    bits = np.zeros(int(ids.max()) + 1, dtype=bool)
    bits[ids] = True
    return faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))  # type: ignore[call-arg, arg-type]
