import datetime as dt
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from newsroom import Newsroom, newsroom

from retrieval.dates import PartialDate
from retrieval.engine import Engine
from retrieval.errors import FilterError
from retrieval.event_sentences import Origin, event_sentences
from retrieval.timeline import Chronicler, Event, Timeline, diverse
from retrieval.types import Article, Filters, Hit, Query, Span

TUESDAY = PartialDate(2024, 7, 9)
TOPIC = "grain ships in the Bosphorus strait"


def article(name: str, text: str, published: PartialDate | None = TUESDAY, source: str = "The Wire") -> Article:
    return Article(name, text, "Grain ships in the Bosphorus", source, f"https://wire.example/{name}", published)


DEAL = article(
    "deal",
    "Envoys agreed on Monday to let grain ships pass the Bosphorus strait. "
    "Grain ships had been stopped in the Bosphorus strait in March 2022. "
    "On Friday, the first grain ships will pass the Bosphorus strait. "
    "The grain in the ships is wheat from the Bosphorus.",
)
COPY = article(
    "copy",
    "Envoys agreed yesterday to let grain ships pass the Bosphorus strait.",
    source="Morning Post",
)
OLD = article(
    "old", "Grain ships were sunk in the Bosphorus strait in 1915. Grain ships burned on 3 May 1916.", None, "Herald"
)
NEWS = [DEAL, COPY, OLD]


@pytest.fixture(scope="module")
def news() -> Newsroom:
    return newsroom(NEWS)


def timeline(news: Newsroom, topic: str = TOPIC, count: int = 12, **filters: object) -> Timeline:
    return Chronicler(news.engine, news.shelf, news.encoder).topic(Query(topic, Filters(**filters)), count)


def dates(made: Timeline) -> list[str]:
    return [str(event.date) for event in made.events]


def test_events_are_dated_by_their_text_oldest_first_and_quoted(news: Newsroom) -> None:
    made = timeline(news)
    assert dates(made) == ["1915", "1916-05-03", "2022-03", "2024-07-08", "2024-07-12"]
    assert made.topic == TOPIC
    assert made.articles == 3
    assert made.elapsed_ms > 0
    for event in made.events:
        event.citation.verify(news.articles[event.citation.article_id].text)
        assert event.origin is Origin.TEXT
    assert [event.planned for event in made.events] == [False, False, False, False, True]


def test_what_two_articles_tell_is_one_event_that_counts_both(news: Newsroom) -> None:
    (event,) = [event for event in timeline(news).events if event.date == PartialDate(2024, 7, 8)]
    assert {event.citation.article_id, *event.citation.also_in} == {"deal", "copy"}
    assert event.outlets == 2


def test_the_bound_on_events_keeps_the_most_important(news: Newsroom) -> None:
    for count in (1, 2, 5, 99):
        made = dates(timeline(news, count=count))
        assert len(made) == min(count, 5)
        assert made == sorted(made)
        assert "2024-07-08" in made


def test_since_and_until_bound_the_dates_of_events_and_not_of_publication(news: Newsroom) -> None:
    assert dates(timeline(news, until=dt.date(2022, 3, 5))) == ["1915", "1916-05-03", "2022-03"]
    assert dates(timeline(news, since=dt.date(2022, 3, 31))) == ["2022-03", "2024-07-08", "2024-07-12"]
    assert dates(timeline(news, since=dt.date(1916, 1, 1), until=dt.date(1916, 12, 31))) == ["1916-05-03"]
    assert timeline(news, since=dt.date(2030, 1, 1)).events == ()


def test_sources_and_articles_say_where_events_are_looked_for(news: Newsroom) -> None:
    assert dates(timeline(news, sources=frozenset({"herald"}))) == ["1915", "1916-05-03"]
    assert dates(timeline(news, article_ids=frozenset({"copy"}))) == ["2024-07-08"]
    with pytest.raises(FilterError, match="'Herold'"):
        timeline(news, sources=frozenset({"Herold"}))


def test_an_article_has_a_timeline_of_its_own(news: Newsroom) -> None:
    chronicler = Chronicler(news.engine, news.shelf, news.encoder)
    made = chronicler.article(Query("deal"), DEAL)
    assert (made.topic, made.articles, dates(made)) == ("deal", 1, ["2022-03", "2024-07-08", "2024-07-12"])
    bounded = chronicler.article(Query("deal", Filters(until=dt.date(2022, 12, 31))), DEAL)
    assert dates(bounded) == ["2022-03"]


def test_an_empty_index_has_an_empty_timeline() -> None:
    assert timeline(newsroom([])).events == ()


def test_a_topic_that_the_corpus_lacks_has_no_events(news: Newsroom) -> None:
    assert timeline(news, "zebras and giraffes of a Tanzanian park").events == ()


class Surveyed:
    """An engine that remembers which filters it was asked to survey under."""

    def __init__(self, news: Newsroom) -> None:
        self.weigh = news.engine.weigh
        self.surveys: list[Filters] = []
        self._engine = news.engine

    def survey(self, text: str, filters: Filters, depth: int) -> tuple[Hit, ...]:
        self.surveys.append(filters)
        return self._engine.survey(text, filters, depth)


def test_events_since_a_day_are_looked_for_first_in_what_was_published_since(news: Newsroom) -> None:
    engine = Surveyed(news)
    chronicler = Chronicler(cast("Engine", engine), news.shelf, news.encoder)
    since, sources = dt.date(2022, 3, 31), frozenset({"The Wire"})
    chronicler.topic(Query(TOPIC, Filters(since=since, until=dt.date(2024, 1, 1), sources=sources)))
    assert sorted(engine.surveys, key=lambda f: f.since is not None) == [
        Filters(sources=sources),
        Filters(since=since, sources=sources),
    ]


def test_one_day_does_not_crowd_out_the_others() -> None:
    unlike, weights = np.eye(3, dtype=np.float32), np.array([1, 0.95, 0.9])
    assert diverse(unlike, [PartialDate(2021), PartialDate(2021), PartialDate(2022)], weights, 2) == [0, 2]
    assert diverse(unlike, [PartialDate(2021), PartialDate(2022), PartialDate(2023)], weights, 2) == [0, 1]
    assert diverse(unlike, [PartialDate(2021)] * 3, weights, 9) == [0, 1, 2]


def test_what_repeats_another_event_comes_after_what_does_not() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    # 0.95 - 0.4 * 0.8 is less than 0.9.
    days = [PartialDate(2021), PartialDate(2022), PartialDate(2023)]
    assert diverse(vectors, days, np.array([1, 0.95, 0.9]), 2) == [0, 2]


def test_a_sentence_that_articles_have_under_other_dates_is_left_out() -> None:
    later = replace(COPY, id="later", published=PartialDate(2024, 7, 20))
    assert dates(timeline(newsroom([COPY, later]))) == []


def test_a_day_that_many_articles_name_comes_before_one_that_few_name() -> None:
    room = newsroom(
        [
            article("one", "Grain ships sank in the Bosphorus strait on 3 May 2021."),
            article("two", "Grain ships sank in the Bosphorus strait on 5 June 2021."),
            *(
                article(f"since{n}", f"Grain ships number {n} shun the Bosphorus strait since 5 June 2021.")
                for n in range(4)
            ),
        ]
    )
    assert dates(timeline(room, count=1)) == ["2021-06-05"]


# Sentences


def told(text: str, published: PartialDate | None = TUESDAY) -> list[tuple[str, str]]:
    found = article("a", text, published)
    return [(str(e.date), e.origin.value) for e in event_sentences(found, Span(0, len(text)))]


def test_news_that_names_no_time_is_of_the_day_of_publication() -> None:
    assert told("The army has crossed the river into the capital.") == [("2024-07-09", "publication")]
    assert told("The army took the river crossing. The mayor fled the town on Tuesday.") == [
        ("2024-07-09", "publication"),
        ("2024-07-09", "text"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The army took the river crossing. The mayor fled the town on Saturday.",  # the news is older
        "The river is wide and deep at this point.",  # no event
        "The bridge admired by many crosses the river.",
        "The army will cross the river into the capital.",  # not yet
        "The army has always crossed the river by this bridge.",
        "The army crossed the river that day with its tanks.",  # another day
        "The river is wide and deep at this point. The army has crossed it into the capital.",  # not the first sentence
    ],
)
def test_what_is_not_the_news_of_the_day_has_no_date(text: str) -> None:
    assert [date for date, origin in told(text) if origin == "publication"] == []
    assert told("The army has crossed the river into the capital.", PartialDate(2024, 7)) == []
    assert told("The army has crossed the river into the capital.", None) == []


@pytest.mark.parametrize(
    "text",
    [
        "He resigned on Monday after a vote.",
        "On Monday, she resigned after a vote.",
        "But the minister resigned on Monday.",
        "This article was updated on Monday.",
        "The minister resigns, on Monday (AFP/Getty).",
        "We left the capital on Monday.",
        "“The minister left the capital on Monday for good,” he said.",
        "If the minister resigned on Monday, chaos followed.",
        "Everyone left it on Monday,” the minister said.",
        "Traditionally, the minister resigned on Monday.",
        "Did the minister resign on Monday?",
        "Minister of the capital, Monday 8 July",
        "The minister resigned on Monday, " + "and so did many others, " * 30 + "he said.",
    ],
)
def test_what_cannot_stand_alone_or_is_no_news_is_left_out(text: str) -> None:
    assert told(text) == []


@given(st.text(), st.sampled_from([None, TUESDAY, PartialDate(2024)]))
def test_events_of_any_text_lie_in_it(text: str, published: PartialDate | None) -> None:
    found = article("a", f"{text} The minister resigned in 2014.\n\n{text}", published)
    for event in event_sentences(found, Span(0, len(found.text))):
        assert event.text == found.text[event.span.start : event.span.end] != ""


def test_an_event_is_a_value(news: Newsroom) -> None:
    assert all(isinstance(event, Event) for event in timeline(news).events)
