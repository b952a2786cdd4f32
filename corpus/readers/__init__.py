"""Readers: files of one format each, turned into articles. Choose one with :func:`reader_for`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from corpus.readers.html import HtmlReader
from corpus.readers.jsonl import JsonLinesReader
from corpus.readers.markdown import MarkdownReader
from corpus.readers.pdf import PdfReader
from corpus.readers.plain import PlainTextReader
from corpus.readers.port import BadItem, Origin, Reader

__all__ = ["READERS", "READING", "BadItem", "Origin", "Reader", "reader_for"]

_SHIPPED: tuple[Reader, ...] = (
    MarkdownReader(),
    PlainTextReader(),
    JsonLinesReader(),
    HtmlReader(),
    PdfReader(),
)

READERS: Mapping[str, Reader] = {suffix: reader for reader in _SHIPPED for suffix in reader.suffixes}
"""The reader of each file name suffix, in lower case and with its dot."""

READING = 1
"""Raised when a reader makes another article of the same file, so that all files are read again."""


def reader_for(path: Path) -> Reader | None:
    """The reader of a file by its name's last two suffixes or its last one, in whatever case, if there is one."""
    return READERS.get("".join(path.suffixes[-2:]).lower()) or READERS.get(path.suffix.lower())
