"""Replies made up for the tests of what shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.messages import AnswerReply, TimelineReply
from retrieval.dates import PartialDate
from retrieval.event_sentences import Origin
from retrieval.timeline import Event, Timeline
from retrieval.types import Answer, Citation, Filters, Headline, Highlight, Horizon, Query

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


def timeline(topic: str, citations: Sequence[Citation]) -> TimelineReply:
    """A timeline of one event for each citation: planned, by its text, and by its publication, in turn."""
    kinds = [(True, Origin.TEXT), (False, Origin.TEXT), (False, Origin.PUBLICATION)]
    events = tuple(Event(JULY_9, kinds[n % 3][1], kinds[n % 3][0], citation, 1) for n, citation in enumerate(citations))
    return TimelineReply(Timeline(topic, Filters(sources=frozenset({topic})), events, 2, 3.4))


def answer(*citations: Citation, abstained: bool = False, query: Query | None = None, **others: object) -> AnswerReply:
    """An answer with these citations."""
    nearest = tuple(Headline(c.article_id, c.title, c.published) for c in citations[:3])
    fields: dict[str, Any] = {"confidence": 0.87341, "horizon": HORIZON, "nearest": nearest} | others
    query = query or Query("What was agreed?")
    return AnswerReply(
        Answer(query=query, abstained=abstained, citations=tuple(citations), elapsed_ms=14.2, **fields), "7F3K2M"
    )
