"""Filters over all articles at once keep what they keep of each."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from retrieval.dates import PartialDate
from retrieval.index.port import IndexedPassage
from retrieval.index.table import ArticleRow, PassageTable, PassageTableWriter
from retrieval.types import Filters

OUTLETS = ["The Wire", "BBC News", ""]
days = st.dates(dt.date(2019, 11, 1), dt.date(2021, 2, 28)) | st.sampled_from([dt.date.min, dt.date.max])
published = st.none() | st.sampled_from(["2020", "2020-02", "2020-02-29", "2021-01", "0001-01-01", "9999-12-31"])
outlets = st.sampled_from(OUTLETS)
tables = st.lists(st.tuples(outlets, published), max_size=12)


@st.composite
def filters(draw: st.DrawFn) -> Filters:
    since, until = sorted([draw(days), draw(days)])
    return Filters(
        draw(st.sampled_from([since, None])),
        draw(st.sampled_from([until, None])),
        draw(st.none() | st.frozensets(st.sampled_from([*OUTLETS, "Nobody"]))),
        draw(st.none() | st.frozensets(st.sampled_from([*(f"a{n}" for n in range(12)), "unknown"]))),
    )


@given(tables, filters())
def test_a_filter_keeps_the_passages_of_the_articles_that_it_keeps(
    rows: list[tuple[str, str | None]], kept: Filters
) -> None:
    articles = tuple(
        ArticleRow(f"a{n}", source, PartialDate.parse(date) if date else None) for n, (source, date) in enumerate(rows)
    )
    # Two passages of each article, in turn.
    ordinals = np.tile(np.arange(len(articles), dtype=np.int32), 2)
    table = PassageTable(np.arange(len(ordinals), dtype=np.int64) * 3, ordinals, articles)
    found = table.passing(kept)
    if kept.empty:
        assert found is None
    else:
        assert found is not None
        assert found.tolist() == [kept.keep(*(getattr(articles[n], f) for f in FIELDS)) for n in ordinals]


FIELDS = ("id", "source", "published")


class ChangedTable(RuleBasedStateMachine):
    """A table that is built upon again and again, against a dictionary of what each passage belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[int] = []
        self.writer = PassageTableWriter(PassageTable.empty())
        self.expected: dict[int, str] = {}

    @rule(rows=st.dictionaries(st.integers(-3, 40), st.sampled_from(["a", "b", "c"]), max_size=6), outlet=outlets)
    def add(self, rows: dict[int, str], outlet: str) -> None:
        passages = [IndexedPassage(number, article, "", "", outlet) for number, article in rows.items()]
        if self.expected.keys() & rows.keys():
            with pytest.raises(ValueError, match="delete it first"):
                self.writer.add(passages)
            return
        self.writer.add(passages)
        self.numbers += rows
        self.expected |= rows

    @rule(ids=st.lists(st.integers(-3, 40), max_size=8))
    def remove(self, ids: list[int]) -> None:
        self.writer.remove(np.array(ids, dtype=np.int64))
        for passage_id in ids:
            self.expected.pop(passage_id, None)

    @rule()
    def finish(self) -> None:
        table, order = self.writer.finish()
        assert table.ids.tolist() == sorted(self.expected) == [self.numbers[at] for at in order]
        owners = table.owners(table.rows(sorted(self.expected)))
        assert [row.id for row in owners] == [article for _, article in sorted(self.expected.items())]
        assert {row.id for row in table.articles} == set(self.expected.values())
        self.numbers, self.writer = table.ids.tolist(), PassageTableWriter(table)


TestChangedTable = ChangedTable.TestCase


def test_an_id_twice_among_what_is_added_is_refused() -> None:
    twice = [IndexedPassage(7, "a", "", ""), IndexedPassage(7, "b", "", "")]
    with pytest.raises(ValueError, match="delete it first"):
        PassageTableWriter(PassageTable.empty()).add(twice)


def test_what_came_last_says_where_and_when_an_article_appeared() -> None:
    writer = PassageTableWriter(PassageTable.empty())
    writer.add([IndexedPassage(1, "a", "", "", "The Wire")])
    table, _ = writer.finish()
    writer = PassageTableWriter(table)
    writer.add([IndexedPassage(2, "a", "", "", "BBC News")])
    table, _ = writer.finish()
    assert [row.source for row in table.owners(table.rows([1, 2]))] == ["BBC News", "BBC News"]


def test_a_passage_that_is_not_there_has_no_row() -> None:
    with pytest.raises(KeyError, match="9"):
        PassageTable.empty().rows([9])
