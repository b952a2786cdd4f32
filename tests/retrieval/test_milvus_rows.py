"""Passages as rows of a collection, and filters as expressions over them."""

import datetime as dt
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import PartialDate
from retrieval.index.lexical import terms
from retrieval.index.milvus.rows import LONGEST, date_of, expression_of, plain, query_of, row_of, words_of
from retrieval.index.port import IndexedPassage
from retrieval.types import Filters

days = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
partial = st.one_of(
    st.none(),
    days.map(lambda day: PartialDate(day.year, day.month, day.day)),
    days.map(lambda day: PartialDate(day.year, day.month)),
    days.map(lambda day: PartialDate(day.year)),
)


@given(partial)
def test_a_date_comes_back_as_precise_as_it_was(published: PartialDate | None) -> None:
    passage = IndexedPassage(1, "a", "", "", published=published)
    assert date_of(row_of(passage, np.ones(2, dtype=np.float32), words=False)) == published


@given(st.text(max_size=80), st.text(max_size=80))
def test_words_are_ascii_letters_and_digits_between_blanks(title: str, text: str) -> None:
    words = words_of(IndexedPassage(1, "a", title, text))
    assert words.isascii()
    assert all(word.isalnum() for word in words.split())
    assert len(words.split()) == len(terms(title)) + len(terms(text))
    # What is asked is what was written, in texts and in titles.
    for term in terms(text):
        assert plain(term) in words.split()
    asked = query_of(title).split()
    assert set(words.split()[: len(terms(title))]) <= set(asked)


def test_words_that_do_not_fit_are_left_out_whole() -> None:
    words = words_of(IndexedPassage(1, "a", "", "summits " * 10_000))
    assert LONGEST - 10 < len(words) <= LONGEST
    assert set(words.split()) == {"summit"}


@given(st.frozensets(st.text(), min_size=1, max_size=5))
def test_names_are_quoted_whatever_is_in_them(names: frozenset[str]) -> None:
    expression = expression_of(Filters(sources=names))
    possible = [name for name in sorted(names) if name.encode("utf-8", "ignore").decode() == name]
    if not possible:
        assert expression is None
    else:
        assert expression is not None
        listed = expression.removeprefix("source in ")
        assert json.loads(listed) == possible


@pytest.mark.parametrize(
    ("filters", "expression"),
    [
        (Filters(), ""),
        (Filters(since=dt.date(1, 1, 2)), "last_day >= 2"),
        (Filters(until=dt.date(1, 1, 3)), "first_day <= 3 and first_day > 0"),
        (Filters(sources=frozenset(), since=dt.date(1, 1, 2)), None),
        (Filters(article_ids=frozenset({"x" * (LONGEST + 1)})), None),
        (
            Filters(dt.date(1, 1, 2), dt.date(1, 1, 3), frozenset({"b", "a"}), frozenset({'"'})),
            'source in ["a", "b"] and article_id in ["\\""] and last_day >= 2 and first_day <= 3 and first_day > 0',
        ),
    ],
)
def test_filters_as_expressions(filters: Filters, expression: str | None) -> None:
    assert expression_of(filters) == expression
