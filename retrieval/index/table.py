"""Which passage belongs to which article, and what articles can be filtered by."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from sys import intern
from typing import Self

import numpy as np
import numpy.typing as npt

from retrieval.dates import PartialDate
from retrieval.index.port import IndexedPassage, PassageIds
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

    def changed(self, deleted: PassageIds, added: Sequence[IndexedPassage]) -> PassageTable:
        """The table without some passages and with others; articles that keep none are dropped."""
        kept = ~np.isin(self.ids, deleted)
        owners = [self.articles[ordinal] for ordinal in self.ordinals[kept]]
        owners += [ArticleRow(p.article_id, p.source, p.published) for p in added]
        ids = np.concatenate([self.ids[kept], np.array([p.id for p in added], dtype=np.int64)])
        order = np.argsort(ids, kind="stable")
        # A later row of the same article replaces its metadata.
        articles = {row.id: row for row in owners}
        position = {article_id: ordinal for ordinal, article_id in enumerate(articles)}
        ordinals = np.array([position[owners[i].id] for i in order], dtype=np.int32)
        return PassageTable(ids[order], ordinals, tuple(articles.values()))

    def articles_of(self, passage_ids: Sequence[int]) -> list[ArticleRow]:
        """The articles that passages of the table belong to, in this order.

        Raises:
            KeyError: a passage is not in the table.
        """
        wanted = np.asarray(passage_ids, dtype=np.int64)
        places = np.searchsorted(self.ids, wanted)
        if (places == len(self.ids)).any() or not np.array_equal(self.ids[places], wanted):
            raise KeyError(f"not all of these passages are in the index: {wanted[:5].tolist()}…")
        return [self.articles[ordinal] for ordinal in self.ordinals[places].tolist()]

    def select(self, filters: Filters) -> PassageIds | None:
        """The ids that pass the filters; ``None`` where there is nothing to filter by."""
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
        return self.ids[passing[self.ordinals]]

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
