"""From one feed into the catalogue: what is new or has changed is stored, what is gone is removed.

Nothing that goes wrong in one feed ends the run or touches another feed; what a feed held before stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from corpus.catalogue import Catalogue, article_digest
from corpus.errors import CatalogueError, FeedError, IndexStopped
from corpus.faults import unforeseen
from corpus.feeds import Feed
from corpus.feeds_file import BUILTIN
from corpus.fetching.urls import is_web_address
from corpus.progress import READING, Steps
from corpus.readers import BadItem
from corpus.runs import FeedRun, IndexRun
from corpus.webfeeds.port import Kept
from retrieval.types import Article

_T = TypeVar("_T")
_ARTICLES = 100  # in one transaction; a question waits no longer than that takes


@dataclass(slots=True)
class Intake:
    """Takes feeds into the catalogue, one after the other.

    Args:
        catalogue: where articles are stored.
        run: counts what was done.
        progress: is told how far it is.
    """

    catalogue: Catalogue
    run: IndexRun
    progress: Steps
    _claims: dict[str, tuple[str, Article | None]] = field(default_factory=dict)
    """Articles that a feed holds too, while they are another one's: that feed, and what it says where it differs."""

    def take(self, feed: Feed) -> None:
        """Bring the catalogue up to what a feed holds.

        Raises:
            CatalogueError: the catalogue cannot be written.
            IndexStopped: the run is to stop here.
        """
        name, refresh = feed.known.name, feed.options.refresh
        did = FeedRun(name)
        self.run.feeds.append(did)
        only_briefs = self.catalogue.count_articles() == self.catalogue.count_articles(BUILTIN)
        seen: set[str] = set()
        try:
            for items in batched(self._told(feed, did), _ARTICLES):
                if changed := list(self._changed(items, did, seen)):
                    self.catalogue.store(name, changed)
        except FeedError as error:
            # A feed that cannot be reached keeps its articles.
            did.failed = self._complain(did, str(error))
            self.catalogue.note_failure(name, did.failed, refresh, error.wait)
            return
        self._let_go(feed, did, seen)
        self.catalogue.remember_fetched(name, feed.records)
        if did.errors and not seen:
            # All of it is bad, so that it stands in the status until some of it is not.
            did.failed = self.run.errors[-did.errors]
            self.catalogue.note_failure(name, did.failed, refresh)
        else:
            self.catalogue.note_success(name, feed.kind or "", refresh)
        if seen and name != BUILTIN and only_briefs:
            self.run.removed += self.catalogue.remove_feed(BUILTIN)

    def _let_go(self, feed: Feed, did: FeedRun, seen: set[str]) -> None:
        """Remove what is gone from a feed or has become too old for it, but for what another feed holds."""
        name = feed.known.name
        gone = self.catalogue.absent(name, seen) if feed.lists_all else []
        claimed = {i: self._claims[i] for i in gone if i in self._claims}
        did.removed += self.catalogue.hand_over(name, gone, {i: heir for i, (heir, _) in claimed.items()})
        for heir, article in claimed.values():
            if article is not None:
                self.catalogue.store(heir, [article])
                self.run.changed += 1
        oldest = feed.options.oldest(datetime.now(UTC).date())
        did.removed += self.catalogue.remove_older(name, oldest) if oldest else 0
        self.run.removed += did.removed

    def _told(self, feed: Feed, did: FeedRun) -> Iterator[Article | Kept]:
        """The articles of a feed; tells how far it is and notes what was bad."""
        today, total = datetime.now(UTC).date(), feed.total
        number = 0
        self.progress(READING, 0, total, did.name)
        for number, item in enumerate(guarded(feed), start=1):
            if isinstance(item, BadItem):
                self._complain(did, f"{item.where}: {item.reason}")
            elif isinstance(item, Article) and len(item.id.encode()) > self.catalogue.longest_key:
                longest = self.catalogue.longest_key
                self._complain(
                    did, f"the id {item.id[:60]!r}… has more than the {longest:,} bytes that the database takes"
                )
            elif isinstance(item, Kept) or not feed.options.is_too_old(item.published, today):
                yield item
            # To count files takes a walk through all of them; what the web lists is known with the first of it.
            total = total or (feed.total if number == 1 else None)
            self.progress(READING, number, total, did.name, did.errors)
        if number != total:
            self.progress(READING, number, number, did.name, did.errors)

    def _changed(self, items: Sequence[Article | Kept], did: FeedRun, seen: set[str]) -> Iterator[Article]:
        """Those to be stored: new ones, and those that have changed."""
        owners = self.catalogue.owners([item.id for item in items])
        for item in items:
            if item.id in seen:
                self._complain(did, f"the id {item.id!r} occurs twice; the first one was kept")
            elif isinstance(item, Kept):
                seen.add(item.id)
                if item.id in owners and owners[item.id][0] != did.name:
                    self._claims.setdefault(item.id, (did.name, None))
            else:
                yield from self._new(item, owners.get(item.id), did, seen)

    def _new(self, article: Article, owner: tuple[str, str] | None, did: FeedRun, seen: set[str]) -> Iterator[Article]:
        """The article, if it is to be stored; ``owner`` is the feed that has it now, and its digest there."""
        digest = article_digest(article)
        if owner and owner[0] not in {did.name, BUILTIN}:
            # Two feeds may list one page; the first to do so keeps it, for as long as it lists it.
            differs = owner[1] != digest and not is_web_address(article.id)
            self._claims.setdefault(article.id, (did.name, article if differs else None))
            if differs:
                self._complain(did, f"the id {article.id!r} is taken by an article of {owner[0]}")
            return
        seen.add(article.id)
        if owner is None or owner[0] != did.name:
            did.added += 1
            self.run.added += 1
            yield article
        elif owner[1] != digest:
            did.changed += 1
            self.run.changed += 1
            yield article

    def _complain(self, did: FeedRun, complaint: str) -> str:
        """Note what is wrong, in a line that begins with the feed's name; returns that."""
        named = complaint.startswith((f"{did.name}: ", f"{did.name} line "))
        line = complaint if named else f"{did.name}: {complaint}"
        did.errors += 1
        self.run.errors.append(line)
        return line


def guarded(feed: Feed) -> Iterator[Article | BadItem | Kept]:
    """Everything in a feed.

    Raises:
        FeedError: it cannot be had, or reading it fails in a way that nobody foresaw.
        CatalogueError, IndexStopped: the run cannot go on.
    """
    items = iter(feed.items())
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except (FeedError, CatalogueError, IndexStopped):
            raise
        except Exception as error:
            raise FeedError(f"cannot be read: {unforeseen(feed.known.name, error)}") from error
        yield item


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The items in lists of this size, the last one perhaps shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
