"""Passages as rows of a collection, and filters as expressions over them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from retrieval.dates import PartialDate
from retrieval.encoders.port import Vectors
from retrieval.index.lexical import terms
from retrieval.index.port import IndexedPassage
from retrieval.types import Filters

_T = TypeVar("_T")
Row = dict[str, Any]
"""A value for each field of a collection."""

LONGEST = 65_535
"""Bytes that a text field holds at most."""

_UNDATED = 0  # days count from 0001-01-01, which is day 1
_IN_TITLE = "0t0"


def row_of(passage: IndexedPassage, vector: Vectors, *, words: bool) -> Row:
    """A passage with its vector, float32 ``(d,)``; with its words where the server searches them."""
    first, last = days_of(passage.published)
    row: Row = {
        "id": passage.id,
        "article_id": passage.article_id,
        "source": passage.source,
        "first_day": first,
        "last_day": last,
        "vector": vector,
    }
    return row | {"words": words_of(passage)} if words else row


def days_of(published: PartialDate | None) -> tuple[int, int]:
    """The first and the last day that a date can mean, counted from 0001-01-01; 0 and 0 for none."""
    return (published.first.toordinal(), published.last.toordinal()) if published else (_UNDATED, _UNDATED)


def date_of(row: Mapping[str, Any]) -> PartialDate | None:
    """The date that :func:`days_of` counted."""
    if row["first_day"] == _UNDATED:
        return None
    first, last = dt.date.fromordinal(row["first_day"]), dt.date.fromordinal(row["last_day"])
    if first == last:
        return PartialDate(first.year, first.month, first.day)
    return PartialDate(first.year, first.month) if first.month == last.month else PartialDate(first.year)


def words_of(passage: IndexedPassage) -> str:
    """The terms of a passage's title and text, which any server's plain tokenizer parts at the blanks between them."""
    words = " ".join([*map(_in_title, terms(passage.title)), *map(plain, terms(passage.text))])
    return words if len(words) <= LONGEST else words[:LONGEST].rpartition(" ")[0]


def query_of(query: str) -> str:
    """The terms of a question, each once as in texts and once as in titles; empty where there is none."""
    found = dict.fromkeys(terms(query))
    return " ".join(word for term in found for word in (plain(term), _in_title(term)))


def plain(term: str) -> str:
    """A term in letters and digits of ASCII, which every tokenizer leaves whole."""
    return term if term.isascii() else f"0x0{term.encode().hex()}"


def _in_title(term: str) -> str:
    return _IN_TITLE + plain(term)


def expression_of(filters: Filters) -> str | None:
    """What passes, in Milvus's language, empty for everything; ``None`` where nothing can pass."""
    clauses = []
    for field, values in (("source", filters.sources), ("article_id", filters.article_ids)):
        if values is not None:
            possible = sorted(value for value in values if storable(value))
            if not possible:
                return None
            clauses.append(f"{field} in {json.dumps(possible, ensure_ascii=False)}")
    if filters.since is not None:
        clauses.append(f"last_day >= {filters.since.toordinal()}")
    if filters.until is not None:
        clauses.append(f"first_day <= {filters.until.toordinal()} and first_day > {_UNDATED}")
    return " and ".join(clauses)


def storable(value: str) -> bool:
    """Whether a field can hold a text."""
    try:
        return len(value.encode()) <= LONGEST
    except UnicodeEncodeError:  # lone surrogates
        return False


def among(ids: Iterable[int]) -> str:
    """The expression for these passages."""
    return f"id in {[int(i) for i in ids]}"


def in_parts(things: Sequence[_T], size: int) -> Iterable[Sequence[_T]]:
    """The things, or a text, so many at a time."""
    return (things[at : at + size] for at in range(0, len(things), size))
