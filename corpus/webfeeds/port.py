"""What feeds on the web are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from corpus.feed_records import PageRecord
from corpus.readers import BadItem
from retrieval.dates import PartialDate
from retrieval.types import Article


@dataclass(frozen=True, slots=True)
class Kept:
    """An article that has not changed since it was stored, or cannot be fetched now."""

    id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed or a sitemap says of an article; empty or ``None`` where it says nothing.

    Args:
        url: of its page; empty where ``text`` is all there is.
        stamp: changes when the feed says that the article has; empty where it cannot say so.
        id: under which the feed knows it.
        text: all of it, where the feed has that.
    """

    url: str
    stamp: str = ""
    id: str = ""
    title: str = ""
    source: str = ""
    published: PartialDate | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an entry, and what to remember of its page once the article is stored."""

    items: tuple[Article | BadItem | Kept, ...] = ()
    record: PageRecord | None = None
    failed: bool = False
    """Whether to try again next time, though the feed says nothing new."""


class Page(Protocol):
    """The clean article of a page."""

    @property
    def title(self) -> str:
        """Its headline."""

    @property
    def source(self) -> str:
        """Its outlet."""

    @property
    def url(self) -> str:
        """What it calls its own address."""

    @property
    def published(self) -> PartialDate | None:
        """When it was published."""

    @property
    def text(self) -> str:
        """Its paragraphs, parted by blank lines."""


class ExtractPage(Protocol):
    """Takes the article out of a page."""

    def __call__(self, data: bytes, *, url: str | None, content_type: str | None) -> Page:
        """The article.

        Raises:
            CorpusError: there is none; the message goes on from the page's address.
        """
