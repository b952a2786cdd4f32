import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import PartialDate


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024", PartialDate(2024)),
        ("2024-07", PartialDate(2024, 7)),
        ("2024-07-09", PartialDate(2024, 7, 9)),
        ("2024/7/9", PartialDate(2024, 7, 9)),
        ("  2024-07-09\n", PartialDate(2024, 7, 9)),
        ("2024-02-29", PartialDate(2024, 2, 29)),
        ("2024-07-09T23:59:59Z", PartialDate(2024, 7, 9)),
        ("2024-07-09T23:59:59.123456+05:30", PartialDate(2024, 7, 9)),
        ("2024-07-09 10:00", PartialDate(2024, 7, 9)),
        ("0987", PartialDate(987)),
    ],
)
def test_dates_are_read(text: str, date: PartialDate) -> None:
    assert PartialDate.parse(text) == date


@pytest.mark.parametrize(
    "text",
    "|24|yesterday|July 2024|2024-13|2024-00|2024-07-00|2024-02-30|2023-02-29|2024-07-|2024-07-09x|0000|"
    "2024-07-09 noon|12024|09-07-2024|2024-7-9-1".split("|"),
)
def test_what_is_no_date_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no date") as raised:
        PartialDate.parse(text)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize(
    ("date", "first", "last"),
    [
        (PartialDate(2024), "2024-01-01", "2024-12-31"),
        (PartialDate(2024, 2), "2024-02-01", "2024-02-29"),
        (PartialDate(2023, 2), "2023-02-01", "2023-02-28"),
        (PartialDate(2024, 12), "2024-12-01", "2024-12-31"),
        (PartialDate(2024, 7, 9), "2024-07-09", "2024-07-09"),
        (PartialDate(9999), "9999-01-01", "9999-12-31"),
    ],
)
def test_a_date_spans_the_days_it_may_mean(date: PartialDate, first: str, last: str) -> None:
    assert (date.first.isoformat(), date.last.isoformat()) == (first, last)


def test_a_day_needs_its_month() -> None:
    with pytest.raises(ValueError, match="9 has no month"):
        PartialDate(2024, None, 9)


@pytest.mark.parametrize("parts", [(2024, 13), (2024, 0), (2024, 2, 30), (2024, 2, 0), (0,), (10_000,)])
def test_there_are_no_impossible_dates(parts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"month|day|year"):
        PartialDate(*parts)


def partial_dates() -> st.SearchStrategy[PartialDate]:
    def shorten(day: dt.date, precision: int) -> PartialDate:
        return PartialDate(*(day.year, day.month, day.day)[:precision])

    return st.builds(shorten, st.dates(), st.integers(1, 3))


@given(partial_dates())
def test_a_date_reads_back_as_it_is_written(date: PartialDate) -> None:
    assert PartialDate.parse(str(date)) == date
    assert date.first <= date.last
    assert PartialDate(date.first.year, date.first.month, date.first.day).last == date.first


@given(st.text(max_size=12) | st.from_regex(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}[T ]?[\d:]{0,8}", fullmatch=True))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    try:
        date = PartialDate.parse(text)
    except ValueError:
        return
    assert PartialDate.parse(str(date)) == date
