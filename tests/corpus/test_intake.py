"""What one feed brings into the catalogue."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from corpus.catalogue import Catalogue, KnownFeed
from corpus.feed_options import FeedKind, FeedOptions
from corpus.feeds import FeedItem
from corpus.intake import Intake
from corpus.progress import Step, Steps
from corpus.runs import IndexRun
from retrieval.types import Article


@dataclass
class FakeFeed:
    """Knows how many articles it has with the first of them, or never; counts how often it is asked."""

    articles: list[Article]
    countable: bool
    known: KnownFeed = field(default_factory=lambda: KnownFeed("wire", "/news/wire"))
    options: FeedOptions = field(default_factory=FeedOptions)
    kind: FeedKind | None = None
    lists_all: bool = True
    records: tuple[()] = ()
    asked: int = 0
    begun: bool = False

    @property
    def total(self) -> int | None:
        self.asked += 1
        return len(self.articles) if self.begun and self.countable else None

    def items(self) -> Iterator[FeedItem]:
        self.begun = True
        yield from self.articles


def take(file: Path, feed: FakeFeed) -> list[Step]:
    steps: list[Step] = []
    catalogue = Catalogue(file)
    catalogue.add_feed(feed.known)
    Intake(catalogue, IndexRun(), Steps((steps.append,))).take(feed)
    catalogue.close()
    return steps


ARTICLES = [Article(f"a{number}", f"Ferry {number} was late.") for number in range(5)]


def test_what_a_feed_lists_is_known_with_its_first_article(tmp_path: Path) -> None:
    steps = take(tmp_path / "catalogue.sqlite3", FakeFeed(ARTICLES, countable=True))
    assert [(step.done, step.total) for step in steps] == [(0, None), *((n, 5) for n in range(1, 6))]


def test_a_feed_that_cannot_be_counted_is_not_asked_with_each_article(tmp_path: Path) -> None:
    feed = FakeFeed(ARTICLES, countable=False)
    steps = take(tmp_path / "catalogue.sqlite3", feed)
    assert [(step.done, step.total) for step in steps] == [(0, None), *((n, None) for n in range(1, 6)), (5, 5)]
    assert feed.asked == 2
