"""Vectors of passages, kept by encoder and text, so that no text is encoded twice."""

from __future__ import annotations

import datetime as dt
import logging
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import numpy as np

from corpus.catalogue import input_digest
from corpus.database import Database
from corpus.errors import CatalogueDamaged, CatalogueError
from retrieval.encoders.port import Encoder, Vectors
from retrieval.passages import encoder_inputs

UNUSED_DAYS = 30
"""Days after which a vector goes that no passage has, or that another encoder made."""

_NUMBERS = np.dtype("<f2")
_BATCH = 500
_T = TypeVar("_T")
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

    migrations: ClassVar[Sequence[str]] = (
        """
        CREATE TABLE vectors (
            id INTEGER PRIMARY KEY,
            encoder TEXT NOT NULL,
            digest BLOB NOT NULL,
            used TEXT NOT NULL,
            checksum INTEGER NOT NULL,
            vector BLOB NOT NULL
        );
        CREATE UNIQUE INDEX vectors_by_text ON vectors (digest, encoder);
        CREATE INDEX vectors_by_use ON vectors (used);
        """,
    )

    def __init__(self, file: Path, encoder: str, dimension: int) -> None:
        super().__init__(file)
        self._encoder = encoder
        self._dimension = dimension

    def find(self, digests: Sequence[str]) -> dict[str, Vectors]:
        """Vectors, float32 ``(d,)``, of those texts that have one; one that is not what was stored is left out."""
        query = "SELECT digest, encoder, checksum, vector FROM vectors WHERE digest IN"
        found: dict[str, Vectors] = {}
        for digest, encoder, checksum, vector in self._rows_in(query, [bytes.fromhex(d) for d in digests]):
            whole = isinstance(vector, bytes) and len(vector) == self._dimension * _NUMBERS.itemsize
            if encoder == self._encoder and whole and checksum == self._checksum(digest, vector):
                found[digest.hex()] = np.frombuffer(vector, _NUMBERS).astype(np.float32)
        return found

    def keep(self, digests: Sequence[str], vectors: Vectors, today: dt.date) -> None:
        """Store vectors, float32 ``(n, d)``, in place of those that the texts may have."""
        rows = []
        for digest, vector in zip(map(bytes.fromhex, digests), vectors.astype(_NUMBERS), strict=True):
            data = vector.tobytes()
            rows.append((self._encoder, digest, today.isoformat(), self._checksum(digest, data), data))
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO vectors (encoder, digest, used, checksum, vector) VALUES (?, ?, ?, ?, ?)", rows
            )

    def prune(self, in_use: Callable[[Sequence[str]], set[str]], today: dt.date) -> int:
        """Delete what nobody has used for :data:`UNUSED_DAYS`; returns how many vectors went.

        Args:
            in_use: those of the digests that a passage has.
            today: the day that is noted as the last use of those.
        """
        before = (today - dt.timedelta(days=UNUSED_DAYS)).isoformat()
        removed = self._write("DELETE FROM vectors WHERE used < ? AND encoder != ?", (before, self._encoder))
        query = f"SELECT id, digest FROM vectors WHERE used < ? LIMIT {_BATCH}"  # noqa: S608 (a number of ours)
        while rows := self._rows(query, (before,)):
            used = in_use([digest.hex() for _, digest in rows])
            with self._transaction() as connection:
                for row, digest in rows:
                    if digest.hex() in used:
                        connection.execute("UPDATE vectors SET used = ? WHERE id = ?", (today.isoformat(), row))
                    else:
                        removed += connection.execute("DELETE FROM vectors WHERE id = ?", (row,)).rowcount
        return removed

    def _checksum(self, digest: bytes, vector: bytes) -> int:
        return zlib.crc32(vector, zlib.crc32(digest, zlib.crc32(self._encoder.encode())))


class CachedVectors:
    """What :class:`Encoder` makes of passages, from the cache where that has it.

    A cache that cannot be used costs time alone: a damaged file is put aside and made anew, any other failure leaves
    the run without a cache; a warning says which, unless the run fails of itself, for what may be the same reason.
    To be used by one thread and closed at the end.

    Args:
        encoder: encodes what is not there.
        file: of the cache.
    """

    def __init__(self, encoder: Encoder, file: Path) -> None:
        self._encoder = encoder
        self._file = file
        self._today = dt.datetime.now(dt.UTC).date()
        self._unusable = ""
        self._cache = self._opened(put_aside=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, raised: type[BaseException] | None, *_: object) -> None:
        if self._unusable and raised is None:
            _log.warning("%s cannot be used (%s): what it may hold is encoded again", self._file, self._unusable)
        if self._cache is not None:
            self._cache.close()

    def of(self, passages: Sequence[tuple[str, str]]) -> Vectors:
        """float32 ``(n, d)`` for (title, passage text) pairs, rounded to half precision, which indexes store."""
        digests = [input_digest(title, text) for title, text in passages]
        found: dict[str, Vectors] = self._with_cache(lambda cache: cache.find(digests), {})
        missing = {digest: pair for digest, pair in zip(digests, passages, strict=True) if digest not in found}
        if missing:
            made = self._encoder.encode_passages(encoder_inputs(missing.values())).astype(_NUMBERS).astype(np.float32)
            found.update(zip(missing, made, strict=True))
            self._with_cache(lambda cache: cache.keep(list(missing), made, self._today), None)
        return np.array([found[digest] for digest in digests], dtype=np.float32).reshape(-1, self._encoder.dimension)

    def prune(self, in_use: Callable[[Sequence[str]], set[str]]) -> None:
        """See :meth:`VectorCache.prune`."""
        self._with_cache(lambda cache: cache.prune(in_use, self._today), 0)

    def _with_cache(self, action: Callable[[VectorCache], _T], otherwise: _T) -> _T:
        if self._cache is None:
            return otherwise
        try:
            return action(self._cache)
        except CatalogueError as error:
            self._cache.close()
            self._cache = self._recovered(error)
            return otherwise

    def _opened(self, *, put_aside: bool) -> VectorCache | None:
        try:
            return VectorCache(self._file, self._encoder.fingerprint, self._encoder.dimension)
        except CatalogueError as error:
            return self._recovered(error) if put_aside else None

    def _recovered(self, error: CatalogueError) -> VectorCache | None:
        """A new cache in place of a damaged one; none where the trouble is another."""
        reason = error.__cause__ or error
        if not isinstance(error, CatalogueDamaged):
            self._unusable = str(reason)
            return None
        aside = self._file.with_name(f"{self._file.name}.damaged")
        _log.warning("%s is damaged (%s): it is now %s, and a new one is made", self._file, reason, aside.name)
        try:
            self._file.replace(aside)
            for suffix in ("-wal", "-shm"):
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        except OSError:
            return None
        return self._opened(put_aside=False)
