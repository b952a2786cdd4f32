"""What a reader is given, what it must offer, and what it says of an item that it cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from retrieval.types import Article


@dataclass(frozen=True, slots=True)
class BadItem:
    """Something that could not be read, or not wholly.

    Args:
        where: the place, such as ``news.jsonl line 17``.
        reason: one line that names the offending value, shortened, and the way out.
    """

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Origin:
    """A file to read: the name of its feed, the file itself, and its path within the feed."""

    feed: str
    path: Path
    relative: str


class Reader(Protocol):
    """Turns a file into articles. Readers keep nothing between files."""

    suffixes: frozenset[str]
    """The file name suffixes that it reads, in lower case and with their dots."""

    def read(self, origin: Origin) -> Iterator[Article | BadItem]:
        """The articles of a file, in order, and what is wrong with it; never raises for what a file holds.

        Where an item gives both an article and a complaint, the article comes first.
        """
