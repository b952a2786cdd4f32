"""Copies of a catalogue's file, made while others write to it, and whether one is whole."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection

from corpus.errors import BackupError, CatalogueError
from corpus.schema import check_version
from retrieval.files import sync

_BUSY_SECONDS = 30.0
_SOON = 2.0
_BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_MAGIC = b"SQLite format 3\0"
_WITHOUT_INDEX = "DELETE FROM passages WHERE NOT current; DELETE FROM generations; DELETE FROM published;"


def driver_of(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 (of an engine that is SQLite's)
    return driver


def snapshot(connection: sqlite3.Connection, target: Path) -> None:
    """Write what a catalogue holds at this moment to a new file, whole or not at all.

    Raises:
        BackupError: what was written is not whole.
        OSError, sqlite3.Error: it cannot be written; nothing is left of it.
    """
    draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        with closing(sqlite3.connect(draft)) as copy:
            connection.backup(copy)
            _check(copy, draft)
            # In a single file, so that it can be moved; who opens it chooses again.
            copy.execute("PRAGMA journal_mode = DELETE")
        sync(draft)
        draft.replace(target)
        sync(target.parent)
    finally:
        for name in (draft, Path(f"{draft}-wal"), Path(f"{draft}-shm"), Path(f"{draft}-journal")):
            name.unlink(missing_ok=True)


def snapshot_of(file: Path, target: Path) -> None:
    """A :func:`snapshot` of the catalogue in a file, of this version or an older one, while others use it.

    Raises:
        CatalogueError: there is none, it cannot be read, or the copy cannot be written.
    """
    if not file.is_file():
        raise CatalogueError(f"there is no catalogue {file}: `backchannel index` makes one, or name another --data-dir")
    with _opened(file) as connection:
        check_version(connection, str(file))
        snapshot(connection, target)


def check_restorable(file: Path) -> int:
    """See that a file is a catalogue, whole, of this version or an older one; returns its version.

    Raises:
        BackupError: it is not.
        CatalogueError: it is a newer version's.
    """
    try:
        with closing(sqlite3.connect(file)) as connection:
            # Nothing that stands in the file is run.
            connection.execute("PRAGMA trusted_schema = OFF")
            _check(connection, file)
            version = check_version(connection, "the catalogue in the backup")
            kinds = {kind for (kind,) in connection.execute("SELECT type FROM sqlite_master")}
            if not version or kinds & {"trigger", "view"}:
                raise BackupError("what the backup holds is a database, but no catalogue: take another backup")
            return version
    except sqlite3.Error as error:
        raise BackupError(f"the catalogue in the backup is damaged ({error}): take another backup") from error


def without_index(file: Path) -> None:
    """Take out of a catalogue what only an index explains, since it will get a new one.

    Raises:
        CatalogueError: it cannot be written.
    """
    with _opened(file) as connection:
        connection.executescript(f"BEGIN; {_WITHOUT_INDEX} COMMIT;")
        connection.execute("PRAGMA journal_mode = DELETE")


def counts(file: Path) -> dict[str, int]:
    """How many rows each table of a catalogue has.

    Raises:
        CatalogueError: it cannot be read.
    """
    with _opened(file) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if not name.startswith("sqlite_")
        ]
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 (its own names)
            for name in names
        }


def settle(file: Path) -> None:
    """Bring all of a catalogue that nobody uses into its one file, so that it can be moved.

    One that is damaged is left as it is.

    Raises:
        BackupError: another process uses it.
        CatalogueError: SQLite cannot open it.
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            return  # SQLite would throw its log away
    with _opened(file, _SOON) as connection:
        try:
            # Refused while anybody else has the file open.
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in _BROKEN:
                return
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            mode = "locked"
        if mode != "delete":
            raise BackupError(
                f"the catalogue {file} is in use: stop `backchannel serve` and `backchannel chat` on that folder first"
            )


@contextmanager
def _opened(file: Path, timeout: float = _BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(file, timeout=timeout, isolation_level=None)) as connection:
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise CatalogueError(
            f"the catalogue {file} cannot be read or copied ({error}): check that its folder can be used "
            "and that there is space where the copy goes"
        ) from error


def _check(connection: sqlite3.Connection, file: Path) -> None:
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    strays = connection.execute("PRAGMA foreign_key_check").fetchone()
    if found != "ok" or strays:
        reason = found if found != "ok" else f"a row of {strays[0]} refers to nothing"
        raise BackupError(f"the catalogue {file.name} is damaged ({reason}): take another backup")
