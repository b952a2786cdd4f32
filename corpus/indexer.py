"""From feeds to a published generation.

The catalogue says what the index must hold; the index is brought there by the difference. A run that is
cut off at any point loses nothing: the next one finds the same difference, or what is left of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from corpus.catalogue import Catalogue, article_digest
from corpus.errors import FeedError, NothingToIndex
from corpus.feed_register import FeedRegister, RegisteredFeed
from corpus.feeds import Feed
from corpus.feeds_file import BUILTIN
from corpus.fetching.urls import is_web_address
from corpus.locking import indexing_lock
from corpus.readers import BadItem
from corpus.stories.folding import fold_stories
from corpus.webfeeds.port import Kept
from retrieval.encoders.port import Encoder, Vectors
from retrieval.errors import IndexMissing
from retrieval.index.port import GenerationInfo, Index, IndexedPassage, IndexStore, IndexWriter
from retrieval.passages import PassageCutter, encoder_inputs
from retrieval.types import Article, Passage

_ARTICLES = 200  # in one transaction
_PASSAGES = 512  # encoded at once, then handed to the index
_CUTTER = 1
"""Raised when articles are cut another way, so that they are cut again."""


_T = TypeVar("_T")


class Progress(Protocol):
    """Told how far a run has come."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` in this stage; ``total`` is ``None`` where it is not known."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class IndexRun:
    """What a run did, articles counted."""

    generation: int | None = None
    articles: int = 0
    passages: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Indexer:
    """Brings the catalogue and the index of one data folder up to date.

    Args:
        catalogue: of the folder.
        store: where generations are published.
        encoder: the one that the store was opened for.
        folder: is locked during a run.
        register: which feeds there are; without one, those in the catalogue.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        store: IndexStore,
        encoder: Encoder,
        folder: Path,
        register: FeedRegister | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._encoder = encoder
        self._folder = folder
        self._register = register or FeedRegister(catalogue)

    def run(self, locations: Sequence[str] = (), *, rebuild: bool = False, progress: Progress = silent) -> IndexRun:
        """Read feeds, then publish a generation that holds what they hold.

        Args:
            locations: feeds to add or bring up to date, or their names; without any, all known ones,
                or the briefs where none is known.
            rebuild: cut and encode everything anew, whatever state the index is in.
            progress: is told how far it is.

        Raises:
            IndexBusy: another process is at it.
            FeedError: a named feed cannot be read; nothing has been changed.
            NothingToIndex: no article is left; the index has not been changed.
            IndexFault: the current generation cannot be built upon, and ``rebuild`` was not asked for.
        """
        started = time.monotonic()
        with indexing_lock(self._folder):
            base = self._base(rebuild)
            run = IndexRun()
            self._read(self._register.find(locations), run, progress)
            if not self._catalogue.count_articles():
                raise NothingToIndex(_nothing(run.errors))
            fold_stories(self._catalogue, progress)
            self._cut(rebuild, progress)
            info = self._sync(base, progress)
            run.seconds = round(time.monotonic() - started, 3)
            self._catalogue.published(info, run.seconds)
            run.generation, run.articles, run.passages = info.number, info.horizon.articles, info.passages
            return run

    def _read(self, feeds: Sequence[RegisteredFeed], run: IndexRun, progress: Progress) -> None:
        with self._register.opened(feeds) as opened:
            for registered, feed in zip(feeds, opened, strict=True):
                self._register.remember(registered)
                self._ingest(feed, run, progress)

    def _ingest(self, feed: Feed, run: IndexRun, progress: Progress) -> None:
        name, refresh = feed.known.name, feed.options.refresh
        only_briefs = self._catalogue.count_articles() == self._catalogue.count_articles(BUILTIN)
        seen: set[str] = set()
        try:
            for batch in _batched(self._articles(feed, run, seen, progress), _ARTICLES):
                self._catalogue.store(name, batch)
        except FeedError as error:
            # A feed that cannot be reached keeps its articles.
            run.errors.append(str(error))
            self._catalogue.note_failure(name, str(error), max(refresh, timedelta(seconds=error.wait or 0)))
            return
        run.removed += self._without_gone(feed, seen)
        self._catalogue.remember_fetched(name, feed.records)
        self._catalogue.note_success(name, feed.kind or "", refresh)
        if seen and name != BUILTIN and only_briefs:
            run.removed += self._catalogue.remove_feed(BUILTIN)

    def _without_gone(self, feed: Feed, seen: set[str]) -> int:
        """Remove what is gone from a feed or has become too old for it; returns how many articles that were."""
        removed = self._catalogue.keep_only(feed.known.name, seen) if feed.lists_all else 0
        oldest = feed.options.oldest(datetime.now(UTC).date())
        return removed + (self._catalogue.remove_older(feed.known.name, oldest) if oldest else 0)

    def _articles(self, feed: Feed, run: IndexRun, seen: set[str], progress: Progress) -> Iterator[Article]:
        """The articles of a feed that are new or have changed; counts them and notes what was bad."""
        today = datetime.now(UTC).date()
        for number, item in enumerate(feed.items(), start=1):
            progress("reading", number, None)
            if isinstance(item, BadItem):
                run.errors.append(f"{item.where}: {item.reason}")
                continue
            if isinstance(item, Kept):
                seen.add(item.id)
                continue
            if feed.options.is_too_old(item.published, today):
                continue
            if item.id in seen:
                run.errors.append(f"{feed.known.name}: the id {item.id!r} occurs twice; the first one was kept")
                continue
            owner = self._catalogue.owner(item.id)
            digest = article_digest(item)
            if owner and owner[0] not in {feed.known.name, BUILTIN}:
                # Two feeds may list one page; the first to do so keeps it.
                if owner[1] != digest and not is_web_address(item.id):
                    run.errors.append(f"{feed.known.name}: the id {item.id!r} is taken by an article of {owner[0]}")
                continue
            seen.add(item.id)
            if owner is None or owner[0] != feed.known.name:
                run.added += 1
                yield item
            elif owner[1] != digest:
                run.changed += 1
                yield item

    def _cut(self, rebuild: bool, progress: Progress) -> None:
        cut_for = f"{_CUTTER}:{self._encoder.fingerprint}"
        cutter = PassageCutter(self._encoder)
        revisions = self._catalogue.uncut(None if rebuild else cut_for)
        for at in range(0, len(revisions), _ARTICLES):
            progress("cutting", at, len(revisions))
            rows = self._catalogue.revisions(revisions[at : at + _ARTICLES])
            spans = cutter.cut([article for _, article in rows])
            self._catalogue.store_passages(
                ((revision, article, cut) for (revision, article), cut in zip(rows, spans, strict=True)), cut_for
            )
        progress("cutting", len(revisions), len(revisions))

    def _sync(self, base: Index | None, progress: Progress) -> GenerationInfo:
        wanted = self._catalogue.current_passages()
        held = base.passage_ids() if base else np.empty(0, dtype=np.int64)
        added, deleted = np.setdiff1d(wanted, held), np.setdiff1d(held, wanted)
        if base and not len(added) and not len(deleted):
            return base.info
        with self._store.begin(fresh=base is None) as writer:
            writer.delete(deleted.tolist())
            done = 0
            for batch in _batched(added.tolist(), _PASSAGES):
                progress("encoding", done, len(added))
                self._add(writer, base, self._catalogue.passages(batch))
                done += len(batch)
            progress("encoding", done, len(added))
            return writer.publish()

    def _base(self, rebuild: bool) -> Index | None:
        if rebuild:
            return None
        try:
            return self._store.current()
        except IndexMissing:
            return None

    def _add(self, writer: IndexWriter, base: Index | None, passages: Sequence[Passage]) -> None:
        rows = [
            IndexedPassage(p.id, p.article.id, p.article.title, p.text, p.article.source, p.article.published)
            for p in passages
        ]
        writer.add(rows, self._vectors(base, rows))

    def _vectors(self, base: Index | None, rows: Sequence[IndexedPassage]) -> Vectors:
        """float32 ``(n, d)``: from the generation before where it holds the same text, else encoded."""
        vectors = np.empty((len(rows), self._encoder.dimension), dtype=np.float32)
        known = self._known_twins(base, [row.id for row in rows]) if base else {}
        at = [place for place, row in enumerate(rows) if row.id in known]
        if base and at:
            vectors[at] = base.vectors([known[rows[place].id] for place in at])
        rest = [place for place, row in enumerate(rows) if row.id not in known]
        if rest:
            inputs = encoder_inputs((rows[place].title, rows[place].text) for place in rest)
            vectors[rest] = self._encoder.encode_passages(inputs)
        return vectors

    def _known_twins(self, base: Index, ids: Sequence[int]) -> dict[int, int]:
        twins = self._catalogue.twins(ids)
        held = set(np.intersect1d(base.passage_ids(), [i for others in twins.values() for i in others]).tolist())
        first = {passage: next((i for i in others if i in held), None) for passage, others in twins.items()}
        return {passage: twin for passage, twin in first.items() if twin is not None}


def _batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _nothing(errors: Iterable[str]) -> str:
    first = next(iter(errors), None)
    reason = f" ({first})" if first else ""
    return f"no article was found{reason}: name a folder, a file, a page or a feed on the web that has some"
