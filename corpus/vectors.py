"""Vectors of passages, kept by encoder and text, so that no text is encoded twice."""

from __future__ import annotations

import datetime as dt
import logging
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text, bindparam, delete, select, update

from corpus.catalogue import input_digest
from corpus.clauses import updating
from corpus.database import Database, many
from corpus.disposable import Disposable
from corpus.intake import batched
from corpus.schema import Schema
from retrieval.encoders.port import Encoder, Vectors
from retrieval.passages import encoder_inputs

UNUSED_DAYS = 30
"""Days after which a vector goes that no passage has, or that another encoder made."""

_NUMBERS = np.dtype("<f2")
_BATCH = 500
_tables = MetaData()
_vectors = Table(
    "vectors",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("encoder", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("used", Text, nullable=False),
    Column("checksum", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
)
_v = _vectors.c
Index("vectors_by_text", _v.digest, _v.encoder, unique=True)
Index("vectors_by_use", _v.used)
_FIND = select(_v.digest, _v.encoder, _v.checksum, _v.vector).where(_v.digest.in_(bindparam("digests", expanding=True)))
_log = logging.getLogger(__name__)


class VectorCache(Database):
    """Half-precision vectors in a file of their own, by encoder and digest of the text; each with a checksum.

    Args:
        file: made when it is missing; it can be deleted at any time.
        encoder: its fingerprint; the vectors of others are kept apart.
        dimension: of its vectors.

    Raises:
        CatalogueDamaged: the file is no database, or a broken one.
        CatalogueError: the file cannot be opened or written.
    """

    NAME: ClassVar[str] = "vectors.sqlite3"
    """Of the file in a data folder."""
    schema: ClassVar[Schema] = Schema(_tables, version=1)

    def __init__(self, file: Path, encoder: str, dimension: int) -> None:
        super().__init__(file)
        self._encoder = encoder
        self._dimension = dimension

    def find(self, digests: Sequence[str]) -> dict[str, Vectors]:
        """Vectors, float32 ``(d,)``, of those texts that have one; one that is not what was stored is left out."""
        found: dict[str, Vectors] = {}
        for batch in batched(map(bytes.fromhex, digests), _BATCH):
            for digest, encoder, checksum, vector in self._rows(_FIND, {"digests": batch}):
                whole = isinstance(vector, bytes) and len(vector) == self._dimension * _NUMBERS.itemsize
                if encoder == self._encoder and whole and checksum == self._checksum(digest, vector):
                    found[digest.hex()] = np.frombuffer(vector, _NUMBERS).astype(np.float32)
        return found

    def keep(self, digests: Sequence[str], vectors: Vectors, today: dt.date) -> None:
        """Store vectors, float32 ``(n, d)``, in place of those that the texts may have."""
        rows = []
        for digest, vector in zip(map(bytes.fromhex, digests), vectors.astype(_NUMBERS), strict=True):
            data = vector.tobytes()
            rows.append(
                {
                    "encoder": self._encoder,
                    "digest": digest,
                    "used": today.isoformat(),
                    "checksum": self._checksum(digest, data),
                    "vector": data,
                }
            )
        new = updating(_vectors, "used", "checksum", "vector", key=["digest", "encoder"])
        with self._transaction() as connection:
            many(connection, new, rows)

    def prune(self, in_use: Callable[[Sequence[str]], set[str]], today: dt.date) -> int:
        """Delete what nobody has used for :data:`UNUSED_DAYS`; returns how many vectors went.

        Args:
            in_use: those of the digests that a passage has.
            today: the day that is noted as the last use of those.
        """
        before = (today - dt.timedelta(days=UNUSED_DAYS)).isoformat()
        removed = self._write(delete(_vectors).where(_v.used < before, _v.encoder != self._encoder))
        while rows := self._rows(select(_v.id, _v.digest).where(_v.used < before).limit(_BATCH)):
            used = in_use([digest.hex() for _, digest in rows])
            with self._transaction() as connection:
                for row, digest in rows:
                    if digest.hex() in used:
                        connection.execute(update(_vectors).where(_v.id == row).values(used=today.isoformat()))
                    else:
                        removed += connection.execute(delete(_vectors).where(_v.id == row)).rowcount
        return removed

    def _checksum(self, digest: bytes, vector: bytes) -> int:
        return zlib.crc32(vector, zlib.crc32(digest, zlib.crc32(self._encoder.encode())))


class CachedVectors:
    """What :class:`Encoder` makes of passages, from the cache where that has it.

    A cache that cannot be used costs time alone, and a warning, unless the run fails of itself, for what may be the
    same reason.
    To be used by one thread and closed at the end.

    Args:
        encoder: encodes what is not there.
        file: of the cache.
    """

    def __init__(self, encoder: Encoder, file: Path) -> None:
        self._encoder = encoder
        self._file = file
        self._today = dt.datetime.now(dt.UTC).date()
        self._cache = Disposable(file, lambda file: VectorCache(file, encoder.fingerprint, encoder.dimension))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, raised: type[BaseException] | None, *_: object) -> None:
        reason = self._cache.unusable
        if reason and raised is None:
            _log.warning("%s cannot be used (%s): what it may hold is encoded again", self._file, reason)
        self._cache.close()

    def of(self, passages: Sequence[tuple[str, str]]) -> Vectors:
        """float32 ``(n, d)`` for (title, passage text) pairs, rounded to half precision, which indexes store."""
        digests = [input_digest(title, text) for title, text in passages]
        found: dict[str, Vectors] = self._cache.use(lambda cache: cache.find(digests), {})
        missing = {digest: pair for digest, pair in zip(digests, passages, strict=True) if digest not in found}
        if missing:
            made = self._encoder.encode_passages(encoder_inputs(missing.values())).astype(_NUMBERS).astype(np.float32)
            found.update(zip(missing, made, strict=True))
            self._cache.use(lambda cache: cache.keep(list(missing), made, self._today), None)
        return np.array([found[digest] for digest in digests], dtype=np.float32).reshape(-1, self._encoder.dimension)

    def prune(self, in_use: Callable[[Sequence[str]], set[str]]) -> None:
        """See :meth:`VectorCache.prune`."""
        self._cache.use(lambda cache: cache.prune(in_use, self._today), 0)
