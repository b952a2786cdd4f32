"""PostgreSQL: one database, shared by several replicas of the bot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import (
    JSON,
    URL,
    ColumnElement,
    Connection,
    Engine,
    Table,
    bindparam,
    cast,
    create_engine,
    event,
    exc,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects.sqlite.dml import OnConflictDoNothing, OnConflictDoUpdate
from sqlalchemy.ext.compiler import compiles

from corpus.errors import CatalogueError
from corpus.schema import Schema, require_known
from corpus.tables import versions

_SECONDS = 30
"""That a writer waits for the others."""
_LOST_SECONDS = 60
"""After which a writer that says nothing any more, as its machine is gone, holds up the others no longer."""
_WRITERS = 0x6261636B6368616E  # "backchan"
_INDEXING = _WRITERS + 1
_IS_HELD = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = :high AND objid = :low"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_KEPT_OPEN, _MOST = 5, 15
_LOCK = select(func.pg_advisory_xact_lock(bindparam("key")))


class SessionLock:
    """A lock that goes with its connection.

    Args:
        connection: for nothing else.
        key: names the lock.
    """

    def __init__(self, connection: Connection, key: int) -> None:
        self._connection = connection
        self.held = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))

    def check(self) -> None:
        """See that the connection, and so the lock, is still there.

        Raises:
            DBAPIError: it is lost.
        """
        self._connection.execute(select(1))


class PostgresDatabase:
    """A database on a server.

    Those that write go one by one, as they do in a file: what one reads in its transaction, no other changes meanwhile,
    numbers become visible in the order in which they were given, and there is nothing to be locked in two orders.

    Args:
        url: where it is, and by which name and password.
        schema: its tables.

    Raises:
        CatalogueError: it is no such URL.
    """

    errors = (exc.DBAPIError, exc.TimeoutError, psycopg.Error, OSError)
    """What goes wrong with it."""
    longest_key = 1000
    """Bytes that an id or an address may have: an index takes 2,704 for all the columns of a key."""

    def __init__(self, url: str, schema: Schema) -> None:
        self._url = url_of(url)
        self._schema = schema
        self.engine = _engine(self._url)
        self.reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    def __str__(self) -> str:
        return f"{self._url.database} on {self._url.host or self._url.query.get('host') or 'this machine'}"

    def prepare(self) -> None:
        """Make the tables, or bring an older version's up to this one, unless that is done.

        Raises:
            CatalogueError: a newer version wrote them, or they cannot be brought up; the database is as it was.
            SQLAlchemyError, psycopg.Error, OSError: the database cannot be used.
        """
        with self.reading.connect() as connection:
            if self._version(connection) == self._schema.version:
                return
        with self.engine.connect() as connection, connection.begin():
            self.begin(connection)
            version = self._version(connection)
            if not version:
                self._require_unicode(connection)
                self._schema.create(connection)
            elif version < self._schema.version:
                self._schema.upgrade(connection, version)

    def begin(self, connection: Connection) -> None:
        """Have a transaction that writes wait until nobody else does.

        Raises:
            DBAPIError: somebody else has been writing all the time.
        """
        connection.execute(_LOCK, {"key": _WRITERS})

    def pass_over(self, connection: Connection, table: Table, number: int) -> None:
        """Give no id up to this one to a row to come."""
        sequence = f"{table.name}_id_seq"
        last = connection.scalar(text(f"SELECT last_value FROM {sequence}"))  # noqa: S608 (a name of ours)
        connection.execute(select(func.setval(sequence, max(int(last or 0), number))))

    @contextmanager
    def alone(self) -> Iterator[SessionLock]:
        """A lock that one session has at a time; try it, and see whether it is held."""
        connection = self.reading.connect()
        connection.detach()
        try:
            yield SessionLock(connection, _INDEXING)
        finally:
            # With the connection alone it would go a moment later.
            with suppress(exc.SQLAlchemyError):
                connection.execute(select(func.pg_advisory_unlock_all()))
            connection.close()

    def is_held(self) -> bool:
        """Whether somebody has what :meth:`alone` gives."""
        with self.reading.connect() as connection:
            return bool(connection.scalar(_IS_HELD, {"high": _INDEXING >> 32, "low": _INDEXING & 0xFFFFFFFF}))

    def cited(self, body: ColumnElement[str], *keys: str) -> list[ColumnElement[str]]:
        """These members of each of an answer's citations, as columns of one table; ``body`` is the answer as JSON."""
        citation: Any = func.json_array_elements(cast(body, JSON)["citations"], type_=JSON()).column_valued("citation")
        return [citation[key].as_string() for key in keys]

    def fault(self, error: Exception) -> CatalogueError:
        """What an error means for whoever uses the database."""
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        return CatalogueError(
            f"the catalogue {self} cannot be used ({cause}): check that PostgreSQL runs there, and what "
            "BACKCHANNEL_DATABASE_URL says"
        )

    def _version(self, connection: Connection) -> int:
        """The version of the tables; 0 stands for none at all.

        Raises:
            CatalogueError: a newer version wrote them.
        """
        if not inspect(connection).has_table(versions.name):
            return 0
        version = int(connection.scalar(select(versions.c.version_num)) or 0)
        require_known(version, self._schema, f"the catalogue {self}")
        return version

    def _require_unicode(self, connection: Connection) -> None:
        encoding = connection.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            raise CatalogueError(
                f"the database {self} keeps text as {encoding}, which has no room for all that articles say: make one "
                "by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
            )


def url_of(text: str) -> URL:
    """Where a database of PostgreSQL is, with its password, which is shown to nobody.

    Raises:
        CatalogueError: it is no such URL; the message does not repeat it.
    """
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in {"postgresql", "postgresql+psycopg"} or not url.database:
        raise CatalogueError(
            "BACKCHANNEL_DATABASE_URL cannot be used: write postgresql+psycopg://NAME:PASSWORD@HOST/DATABASE, with "
            "what else than letters and digits a password has written as %XX"
        ) from None
    return url.set(drivername="postgresql+psycopg")


@cache
def _engine(url: URL) -> Engine:
    """One for all that stand in the same database, so that they share its connections."""
    engine = create_engine(
        url,
        pool_size=_KEPT_OPEN,
        max_overflow=_MOST - _KEPT_OPEN,
        pool_timeout=_SECONDS,
        pool_use_lifo=True,
        # A server that was started again is noticed before a question fails for it.
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
    )
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: psycopg.Connection[Any], _: object) -> None:
    for name, seconds in (("lock_timeout", _SECONDS), ("idle_in_transaction_session_timeout", _LOST_SECONDS)):
        connection.execute(f"SET {name} = '{seconds}s'")
    connection.commit()


# SQLite took the clause over from PostgreSQL, where it may also name a constraint.
@compiles(OnConflictDoNothing, "postgresql")
def _do_nothing(clause: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401
    clause.constraint_target = None
    return str(compiler.visit_on_conflict_do_nothing(clause, **options))


@compiles(OnConflictDoUpdate, "postgresql")
def _do_update(clause: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401
    clause.constraint_target = None
    return str(compiler.visit_on_conflict_do_update(clause, **options))
