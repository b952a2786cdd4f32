import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import FilterError, InputError, QuestionError
from retrieval.questions import (
    LONGEST_QUESTION,
    is_question,
    parse_question,
    parse_since,
    parse_until,
    resolve_sources,
    suggest_filter,
)
from retrieval.types import Filters, Query, SuggestedFilter

NOW = dt.datetime(2024, 7, 10, 15, 30, tzinfo=dt.UTC)  # a Wednesday


def ask(text: str, filters: Filters | None = None) -> Query:
    return parse_question(text, NOW, filters=filters)


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


# Dates in plain words

PLAIN = [
    ("What happened in June 2024?", "in June 2024", "2024-06-01", "2024-06-30"),
    ("What happened in June?", "in June", "2024-06-01", "2024-06-30"),
    ("What happened in August?", "in August", "2023-08-01", "2023-08-31"),
    ("What was said in Sept. 2023?", "in Sept. 2023", "2023-09-01", "2023-09-30"),
    ("Who met last week?", "last week", "2024-07-01", "2024-07-07"),
    ("Who met THIS WEEK?", "THIS WEEK", "2024-07-08", "2024-07-14"),
    ("Who met last month?", "last month", "2024-06-01", "2024-06-30"),
    ("Who met last year?", "last year", "2023-01-01", "2023-12-31"),
    ("Who spoke yesterday?", "yesterday", "2024-07-09", "2024-07-09"),
    ("Who speaks today?", "today", "2024-07-10", "2024-07-10"),
    ("Who spoke on Monday?", "on Monday", "2024-07-08", "2024-07-08"),
    ("Who spoke last Monday?", "last Monday", "2024-07-08", "2024-07-08"),
    ("Who left two weeks ago?", "two weeks ago", "2024-06-24", "2024-06-30"),
    ("Who left 3 months ago?", "3 months ago", "2024-04-01", "2024-04-30"),
    ("Who left in the past 2 years?", "in the past 2 years", "2022-01-01", "2024-07-10"),
    ("Who flew on July 8, 2024?", "on July 8, 2024", "2024-07-08", "2024-07-08"),
    ("Who flew on 8 July 2024?", "on 8 July 2024", "2024-07-08", "2024-07-08"),
    ("Who flew on the 8th of July?", "on the 8th of July", "2024-07-08", "2024-07-08"),
    ("Who flew on the 8th of July 2023?", "on the 8th of July 2023", "2023-07-08", "2023-07-08"),
    ("Who flew on 2024-07-08?", "on 2024-07-08", "2024-07-08", "2024-07-08"),
    ("Who flew in 2024-07?", "in 2024-07", "2024-07-01", "2024-07-31"),
    ("What did India buy in 2022?", "in 2022", "2022-01-01", "2022-12-31"),
    ("What has India bought since 2022?", "since 2022", "2022-01-01", None),
    ("What has India bought since last June?", "since last June", "2024-06-01", None),
    ("What has India bought since Tuesday?", "since Tuesday", "2024-07-09", None),
    ("What was bought after June 2024?", "after June 2024", "2024-07-01", None),
    ("What was bought after 2022?", "after 2022", "2023-01-01", None),
    ("What was bought before June 2024?", "before June 2024", None, "2024-05-31"),
    ("What was bought until 2023?", "until 2023", None, "2023-12-31"),
    ("What was bought by March 2023?", "by March 2023", None, "2023-03-31"),
    ("What was bought between May and June 2024?", "between May and June 2024", "2024-05-01", "2024-06-30"),
    ("What was bought between 2020 and 2022?", "between 2020 and 2022", "2020-01-01", "2022-12-31"),
    ("Who met from June 1 until June 5?", "from June 1 until June 5", "2024-06-01", "2024-06-05"),
]


@pytest.mark.parametrize(("text", "phrase", "since", "until"), PLAIN)
def test_dates_in_plain_words_are_suggested(text: str, phrase: str, since: str | None, until: str | None) -> None:
    assert suggest_filter(text, NOW) == SuggestedFilter(phrase, day(since), day(until))


@pytest.mark.parametrize(("text", "phrase", "since", "until"), PLAIN)
def test_a_suggestion_removes_nothing(text: str, phrase: str, since: str | None, until: str | None) -> None:
    query = ask(text)
    assert query.filters.empty
    assert query.text == text
    assert query.suggested is not None
    assert query.suggested.phrase == phrase


@pytest.mark.parametrize(
    "text",
    [
        "What has changed since the invasion?",
        "Who won the war?",
        "Who caused the 1973 oil crisis?",
        "Who sat on the Jan. 6 committee?",
        "Who may attend?",
        "May ministers march?",
        "What happened in 1066?",
        "Who spoke on 31 February 2024?",
        "Who met between June 2024 and May 2024?",
        "Is 2024-13 a month?",
        "What is Resolution 2024?",
        "Who came in second?",
    ],
)
def test_what_is_no_date_is_not_suggested(text: str) -> None:
    assert suggest_filter(text, NOW) is None


def test_dates_are_counted_from_the_clock_passed_in() -> None:
    for year in (1999, 2031):
        now = dt.datetime(year, 3, 1)  # noqa: DTZ001 - a clock without a zone is taken as it is
        assert suggest_filter("yesterday", now) == SuggestedFilter(
            "yesterday", dt.date(year, 2, 28), dt.date(year, 2, 28)
        )


# Filters typed into the question


@pytest.mark.parametrize(
    ("text", "question", "filters"),
    [
        ("Who met? since:2024-06", "Who met?", Filters(since=day("2024-06-01"))),
        ("Who met? until:2024-06", "Who met?", Filters(until=day("2024-06-30"))),
        ("since:2024 until:2024 Who met?", "Who met?", Filters(day("2024-01-01"), day("2024-12-31"))),
        ("Who SINCE:2024-07-09 met?", "Who met?", Filters(since=day("2024-07-09"))),
        ("Who met since:2024-06?", "Who met", Filters(since=day("2024-06-01"))),
        ("Who met source:Reuters, since:2024?", "Who met", Filters(day("2024-01-01"), sources=frozenset({"Reuters"}))),
        ('Who met? source:"BBC News"', "Who met?", Filters(sources=frozenset({"BBC News"}))),
        ("Who met? source:“BBC News” ", "Who met?", Filters(sources=frozenset({"BBC News"}))),
        ('Who met source:" BBC News "?', "Who met ?", Filters(sources=frozenset({"BBC News"}))),
        ('Who met? until:"2024-06"', "Who met?", Filters(until=day("2024-06-30"))),
        ("Who met? source:AT&T", "Who met?", Filters(sources=frozenset({"AT&T"}))),
        ("Is resource:oil a since: word?x", None, None),
        ("Is datasource:oil cut?", "Is datasource:oil cut?", Filters()),
        ("What is “since: x”?", "What is “since: x”?", Filters()),
    ],
)
def test_typed_filters_are_taken_out_of_the_question(text: str, question: str | None, filters: Filters | None) -> None:
    if question is None:
        with pytest.raises(FilterError, match="since: has no value"):
            ask(text)
        return
    query = ask(text)
    assert (query.text, query.filters) == (question, filters)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Who met? since:yesterday", "since: 'yesterday' is no date"),
        ("Who met? until:2024-13", "until: '2024-13' is no date"),
        ("Who met? since:2024-02-30", "since: '2024-02-30' is no date"),
        ("Who met? since:", "since: has no value"),
        ("Who met? source:", "source: has no value"),
        ('Who met? source:""', "source: has no value"),
        ('Who met? source:"  "', "source: has no value"),
        ("Who met? since:2024-07-10 until:2024-07-09", "since 2024-07-10 lies after until 2024-07-09"),
        ("Who met? since:2025 until:2024", "since 2025-01-01 lies after until 2024-12-31"),
    ],
)
def test_bad_filters_name_their_value(text: str, named: str) -> None:
    with pytest.raises(FilterError, match=re.escape(named)):
        ask(text)


def test_filters_given_beside_the_question_win() -> None:
    given = Filters(since=day("2020-01-01"), sources=frozenset({"Wire"}), article_ids=frozenset({"a"}))
    query = ask("Who met? since:2024 until:2024-06 source:BBC", given)
    assert query.filters == Filters(day("2020-01-01"), day("2024-06-30"), frozenset({"Wire"}), frozenset({"a"}))
    with pytest.raises(FilterError, match="lies after"):
        ask("Who met? until:2019", given)


def test_k_is_passed_on() -> None:
    assert parse_question("Who met?", NOW).k == 3
    assert parse_question("Who met?", NOW, k=200).k == 200


@pytest.mark.parametrize("value", ["2024", "2024-07", "2024-07-09", "2024-07-09T10:00:00Z"])
def test_explicit_dates_span_their_month_or_year(value: str) -> None:
    ends = {"2024": "2024-12-31", "2024-07": "2024-07-31"}
    starts = {"2024": "2024-01-01", "2024-07": "2024-07-01"}
    assert parse_since(value) == day(starts.get(value, "2024-07-09"))
    assert parse_until(value) == day(ends.get(value, "2024-07-09"))


@pytest.mark.parametrize("value", ["", "June", "2024-06-31", "٢٠٢٤-٠٠"])
def test_an_explicit_date_must_be_one(value: str) -> None:
    for parse in (parse_since, parse_until):
        with pytest.raises(FilterError, match=re.escape(repr(value))):
            parse(value)


# Questions that cannot be asked


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b\u202e", "\x00\x1b", "since:2024", "\ud800"])
def test_a_blank_question_is_refused(text: str) -> None:
    with pytest.raises(QuestionError, match="blank"):
        ask(text)


@pytest.mark.parametrize("text", ["?", "?!… — “”", "🕊️", "👩🏽‍🚀 🇮🇳", "_ _", "? source:BBC"])
def test_a_question_without_a_word_is_refused(text: str) -> None:
    with pytest.raises(QuestionError, match="no word"):
        ask(text)


def test_a_long_question_is_refused_with_its_length() -> None:
    assert ask("a" * LONGEST_QUESTION).text == "a" * LONGEST_QUESTION
    with pytest.raises(QuestionError, match=r"100,000 characters.*2,000"):
        ask("a" * 100_000)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("  Who \n\t met?  ", "Who met?"),
        ("Who\x00met\x1b[2J?\u202e", "Who met [2J?"),
        ("Who\ud800 met?", "Who met?"),
        ("Who met 🕊️?", "Who met 🕊️?"),
        ("👩🏽‍🚀 in orbit", "👩🏽‍🚀 in orbit"),
        ("Кто летал в Москву?", "Кто летал в Москву?"),
        ("谁去了莫斯科？", "谁去了莫斯科？"),
        ("½?", "½?"),
    ],
)
def test_questions_are_cleaned_but_stay_themselves(text: str, question: str) -> None:
    assert ask(text).text == question


# Sources


def test_sources_are_found_whatever_their_case() -> None:
    known = ["BBC News", "The Hindu", "Straße"]
    filters = Filters(sources=frozenset({"bbc news", "STRASSE"}), since=day("2024-01-01"))
    assert resolve_sources(filters, known) == Filters(day("2024-01-01"), sources=frozenset({"BBC News", "Straße"}))
    assert resolve_sources(Filters(), []) == Filters()


def test_sources_that_differ_by_case_alone_are_all_kept() -> None:
    known = ["The Hindu", "the hindu", "BBC"]
    for wanted in ("The Hindu", "THE HINDU"):
        found = resolve_sources(Filters(sources=frozenset({wanted})), known)
        assert found.sources == frozenset({"The Hindu", "the hindu"})


@pytest.mark.parametrize(
    ("known", "offered"),
    [
        (["BBC News", "The Hindu", "Reuters", "AFP"], "'BBC News'"),
        (["Zulu", "Alpha", "Mike", "Bravo"], "'Alpha', 'Bravo', 'Mike'"),
        ([], "without this filter"),
    ],
)
def test_an_unknown_source_is_named_with_the_nearest(known: list[str], offered: str) -> None:
    with pytest.raises(FilterError, match=re.escape(f"'BCB New': try {offered}")):
        resolve_sources(Filters(sources=frozenset({"BCB New"})), known)


# Any text

FRAGMENTS = st.sampled_from(
    [
        *"since until by before after in on during of for from between and to the last past this next".split(),
        *"2024 1999 2099 2024-07 2024-13 0 31 30th February Feb. May june Monday week weeks month years ago".split(),
        *"since: until:2024 source: source:BBC since:2024-06-31 yesterday today 999 twelve two , . ? \ud800 🕊️".split(),
        'source:"', "“", "\u200d", "\x00",
    ]
)  # fmt: skip
CLOCKS = st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2099, 12, 31))  # noqa: DTZ001 - zones play no part


@given(st.text(max_size=80) | st.lists(FRAGMENTS, max_size=12).map(" ".join), CLOCKS)
def test_any_text_is_a_question_or_bad_input(text: str, now: dt.datetime) -> None:
    try:
        query = parse_question(text, now)
    except InputError:
        return
    assert query.text == query.text.strip()
    assert any(character.isalnum() for character in query.text)
    suggested = query.suggested
    if suggested is not None:
        assert suggested.phrase in query.text
        assert suggested.since or suggested.until
        if suggested.since and suggested.until:
            Filters(suggested.since, suggested.until)


@pytest.mark.parametrize(
    "text",
    [
        "Who met?",
        "why india keeps channels open",
        "in what year was it",
        "did Finland join",
        "“When was it?”",
        "So?",
        "isn't India in BRICS",
        "Didn’t Finland join",
        "may they leave",
        "a" * 2000 + "?",
    ],
)
def test_what_asks_is_a_question(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", ["", "BRICS", "the summit at which they met", "Isfahan talks", "island", "_" * 2000])
def test_a_topic_is_none(text: str) -> None:
    assert not is_question(text)
