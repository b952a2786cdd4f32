"""A generation in the making on a Milvus server."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from retrieval.dates import PartialDate
from retrieval.encoders.port import Vectors
from retrieval.errors import IndexDamaged, IndexFault
from retrieval.index.lexical import LexicalIndex
from retrieval.index.milvus.index import MilvusIndex
from retrieval.index.milvus.records import Record
from retrieval.index.milvus.rows import among, date_of, in_parts, row_of
from retrieval.index.milvus.server import MilvusServer
from retrieval.index.port import GenerationInfo, IndexedPassage
from retrieval.index.writing import writing
from retrieval.types import Horizon

logger = logging.getLogger(__name__)

_AT_ONCE = 500
"""Rows that are written, or copied, at once."""
_READ_BACK = 10_000
_FILTERED_BY = ("article_id", "source", "first_day", "last_day")


class MilvusIndexWriter:
    """A collection that no alias names yet. What it takes over from the generation before is copied at publication.

    Args:
        server: that holds it.
        collection: its name; it is there, and empty.
        unfinished: the info of the generation, as yet without what it holds.
        base: the generation that is built upon; it is closed in the end.
        words: the lexical index in the data folder, a copy of the base's; ``None`` where the server searches words.
        replicas: copies of it to be loaded.
        publish: makes the collection the current one, in one step.
        remove: removes the collection and what belongs to it.
    """

    def __init__(
        self,
        server: MilvusServer,
        collection: str,
        unfinished: GenerationInfo,
        base: MilvusIndex | None,
        words: LexicalIndex | None,
        *,
        replicas: int,
        publish: Callable[[Record], None],
        remove: Callable[[], None],
    ) -> None:
        self._server = server
        self._collection = collection
        self._unfinished = unfinished
        self._base = base
        self._words = words
        self._replicas = replicas
        self._make_current = publish
        self._remove = remove
        self._added: set[int] = set()
        self._deleted: set[int] = set()
        self._ended = False

    def add(self, passages: Sequence[IndexedPassage], vectors: Vectors) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        expected = (len(passages), self._unfinished.dimension)
        if vectors.shape != expected:
            raise ValueError(f"{len(passages)} passages need {expected}, got {vectors.shape}")
        new = {passage.id for passage in passages}
        if len(new) < len(passages) or not self._added.isdisjoint(new) or self._in_base(new - self._deleted):
            raise ValueError("a passage id is in the index already: delete it first")
        words = self._server.has_bm25
        rows = [row_of(passage, vector, words=words) for passage, vector in zip(passages, vectors, strict=True)]
        for part in in_parts(rows, _AT_ONCE):
            self._server.insert(self._collection, part)
        if self._words is not None:
            with writing(self._words.folder):
                self._words.add(passages)
        self._added |= new

    def delete(self, ids: Sequence[int]) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        gone = {int(i) for i in ids}
        for part in in_parts(sorted(gone & self._added), _AT_ONCE):
            self._server.delete(self._collection, among(part))
        if self._words is not None:
            with writing(self._words.folder):
                self._words.remove(gone)
        self._deleted |= gone
        self._added -= gone

    def publish(self) -> GenerationInfo:
        """See :class:`retrieval.index.port.IndexWriter`."""
        expected = len(self._added) + self._copy()
        if self._words is not None:
            with writing(self._words.folder):
                self._words.commit()
        self._server.seal(self._collection, self._replicas)
        written = self._server.now()
        record = self._read_back(expected, written)
        self._make_current(record)
        self._end()
        return record.info

    def _in_base(self, ids: set[int]) -> bool:
        base = self._base
        return any(
            self._server.count(base.collection, among(part), base.record.written)
            for part in in_parts(sorted(ids), _AT_ONCE)
            if base is not None
        )

    def _copy(self) -> int:
        """Take over what the base holds and was not deleted, a part at a time.

        Returns:
            How many passages that is.
        """
        if self._base is None:
            return 0
        fields = ("vector", *_FILTERED_BY, *(("words",) if self._server.has_bm25 else ()))
        copied = 0
        for page in self._server.stream(self._base.collection, fields, _AT_ONCE):
            rows = [row for row in page if row["id"] not in self._deleted]
            self._server.insert(self._collection, rows)
            copied += len(rows)
        return copied

    def _read_back(self, expected: int, written: int) -> Record:
        """Read what the collection holds, from the collection itself.

        Raises:
            IndexDamaged: it is not what was written.
        """
        passages = 0
        probe: int | None = None
        articles: dict[str, tuple[str, PartialDate | None]] = {}
        for page in self._server.stream(self._collection, _FILTERED_BY, _READ_BACK):
            passages += len(page)
            probe = page[0]["id"] if probe is None else probe
            articles |= {row["article_id"]: (row["source"], date_of(row)) for row in page}
        counted = passages if self._words is None else len(self._words)
        if not passages == counted == expected:
            raise IndexDamaged(
                f"the new generation was written with {expected} passages, and holds {passages} "
                f"({counted} by their words): index again"
            )
        if probe is not None:
            self._find(probe)
        info = GenerationInfo(
            number=self._unfinished.number,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            encoder=self._unfinished.encoder,
            dimension=self._unfinished.dimension,
            passages=passages,
            horizon=Horizon.of([date for _, date in articles.values()]),
        )
        return Record(info, Counter(source for source, _ in articles.values() if source), written)

    def _find(self, passage_id: int) -> None:
        vector = np.array(
            self._server.rows(self._collection, [passage_id], ["vector"])[passage_id]["vector"], np.float32
        )
        found = self._server.nearest(self._collection, vector, 1)
        if not found or found[0][1] < float(vector @ vector) - 1e-3:
            raise IndexDamaged("the new generation does not find its own first passage: index again")

    def abandon(self) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        if self._ended:
            return
        self._end()
        if self._words is not None:
            self._words.release()
        try:
            self._remove()
        except IndexFault as error:
            logger.warning("an unfinished generation stays until the next run: %s", error)

    def _end(self) -> None:
        self._ended = True
        if self._base:
            self._base.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.abandon()
