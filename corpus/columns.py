"""Columns of the catalogue's tables, as both databases keep them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import REAL, BigInteger, Column, ColumnElement, Dialect, Double, ForeignKey, Index, Integer, Text, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine


class Words(TypeDecorator[str]):
    """Text of any length, compared byte by byte, with "?" for what is no character, as a chat may pass on."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """What is stored; PostgreSQL has no NUL."""
        return None if value is None else value.encode("utf-8", "replace").decode().replace("\0", "?")


@compiles(Words, "postgresql")
def _words_of_postgresql(_: Words, __: object, **options: object) -> str:
    """Where a column is made, it is told not to compare by the customs of a country."""
    return 'TEXT COLLATE "C"' if options.get("type_expression") is not None else "TEXT"


NUMBER: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
REAL_NUMBER: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")


def words(name: str, *more: ForeignKey, default: str | None = None, null: bool = False) -> Column[str]:
    """Text."""
    return Column(name, Words, *more, nullable=null, server_default=None if default is None else text(f"'{default}'"))


def number(name: str, *more: ForeignKey, default: int | None = None, null: bool = False) -> Column[int]:
    """A whole number, of 64 bits."""
    return Column(name, NUMBER, *more, nullable=null, server_default=None if default is None else text(str(default)))


def flag(name: str, default: int | None = None) -> Column[int]:
    """A small number."""
    return Column(name, Integer, nullable=False, server_default=None if default is None else text(str(default)))


def id_column() -> Column[int]:
    """A number that is never used again."""
    return Column("id", NUMBER, primary_key=True, autoincrement=True)


def index_where(name: str, column: Column[Any], where: ColumnElement[bool]) -> Index:
    """An index of those rows alone."""
    return Index(name, column, sqlite_where=where, postgresql_where=where)
