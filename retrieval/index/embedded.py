"""The embedded index: FAISS and tantivy in a folder, one sub-folder a generation."""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self
from uuid import uuid4

import numpy as np

from retrieval.dates import PartialDate
from retrieval.encoders.port import Vectors
from retrieval.errors import IndexDamaged, IndexForeign, IndexMissing, IndexUnwritable
from retrieval.files import sync
from retrieval.index.dense import FLAT_MOST, SEGMENT, DenseIndex, DenseWriter
from retrieval.index.generations import BUILDING, CURRENT, current_number, folder_of, numbers, put_out, withdraw
from retrieval.index.leases import Leases
from retrieval.index.lexical import LexicalIndex
from retrieval.index.manifest import Manifest
from retrieval.index.port import EVERYTHING, GenerationInfo, IndexedPassage, Match, PassageIds, Rows
from retrieval.index.table import PassageTable, PassageTableWriter
from retrieval.index.writing import writing
from retrieval.types import Filters

logger = logging.getLogger(__name__)

_LEASES = "leases"
# The generation before the current one stands in, should the current one be damaged.
_KEPT = 2
_TRIES, _PAUSE = 10, 0.05
# Over fewer, the search by words takes less than the encoder loses by sharing its cores with it.
_MANY = 100_000


class EmbeddedIndex:
    """One generation, opened."""

    shortcoming = ""

    def __init__(
        self,
        info: GenerationInfo,
        dense: DenseIndex,
        lexical: LexicalIndex,
        table: PassageTable,
        release: Callable[[], object] = lambda: None,
    ) -> None:
        self.info = info
        self.at_once = info.passages >= _MANY
        self._dense = dense
        self._lexical = lexical
        self._table = table
        self._release = weakref.finalize(self, release)

    @classmethod
    def open(
        cls,
        folder: Path,
        encoder: str | None,
        release: Callable[[], object] = lambda: None,
        flat_most: int = FLAT_MOST,
    ) -> Self:
        """Open a folder after checking every file in it, those that were checked before by their size and times alone.

        Args:
            folder: of the generation.
            encoder: the fingerprint it must have been made with; ``None`` takes any.
            release: called once when the index is closed or nobody refers to it any more.
            flat_most: up to so many passages dense search is exact.

        Raises:
            IndexDamaged, IndexForeign: it cannot be used.
            IndexUnwritable: it may be whole, and this user must be able to write there to tell.
        """
        manifest = Manifest.read(folder)
        if encoder is not None:
            manifest.check_encoder(encoder)
        try:
            parts = (
                DenseIndex.load(folder, flat_most),
                LexicalIndex(folder / "lexical"),
                PassageTable.load(folder),
            )
        except (RuntimeError, ValueError, OSError) as error:
            if not os.access(folder / "lexical", os.W_OK):
                # tantivy makes a lock file where it reads.
                raise IndexUnwritable(
                    f"the index in {folder} cannot be opened, since its folder cannot be written: "
                    "let the user that runs Backchannel write there"
                ) from error
            raise IndexDamaged(
                f"the index in {folder} cannot be opened ({error}): run `backchannel index --rebuild`"
            ) from error
        return cls(manifest.info, *parts, release)

    def search_dense(self, vector: Vectors, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """See :class:`retrieval.index.port.Index`."""
        rows, scores = self._dense.search(vector, k, self._table.passing(filters))
        return self._matches(rows, scores.tolist())

    def search_lexical(self, query: str, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """See :class:`retrieval.index.port.Index`."""
        found = self._lexical.search(query, k, filters)
        return self._matches(self._table.rows([passage_id for passage_id, _ in found]), [score for _, score in found])

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        """See :class:`retrieval.index.port.Index`."""
        return self._lexical.document_frequencies(words)

    def passage_ids(self) -> PassageIds:
        """See :class:`retrieval.index.port.Index`."""
        return self._table.ids

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """See :class:`retrieval.index.port.Index`."""
        return self._dense.vectors(self._table.rows(ids))

    def published(self, ids: Sequence[int]) -> list[PartialDate | None]:
        """See :class:`retrieval.index.port.Index`."""
        return [row.published for row in self._table.owners(self._table.rows(ids))]

    def sources(self) -> Mapping[str, int]:
        """See :class:`retrieval.index.port.Index`."""
        return self._table.sources

    def known_articles(self, ids: Iterable[str]) -> set[str]:
        """See :class:`retrieval.index.port.Index`."""
        return self._table.known(ids)

    def close(self) -> None:
        """See :class:`retrieval.index.port.Index`; memory goes with the last reference."""
        self._release()

    def verify(self) -> None:
        """Hold the parts against one another and look a passage up.

        Raises:
            IndexDamaged: they do not belong together.
        """
        counts = {len(self._dense), len(self._lexical), len(self._table.ids), self.info.passages}
        if len(counts) != 1:
            raise IndexDamaged(f"the parts of the new generation hold {sorted(counts)} passages: index again")
        if self.info.passages:
            probe = int(self._table.ids[0])
            vector = self.vectors([probe])[0]
            found = self.search_dense(vector, 1)
            if not found or found[0].score < float(vector @ vector) - 1e-3:
                raise IndexDamaged("the new generation does not find its own first passage: index again")

    def _matches(self, rows: Rows, scores: Iterable[float]) -> list[Match]:
        owners = (article.id for article in self._table.owners(rows))
        return list(map(Match, self._table.ids[rows].tolist(), owners, scores))


class EmbeddedIndexWriter:
    """A generation being built in a folder that nobody else looks at."""

    def __init__(self, store: EmbeddedIndexStore, number: int, base: Path | None) -> None:
        self._store = store
        self._number = number
        # A name of its own: a writer that was let go unfinished may still be writing to the one before.
        self._folder = store.folder_of(number).with_suffix(f".{uuid4().hex[:8]}{BUILDING}")
        self._folder.mkdir()
        try:
            if base is None:
                (self._folder / "lexical").mkdir()
            else:
                shutil.copytree(base / "lexical", self._folder / "lexical")
            vectors = DenseIndex.load(base, searched=False) if base else None
            self._dense = DenseWriter(self._folder, store.dimension, vectors, store.flat_most, store.segment)
            self._table = PassageTableWriter(PassageTable.load(base) if base else PassageTable.empty())
            self._lexical = LexicalIndex(self._folder / "lexical")
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def add(self, passages: Sequence[IndexedPassage], vectors: Vectors) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        expected = (len(passages), self._dense.dimension)
        if vectors.shape != expected:
            raise ValueError(f"{len(passages)} passages need {expected}, got {vectors.shape}")
        self._table.add(passages)
        with writing(self._folder.parent):
            self._dense.add(vectors)
            self._lexical.add(passages)

    def delete(self, ids: Sequence[int]) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        self._table.remove(np.asarray(ids, dtype=np.int64))
        with writing(self._folder.parent):
            self._lexical.remove(ids)

    def publish(self) -> GenerationInfo:
        """See :class:`retrieval.index.port.IndexWriter`."""
        with writing(self._folder.parent):
            info = self._write()
        EmbeddedIndex.open(self._folder, self._store.encoder, flat_most=self._store.flat_most).verify()
        with writing(self._folder.parent):
            self._store.make_current(self._folder, self._number)
        return info

    def _write(self) -> GenerationInfo:
        self._lexical.commit()
        table, order = self._table.finish()
        self._table = PassageTableWriter(PassageTable.empty())  # its memory is let go
        table.save(self._folder)
        self._dense.save(order)
        info = GenerationInfo(
            number=self._number,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            encoder=self._store.encoder,
            dimension=self._store.dimension,
            passages=len(table.ids),
            horizon=table.horizon,
        )
        Manifest.describe(info, self._folder).write(self._folder)
        return info

    def abandon(self) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        # Its thread would go on writing into the folder while that is removed.
        self._lexical.release()
        for _ in range(_TRIES):
            shutil.rmtree(self._folder, ignore_errors=True)
            if not self._folder.exists():
                return
            # tantivy's threads end soon after what went wrong; what they still write, the next run sweeps away.
            time.sleep(_PAUSE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.abandon()


class EmbeddedGenerations:
    """Generations in a folder; the file ``CURRENT`` names the one that answers.

    Args:
        root: the folder.
        encoder: fingerprint of the encoder in use, an index of another one is refused; ``None`` takes any.
        flat_most: up to so many passages dense search is exact.
    """

    def __init__(self, root: Path, encoder: str | None, flat_most: int = FLAT_MOST) -> None:
        self._root = root
        self._accepted = encoder
        self.flat_most = flat_most

    def folder_of(self, number: int) -> Path:
        """Where a generation lies."""
        return folder_of(self._root, number)

    def current_number(self) -> int | None:
        """See :class:`retrieval.index.port.Generations`."""
        return current_number(self._root)

    def current(self) -> EmbeddedIndex:
        """See :class:`retrieval.index.port.Generations`."""
        number = self.current_number()
        while number is not None:
            try:
                return self._open_held(number)
            except IndexDamaged:
                # It may have been replaced and removed since its number was read.
                tried, number = number, self.current_number()
                if number == tried:
                    raise
        raise IndexMissing(f"there is no index in {self._root}: run `backchannel index` first")

    def last_good(self, before: int | None = None) -> EmbeddedIndex | None:
        """See :class:`retrieval.index.port.Generations`."""
        for number in reversed([n for n in numbers(self._root) if before is None or n < before]):
            with suppress(IndexDamaged, IndexForeign):
                return self._open_held(number)
        return None

    def withdraw(self) -> None:
        """See :class:`retrieval.index.port.Generations`."""
        withdraw(self._root)

    def _open_held(self, number: int) -> EmbeddedIndex:
        """Open a generation that nobody removes until it is closed."""
        folder = self.folder_of(number)
        lease = Leases(self._root / _LEASES).take(folder)
        release = lease.release if lease else lambda: None
        try:
            return EmbeddedIndex.open(folder, self._accepted, release, self.flat_most)
        except BaseException:
            release()
            raise


class EmbeddedIndexStore(EmbeddedGenerations):
    """The same, where new ones are made.

    Args:
        root: the folder; it is made when the first generation is begun.
        encoder: fingerprint of the encoder in use; an index of another one is refused.
        dimension: of its vectors.
        flat_most: up to so many passages dense search is exact.
        segment: so many vectors lie in one file.
    """

    def __init__(
        self, root: Path, encoder: str, dimension: int, flat_most: int = FLAT_MOST, segment: int = SEGMENT
    ) -> None:
        super().__init__(root, encoder, flat_most)
        self.encoder = encoder
        self.dimension = dimension
        self.segment = segment

    def begin(self, *, fresh: bool = False) -> EmbeddedIndexWriter:
        """See :class:`retrieval.index.port.IndexStore`."""
        current = self.current_number() if not fresh else None
        base = None
        if current is not None:
            base = self.folder_of(current)
            # What is damaged in the old one would go on into the new one.
            Manifest.read(base, whole=True).check_encoder(self.encoder)
        with writing(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            self._sweep()
            return EmbeddedIndexWriter(self, max(numbers(self._root), default=0) + 1, base)

    def clean_up(self) -> int | None:
        """See :class:`retrieval.index.port.IndexStore`."""
        leases = Leases(self._root / _LEASES)
        try:
            with leases.locked():
                held = leases.held() | {self.folder_of(self.current_number() or 0).name}
                for number in numbers(self._root)[:-_KEPT]:
                    old = self.folder_of(number)
                    if old.name not in held:
                        put_out(old)
        except OSError as error:
            logger.warning("old generations in %s cannot be removed: %s", self._root, error)
        self._sweep()
        return min(numbers(self._root), default=None)

    def _sweep(self) -> None:
        """Remove what was never finished, and what is on its way out."""
        for folder in self._root.glob(f"*{BUILDING}"):
            shutil.rmtree(folder, ignore_errors=True)

    def make_current(self, built: Path, number: int) -> None:
        """Give the finished folder its name, then point ``CURRENT`` at it in one step."""
        built.rename(self.folder_of(number))
        sync(self._root)
        pointer = self._root / f"{CURRENT}.new"
        pointer.write_text(f"{number}\n", encoding="ascii")
        sync(pointer)
        pointer.replace(self._root / CURRENT)
        sync(self._root)
