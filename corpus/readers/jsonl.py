"""JSON lines: one article a line, its text kept exactly as given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from corpus.readers.articles import read_date
from corpus.readers.cleaning import find_unstorable
from corpus.readers.port import BadItem, Origin
from corpus.readers.problems import Unreadable, cannot_be_opened, not_utf8, shortened
from retrieval.types import Article

MAX_LINE_BYTES = 32 * 2**20
"""The longest line that is read; of a longer one no more than this is ever in memory."""

_PIECE = 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class _Number(str):
    """A number as it is spelled in the file, so that an id keeps its digits."""

    __slots__ = ()


class JsonLinesReader:
    """Reads ``{id, title, source, url, published, text}`` a line; ``id`` and ``text`` are required.

    Other keys may be missing, null or empty; unknown ones are ignored. Blank lines are skipped.
    """

    suffixes = frozenset({".jsonl"})

    def read(self, origin: Origin) -> Iterator[Article | BadItem]:
        """The articles of a file and, for every line that gives none, why; the first of two equal ids is kept."""
        first_at: dict[str, int] = {}
        try:
            with origin.path.open("rb") as file:
                for number, line in enumerate(_lines(file), start=1):
                    if line is None or line.strip():
                        yield from _read_line(line, f"{origin.relative} line {number}", number, first_at)
        except OSError as error:
            yield BadItem(origin.relative, cannot_be_opened(error))


def _lines(file: BinaryIO) -> Iterator[bytearray | None]:
    """Each line of a file; ``None`` for one that is too long, which is passed over piece by piece."""
    line, too_long = bytearray(), False
    piece = file.readline(_PIECE).removeprefix(_BYTE_ORDER_MARK)
    while piece:
        too_long = too_long or len(line) + len(piece.rstrip(b"\n")) > MAX_LINE_BYTES
        if too_long:
            line = bytearray()
        else:
            line += piece
        if piece.endswith(b"\n"):
            yield None if too_long else line
            line, too_long = bytearray(), False
        piece = file.readline(_PIECE)
    if line or too_long:
        yield None if too_long else line


def _read_line(
    line: bytearray | None, where: str, number: int, first_at: dict[str, int]
) -> Iterator[Article | BadItem]:
    """The article of a line, or why there is none; ``first_at`` learns its id."""
    try:
        record = _parse(line)
        article_id, text = _article_id(record), _text(record)
        title, source, url = (_optional(record, name) for name in ("title", "source", "url"))
        _claim(article_id, number, first_at)
    except Unreadable as error:
        yield BadItem(where, str(error))
        return
    try:
        published, complaint = read_date(record.get("published")), None
    except Unreadable as error:
        published, complaint = None, BadItem(where, str(error))
    yield Article(id=article_id, text=text, title=title, source=source, url=url, published=published)
    if complaint:
        yield complaint


def _claim(article_id: str, number: int, first_at: dict[str, int]) -> None:
    first = first_at.setdefault(article_id, number)
    if first != number:
        raise Unreadable(f"id {shortened(article_id)} is taken by line {first}: give each article an id of its own")


def _parse(line: bytearray | None) -> Mapping[str, object]:
    if line is None:
        raise Unreadable(f"is longer than {MAX_LINE_BYTES // 2**20} MiB: split the article")
    try:
        record = json.loads(
            line.decode("utf-8"),
            parse_int=_Number,
            parse_float=_Number,
            # Not JSON, but what pandas and others write for a value that is missing.
            parse_constant=lambda _: None,
        )
    except UnicodeDecodeError as error:
        raise Unreadable(not_utf8(error)) from error
    except json.JSONDecodeError as error:
        near = shortened(error.doc[error.pos : error.pos + 40])
        raise Unreadable(
            f"is no JSON ({error.msg}, column {error.colno}, at {near}): write one object a line"
        ) from error
    except RecursionError as error:
        raise Unreadable("is nested too deeply: write one flat object a line") from error
    if not isinstance(record, dict):
        raise Unreadable(f"is {shortened(record)}, no object: write " + '{"id": …, "text": …}')
    return record


def _article_id(record: Mapping[str, object]) -> str:
    value = record.get("id")
    article_id = str(value) if isinstance(value, _Number) else _optional(record, "id")
    if not article_id.strip():
        raise Unreadable(f"has no id (it is {shortened(value)}): give each article one")
    return article_id


def _text(record: Mapping[str, object]) -> str:
    text = _optional(record, "text")
    if not text.strip():
        raise Unreadable(f"has no text (it is {shortened(record.get('text'))}): fill it in, or remove the line")
    return text


def _optional(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or isinstance(value, _Number):
        raise Unreadable(f"{name} is {shortened(value)}, no string: put it in quotation marks")
    at = find_unstorable(value)
    if at is not None:
        raise Unreadable(f"{name} holds {value[at]!r} at character {at}, which cannot be stored: take it out")
    return value
