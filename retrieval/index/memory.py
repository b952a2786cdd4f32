"""The index port in NumPy and plain Python, in memory: for tests, and as the reference of what the port means."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from typing import Self

import numpy as np
import numpy.typing as npt

from retrieval.dates import PartialDate
from retrieval.encoders.port import Vectors
from retrieval.errors import IndexMissing
from retrieval.index.port import EVERYTHING, GenerationInfo, IndexedPassage, Match, PassageIds
from retrieval.types import Filters, Horizon

_WORD = re.compile(r"\w+")
_STOP_WORDS = frozenset(
    (
        "a an and are as at be but by for if in into is it no not of on or such that the their then there these they "
        "this to was will with"
    ).split()
)
# BM25's usual constants: how soon repeating a word stops counting, and how much a long text is held against it.
_K1, _B = 1.2, 0.75

_Scores = npt.NDArray[np.float64]
_Rows = Mapping[int, tuple[IndexedPassage, Vectors]]


class MemoryIndex:
    """One generation: every search compares every passage."""

    shortcoming = ""
    at_once = True

    def __init__(self, info: GenerationInfo, rows: _Rows) -> None:
        self.info = info
        self._passages = [rows[i][0] for i in sorted(rows)]
        self._ids = np.array(sorted(rows), dtype=np.int64)
        vectors = [rows[i][1] for i in sorted(rows)]
        self._vectors = np.array(vectors, dtype=np.float32).reshape(-1, info.dimension)
        self._texts = _Bm25([passage.text for passage in self._passages])
        self._titles = _Bm25([passage.title for passage in self._passages])
        self._release: Callable[[], object] = lambda: None

    def held(self, readers: Counter[int]) -> MemoryIndex:
        """The same, counted among the readers until it is closed or nobody refers to it any more."""
        index, number = copy(self), self.info.number
        readers[number] += 1
        index._release = weakref.finalize(index, readers.subtract, [number])
        return index

    def search_dense(self, vector: Vectors, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """See :class:`retrieval.index.port.Index`."""
        # Not by matrix product, which may round equal rows differently.
        return self._best(np.einsum("ij,j->i", self._vectors, vector).astype(np.float64), k, filters)

    def search_lexical(self, query: str, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """See :class:`retrieval.index.port.Index`."""
        words = list(dict.fromkeys(_words(query)))
        scores = self._texts.scores(words) + self._titles.scores(words)
        return [match for match in self._best(scores, k, filters) if match.score > 0]

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        """See :class:`retrieval.index.port.Index`."""
        total = len(self._passages)
        return [max((self._texts.frequency(part) for part in _words(word)), default=total) for word in words]

    def passage_ids(self) -> PassageIds:
        """See :class:`retrieval.index.port.Index`."""
        return self._ids

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """See :class:`retrieval.index.port.Index`."""
        return self._vectors[self._places(ids)] if len(ids) else self._vectors[:0]

    def published(self, ids: Sequence[int]) -> list[PartialDate | None]:
        """See :class:`retrieval.index.port.Index`."""
        return [self._passages[at].published for at in self._places(ids)]

    def sources(self) -> Mapping[str, int]:
        """See :class:`retrieval.index.port.Index`."""
        outlets = {passage.article_id: passage.source for passage in self._passages if passage.source}
        return Counter(outlets.values())

    def known_articles(self, ids: Iterable[str]) -> set[str]:
        """See :class:`retrieval.index.port.Index`."""
        return {passage.article_id for passage in self._passages}.intersection(ids)

    def close(self) -> None:
        """See :class:`retrieval.index.port.Index`."""
        self._release()

    def _places(self, ids: Sequence[int]) -> list[int]:
        place = {int(passage_id): at for at, passage_id in enumerate(self._ids)}
        return [place[int(i)] for i in ids]

    def _best(self, scores: _Scores, k: int, filters: Filters) -> list[Match]:
        kept = [at for at, p in enumerate(self._passages) if filters.keep(p.article_id, p.source, p.published)]
        kept.sort(key=lambda at: (-scores[at], self._passages[at].id))
        return [Match(self._passages[at].id, self._passages[at].article_id, float(scores[at])) for at in kept[:k]]


class MemoryIndexWriter:
    """A generation being built as a dictionary of its own."""

    def __init__(self, store: MemoryIndexStore, rows: _Rows) -> None:
        self._store = store
        self._rows = dict(rows)

    def add(self, passages: Sequence[IndexedPassage], vectors: Vectors) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        if vectors.shape != (len(passages), self._store.dimension):
            raise ValueError(f"{len(passages)} passages need {(len(passages), self._store.dimension)}: {vectors.shape}")
        added = {passage.id: (passage, vector) for passage, vector in zip(passages, vectors.copy(), strict=True)}
        if len(added) < len(passages) or added.keys() & self._rows.keys():
            raise ValueError("a passage id is in the index already: delete it first")
        self._rows |= added

    def delete(self, ids: Sequence[int]) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        for passage_id in ids:
            self._rows.pop(int(passage_id), None)

    def publish(self) -> GenerationInfo:
        """See :class:`retrieval.index.port.IndexWriter`."""
        return self._store.publish(self._rows)

    def abandon(self) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        self._rows.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.abandon()


class MemoryIndexStore:
    """Generations in memory; the last one published is the current one.

    Args:
        encoder: fingerprint of the encoder in use.
        dimension: of its vectors.
    """

    def __init__(self, encoder: str, dimension: int) -> None:
        self.encoder = encoder
        self.dimension = dimension
        self._current: MemoryIndex | None = None
        self._rows: _Rows = {}
        self._kept: list[int] = []
        self._readers: Counter[int] = Counter()

    def current(self) -> MemoryIndex:
        """See :class:`retrieval.index.port.IndexStore`."""
        if self._current is None:
            raise IndexMissing("nothing has been published: begin a generation first")
        return self._current.held(self._readers)

    def last_good(self, before: int | None = None) -> MemoryIndex | None:
        """See :class:`retrieval.index.port.Generations`; nothing in memory is damaged."""
        return self.current() if self._current and (before is None or self._current.info.number < before) else None

    def withdraw(self) -> None:
        """See :class:`retrieval.index.port.Generations`."""
        self._current, self._rows, self._kept = None, {}, []

    def clean_up(self) -> int | None:
        """See :class:`retrieval.index.port.IndexStore`; here a generation goes with its last reference."""
        self._kept = [n for n in self._kept[:-2] if self._readers[n] > 0] + self._kept[-2:]
        return min(self._kept, default=None)

    def current_number(self) -> int | None:
        """See :class:`retrieval.index.port.IndexStore`."""
        return self._current.info.number if self._current else None

    def begin(self, *, fresh: bool = False) -> MemoryIndexWriter:
        """See :class:`retrieval.index.port.IndexStore`."""
        return MemoryIndexWriter(self, {} if fresh else self._rows)

    def publish(self, rows: _Rows) -> GenerationInfo:
        """Make these rows, by passage id, the current generation."""
        info = GenerationInfo(
            number=(self.current_number() or 0) + 1,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            encoder=self.encoder,
            dimension=self.dimension,
            passages=len(rows),
            horizon=_horizon(passage for passage, _ in rows.values()),
        )
        self._rows = dict(rows)
        self._current = MemoryIndex(info, self._rows)
        self._kept.append(info.number)
        return info


class _Bm25:
    """BM25 (Robertson and Zaragoza, 2009) over a few texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._counts = [Counter(_words(text)) for text in texts]
        self._frequencies = Counter(word for counts in self._counts for word in counts)
        lengths = np.array([counts.total() for counts in self._counts], dtype=np.float64)
        self._norms = _K1 * (1 - _B + _B * lengths / max(lengths.mean() if len(lengths) else 0.0, 1e-9))

    def frequency(self, word: str) -> int:
        return self._frequencies[word]

    def scores(self, words: Sequence[str]) -> _Scores:
        """float64 ``(n,)``, 0 where none of the words occurs."""
        total = np.zeros(len(self._counts))
        for word in words:
            counts = np.array([counts[word] for counts in self._counts], dtype=np.float64)
            frequency = self._frequencies[word]
            idf = np.log1p((len(self._counts) - frequency + 0.5) / (frequency + 0.5))
            total += idf * counts * (_K1 + 1) / (counts + self._norms + 1e-12)
        return total


def _words(text: str) -> list[str]:
    """Lower-cased words without accents, stop words and a plural's "s"."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return [word.removesuffix("s") or word for word in _WORD.findall(plain) if word not in _STOP_WORDS]


def _horizon(passages: Iterable[IndexedPassage]) -> Horizon:
    published = {passage.article_id: passage.published for passage in passages}
    return Horizon.of(list(published.values()))
