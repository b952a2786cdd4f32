"""SQLite: one file, used from several threads and processes."""

from __future__ import annotations

import logging
import sqlite3
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from filelock import FileLock
from sqlalchemy import URL, ColumnElement, Connection, Table, create_engine, event, func
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from corpus.errors import BackupError, CatalogueBusy, CatalogueDamaged, CatalogueError
from corpus.schema import Schema, check_version
from corpus.snapshots import driver_of, snapshot

logger = logging.getLogger(__name__)
BUSY_SECONDS = 30.0
_BETWEEN_TRIES = 0.003
_BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_KEPT_OPEN = 5


class SqliteFile:
    """A database in a file; made, with its folder, when it is missing.

    Args:
        file: of the database.
        schema: its tables.
        synchronous: SQLite's word; see :attr:`corpus.database.Database.synchronous`.
        patience: seconds to wait for others that write.
    """

    errors = (DBAPIError, sqlite3.Error, OSError)
    """What goes wrong with it."""
    longest_key = sys.maxsize
    """Bytes that an id or an address may have."""

    def __init__(self, file: Path, schema: Schema, synchronous: str, patience: float = BUSY_SECONDS) -> None:
        self._file = file
        self._schema = schema
        self._synchronous = synchronous
        self._patience = patience
        self.engine = create_engine(
            URL.create("sqlite", database=str(file)),
            # Transactions are begun in :meth:`begin` alone.
            connect_args={"timeout": patience, "isolation_level": None},
            poolclass=QueuePool,
            pool_size=_KEPT_OPEN,
            max_overflow=-1,
            pool_use_lifo=True,
            # Every transaction is ended by whoever began it.
            pool_reset_on_return=None,
            hide_parameters=True,
        )
        self.reading = self.engine
        event.listen(self.engine, "connect", self._set_up)

    def __str__(self) -> str:
        return str(self._file)

    def prepare(self) -> None:
        """Make the tables, or bring an older version's up to this one.

        Raises:
            CatalogueError: a newer version wrote them, or they cannot be brought up; the file is as it was.
            sqlite3.Error, DBAPIError, OSError: the file cannot be used.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        # SQLite waits for nobody when it changes the journal; so processes that come together go one by one.
        with FileLock(f"{self._file}.lock", timeout=BUSY_SECONDS), self.engine.connect() as connection:
            driver = driver_of(connection)
            version = check_version(driver, str(self._file), self._schema)
            if 0 < version < self._schema.version:
                self._bring_up(connection, version)
            driver.execute("PRAGMA journal_mode = WAL")
            if not version:
                with connection.begin():
                    self.begin(connection)
                    self._schema.create(connection)
                    self._note_version(driver)

    def begin(self, connection: Connection) -> None:
        """Begin a transaction that writes, as soon as nobody else does.

        SQLite itself looks less and less often, up to a tenth of a second apart: beside a process that writes again
        and again, as an index run does, whoever waits would hardly ever meet the moment between two transactions.

        Raises:
            sqlite3.Error: somebody else has been writing all the time, or the file cannot be used.
        """
        driver = driver_of(connection)
        end = time.monotonic() + self._patience
        driver.execute("PRAGMA busy_timeout = 0")
        try:
            while not _begun(driver, last=time.monotonic() > end):
                time.sleep(_BETWEEN_TRIES)
        finally:
            driver.execute(f"PRAGMA busy_timeout = {self._patience * 1000:.0f}")

    def pass_over(self, connection: Connection, table: Table, number: int) -> None:
        """Give no id up to this one to a row to come."""
        driver = driver_of(connection)
        driver.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?, 0"
            " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)",
            (table.name, table.name),
        )
        driver.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, table.name))

    def alone(self) -> AbstractContextManager[None]:
        """Nothing: who has the data folder to himself has the file."""
        return nullcontext()

    def is_held(self) -> bool:
        """Whether somebody has what :meth:`alone` gives."""
        return False

    def cited(self, body: ColumnElement[str], *keys: str) -> list[ColumnElement[str]]:
        """These members of each of an answer's citations, as columns of one table; ``body`` is the answer as JSON."""
        citation = func.json_each(body, "$.citations").table_valued("value", name="citation")
        return [func.json_extract(citation.c.value, f"$.{key}") for key in keys]

    def fault(self, error: Exception) -> CatalogueError:
        """What an error means for whoever uses the database."""
        cause = getattr(error, "orig", None) or error
        # The low byte is the kind, the others say more of it.
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code in _BROKEN:
            return CatalogueDamaged(
                f"the catalogue {self._file} is damaged or no catalogue ({cause}): restore it, or move it away "
                "and index your feeds again, or name another folder by --data-dir"
            )
        kind = CatalogueBusy if code == sqlite3.SQLITE_BUSY else CatalogueError
        return kind(
            f"the catalogue {self._file} cannot be used ({cause}): check that its folder can be written "
            "and has space, or name another by --data-dir"
        )

    def _bring_up(self, connection: Connection, version: int) -> None:
        """Bring an older version's file up to this one, once a copy of it lies beside it."""
        kept = self._file.with_name(f"{self._file.stem}-v{version}.backup{self._file.suffix}")
        step = f"from version {version} to {self._schema.version}"
        try:
            snapshot(driver_of(connection), kept)
            logger.warning("%s is brought %s; as it was, it is kept in %s", self._file, step, kept.name)
            with connection.begin():
                self.begin(connection)
                self._schema.upgrade(connection, version)
                self._note_version(driver_of(connection))
        except (*self.errors, BackupError) as error:
            cause = getattr(error, "orig", None) or error
            raise CatalogueError(
                f"the catalogue {self._file} could not be brought {step} ({cause}) and is as it was: see that its "
                "folder can be written and has space for two copies of it, or go on with the older Backchannel"
            ) from error

    def _note_version(self, driver: sqlite3.Connection) -> None:
        driver.execute(f"PRAGMA user_version = {self._schema.version}")

    def _set_up(self, connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")


def _begun(driver: sqlite3.Connection, *, last: bool) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
