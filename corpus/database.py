"""The database that a catalogue stands in: connections, transactions and errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Connection, CursorResult, Executable

from corpus.clauses import VALUES
from corpus.clock import utc_now
from corpus.errors import CatalogueError
from corpus.schema import CATALOGUE, Schema
from corpus.sqlite import BUSY_SECONDS, SqliteFile

if TYPE_CHECKING:
    from corpus.postgresql import PostgresDatabase

__all__ = ["Connection", "Database", "many", "new_id", "now", "touched"]

Place = Path | str
"""A file of SQLite, or the URL of a database of PostgreSQL."""
Values = Mapping[str, object]
"""The parameters of a statement. Those that are run often are made once, with parameters: to make one takes longer
than to run it."""


class Database:
    """Connections, transactions and errors of one database, for those that derive from it.

    Safe to use from several threads and processes. Its tables are the catalogue's, unless a deriving class has its own.

    Args:
        place: a file of SQLite, made, with its folder, when it is missing; or the URL of a database of PostgreSQL,
            which must be there, while its tables are made.
        replica: the name of the one that works with it; all work with a file by the empty one.
        index: the name of the index that is made of it, where replicas share one; by default the replica's.

    Raises:
        CatalogueDamaged: the file is no database, or a broken one.
        CatalogueError: the database cannot be opened or written, or is a newer version's.
    """

    schema: ClassVar[Schema] = CATALOGUE
    synchronous = "NORMAL"
    """SQLite's word: after a power cut, what was written last is lost with NORMAL, and nothing with FULL."""
    patience = BUSY_SECONDS
    """Seconds to wait for others that write to a file."""

    def __init__(self, place: Place, replica: str = "", index: str = "") -> None:
        self.replica = replica
        self.index = index or replica
        self._backend = self._opened(place)
        with self._errors():
            self._backend.prepare()

    def _opened(self, place: Place) -> SqliteFile | PostgresDatabase:
        if isinstance(place, Path):
            return SqliteFile(place, self.schema, self.synchronous, self.patience)
        try:
            from corpus.postgresql import PostgresDatabase
        except ImportError as error:
            raise CatalogueError(
                f"PostgreSQL needs a driver that is not installed ({error}): pip install 'backchannel[postgresql]'"
            ) from error
        return PostgresDatabase(place, self.schema)

    @property
    def longest_key(self) -> int:
        """Bytes that an id or an address may have."""
        return self._backend.longest_key

    def close(self) -> None:
        """Close the connections that are not in use; whoever goes on gets new ones."""
        self._backend.engine.pool.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction that writes: committed at the end, undone by any exception. One goes on at a time.

        Raises:
            CatalogueError: the database cannot be used.
        """
        with self._errors(), self._backend.engine.connect() as connection, connection.begin():
            self._backend.begin(connection)
            yield connection

    def _write(self, statement: Executable, values: Values | None = None) -> int:
        """One statement in a transaction of its own; returns how many rows it touched."""
        with self._transaction() as connection:
            return touched(connection, statement, values)

    def _rows(self, statement: Executable, values: Values | None = None) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._errors(), self._backend.reading.connect() as connection:
            return [tuple(row) for row in connection.execute(statement, values)]

    def _column(self, statement: Executable, values: Values | None = None) -> list[Any]:
        """What a query finds that asks for one thing."""
        with self._errors(), self._backend.reading.connect() as connection:
            return list(connection.execute(statement, values).scalars())

    def _rows_among(self, statement: Executable, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """What a query finds for these values; see :func:`corpus.clauses.among`."""
        return self._rows(statement, {VALUES: values}) if values else []

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._backend.errors as error:
            raise self._backend.fault(error) from error


def many(connection: Connection, statement: Executable, values: Sequence[Values]) -> None:
    """One statement for each of these values, of which there may be none."""
    if values:
        connection.execute(statement, values)


def touched(connection: Connection, statement: Executable, values: Values | None = None) -> int:
    """How many rows a statement touches."""
    return connection.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount


def new_id(inserted: CursorResult[Any]) -> int:
    """The number of the row that was inserted."""
    key = inserted.inserted_primary_key
    assert key is not None  # noqa: S101 (of a single row)
    return int(key[0])


def now() -> str:
    """The time as it is stored: ISO 8601, in UTC, to the second."""
    return utc_now().isoformat(timespec="seconds")
