"""One SQLite file, used from several threads and processes."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from filelock import FileLock

from corpus.clock import utc_now
from corpus.errors import BackupError, CatalogueDamaged, CatalogueError
from corpus.schema import MIGRATIONS, check_version, migrate
from corpus.snapshots import snapshot

logger = logging.getLogger(__name__)
Connection = sqlite3.Connection
"""One that a transaction is open on."""
_BUSY_SECONDS = 30.0
_BETWEEN_TRIES = 0.003
_BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_VARIABLES = 500  # values in one statement; SQLite's own limit is far higher


class Database:
    """Connections, transactions and errors of one file, for those that derive from it.

    Safe to use from several threads and processes. Its tables are the catalogue's, unless a deriving class has its own.

    Args:
        file: the database; made, with its folder, when it is missing.

    Raises:
        CatalogueDamaged: the file is no database, or a broken one.
        CatalogueError: the file cannot be opened or written, or is a newer version's.
    """

    migrations: ClassVar[Sequence[str]] = MIGRATIONS
    synchronous = "NORMAL"
    """SQLite's word: after a power cut, what was written last is lost with NORMAL, and nothing with FULL."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._local = threading.local()
        with self._errors():
            file.parent.mkdir(parents=True, exist_ok=True)
            # SQLite waits for nobody when it changes the journal; so processes that come together go one by one.
            with FileLock(f"{file}.lock", timeout=_BUSY_SECONDS):
                version = check_version(self._connection(), str(file), self.migrations)
                if 0 < version < len(self.migrations):
                    self._migrate_older(version)
                self._connection().execute("PRAGMA journal_mode = WAL")
                if not version:
                    migrate(self._connection(), version, self.migrations)

    def _migrate_older(self, version: int) -> None:
        """Bring an older version's file up to this one, once a copy of it lies beside it."""
        kept = self._file.with_name(f"{self._file.stem}-v{version}.backup{self._file.suffix}")
        step = f"from version {version} to {len(self.migrations)}"
        try:
            snapshot(self._connection(), kept)
            logger.warning("%s is brought %s; as it was, it is kept in %s", self._file, step, kept.name)
            migrate(self._connection(), version, self.migrations)
        except (sqlite3.Error, OSError, BackupError) as error:
            raise CatalogueError(
                f"the catalogue {self._file} could not be brought {step} ({error}) and is as it was: see that its "
                "folder can be written and has space for two copies of it, or go on with the older Backchannel"
            ) from error

    def close(self) -> None:
        """Close this thread's connection."""
        connection: sqlite3.Connection | None = self._local.__dict__.pop("connection", None)
        if connection:
            connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes: committed at the end, undone by any exception.

        Raises:
            CatalogueError: the file cannot be used.
        """
        with self._errors():
            connection = self._connection()
            _begin(connection)
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _write(self, statement: str, values: Sequence[object]) -> int:
        """One statement in a transaction of its own; returns how many rows it touched."""
        with self._transaction() as connection:
            return connection.execute(statement, _storable(values)).rowcount

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._errors():
            return self._connection().execute(statement, _storable(values)).fetchall()

    def _rows_in(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """What a query that ends in ``IN`` finds for these values, however many there are."""
        rows: list[tuple[Any, ...]] = []
        for at in range(0, len(values), _VARIABLES):
            batch = values[at : at + _VARIABLES]
            rows += self._rows(f"{statement} ({', '.join('?' * len(batch))})", batch)
        return rows

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)
            connection.execute(f"PRAGMA synchronous = {self.synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            self._local.connection = connection
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            # The low byte is the kind, the others say more of it.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN:
                raise CatalogueDamaged(
                    f"the catalogue {self._file} is damaged or no catalogue ({error}): restore it, or move it away "
                    "and index your feeds again, or name another folder by --data-dir"
                ) from error
            raise CatalogueError(
                f"the catalogue {self._file} cannot be used ({error}): check that its folder can be written "
                "and has space, or name another by --data-dir"
            ) from error


def _begin(connection: sqlite3.Connection) -> None:
    """Begin a transaction that writes, as soon as nobody else does.

    SQLite itself looks less and less often, up to a tenth of a second apart: beside a process that writes again and
    again, as an index run does, whoever waits would hardly ever meet the moment between two transactions.

    Raises:
        sqlite3.Error: somebody else has been writing all the time, or the file cannot be used.
    """
    end = time.monotonic() + _BUSY_SECONDS
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while not _begun(connection, last=time.monotonic() > end):
            time.sleep(_BETWEEN_TRIES)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000:.0f}")


def _begun(connection: sqlite3.Connection, *, last: bool) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _storable(values: Sequence[object]) -> list[object]:
    """The values with "?" for what is no character, as a terminal or a chat may pass on."""
    return [value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in values]


def now() -> str:
    """The time as it is stored: ISO 8601, in UTC, to the second."""
    return utc_now().isoformat(timespec="seconds")
