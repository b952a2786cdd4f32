import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import PartialDate
from retrieval.recency import closeness

NEWEST = dt.date(2024, 7, 9)
NEW = PartialDate(2024, 7, 9)


def near(question: str, *published: PartialDate | None, newest: dt.date | None = NEWEST) -> list[float]:
    return closeness(question, published, newest).tolist()


def test_closeness_halves_with_every_year() -> None:
    days = [NEWEST, dt.date(2023, 7, 10), dt.date(2022, 7, 10)]
    assert near("Who attends?", *(PartialDate(d.year, d.month, d.day) for d in days)) == pytest.approx([1, 0.5, 0.25])


def test_of_a_month_or_a_year_the_nearest_day_counts() -> None:
    assert near("Who attends?", PartialDate(2024), PartialDate(2024, 7)) == [1, 1]
    assert near("Who attends?", PartialDate(2023, 7))[0] == pytest.approx(0.5 ** (344 / 365))


def test_a_year_that_is_named_is_what_is_asked_for() -> None:
    old, between, new = PartialDate(2016, 1, 1), PartialDate(2019, 5, 1), PartialDate(2024, 7, 9)
    first, second, third = near("Who won in 2016?", old, between, new)
    assert (first, third) == (1, pytest.approx(0.5 ** ((dt.date(2024, 7, 9) - dt.date(2016, 12, 31)).days / 365)))
    assert first > second > third
    assert near("What happened between 2016 and 2019?", old, between) == [1, 1]


@pytest.mark.parametrize("question", ["Who has 12024 ships?", "Where is route 66?", "What costs 2,022?"])
def test_other_numbers_are_no_years(question: str) -> None:
    assert near(question, PartialDate(2024, 7, 9), PartialDate(2020)) == near("Who?", NEW, PartialDate(2020))


def test_an_article_without_a_date_counts_as_the_others_do() -> None:
    assert near("Who attends?", NEW, None, PartialDate(2023, 7, 10)) == pytest.approx([1, 0.75, 0.5])


@pytest.mark.parametrize(("published", "newest"), [((None, None), NEWEST), ((), NEWEST), ((NEW,), None)])
def test_without_dates_nothing_is_near(published: tuple[PartialDate | None, ...], newest: dt.date | None) -> None:
    assert near("Who attends?", *published, newest=newest) == [0.0] * len(published)


DATES = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)).map(lambda d: PartialDate(d.year, d.month, d.day))


@given(st.lists(st.none() | DATES, max_size=8), st.sampled_from(["Who?", "In 1999?", "From 1900 to 2099?"]))
def test_closeness_is_a_share(published: list[PartialDate | None], question: str) -> None:
    values = closeness(question, published, NEWEST)
    assert values.shape == (len(published),)
    assert np.all((values >= 0) & (values <= 1))
