import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import PartialDate
from retrieval.event_dates import Dating, date_of, days_named, mentions
from retrieval.types import Span

WEDNESDAY = PartialDate(2022, 3, 16)
MONTHS = "January February March April May June July August September October November December".split()
SHORT = "Jan. Feb. March April May June July Aug. Sept. Oct. Nov. Dec.".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def dated(sentence: str, published: PartialDate | None = WEDNESDAY) -> Dating:
    return date_of(sentence, Span(0, len(sentence)), published)


def date(sentence: str, published: PartialDate | None = WEDNESDAY) -> str | None:
    found = dated(sentence, published).date
    return str(found) if found else None


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Russia invaded Ukraine on 24 February 2022.", "2022-02-24"),
        ("The war began on 2022-02-24.", "2022-02-24"),
        ("On the 24th of February, 2022, war began.", "2022-02-24"),
        ("Russia invaded Ukraine on Feb. 24.", "2022-02-24"),
        ("He resigned on Wednesday, Jan. 5.", "2022-01-05"),
        ("The pact was signed in March 2021.", "2021-03"),
        ("The pact was signed at the end of March 2021.", "2021-03"),
        ("Crimea was annexed in 2014.", "2014"),
        ("In 2014, on March 18, Putin signed the treaty.", "2014-03-18"),
        ("Envoys met on Feb. 24 and March 3, 2021.", None),  # two days
        ("The court ruled last June.", "2021-06"),
        ("In December, the court ruled.", "2021-12"),
        ("In January, the court ruled.", "2022-01"),
        ("In an October 2021 interview, he agreed.", "2021-10"),
    ],
)
def test_a_date_of_the_calendar_is_read(sentence: str, expected: str | None) -> None:
    assert date(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Putin met Xi on Wednesday.", "2022-03-16"),  # the day of publication
        ("Putin met Xi on Monday.", "2022-03-14"),
        ("Putin met Xi late Saturday night.", "2022-03-12"),
        ("Putin met Xi last Wednesday.", "2022-03-09"),
        ("At Monday's hearing, he denied it.", "2022-03-14"),
        ("He denied it in a Monday statement.", "2022-03-14"),
        ("The army withdrew yesterday.", "2022-03-15"),
        ("Two days ago the army withdrew.", "2022-03-14"),
        ("The army withdrew two weeks ago.", None),  # about then: the turn of a month
        ("The army withdrew last week.", "2022-03"),
        ("The army withdrew earlier this month.", "2022-03"),
        ("The army withdrew last month.", "2022-02"),
        ("The army withdrew earlier this year.", "2022"),
        ("The army withdrew last year.", "2021"),
        ("The army withdrew last summer.", "2021"),
        ("It was the 29th launch this year.", None),
        ("The army withdrew three years ago.", None),  # 2019 or 2018
    ],
)
def test_a_relative_date_counts_from_the_day_of_publication(sentence: str, expected: str | None) -> None:
    assert date(sentence) == expected
    for vague in (None, PartialDate(2022, 3), PartialDate(2022)):
        assert dated(sentence, vague) == Dating(None, planned=False, timed=True)


def test_a_weekday_six_days_gone_is_left_alone_for_the_article_may_have_been_updated() -> None:
    assert date("Putin met Xi on Thursday.") is None
    assert date("Putin met Xi last Thursday.") == "2022-03-10"


@pytest.mark.parametrize(
    ("sentence", "expected", "planned"),
    [
        ("Leaders will meet on Friday.", "2022-03-18", True),
        ("On Friday, leaders will meet.", "2022-03-18", True),
        ("The meeting is scheduled for Tuesday.", "2022-03-22", True),
        ("The election is expected to take place on Nov. 8.", "2022-11-08", True),
        ("He will stand trial next month.", "2022-04", True),
        ("Putin said Monday that he will resign.", "2022-03-14", False),
        ("Putin, who will resign, met Xi on Monday.", "2022-03-14", False),
        ("The treaty was signed in April 2023.", "2023-04", True),
    ],
)
def test_what_lies_ahead_is_planned(sentence: str, expected: str, planned: bool) -> None:
    assert (date(sentence), dated(sentence).planned) == (expected, planned)


@pytest.mark.parametrize(
    "sentence",
    [
        "Theresa May lost the vote.",
        "They may march on the capital.",
        "The March for Our Lives drew crowds.",
        "Covid-19 May have spread from there.",
        "Some 2,000 people died in 2000 homes.",
        "It was built in 1500 BC.",
        "It sold 2014 cars.",
        "Ninety-year-old Anna, 90, died.",
    ],
)
def test_what_only_looks_like_a_date_is_none(sentence: str) -> None:
    assert mentions(sentence, Span(0, len(sentence)), WEDNESDAY) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Prices fell in the 1990s.",
        "It lost money in fiscal 2021.",
        "The war lasted from 2014 to 2016.",
        "The 2014-16 war killed thousands.",
        "The US has fought since Sept. 11.",
        "The January 6 committee wrote a report.",
        "He took part in the 9/11 inquiry.",
        "The shop sold out on Black Friday.",
        "They marched every Friday.",
        "The army has fought there since Monday.",
        "He must leave by May 2023.",
        "He promised it before Monday.",
        "Monday's decision angered them.",
        "The Feb. 24 invasion changed Europe.",
        "The invasion of 2014 changed Europe.",
        "They met again that day.",
        "They met again two days later.",
        "Three decades ago they met.",
        "Xi, who was elected in 2013, praised him.",
        "He resigned after police raided his home on Monday.",
        "The massacre that left 19 dead in 2012 was named.",
        "On the day of the invasion, envoys praised a truce adopted in 2021.",
        "It happened – as in 2014 – again.",
        "“We left on Monday,” the envoy said.",
        "The trial, opening on Nov. 5, was told of it.",
    ],
)
def test_a_time_that_says_not_when_it_happened_dates_nothing(sentence: str) -> None:
    assert dated(sentence) == Dating(None, planned=False, timed=True)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The talks ran from 3 to 7 March 2021.", "2021-03"),
        ("The talks ran from March 3 to March 7, 2021.", "2021-03"),
        ("The talks ran March 3-7.", "2022-03"),
        ("The talks ran between 5 May and 7 July 2021.", "2021"),
        ("The talks ran between Feb. 27 and March 2.", None),
    ],
)
def test_a_range_is_told_by_the_month_or_year_that_holds_it(sentence: str, expected: str | None) -> None:
    assert date(sentence) == expected


def test_the_time_of_the_main_clause_counts() -> None:
    assert date("On Monday, Xi recalled what Mao did in 1950.") == "2022-03-14"
    assert date("Xi praised on Monday a pact, which he signed in 2013.") == "2022-03-14"
    assert date("Xi met Putin in 2013 and Modi in 2014.") is None
    assert date("Officials said Monday the attack on Sunday killed twelve.") is None


def test_a_date_named_after_another_year_is_not_taken_for_the_present_one() -> None:
    assert date("Work began in 2004, and the telescope was launched on December 25.") != "2021-12-25"


@given(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(range(6)))
def test_every_way_to_write_a_day_is_read_back(day: dt.date, way: int) -> None:
    month, short = MONTHS[day.month - 1], SHORT[day.month - 1]
    written = [
        f"{month} {day.day}, {day.year}",
        f"{short} {day.day}, {day.year}",
        f"{day.day} {month} {day.year}",
        f"{DAYS[day.weekday()]}, {month} {day.day}, {day.year}",
        f"the {day.day}th of {month}, {day.year}",
        day.isoformat(),
    ][way]
    assert date(f"The treaty was signed on {written}.", None) == day.isoformat()
    assert date(f"On {written}, the treaty was signed.", None) == day.isoformat()


@given(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)))
def test_months_and_years_are_read_back(day: dt.date) -> None:
    for month in (MONTHS[day.month - 1], SHORT[day.month - 1]):
        assert date(f"The treaty was signed in {month} {day.year}.", None) == f"{day.year}-{day.month:02}"
    assert date(f"The treaty was signed in {day.year}.", None) == str(day.year)


@given(st.dates(dt.date(2000, 1, 10), dt.date(2090, 1, 1)), st.integers(0, 5))
def test_a_weekday_is_the_last_one_before_publication(published: dt.date, ago: int) -> None:
    day = published - dt.timedelta(days=ago)
    told = f"The envoys met on {DAYS[day.weekday()]}."
    assert date(told, PartialDate(published.year, published.month, published.day)) == day.isoformat()


pieces = (
    *MONTHS,
    *SHORT,
    *DAYS,
    *'in on since 1990s 31 30th 29 2014 2022 last this next year week the of and to from - – “ ” " ( ) , .'.split(),
    *"month ago two yesterday will met said 9/11 0 99999 0000-00-00 2022-02-30 '90s 2021-13-45 that which".split(),
)
pieced = st.lists(st.sampled_from(pieces), max_size=25).map(" ".join)
published_days = st.sampled_from([None, WEDNESDAY, PartialDate(1, 1, 1), PartialDate(9999, 12, 31), PartialDate(2024)])


@given(st.one_of(st.text(), pieced), published_days)
def test_any_text_is_read_and_what_is_found_lies_in_it(text: str, published: PartialDate | None) -> None:
    whole = f"Before. {text}"
    sentence = Span(8, len(whole))
    found = mentions(whole, sentence, published)
    ends = [8]
    for mention in found:
        assert ends[-1] <= mention.span.start < mention.span.end <= len(whole)
        ends.append(mention.span.end)
        assert mention.period is None or mention.period.first <= mention.period.last
    assert dated(whole, published) == dated(whole, published)
    assert date_of(whole, sentence, published).timed == bool(found)


def test_a_sentence_of_many_times_is_a_table() -> None:
    table = "The army held it on " + ", ".join(f"{day} March 2021" for day in range(1, 14)) + "."
    assert dated(table) == Dating(None, planned=False, timed=True)
    assert all(mention.period is None for mention in mentions(table, Span(0, len(table)), WEDNESDAY))


def test_the_days_that_a_text_names_are_told_in_whatever_way_they_are_named() -> None:
    text = "It has been so since Feb. 24. The Feb. 24 invasion changed Europe in 2022. They met on Monday."
    assert days_named(text, Span(0, len(text)), WEDNESDAY) == {PartialDate(2022, 2, 24), PartialDate(2022, 3, 14)}


def test_what_may_be_of_this_week_or_the_next_is_left_alone() -> None:
    assert date("The army will withdraw next Friday.") is None
    assert date("The army will withdraw next Monday.") == "2022-03-21"
    assert date("Voters go to the polls on Sunday.") is None
    assert date("The makeup of both chambers next year matters.") is None
