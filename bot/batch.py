"""Many questions or summaries in one process: a line of JSON in, a line of JSON out, in order."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from bot.app import Application
from bot.askers import Question
from bot.errors import UsageError
from bot.progress import counter
from bot.render.json import answer_object, summary_object
from bot.service import require_index
from retrieval.errors import InputError
from retrieval.types import Filters

Row = dict[str, Any]


def run_batch(queries: Path, output: Path, answer: Callable[[Row], Row], advance: Callable[[], None]) -> None:
    """Answer each line of a file; a line that cannot be answered gives ``{id, error}``.

    The output appears under its name when all is done; until then it grows beside it.

    Args:
        queries: JSON lines.
        output: JSON lines, in the same order; may be the same file.
        answer: from a line's object to an object; its :class:`InputError` is that line's error.
        advance: called after each line.

    Raises:
        UsageError: a file cannot be read or written.
    """
    from bot.render.json import json_text

    try:
        output = output.resolve()
        partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
        try:
            # A lone surrogate, which an id may hold, is written as JSON's escape for it.
            with partial.open("w", encoding="utf-8", errors="backslashreplace") as stream:
                for row in _answered(queries, answer):
                    stream.write(json_text(row) + "\n")
                    advance()
            partial.replace(output)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{queries} cannot be read or {output} not be written: {error.strerror}") from error


def required_text(row: Row, key: str) -> str:
    """A line's text under a key.

    Raises:
        InputError: it is missing or no text.
    """
    value = row.get(key)
    if not isinstance(value, str):
        raise InputError(f"{key!r} is {_shown(value)}: give a text")
    return value


def optional_ids(row: Row, key: str) -> frozenset[str] | None:
    """A line's list of ids under a key; ``None`` where it is missing or null.

    Raises:
        InputError: it is no list of texts.
    """
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{key!r} is {_shown(value)}: give a list of texts")
    return frozenset(value)


def optional_count(row: Row, key: str, default: int, most: int) -> int:
    """A line's whole number under a key, from 1 to ``most``.

    Raises:
        InputError: it is none.
    """
    value = row.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise InputError(f"{key!r} is {_shown(value)}: give a whole number from 1 to {most}")
    return value


def _answered(queries: Path, answer: Callable[[Row], Row]) -> Iterator[Row]:
    with queries.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            yield _answer_line(number, line, answer)


def _answer_line(number: int, line: bytes, answer: Callable[[Row], Row]) -> Row:
    row_id: Any = None
    try:
        row = _parsed(number, line)
        row_id = row.get("id")
        return {"id": row_id} | answer(row)
    except InputError as error:
        return {"id": row_id, "error": str(error)}


def _parsed(number: int, line: bytes) -> Row:
    try:
        row = json.loads(line.decode("utf-8-sig"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"line {number} is no JSON: {error.msg}, column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"line {number} is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise InputError(f"line {number} is {_shown(row)}: give an object with an id")
    return row


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def ask_batch(app: Application, batch: Path, output: Path, filters: Filters, k: int, *, explain: bool) -> None:
    """Answer each line ``{id, question, [article_ids]}`` of a file.

    Raises:
        UsageError: the file cannot be read, or the output not be written.
        IndexMissing: there is no index.
    """
    require_index(app)

    def answer(row: Row) -> Row:
        asked = _question(required_text(row, "question"))
        narrowed = replace(filters, article_ids=optional_ids(row, "article_ids"))
        return answer_object(app.service.ask(asked, k=k, filters=narrowed, keep=False), explain=explain)

    with counter("asking") as advance:
        run_batch(batch, output, answer, lambda: advance(1))


def summary_batch(app: Application, batch: Path, output: Path, sentences: int, most: int) -> None:
    """Summarise each line ``{id, query, [sentences]}`` of a file; see :func:`ask_batch`."""
    require_index(app)

    def summarize(row: Row) -> Row:
        count = optional_count(row, "sentences", sentences, most)
        return summary_object(app.service.summarize(_question(required_text(row, "query")), sentences=count))

    with counter("summarising") as advance:
        run_batch(batch, output, summarize, lambda: advance(1))


def _question(text: str) -> Question:
    return Question(text, dt.datetime.now().astimezone())
