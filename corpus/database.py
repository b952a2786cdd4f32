"""One SQLite file, used from several threads and processes."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from corpus.errors import CatalogueError
from corpus.schema import migrate

Connection = sqlite3.Connection
"""One that a transaction is open on."""
_BUSY_SECONDS = 30.0
_BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_VARIABLES = 500  # values in one statement; SQLite's own limit is far higher


class Database:
    """Connections, transactions and errors of one file, for those that derive from it.

    Safe to use from several threads and processes.

    Args:
        file: the database; made, with its folder, when it is missing.

    Raises:
        CatalogueError: the file cannot be opened or written, is no catalogue, or is a newer version's.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._local = threading.local()
        with self._errors():
            file.parent.mkdir(parents=True, exist_ok=True)
            # SQLite waits for nobody when it changes the journal; so processes that come together go one by one.
            with FileLock(f"{file}.lock", timeout=_BUSY_SECONDS):
                self._connection().execute("PRAGMA journal_mode = WAL")
                migrate(self._connection(), str(file))

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
            connection.execute("BEGIN IMMEDIATE")
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

    def _rows_in(self, statement: str, values: Sequence[int]) -> list[tuple[Any, ...]]:
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
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._local.connection = connection
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorcode", None) in _BROKEN:
                raise CatalogueError(
                    f"the catalogue {self._file} is damaged or no catalogue ({error}): restore it, or move it away "
                    "and index your feeds again, or name another folder by --data-dir"
                ) from error
            raise CatalogueError(
                f"the catalogue {self._file} cannot be used ({error}): check that its folder can be written "
                "and has space, or name another by --data-dir"
            ) from error


def _storable(values: Sequence[object]) -> list[object]:
    """The values with "?" for what is no character, as a terminal or a chat may pass on."""
    return [value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in values]


def now() -> str:
    """The time as it is stored: ISO 8601, in UTC, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
