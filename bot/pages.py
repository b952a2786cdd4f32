"""Saved web pages, read one by one for the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.errors import UsageError
from corpus.errors import NoArticle
from corpus.readers.files import read_bytes
from corpus.readers.pages import Page, extract_page
from corpus.readers.port import BadItem, Origin
from corpus.readers.problems import Unreadable


def read_pages(files: Sequence[Path], url: str | None = None) -> Iterator[tuple[str, Page | BadItem]]:
    """Each file's name as it was given, and its article or why it holds none.

    Args:
        files: HTML pages, gzipped or not.
        url: where a single one comes from.

    Raises:
        UsageError: ``url`` is no web address, or goes with more than one file; nothing has been read.
    """
    if url is not None and len(files) > 1:
        raise UsageError(f"--url goes with a single FILE, not with {len(files)}: leave it out, or name one page")
    if url is not None and not re.match(r"(?i)https?://[^\s/]", url):
        raise UsageError(f"--url {url!r} is no web address: write it with https://")
    return ((str(file), _read(file, url)) for file in files)


def _read(file: Path, url: str | None) -> Page | BadItem:
    try:
        return extract_page(read_bytes(Origin("", file, str(file))), url=url)
    except (NoArticle, Unreadable) as error:
        return BadItem(str(file), str(error))
