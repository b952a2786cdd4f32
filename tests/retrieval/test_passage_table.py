"""Filters over all articles at once keep what they keep of each."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import PartialDate
from retrieval.index.table import ArticleRow, PassageTable
from retrieval.types import Filters

OUTLETS = ["The Wire", "BBC News", ""]
days = st.dates(dt.date(2019, 11, 1), dt.date(2021, 2, 28)) | st.sampled_from([dt.date.min, dt.date.max])
published = st.none() | st.sampled_from(["2020", "2020-02", "2020-02-29", "2021-01", "0001-01-01", "9999-12-31"])
tables = st.lists(st.tuples(st.sampled_from(OUTLETS), published), max_size=12)


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
    found = table.select(kept)
    if kept.empty:
        assert found is None
    else:
        assert found is not None
        passing = [at * 3 for at, n in enumerate(ordinals) if kept.keep(*(getattr(articles[n], f) for f in FIELDS))]
        assert found.tolist() == passing


FIELDS = ("id", "source", "published")
