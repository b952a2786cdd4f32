"""Brings tables from one of Alembic's revisions up to the last."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_FIRST = 9
"""The version that catalogues had when Alembic took over; until then no table of theirs said which it is."""


def upgrade(connection: Connection, version: int, to: str = "head") -> None:
    """Bring the tables of a version up to the last one, or to another, in the caller's transaction.

    Raises:
        SQLAlchemyError: that is impossible.
    """
    scripts = ScriptDirectory(str(Path(__file__).parent))

    known: Any = str(version) if version >= _FIRST else None

    def steps(_: object, __: MigrationContext) -> Iterable[Any]:
        return scripts._upgrade_revs(to, known)

    context = MigrationContext.configure(connection, opts={"fn": steps})
    if version == _FIRST:
        context.stamp(scripts, known)
    with Operations.context(context):
        context.run_migrations()
