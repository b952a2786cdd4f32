"""From feeds to a published generation.

The catalogue says what the index must hold; the index is brought there by the difference. A run that is
cut off at any point loses nothing: the next one finds the same difference, or what is left of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np

from corpus.catalogue import Catalogue
from corpus.errors import NothingToIndex
from corpus.feed_register import FeedRegister, RegisteredFeed
from corpus.intake import Intake, batched
from corpus.locking import indexing_lock
from corpus.progress import CUTTING, ENCODING, Progress, Step, Steps, silent
from corpus.runs import FeedRun, IndexRun
from corpus.stories.folding import fold_stories
from corpus.vectors import CachedVectors, VectorCache
from retrieval.encoders.port import Encoder
from retrieval.errors import IndexDamaged, IndexMissing
from retrieval.index.port import GenerationInfo, IndexedPassage, IndexStore, IndexWriter, PassageIds
from retrieval.passages import PassageCutter
from retrieval.types import Passage

__all__ = ["FeedRun", "IndexRun", "Indexer", "Progress", "Step", "silent"]

logger = logging.getLogger(__name__)

_CUT_AT_ONCE = 50  # articles; a question waits no longer than that takes
_PASSAGES = 512  # encoded at once, then handed to the index
_CUTTER = 1
"""Raised when articles are cut another way, so that they are cut again."""


@dataclass(frozen=True, slots=True)
class _Base:
    """The generation that is built upon; to hold it open while feeds are read would take memory for nothing."""

    info: GenerationInfo
    passages: PassageIds


class Indexer:
    """Brings the catalogue and the index of one data folder up to date.

    Args:
        catalogue: of the folder.
        store: where generations are published.
        encoder: the one that the store was opened for.
        folder: is locked during a run.
        register: which feeds there are; without one, those in the catalogue.
        stop: once this is set, a run ends at its next step.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        store: IndexStore,
        encoder: Encoder,
        folder: Path,
        register: FeedRegister | None = None,
        stop: Event | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._encoder = encoder
        self._folder = folder
        self._register = register or FeedRegister(catalogue)
        self._stop = stop or Event()

    def run(
        self,
        locations: Sequence[str] = (),
        *,
        rebuild: bool = False,
        progress: Progress = silent,
        by: str = "",
    ) -> IndexRun:
        """Read feeds, then publish a generation that holds what they hold.

        Args:
            locations: feeds to add or bring up to date, or their names; without any, all known ones,
                or the briefs where none is known.
            rebuild: read every file and cut every article anew, and make a new index, whatever state it is in; only
                texts that were never encoded are.
            progress: is told how far it is.
            by: what started the run, as others are told.

        Raises:
            IndexBusy: another process is at it.
            IndexStopped: it was stopped on its way.
            FeedError: a named feed cannot be read; nothing has been changed.
            NothingToIndex: no article is left; the index has not been changed.
            IndexForeign: another encoder made the current generation, and ``rebuild`` was not asked for.
            IndexUnwritable: there is no space for a generation, or no permission to write one.
        """
        return self._run(lambda: self._register.find(locations), rebuild, progress, by)

    def refresh(self, feeds: Sequence[RegisteredFeed], *, progress: Progress = silent, by: str = "") -> IndexRun:
        """As :meth:`run`, of these feeds alone; without any, what an earlier run left undone is done.

        Raises:
            CorpusError, IndexFault: see :meth:`run`.
        """
        return self._run(lambda: feeds, rebuild=False, progress=progress, by=by)

    def _run(
        self, find: Callable[[], Sequence[RegisteredFeed]], rebuild: bool, progress: Progress, by: str
    ) -> IndexRun:
        started = time.monotonic()
        lock, turn = indexing_lock(self._folder, by), self._catalogue.indexing(by)
        with lock as note, turn as shared_note, self._cached() as vectors:
            steps = Steps((note, shared_note, progress), self._stop)
            base = self._base(rebuild)
            run = IndexRun()
            feeds = find()
            for feed in feeds if rebuild else ():
                self._catalogue.forget_files(feed.known.name)
            self._read(feeds, run, steps)
            if not self._catalogue.count_articles():
                raise NothingToIndex(_nothing(run.errors))
            fold_stories(self._catalogue, steps)
            self._cut(rebuild, steps)
            info = self._sync(base, vectors, steps)
            run.seconds = round(time.monotonic() - started, 3)
            # At once: a bot that finds a generation noted need not compare all its passages with the catalogue's.
            self._catalogue.note(info, run.seconds)
            self._catalogue.published(info, self._store.clean_up())
            run.generation, run.articles, run.passages = info.number, info.horizon.articles, info.passages
            return run

    def _read(self, feeds: Sequence[RegisteredFeed], run: IndexRun, progress: Steps) -> None:
        intake = Intake(self._catalogue, run, progress)
        with self._register.opened(feeds, stop=self._stop) as opened:
            for registered, feed in zip(feeds, opened, strict=True):
                self._register.remember(registered)
                intake.take(feed)

    def _cut(self, rebuild: bool, progress: Steps) -> None:
        cut_for = f"{_CUTTER}:{self._encoder.fingerprint}"
        cutter = PassageCutter(self._encoder)
        revisions = self._catalogue.uncut(None if rebuild else cut_for)
        for at in range(0, len(revisions), _CUT_AT_ONCE):
            progress(CUTTING, at, len(revisions))
            rows = self._catalogue.revisions(revisions[at : at + _CUT_AT_ONCE])
            spans = cutter.cut([article for _, article in rows])
            self._catalogue.store_passages(
                ((revision, article, cut) for (revision, article), cut in zip(rows, spans, strict=True)), cut_for
            )
        progress(CUTTING, len(revisions), len(revisions))

    def _cached(self) -> CachedVectors:
        return CachedVectors(self._encoder, self._folder / VectorCache.NAME)

    def _sync(self, base: _Base | None, vectors: CachedVectors, progress: Steps) -> GenerationInfo:
        wanted = self._catalogue.current_passages()
        held = base.passages if base else np.empty(0, dtype=np.int64)
        added, deleted = np.setdiff1d(wanted, held), np.setdiff1d(held, wanted)
        if base and not len(added) and not len(deleted):
            return base.info
        with self._store.begin(fresh=base is None) as writer:
            writer.delete(deleted.tolist())
            done = 0
            for batch in batched(added.tolist(), _PASSAGES):
                progress(ENCODING, done, len(added))
                self._add(writer, vectors, self._catalogue.passages(batch))
                done += len(batch)
            progress(ENCODING, done, len(added))
            vectors.prune(self._catalogue.encoded_texts)
            return writer.publish()

    def _base(self, rebuild: bool) -> _Base | None:
        """The generation to build upon; ``None`` where the next one is to be made of the catalogue alone."""
        if rebuild:
            return None
        try:
            index = self._store.current()
        except IndexMissing:
            return None
        except IndexDamaged as error:
            logger.warning("the index is made anew, since it is damaged: %s", error)
            return None
        base = _Base(index.info, index.passage_ids())
        index.close()
        lost = self._catalogue.lacks(base.passages)
        if lost:
            logger.warning("the index is made anew: the catalogue has lost %d of its passages, as by a power cut", lost)
            self._catalogue.pass_over(base.passages)
        return base if not lost else None

    def _add(self, writer: IndexWriter, vectors: CachedVectors, passages: Sequence[Passage]) -> None:
        rows = [
            IndexedPassage(p.id, p.article.id, p.article.title, p.text, p.article.source, p.article.published)
            for p in passages
        ]
        writer.add(rows, vectors.of([(row.title, row.text) for row in rows]))


def _nothing(errors: Iterable[str]) -> str:
    first = next(iter(errors), None)
    reason = f" ({first})" if first else ""
    return f"no article was found{reason}: name a folder, a file, a page or a feed on the web that has some"
