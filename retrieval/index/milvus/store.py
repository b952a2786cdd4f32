"""Generations on a Milvus server: collections of one name, one of which an alias of that name names."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

from retrieval.errors import IndexDamaged, IndexForeign, IndexMissing, IndexUnwritable
from retrieval.index.manifest import check_encoder
from retrieval.index.milvus.index import MilvusIndex
from retrieval.index.milvus.records import Record, Records
from retrieval.index.milvus.server import WHOLE, MilvusServer, Shape
from retrieval.index.milvus.witness import until
from retrieval.index.milvus.words import WordFolders
from retrieval.index.milvus.writer import MilvusIndexWriter
from retrieval.index.port import GenerationInfo
from retrieval.types import Horizon

logger = logging.getLogger(__name__)

_KEPT = 2
GRACE = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class MilvusPlace:
    """Where generations lie on a server.

    Args:
        server: that holds them.
        name: of the alias, and the beginning of the collections' names.
        words: a folder for lexical indexes, where the server searches no words.
    """

    server: MilvusServer
    name: str
    words: Path


class MilvusGenerations:
    """Generations of one name on a server.

    Args:
        place: where they lie.
        encoder: fingerprint of the encoder in use, an index of another one is refused; ``None`` takes any.
    """

    def __init__(self, place: MilvusPlace, encoder: str | None) -> None:
        self._server = place.server
        self._name = place.name
        self._folders = WordFolders(place.words)
        self._records = Records(place.server, place.name)
        self._accepted = encoder
        self._readers: Counter[str] = Counter()

    def current_number(self) -> int | None:
        """See :class:`retrieval.index.port.Generations`."""
        collection = self._server.target(self._name)
        return None if collection is None else self._number(collection)

    def current(self) -> MilvusIndex:
        """See :class:`retrieval.index.port.Generations`."""
        collection = self._server.target(self._name)
        while collection is not None:
            try:
                return self._open(collection)
            except IndexDamaged:
                # It may have been replaced and removed since it was named.
                tried, collection = collection, self._server.target(self._name)
                if collection == tried:
                    raise
        raise IndexMissing(f"there is no index {self._name!r} at {self._server}: run `backchannel index` first")

    def last_good(self, before: int | None = None) -> MilvusIndex | None:
        """See :class:`retrieval.index.port.Generations`."""
        for collection in reversed(self._collections()):
            if before is None or self._number(collection) < before:
                with suppress(IndexDamaged, IndexForeign):
                    return self._open(collection)
        return None

    def withdraw(self) -> None:
        """See :class:`retrieval.index.port.Generations`."""
        self._server.unpoint(self._name)
        for collection in self._collections():
            self._remove(collection)

    def _open(self, collection: str) -> MilvusIndex:
        noted = self._records.noted().get(collection)
        if noted is None:
            raise IndexDamaged(f"{collection} at {self._server} was never finished: run `backchannel index --rebuild`")
        record = Record.read(noted)
        if self._accepted is not None:
            check_encoder(record.info, self._accepted)
        self._server.ready(collection)
        held = until(
            lambda: self._server.count(collection, since=record.written),
            lambda held: held > 0 or not record.info.passages,
            self._server.access.timeout,
        )
        if held != record.info.passages:
            raise IndexDamaged(
                f"{collection} at {self._server} holds {held} of {record.info.passages} passages: "
                "run `backchannel index --rebuild`"
            )
        on_server = "words" in self._server.fields(collection)
        local = None if on_server else self._folders.open(collection)
        self._readers[collection] += 1
        return MilvusIndex(
            self._server,
            collection,
            record,
            local,
            server_words=on_server,
            release=lambda: self._readers.subtract([collection]),
        )

    def _collections(self) -> list[str]:
        """All collections of the name, finished or not, the oldest first."""
        found = (self._named.fullmatch(collection) for collection in self._server.collections())
        return sorted(match[0] for match in found if match)

    def _finished(self) -> Iterator[tuple[str, Record]]:
        noted = self._records.noted()
        for collection in self._collections():
            # A newer version's, or one that cannot be read, is finished too, but nothing that is known here.
            with suppress(IndexDamaged, IndexForeign):
                if collection in noted:
                    yield collection, Record.read(noted[collection])

    def _number(self, collection: str) -> int:
        match = self._named.fullmatch(collection)
        if match is None:
            raise IndexForeign(
                f"the alias {self._name} at {self._server} names {collection!r}, which is no generation: "
                "set BACKCHANNEL_MILVUS_NAME to another name"
            )
        return int(match[1])

    @cached_property
    def _named(self) -> re.Pattern[str]:
        return re.compile(rf"{re.escape(self._name)}_(\d{{8}})_[0-9a-f]{{8}}")

    def _remove(self, collection: str) -> None:
        self._records.forget(collection)
        self._server.drop(collection)
        self._folders.remove(collection)


class MilvusIndexStore(MilvusGenerations):
    """The same, where new ones are made.

    Args:
        place: where they lie.
        encoder: fingerprint of the encoder in use; an index of another one is refused.
        dimension: of its vectors.
        shape: how new collections are spread over a cluster.
        grace: how long a generation is left after another took its place, for processes that still read it.
    """

    def __init__(
        self,
        place: MilvusPlace,
        encoder: str,
        dimension: int,
        shape: Shape = WHOLE,
        grace: dt.timedelta = GRACE,
    ) -> None:
        super().__init__(place, encoder)
        self.encoder = encoder
        self.dimension = dimension
        self._shape = shape
        self._grace = grace

    def clean_up(self) -> int | None:
        """See :class:`retrieval.index.port.IndexStore`; a generation is left for the grace after its successor came.

        Then it is removed, or, where it may have to stand in, kept on disk alone.
        """
        self._sweep()
        left = self._collections()
        finished = list(self._finished())
        current = self._server.target(self._name)
        now = dt.datetime.now(dt.UTC)
        kept = {collection for collection, _ in finished[-_KEPT:]}
        for (collection, _), (_, successor) in pairwise(finished):
            replaced = dt.datetime.fromisoformat(successor.info.created)
            if collection == current or self._readers[collection] > 0 or now - replaced < self._grace:
                continue
            if collection in kept:
                self._server.release(collection)
            else:
                self._remove(collection)
                left.remove(collection)
        self._folders.keep(left)
        return min(map(self._number, left), default=None)

    def begin(self, *, fresh: bool = False) -> MilvusIndexWriter:
        """See :class:`retrieval.index.port.IndexStore`."""
        current = self._server.target(self._name)
        if current is not None:
            self._number(current)  # what is not ours is not replaced
        base = self._base() if current is not None and not fresh else None
        self._records.prepare(self._shape.replicas)
        self._sweep()
        number = max(map(self._number, self._collections()), default=0) + 1
        collection = f"{self._name}_{number:08}_{uuid4().hex[:8]}"

        def publish(record: Record) -> None:
            if self._server.target(self._name) != current:
                raise IndexUnwritable(
                    f"another run has published to {self._name!r} at {self._server} meanwhile: "
                    "run `backchannel index` again"
                )
            self._records.note(collection, record)
            self._server.point(self._name, collection)

        on_server = self._server.has_bm25
        try:
            self._server.create(collection, self.dimension, self._shape, words=on_server)
            words = None if on_server else self._folders.begin(collection, base.collection if base else None)
        except BaseException:
            self._remove(collection)
            raise
        info = GenerationInfo(number, "", self.encoder, self.dimension, 0, Horizon(0, None, None))
        return MilvusIndexWriter(
            self._server,
            collection,
            info,
            base,
            words,
            replicas=self._shape.replicas,
            publish=publish,
            remove=lambda: self._remove(collection),
        )

    def _base(self) -> MilvusIndex:
        base = self.current()
        if base.server_words != self._server.has_bm25:
            base.close()
            raise IndexForeign(
                f"the index at {self._server} was made when the server searched words otherwise: "
                "run `backchannel index --rebuild`"
            )
        if base.shortcoming:
            logger.warning("%s", base.shortcoming)
        return base

    def _sweep(self) -> None:
        """Remove what was never finished; what answers stays, should its note be lost."""
        finished = {*self._records.noted(), self._server.target(self._name)}
        for collection in self._collections():
            if collection not in finished:
                self._remove(collection)
