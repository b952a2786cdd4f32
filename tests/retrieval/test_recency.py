import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import PartialDate
from retrieval.recency import asks_for_the_latest, newness

NEWEST = dt.date(2024, 7, 9)
NEW = PartialDate(2024, 7, 9)


def test_newness_halves_with_every_year() -> None:
    days = [NEW, PartialDate(2023, 7, 10), PartialDate(2022, 7, 10)]
    assert newness(days, NEWEST) == pytest.approx([1, 0.5, 0.25])


def test_of_a_month_or_a_year_the_last_day_counts() -> None:
    assert newness([PartialDate(2024), PartialDate(2024, 7)], NEWEST).tolist() == [1, 1]
    assert newness([PartialDate(2023, 7)], NEWEST) == pytest.approx([0.5 ** (344 / 365)])


def test_an_article_without_a_date_counts_as_the_others_do() -> None:
    assert newness([NEW, None, PartialDate(2023, 7, 10)], NEWEST) == pytest.approx([1, 0.75, 0.5])


@pytest.mark.parametrize(("published", "newest"), [((None, None), NEWEST), ((), NEWEST), ((NEW,), None)])
def test_without_dates_nothing_is_new(published: tuple[PartialDate | None, ...], newest: dt.date | None) -> None:
    assert newness(published, newest).tolist() == [0.0] * len(published)


@pytest.mark.parametrize(
    "question",
    ["Who resigned this week?", "What is the latest on the pact?", "Who leads it now?", "Which envoy recently left?"],
)
def test_questions_that_ask_for_the_latest(question: str) -> None:
    assert asks_for_the_latest(question)


@pytest.mark.parametrize("question", ["Who knows the pact?", "What happened in 2016?", "Who knew of the currents?", ""])
def test_questions_that_do_not(question: str) -> None:
    assert not asks_for_the_latest(question)


DATES = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)).map(lambda d: PartialDate(d.year, d.month, d.day))


@given(st.lists(st.none() | DATES, max_size=8))
def test_newness_is_a_share(published: list[PartialDate | None]) -> None:
    values = newness(published, NEWEST)
    assert values.shape == (len(published),)
    assert np.all((values >= 0) & (values <= 1))
