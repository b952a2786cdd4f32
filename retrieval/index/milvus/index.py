"""One generation on a Milvus server, opened."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from retrieval.dates import PartialDate
from retrieval.encoders.port import Vectors
from retrieval.index.lexical import LexicalIndex, terms
from retrieval.index.milvus.records import Record
from retrieval.index.milvus.rows import Row, date_of, expression_of, in_parts, plain, query_of, storable
from retrieval.index.milvus.server import MOST_FOUND, MilvusServer
from retrieval.index.milvus.witness import Witness
from retrieval.index.port import EVERYTHING, GenerationInfo, Match, PassageIds
from retrieval.types import Filters

NO_WORDS = (
    "searched by meaning alone: the server searches no words (Milvus 2.5 and later do), and this data folder "
    "holds no index of them; `backchannel index --rebuild` here makes one"
)

# Rows are asked for so many at a time, articles so many.
_AT_ONCE, _ARTICLES = 1000, 100
_IDS = 10_000

_Found = tuple[int, float, str]


class Words(Protocol):
    """Search by words."""

    def search(self, query: str, k: int, filters: Filters) -> list[Match]:
        """As :meth:`retrieval.index.port.Index.search_lexical`."""

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        """As :meth:`retrieval.index.port.Index.document_frequencies`."""


class MilvusIndex:
    """A collection that is written to no more.

    Args:
        server: that holds it.
        collection: its name.
        record: what was noted about it.
        words: a lexical index in the data folder, for a server that has none; ``None`` where that has one, or
            nobody has.
        server_words: whether the server searches words.
        release: called once when the index is closed or nobody refers to it any more.
    """

    at_once = True  # it waits for a server

    def __init__(
        self,
        server: MilvusServer,
        collection: str,
        record: Record,
        words: LexicalIndex | None,
        *,
        server_words: bool,
        release: Callable[[], object],
    ) -> None:
        self.collection = collection
        self.record = record
        self.server_words = server_words
        self.shortcoming = "" if words is not None or server_words else NO_WORDS
        self._server = server
        self._witness = Witness(server, collection, record.written)
        self._rows = _Rows(self._witness if record.info.passages else None)
        self._words = self._words_of(words)
        self._release = weakref.finalize(self, release)

    def _words_of(self, local: LexicalIndex | None) -> Words:
        if local is not None:
            return _LocalWords(local, self._rows)
        total = self.info.passages
        if self.server_words:
            return _ServerWords(self._server, self.collection, self.record.written, total)
        return _NoWords(total)

    @property
    def info(self) -> GenerationInfo:
        """See :class:`retrieval.index.port.Index`."""
        return self.record.info

    def search_dense(self, vector: Vectors, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """See :class:`retrieval.index.port.Index`; at most ``MOST_FOUND``."""
        if not self.info.passages:
            return []
        return _best(lambda limit: self._witness.nearest(vector, limit, filters), k)

    def search_lexical(self, query: str, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """See :class:`retrieval.index.port.Index`; at most ``MOST_FOUND``."""
        return self._words.search(query, k, filters)

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        """See :class:`retrieval.index.port.Index`; without an index of words, each is taken for rare."""
        return self._words.document_frequencies(words)

    def passage_ids(self) -> PassageIds:
        """See :class:`retrieval.index.port.Index`; they are all fetched."""
        return self._witness.ready(self._streamed_ids, lambda ids: len(ids) == self.info.passages)

    def _streamed_ids(self) -> PassageIds:
        pages = [
            np.array([row["id"] for row in page], dtype=np.int64)
            for page in self._server.stream(self.collection, [], _IDS)
        ]
        return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *pages]))

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """See :class:`retrieval.index.port.Index`."""
        if not len(ids):
            return np.empty((0, self.info.dimension), dtype=np.float32)
        return np.array([row["vector"] for row in self._rows(ids, "vector")], dtype=np.float32)

    def published(self, ids: Sequence[int]) -> list[PartialDate | None]:
        """See :class:`retrieval.index.port.Index`."""
        return [date_of(row) for row in self._rows(ids, "first_day", "last_day")]

    def sources(self) -> Mapping[str, int]:
        """See :class:`retrieval.index.port.Index`."""
        return self.record.sources

    def known_articles(self, ids: Iterable[str]) -> set[str]:
        """See :class:`retrieval.index.port.Index`."""
        wanted = {i for i in ids if storable(i)} if self.info.passages else set()
        known: set[str] = set()
        for part in in_parts(sorted(wanted), _ARTICLES):
            expression = expression_of(Filters(article_ids=frozenset(part))) or ""
            known |= {row["article_id"] for row in self._witness.select(expression, ["article_id"])}
        return known & wanted

    def close(self) -> None:
        """See :class:`retrieval.index.port.Index`."""
        self._release()


class _Rows:
    """The rows of a collection, by their ids.

    Args:
        witness: of the collection; ``None`` where that is empty.
    """

    def __init__(self, witness: Witness | None) -> None:
        self._witness = witness

    def __call__(self, ids: Sequence[int], *fields: str) -> list[Row]:
        """The rows of these passages, in this order.

        Raises:
            KeyError: a passage is not there.
        """
        rows: dict[int, Row] = {}
        for part in in_parts(sorted({int(i) for i in ids}), _AT_ONCE):
            rows |= self._witness.rows(part, fields) if self._witness else {}
        return [rows[int(i)] for i in ids]


class _LocalWords:
    """A lexical index in the data folder."""

    def __init__(self, lexical: LexicalIndex, rows: _Rows) -> None:
        self._lexical = lexical
        self._rows = rows

    def search(self, query: str, k: int, filters: Filters) -> list[Match]:
        found = self._lexical.search(query, k, filters)
        rows = self._rows([passage_id for passage_id, _ in found], "article_id")
        return [Match(i, row["article_id"], score) for (i, score), row in zip(found, rows, strict=True)]

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        return self._lexical.document_frequencies(words)


class _ServerWords:
    """BM25 by the server."""

    def __init__(self, server: MilvusServer, collection: str, written: int, total: int) -> None:
        self._server = server
        self._collection = collection
        self._written = written
        self._total = total
        self._counted: dict[str, int] = {}

    def search(self, query: str, k: int, filters: Filters) -> list[Match]:
        wanted, expression = query_of(query), expression_of(filters)
        if not wanted or expression is None or not self._total:
            return []
        return _best(
            lambda limit: self._server.best_worded(self._collection, wanted, limit, expression, self._written), k
        )

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        return [max((self._count(term) for term in terms(word)), default=self._total) for word in words]

    def _count(self, term: str) -> int:
        if not self._total:
            return 0
        if term not in self._counted:
            expression = f"TEXT_MATCH(words, '{plain(term)}')"
            self._counted[term] = self._server.count(self._collection, expression, self._written)
        return self._counted[term]


class _NoWords:
    """No search by words: nothing is found, and every word but stop words is taken to be rare."""

    def __init__(self, total: int) -> None:
        self._total = total

    def search(self, query: str, k: int, filters: Filters) -> list[Match]:  # noqa: ARG002
        return []

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        return [min(1, self._total) if terms(word) else self._total for word in words]


def _best(search: Callable[[int], list[_Found]], k: int) -> list[Match]:
    """The ``k`` best of what a search finds, equal scores by ascending id, of which a server keeps any."""
    if k <= 0:
        return []
    limit = min(k + 1, MOST_FOUND)
    while True:
        found = search(limit)
        if len(found) < limit or limit == MOST_FOUND or found[-1][1] < found[k - 1][1]:
            break
        limit = min(4 * limit, MOST_FOUND)
    found.sort(key=lambda hit: (-hit[1], hit[0]))
    return [Match(passage_id, article_id, score) for passage_id, score, article_id in found[:k]]
