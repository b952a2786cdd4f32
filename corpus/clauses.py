"""Parts of statements that each database writes in its own way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Dialect, Double, Table, Text, bindparam
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

VALUES = "values"
"""The name of the values in :func:`among`, unless they are given another."""


class _List(TypeDecorator[Sequence[Any]]):
    """A list in one parameter: JSON in SQLite, an array in PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What it is there."""
        return ARRAY(self.item) if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """What is sent."""
        return value if dialect.name == "postgresql" else json.dumps(value)


class _Listed(FunctionElement[Any]):
    inherit_cache = True


@compiles(_Listed, "sqlite")
def _in_sqlite(element: _Listed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"(SELECT value FROM json_each{compiler.process(element.clause_expr, **options)})"  # noqa: S608 (no value)


@compiles(_Listed, "postgresql")
def _in_postgresql(element: _Listed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"(SELECT unnest{compiler.process(element.clause_expr, **options)})"


def among(column: ColumnElement[Any], values: str = VALUES) -> ColumnElement[bool]:
    """Whether a column holds one of the values that the statement is run with, by that name, however many there are."""
    return column.op("IN", is_comparison=True)(_Listed(bindparam(values, type_=_List(column.type))))


@cache
def adding(table: Table) -> Insert:
    """An INSERT of a row, unless one is there that has its key."""
    return insert(table).on_conflict_do_nothing()


@cache
def replacing(table: Table) -> Insert:
    """An INSERT of a row in place of the one that has its key."""
    return updating(table, *(column.name for column in table.c if not column.primary_key))


def updating(table: Table, *names: str, key: Sequence[str] = (), where: ColumnElement[bool] | None = None) -> Insert:
    """An INSERT of a row; where one is there that has its key, these columns of that one are brought up to it.

    Args:
        table: where the row is to stand.
        names: of the columns.
        key: the columns that tell rows apart; by default those of the primary key.
        where: only then.
    """
    new = insert(table)
    return new.on_conflict_do_update(
        index_elements=key or [column.name for column in table.primary_key],
        set_={name: new.excluded[name] for name in names},
        where=where,
    )


class moment(FunctionElement[float]):  # noqa: N801 (a function of SQL)
    """Seconds since 1970, by the database's clock: replicas' own may differ."""

    type = Double()
    inherit_cache = True


@compiles(moment, "sqlite")
def _moment_in_sqlite(*_: object, **__: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(moment, "postgresql")
def _moment_in_postgresql(*_: object, **__: object) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
