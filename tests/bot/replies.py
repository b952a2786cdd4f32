"""Replies made up for the tests of what shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from hypothesis import strategies as st

from bot.messages import (
    AnswerReply,
    Correction,
    CorrectionReply,
    DigestReply,
    HistoryReply,
    MatchReply,
    OutdatedCitation,
    QuotesReply,
    Reply,
    Story,
    TimelineReply,
    WatchesReply,
)
from corpus.changes import steps
from corpus.outbox import Address
from corpus.revisions import Revision
from corpus.subscriptions import Kind, Subscription
from retrieval.dates import PartialDate
from retrieval.event_sentences import Origin
from retrieval.quotes import Quote, Quotes, Speaker
from retrieval.timeline import Event, Timeline
from retrieval.types import (
    Answer,
    Article,
    Citation,
    Disagreement,
    Figure,
    Filters,
    Headline,
    Highlight,
    Horizon,
    Query,
)

JULY_9 = PartialDate(2024, 7, 9)
HORIZON = Horizon(21, PartialDate(2020, 6, 15), PartialDate(2024, 7, 11))
BEFORE, SENTENCE, AFTER = "Envoys met in Oslo. ", "They agreed to let grain ships pass.", " Neither side said more."


def cite(
    parts: tuple[str, str, str] = (BEFORE, SENTENCE, AFTER),
    *,
    article_id: str = "oslo",
    start: int = 100,
    **others: object,
) -> Citation:
    """A citation of a passage whose middle part is its highlight."""
    before, sentence, _ = parts
    at = start + len(before)
    fields: dict[str, Any] = {"title": "Grain talks", "source": "The Wire", "url": "", "published": JULY_9} | others
    text = "".join(parts)
    return Citation(
        article_id=article_id,
        text_hash="",
        start=start,
        end=start + len(text),
        text=text,
        score=1.0,
        highlights=(Highlight(at, at + len(sentence), sentence, 0.9),) if sentence else (),
        **fields,
    )


def differing(*citations: Citation, rising: bool = False, counted: str = "people") -> Disagreement:
    """A disagreement whose figures are the first seven characters of these citations' highlights."""
    figures = (
        Figure(c, c.highlights[0].start, min(c.highlights[0].start + 7, c.highlights[0].end), 1, None)
        for c in citations
    )
    return Disagreement("killed", counted, "", rising, tuple(figures))


def timeline(topic: str, citations: Sequence[Citation]) -> TimelineReply:
    """A timeline of one event for each citation: planned, by its text, and by its publication, in turn."""
    kinds = [(True, Origin.TEXT), (False, Origin.TEXT), (False, Origin.PUBLICATION)]
    events = tuple(Event(JULY_9, kinds[n % 3][1], kinds[n % 3][0], citation, 1) for n, citation in enumerate(citations))
    return TimelineReply(Timeline(topic, Filters(sources=frozenset({topic})), events, 2, 3.4))


def quotes(person: str, citations: Sequence[Citation]) -> QuotesReply:
    """A quote for each citation, whole and in part in turn; who is named by a surname, with a namesake."""
    shown = tuple(Quote(person, "she", "said", n % 2 == 1, citation) for n, citation in enumerate(citations))
    speakers = (Speaker(person, len(shown) + 1), Speaker(person, 1)) if shown else ()
    filters = Filters(sources=frozenset({person}))
    return QuotesReply(Quotes(person, filters, speakers, shown, 2, () if shown else (person,), 3.4))


def answer(*citations: Citation, abstained: bool = False, query: Query | None = None, **others: object) -> AnswerReply:
    """An answer with these citations."""
    nearest = tuple(Headline(c.article_id, c.title, c.published) for c in citations[:3])
    fields: dict[str, Any] = {"confidence": 0.87341, "horizon": HORIZON, "nearest": nearest} | others
    query = query or Query("What was agreed?")
    return AnswerReply(
        Answer(query=query, abstained=abstained, citations=tuple(citations), elapsed_ms=14.2, **fields), "7F3K2M"
    )


def outdated_from(citation: Citation, *, removed: bool = False, stands: bool = False) -> OutdatedCitation:
    """The citation, of an article that has changed on 3 March 2025."""
    values = {field.name: getattr(citation, field.name) for field in fields(Citation)}
    return OutdatedCitation(**values, ended="2025-03-03T14:05:00+00:00", removed=removed, stands=stands)


def history(*articles: Article, most: int | None = None, removed: bool = False) -> HistoryReply:
    """The history of an article that was like this, one day after the other from 1 July 2024."""
    days = [f"2024-07-{number:02}T09:30:00+00:00" for number in range(1, len(articles) + 2)]
    ends: list[str | None] = [*days[1:-1], days[-1] if removed else None]
    revisions = [
        Revision(article, seen, ended, removed=removed and number == len(articles))
        for number, (article, seen, ended) in enumerate(zip(articles, days, ends, strict=False), start=1)
    ]
    return HistoryReply(articles[-1], tuple(steps(revisions, most)), len(revisions))


def histories(texts: st.SearchStrategy[str], urls: st.SearchStrategy[str]) -> st.SearchStrategy[HistoryReply]:
    """Histories of articles of these texts, as a chat shows them."""
    dates = st.none() | st.just(JULY_9)
    articles = st.lists(st.builds(Article, st.just("an-id"), texts, texts, texts, urls, dates), min_size=1, max_size=4)
    many = st.lists(texts, max_size=60).map(". ".join)
    return st.builds(
        lambda versions, text, most, removed: history(
            *versions, replace(versions[-1], text=text), most=most, removed=removed
        ),
        articles,
        many,
        st.none() | st.integers(1, 3),
        st.booleans(),
    )


def unasked(found: tuple[Citation, ...], topic: str) -> list[Reply]:
    """What is told unasked, of these citations and this topic."""
    now = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    place = Address("slack", "T1", "C1")
    watch = Subscription(1, Kind.WATCH, place, "me", topic, "", "Europe/Oslo", now, 1, None, topic)
    digests = [Subscription(n, Kind.DIGEST, place, "me", topic, "daily", "UTC", now, 1, now) for n in range(2, 21)]
    return [
        WatchesReply(topic, (watch, *digests), (replace(watch, id=99),), removable=True),
        MatchReply(1, topic, found, found * 3, 12),
        DigestReply(1, topic, now, "Europe/Oslo", tuple(Story(c, 3, 2) for c in found), 9),
        DigestReply(1, "", now, "UTC", (), 0),
        CorrectionReply("7F3KAB", (*(Correction(c, c) for c in found), Correction(found[0], removed=True))),
        CorrectionReply("7F3KAB", (Correction(found[0]),)),
    ]
