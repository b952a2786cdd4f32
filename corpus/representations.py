"""What the encoder made of passages' tokens, kept in a file so that reading them costs less."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from corpus.database import Database, many
from corpus.disposable import Disposable
from corpus.errors import CatalogueDamaged, CatalogueError
from corpus.schema import Schema

_FULL = 0.97
_COUNTED = 64  # after so many times that something was kept, all is counted anew
_LET_GO = 16  # rows for each new one: after the limit was lowered, no answer waits until all is gone
_tables = MetaData()
_kept = Table(
    "representations",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("key", LargeBinary, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("checksum", Integer, nullable=False),
    Column("value", LargeBinary, nullable=False),
)
_k = _kept.c
Index("representations_by_size", _k.size)
_ASKED = _k.key.in_(bindparam("keys", expanding=True))
_FIND = select(_k.key, _k.checksum, _k.value).where(_ASKED)
_THERE = select(_k.key).where(_ASKED)
_SIZE = select(func.coalesce(func.sum(_k.size), 0))
_KEEP = insert(_kept)
_OLDEST = select(_k.id, _k.size).order_by(_k.id).limit(bindparam("most"))
_log = logging.getLogger(__name__)


class RepresentationCache(Database):
    """Representations in a file of their own, by the key of their text; each with a checksum.

    Args:
        file: made when it is missing; it can be deleted at any time.
        most: bytes of representations that are kept; the file is little larger.

    Raises:
        CatalogueDamaged: the file is no database, or a broken one.
        CatalogueError: the file cannot be opened or written.
    """

    NAME: ClassVar[str] = "representations.sqlite3"
    """Of the file in a data folder."""
    schema: ClassVar[Schema] = Schema(_tables, version=1)
    # It holds nothing that cannot be made again, and nobody should wait for it.
    synchronous = "OFF"
    patience = 0.05

    def __init__(self, file: Path, most: int) -> None:
        super().__init__(file)
        self._most = most
        self._keeps = 1  # it is counted here
        self.size: int = self._column(_SIZE)[0]
        """Bytes of what is kept, as of when this process last kept something."""

    @property
    def full(self) -> bool:
        """Whether there is hardly any room left."""
        return self.size > _FULL * self._most

    def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """What is kept, of those of which something is; what is not what was stored is left out."""
        found = self._rows(_FIND, {"keys": keys})
        whole = ((key, sum_, value) for key, sum_, value in found if isinstance(value, bytes))
        return {key: value for key, sum_, value in whole if sum_ == _checksum(key, value)}

    def keep(self, values: Mapping[bytes, bytes], *, make_room: bool) -> None:
        """Keep these, while there is room; or make room for them by letting go of what was kept longest ago.

        Nothing is kept while others write all the time, or where the file cannot be written.

        Raises:
            CatalogueDamaged: the file is a broken database.
        """
        if sum(map(len, values.values())) > self._most:
            return
        try:
            with self._transaction() as connection:
                there = set(connection.scalars(_THERE, {"keys": list(values)}))
                new = {key: value for key, value in values.items() if key not in there}
                self._keep(connection, new, make_room=make_room)
        except CatalogueDamaged:
            raise
        except CatalogueError as error:  # others write, or the disk is full: what is there can still be read
            _log.debug("not kept: %s", error)

    def _keep(self, connection: Connection, values: Mapping[bytes, bytes], *, make_room: bool) -> None:
        rows = [
            {"key": key, "size": len(value), "checksum": _checksum(key, value), "value": value}
            for key, value in values.items()
        ]
        new = sum(map(len, values.values()))
        # Counting goes over all rows; in between, what other processes keep or let go is not seen.
        size = self.size if self._keeps % _COUNTED else connection.execute(_SIZE).scalar_one()
        self._keeps += 1
        if make_room:
            size -= _let_go(connection, size + new - self._most, len(rows))
        if size + new <= self._most:
            many(connection, _KEEP, rows)
            size += new
        self.size = size


class KeptRepresentations:
    """The same, whatever becomes of the file; see :class:`retrieval.joint.representations.RepresentationStore`.

    Args:
        file: of the cache.
        most: bytes of representations that are kept.
    """

    def __init__(self, file: Path, most: int) -> None:
        self._file = file
        self._cache = Disposable(file, lambda file: RepresentationCache(file, most))
        self._told = False

    @property
    def full(self) -> bool:
        """Whether there is hardly any room left, or nothing can be kept."""
        return self._cache.use(lambda cache: cache.full, otherwise=True)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """What is kept, of those of which something is."""
        nothing: dict[bytes, bytes] = {}
        found = self._cache.use(lambda cache: cache.find(keys), nothing)
        self._tell()
        return found

    def keep(self, values: Mapping[bytes, bytes], *, make_room: bool) -> None:
        """Keep these, while there is room; or make room for them by letting go of what was kept longest ago."""
        self._cache.use(lambda cache: cache.keep(values, make_room=make_room), None)

    def close(self) -> None:
        """Close the file."""
        self._cache.close()

    def _tell(self) -> None:
        if self._cache.unusable and not self._told:
            self._told = True
            _log.warning("%s cannot be used (%s): answers take longer", self._file, self._cache.unusable)


def _let_go(connection: Connection, bytes_: int, for_: int) -> int:
    """Let go of so many bytes of what was kept longest ago, but of not many times as many rows as there are new ones.

    Returns:
        How many bytes went.
    """
    gone, last = 0, 0
    for row in connection.execute(_OLDEST, {"most": _LET_GO * for_}).all():
        if gone >= bytes_:
            break
        gone, last = gone + row.size, row.id
    connection.execute(delete(_kept).where(_k.id <= last))
    return gone


def _checksum(key: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(key))
