"""The embedded index: FAISS and tantivy in a folder, one sub-folder a generation."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self
from uuid import uuid4

import numpy as np

from retrieval.encoders.port import Vectors
from retrieval.errors import IndexDamaged, IndexMissing
from retrieval.files import sync
from retrieval.index.dense import DenseIndex
from retrieval.index.lexical import LexicalIndex
from retrieval.index.manifest import Manifest
from retrieval.index.port import EVERYTHING, GenerationInfo, IndexedPassage, Match, PassageIds
from retrieval.index.table import PassageTable
from retrieval.types import Filters

_CURRENT = "CURRENT"
_BUILDING = ".building"
# The generation before the current one may still be answering in another process.
_KEPT = 2


class EmbeddedIndex:
    """One generation, opened."""

    def __init__(self, info: GenerationInfo, dense: DenseIndex, lexical: LexicalIndex, table: PassageTable) -> None:
        self.info = info
        self._dense = dense
        self._lexical = lexical
        self._table = table

    @classmethod
    def open(cls, folder: Path, encoder: str | None) -> Self:
        """Open a folder after checking every file in it.

        Args:
            folder: of the generation.
            encoder: the fingerprint it must have been made with; ``None`` takes any.

        Raises:
            IndexDamaged, IndexForeign: it cannot be used.
        """
        manifest = Manifest.read(folder)
        if encoder is not None:
            manifest.check_encoder(encoder)
        try:
            parts = (
                DenseIndex.load(folder / "dense.faiss"),
                LexicalIndex(folder / "lexical"),
                PassageTable.load(folder),
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise IndexDamaged(
                f"the index in {folder} cannot be opened ({error}): run `backchannel index --rebuild`"
            ) from error
        return cls(manifest.info, *parts)

    def search_dense(self, vector: Vectors, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """See :class:`retrieval.index.port.Index`."""
        ids, scores = self._dense.search(vector, k, self._table.select(filters))
        return self._matches(zip(ids.tolist(), scores.tolist(), strict=True))

    def search_lexical(self, query: str, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """See :class:`retrieval.index.port.Index`."""
        return self._matches(self._lexical.search(query, k, filters))

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        """See :class:`retrieval.index.port.Index`."""
        return self._lexical.document_frequencies(words)

    def passage_ids(self) -> PassageIds:
        """See :class:`retrieval.index.port.Index`."""
        return self._table.ids

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """See :class:`retrieval.index.port.Index`."""
        return self._dense.vectors(np.asarray(ids, dtype=np.int64))

    def sources(self) -> Mapping[str, int]:
        """See :class:`retrieval.index.port.Index`."""
        return self._table.sources

    def known_articles(self, ids: Iterable[str]) -> set[str]:
        """See :class:`retrieval.index.port.Index`."""
        return self._table.known(ids)

    def close(self) -> None:
        """See :class:`retrieval.index.port.Index`; memory and files go with the last reference."""

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

    def _matches(self, scored: Iterable[tuple[int, float]]) -> list[Match]:
        return [Match(passage_id, self._table.article_id(passage_id), score) for passage_id, score in scored]


class EmbeddedIndexWriter:
    """A generation being built in a folder that nobody else looks at."""

    def __init__(self, store: EmbeddedIndexStore, number: int, base: Path | None) -> None:
        self._store = store
        self._number = number
        # A name of its own: a writer that was let go unfinished may still be writing to the one before.
        self._folder = store.folder_of(number).with_suffix(f".{uuid4().hex[:8]}{_BUILDING}")
        self._folder.mkdir()
        if base is None:
            (self._folder / "lexical").mkdir()
            self._dense = DenseIndex.empty(store.dimension)
            self._table = PassageTable.empty()
        else:
            shutil.copytree(base / "lexical", self._folder / "lexical")
            self._dense = DenseIndex.load(base / "dense.faiss")
            self._table = PassageTable.load(base)
        self._lexical = LexicalIndex(self._folder / "lexical")
        self._present: set[int] = set(self._table.ids.tolist())
        self._added: list[IndexedPassage] = []
        self._deleted: list[PassageIds] = []

    def add(self, passages: Sequence[IndexedPassage], vectors: Vectors) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        ids = np.array([passage.id for passage in passages], dtype=np.int64)
        if vectors.shape != (len(ids), self._dense.dimension):
            raise ValueError(f"{len(ids)} passages need {(len(ids), self._dense.dimension)}, got {vectors.shape}")
        new = set(ids.tolist())
        if len(new) != len(ids) or not self._present.isdisjoint(new):
            raise ValueError("a passage id is in the index already: delete it first")
        self._present |= new
        self._dense.add(ids, vectors)
        self._lexical.add(passages)
        # Texts are in the lexical index now; only what the table needs is kept in memory.
        self._added += [IndexedPassage(p.id, p.article_id, "", "", p.source, p.published) for p in passages]

    def delete(self, ids: Sequence[int]) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        gone = np.asarray(ids, dtype=np.int64)
        self._dense.remove(gone)
        self._lexical.remove(gone.tolist())
        self._deleted.append(gone)
        dropped = set(gone.tolist())
        self._present -= dropped
        self._added = [passage for passage in self._added if passage.id not in dropped]

    def publish(self) -> GenerationInfo:
        """See :class:`retrieval.index.port.IndexWriter`."""
        deleted = np.concatenate([*self._deleted, np.empty(0, dtype=np.int64)])
        table = self._table.changed(deleted, self._added)
        self._lexical.commit()
        self._dense.save(self._folder / "dense.faiss")
        table.save(self._folder)
        info = GenerationInfo(
            number=self._number,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            encoder=self._store.encoder,
            dimension=self._dense.dimension,
            passages=len(table.ids),
            horizon=table.horizon,
        )
        Manifest.describe(info, self._folder).write(self._folder)
        EmbeddedIndex.open(self._folder, self._store.encoder).verify()
        self._store.make_current(self._folder, self._number)
        return info

    def abandon(self) -> None:
        """See :class:`retrieval.index.port.IndexWriter`."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.abandon()


class EmbeddedIndexStore:
    """Generations in a folder; the file ``CURRENT`` names the one that answers.

    Args:
        root: the folder; it is made when the first generation is begun.
        encoder: fingerprint of the encoder in use; an index of another one is refused.
        dimension: of its vectors.
    """

    def __init__(self, root: Path, encoder: str, dimension: int) -> None:
        self._root = root
        self.encoder = encoder
        self.dimension = dimension

    def folder_of(self, number: int) -> Path:
        """Where a generation lies."""
        return self._root / f"{number:06}"

    def current_number(self) -> int | None:
        """See :class:`retrieval.index.port.IndexStore`."""
        return current_number(self._root)

    def current(self) -> EmbeddedIndex:
        """See :class:`retrieval.index.port.IndexStore`."""
        return EmbeddedIndex.open(self.folder_of(self._current_or_raise()), self.encoder)

    def begin(self, *, fresh: bool = False) -> EmbeddedIndexWriter:
        """See :class:`retrieval.index.port.IndexStore`."""
        current = self.current_number() if not fresh else None
        base = None
        if current is not None:
            base = self.folder_of(current)
            Manifest.read(base).check_encoder(self.encoder)
        self._root.mkdir(parents=True, exist_ok=True)
        for unfinished in self._root.glob(f"*{_BUILDING}"):
            shutil.rmtree(unfinished, ignore_errors=True)
        return EmbeddedIndexWriter(self, max(self._numbers(), default=0) + 1, base)

    def make_current(self, built: Path, number: int) -> None:
        """Give the finished folder its name, then point ``CURRENT`` at it in one step; drop old generations."""
        built.rename(self.folder_of(number))
        sync(self._root)
        pointer = self._root / f"{_CURRENT}.new"
        pointer.write_text(f"{number}\n", encoding="ascii")
        sync(pointer)
        pointer.replace(self._root / _CURRENT)
        sync(self._root)
        for old in sorted(self._numbers())[:-_KEPT]:
            shutil.rmtree(self.folder_of(old), ignore_errors=True)

    def _current_or_raise(self) -> int:
        number = self.current_number()
        if number is None:
            raise IndexMissing(f"there is no index in {self._root}: run `backchannel index` first")
        return number

    def _numbers(self) -> list[int]:
        return [int(path.name) for path in self._root.glob("[0-9]*") if path.name.isdigit()]


def current_number(root: Path) -> int | None:
    """The number in the file ``CURRENT`` of an index folder; ``None`` where there is no such file.

    Raises:
        IndexDamaged: the file holds something else.
    """
    try:
        text = (root / _CURRENT).read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    if not text.isdigit():
        raise IndexDamaged(f"{root / _CURRENT} holds {text[:20]!r}, no number: run `backchannel index --rebuild`")
    return int(text)


def withdraw(root: Path) -> None:
    """Let no generation of an index folder answer any more; the next one is made from nothing."""
    (root / _CURRENT).unlink(missing_ok=True)


def open_any(root: Path) -> EmbeddedIndex | None:
    """The current generation, whatever encoder made it; ``None`` where there is none.

    Raises:
        IndexDamaged, IndexForeign: it cannot be read.
    """
    number = current_number(root)
    return EmbeddedIndex.open(root / f"{number:06}", None) if number is not None else None
