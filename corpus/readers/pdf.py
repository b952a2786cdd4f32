"""PDF documents that hold text."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from corpus.readers.articles import assemble
from corpus.readers.cleaning import one_line
from corpus.readers.files import read_bytes
from corpus.readers.pdf_text import join_pages
from corpus.readers.port import BadItem, Origin
from corpus.readers.problems import Unreadable, shortened
from corpus.readers.third_party import parsed_by
from retrieval.types import Article

if TYPE_CHECKING:
    import pypdf

MAX_PAGES = 1_000
"""A document with more pages is no article."""

MAX_SECONDS = 60.0
"""Reading is given up after that time."""

_SIGNATURE = b"%PDF-"
# The signature may stand after other bytes, but near the start.
_HEAD = 1024
_FEWEST_WORDS = 5
_LONGEST_TITLE = 300
# What programs write into the title by themselves: a file's name, or their own.
_NO_TITLE = re.compile(
    r"(?:untitled|document|title|slide|\W*)\d*|.*\.\w{3,4}|microsoft (?:word|powerpoint) - .*", re.IGNORECASE
)
_FIRST_YEAR = 1990


class PdfReader:
    """Reads one article a document.

    Args:
        clock: seconds, for the time that reading may take.
    """

    suffixes = frozenset({".pdf"})

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock

    def read(self, origin: Origin) -> Iterator[Article | BadItem]:
        """The article of a document, or why there is none."""
        try:
            document = _open(read_bytes(origin))
            text = _require_text(join_pages(self._pages(document)))
            yield from assemble(origin, {"title": _title(document), "published": _published(document)}, text)
        except Unreadable as error:
            yield BadItem(origin.relative, str(error))

    def _pages(self, document: pypdf.PdfReader) -> list[str]:
        until = self._clock() + MAX_SECONDS
        texts: list[str] = []
        for number in range(_count(document)):
            if self._clock() > until:
                raise Unreadable(f"takes longer than {MAX_SECONDS:.0f} seconds, at page {number + 1}: split it")
            texts.append(_page(document, number))
        return texts


def _open(data: bytes) -> pypdf.PdfReader:
    import pypdf

    if _SIGNATURE not in data[:_HEAD]:
        raise Unreadable(f"is no PDF: it begins with {shortened(data[:12])}, not with '%PDF-'; save it again")
    try:
        document = parsed_by("pypdf", lambda: pypdf.PdfReader(BytesIO(data)))
        encrypted = parsed_by("pypdf", lambda: document.is_encrypted)
    except Unreadable as error:
        raise Unreadable(f"is a broken PDF ({error}): save it again") from error
    if encrypted and not _unlocked(document):
        raise Unreadable("is encrypted: save it without a password")
    return document


def _unlocked(document: pypdf.PdfReader) -> bool:
    """Whether an encrypted document opens to everybody, as those do that only forbid printing."""
    try:
        return bool(parsed_by("pypdf", lambda: document.decrypt("")))
    except Unreadable:
        return False


def _count(document: pypdf.PdfReader) -> int:
    try:
        pages = parsed_by("pypdf", lambda: len(document.pages))
    except Unreadable as error:
        raise Unreadable(f"is a broken PDF ({error}): save it again") from error
    if pages > MAX_PAGES:
        raise Unreadable(f"has {pages:,} pages, more than {MAX_PAGES:,}: split it into articles")
    return pages


def _page(document: pypdf.PdfReader, number: int) -> str:
    try:
        return parsed_by("pypdf", lambda: str(document.pages[number].extract_text()))
    except Unreadable as error:
        raise Unreadable(f"is a broken PDF, at page {number + 1} ({error}): save it again") from error


def _require_text(text: str) -> str:
    if len(text.split()) < _FEWEST_WORDS:
        raise Unreadable("holds no text, perhaps scanned pages: run it through text recognition (OCR) first")
    return text


def _title(document: pypdf.PdfReader) -> str:
    """The title that the document gives, empty where it is none."""
    try:
        title = one_line(parsed_by("pypdf", lambda: (document.metadata.title if document.metadata else None) or ""))
    except Unreadable:
        return ""
    return "" if len(title) > _LONGEST_TITLE or _NO_TITLE.fullmatch(title) else title


def _published(document: pypdf.PdfReader) -> str:
    """The day on which the document was made, empty where that is not told or cannot be."""
    try:
        made = parsed_by("pypdf", lambda: document.metadata.creation_date if document.metadata else None)
    except Unreadable:
        return ""
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    return made.date().isoformat() if made and made.year >= _FIRST_YEAR and made.date() <= tomorrow else ""
