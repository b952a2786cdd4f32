"""Which passage belongs to which article, and what articles can be filtered by."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from sys import intern
from typing import Self

import numpy as np
import numpy.typing as npt

from retrieval.dates import PartialDate
from retrieval.index.port import IndexedPassage, Mask, PassageIds, Rows
from retrieval.types import Filters, Horizon

Ordinals = npt.NDArray[np.int32]

# After the last day and before the first: no filter by date keeps it.
_UNDATED = (dt.date.max.toordinal() + 1, dt.date.min.toordinal() - 1)


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """What an article is filtered by."""

    id: str
    source: str
    published: PartialDate | None


@dataclass(frozen=True)
class PassageTable:
    """Passage ids, ascending, int64 ``(n,)``, and for each the row of its article, int32 ``(n,)``."""

    ids: PassageIds
    ordinals: Ordinals
    articles: tuple[ArticleRow, ...]

    @classmethod
    def empty(cls) -> Self:
        """A table without passages."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32), ())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        with np.load(folder / "passages.npz") as arrays:
            ids, ordinals = arrays["ids"], arrays["ordinals"]
        rows = json.loads((folder / "articles.json").read_text(encoding="utf-8"))
        # Many articles share an outlet and a date: each is kept once, and read once.
        dates = {date: PartialDate.parse(date) for date in {date for *_, date in rows} if date}
        articles = (ArticleRow(i, intern(source), dates.get(date)) for i, source, date in rows)
        return cls(ids, ordinals, tuple(articles))

    def save(self, folder: Path) -> None:
        """Write two files into the folder."""
        np.savez(folder / "passages.npz", ids=self.ids, ordinals=self.ordinals)
        rows = [(row.id, row.source, row.published and str(row.published)) for row in self.articles]
        (folder / "articles.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")

    def rows(self, passage_ids: Sequence[int]) -> Rows:
        """Where passages stand in the table, int64 ``(n,)``, in this order.

        Raises:
            KeyError: a passage is not in the table.
        """
        wanted = np.asarray(passage_ids, dtype=np.int64)
        places = np.searchsorted(self.ids, wanted)
        if (places == len(self.ids)).any() or not np.array_equal(self.ids[places], wanted):
            raise KeyError(f"not all of these passages are in the index: {wanted[:5].tolist()}…")
        return places

    def owners(self, rows: Rows) -> list[ArticleRow]:
        """The articles that the passages in these rows belong to."""
        return [self.articles[ordinal] for ordinal in self.ordinals[rows].tolist()]

    def passing(self, filters: Filters) -> Mask | None:
        """Which passages pass the filters, bool ``(n,)``; ``None`` where there is nothing to filter by."""
        if filters.empty:
            return None
        passing = np.ones(len(self.articles), dtype=bool)
        if filters.article_ids is not None:
            passing[:] = False
            passing[[self._rows_by_id[i] for i in filters.article_ids if i in self._rows_by_id]] = True
        if filters.sources is not None:
            passing &= np.isin(self._outlets, [self._codes[s] for s in filters.sources if s in self._codes])
        if filters.since or filters.until:
            first, last = self._days
            since, until = filters.since or dt.date.min, filters.until or dt.date.max
            passing &= (first <= until.toordinal()) & (last >= since.toordinal())
        return passing[self.ordinals]

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those ids that are articles of the table."""
        return {i for i in ids if i in self._rows_by_id}

    @cached_property
    def _rows_by_id(self) -> dict[str, int]:
        return {row.id: ordinal for ordinal, row in enumerate(self.articles)}

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {source: code for code, source in enumerate({row.source: None for row in self.articles})}

    @cached_property
    def _outlets(self) -> Ordinals:
        """The code of each article's outlet, int32 ``(articles,)``."""
        return np.array([self._codes[row.source] for row in self.articles], dtype=np.int32)

    @cached_property
    def _days(self) -> tuple[Ordinals, Ordinals]:
        """The first and the last day on which each article may have been published, int32 ``(articles,)`` both."""
        published = [row.published for row in self.articles]
        days = [(day.first.toordinal(), day.last.toordinal()) if day else _UNDATED for day in published]
        first, last = np.array(days, dtype=np.int32).reshape(-1, 2).T
        return first, last

    @cached_property
    def sources(self) -> Mapping[str, int]:
        """Outlets with their numbers of articles."""
        return Counter(row.source for row in self.articles if row.source)

    @cached_property
    def horizon(self) -> Horizon:
        """Number of articles, first and last publication date."""
        return Horizon.of([row.published for row in self.articles])


class PassageTableWriter:
    """A table in the making: some passages are taken out of one, and others come.

    Passages are numbered in the order in which they came, those of the base first; that number is kept beside an id and
    an article for each, and nothing else.

    Args:
        base: what is built upon.
    """

    def __init__(self, base: PassageTable) -> None:
        self._base = base
        self._ids: list[PassageIds] = []
        self._there: list[Mask] = []
        self._spans: list[tuple[int, int]] = []
        self._owners: list[ArticleRow] = []
        self._known: dict[ArticleRow, ArticleRow] = {}
        self._append(base.ids)

    def add(self, passages: Sequence[IndexedPassage]) -> None:
        """Put passages behind those that are there.

        Raises:
            ValueError: an id is there already.
        """
        ids = np.array([passage.id for passage in passages], dtype=np.int64)
        if len(np.unique(ids)) != len(ids) or any(there[found].any() for there, found in self._find(ids)):
            raise ValueError("a passage id is in the index already: delete it first")
        rows = (ArticleRow(p.article_id, p.source, p.published) for p in passages)
        self._owners += [self._known.setdefault(row, row) for row in rows]
        self._append(ids)

    def remove(self, ids: PassageIds) -> None:
        """Take passages out; unknown ids are passed over."""
        for there, found in self._find(ids):
            there[found] = False

    def finish(self) -> tuple[PassageTable, Rows]:
        """The table, and for each of its rows the number of its passage, int64 ``(n,)``."""
        ids, there = np.concatenate(self._ids), np.concatenate(self._there)
        kept = np.flatnonzero(there)
        held = len(self._base.ids)
        owners = self._base.owners(kept[kept < held])
        owners += [self._owners[at] for at in (kept[kept >= held] - held).tolist()]
        # A later row of the same article replaces its metadata.
        articles = {row.id: row for row in owners}
        position = {article_id: ordinal for ordinal, article_id in enumerate(articles)}
        ordinals = np.array([position[row.id] for row in owners], dtype=np.int32)
        order = np.argsort(ids[kept], kind="stable")
        return PassageTable(ids[kept][order], ordinals[order], tuple(articles.values())), kept[order]

    def _append(self, ids: PassageIds) -> None:
        self._ids.append(ids)
        self._there.append(np.ones(len(ids), dtype=bool))
        self._spans.append((int(ids.min()), int(ids.max())) if len(ids) else (0, -1))

    def _find(self, ids: PassageIds) -> Iterator[tuple[Mask, Mask]]:
        """For each part of what came: the mask of what is there still, to be written to, and that of these ids."""
        if not len(ids):
            return
        least, most = int(ids.min()), int(ids.max())
        for part, there, (first, last) in zip(self._ids, self._there, self._spans, strict=True):
            # Ids mostly ascend: hardly a part can hold new ones.
            if first <= last and first <= most and last >= least:
                yield there, np.isin(part, ids)
