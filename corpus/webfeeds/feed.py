"""A feed on the web, as the indexer reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from corpus.feed_options import FeedKind, FeedOptions
from corpus.feed_records import KnownFeed, PageRecord
from corpus.readers import BadItem
from corpus.webfeeds.port import Kept, Outcome
from corpus.webfeeds.reading import WebReading
from retrieval.types import Article


@dataclass(slots=True)
class WebFeed:
    """A feed whose pages are fetched while others are read.

    Args:
        reading: what is read.
        outcomes: what comes of it, made in another thread.
    """

    reading: WebReading
    outcomes: Iterator[Outcome]
    records: list[PageRecord] = field(init=False, default_factory=list)

    @property
    def known(self) -> KnownFeed:
        """Its name and address."""
        return self.reading.feed

    @property
    def options(self) -> FeedOptions:
        """How it is read."""
        return self.reading.options

    @property
    def kind(self) -> FeedKind | None:
        """What it turned out to be."""
        return self.reading.kind

    @property
    def lists_all(self) -> bool:
        """Whether what it did not name is gone; an RSS feed names only the newest."""
        return self.reading.lists_all

    @property
    def total(self) -> int | None:
        """How many articles it lists, once that is known."""
        return self.reading.listed

    def items(self) -> Iterator[Article | BadItem | Kept]:
        """Everything in the feed; once only.

        Raises:
            FeedError: the feed itself cannot be had.
        """
        for outcome in self.outcomes:
            yield from outcome.items
            if outcome.record is not None:
                self.records.append(outcome.record)
