"""Replies made up for the tests of what shows them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from bot.messages import (
    AnswerReply,
    Correction,
    CorrectionReply,
    DigestReply,
    MatchReply,
    Reply,
    Story,
    WatchesReply,
)
from corpus.outbox import Address
from corpus.subscriptions import Kind, Subscription
from retrieval.dates import PartialDate
from retrieval.types import Answer, Citation, Headline, Highlight, Horizon, Query

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


def answer(*citations: Citation, abstained: bool = False, query: Query | None = None, **others: object) -> AnswerReply:
    """An answer with these citations."""
    nearest = tuple(Headline(c.article_id, c.title, c.published) for c in citations[:3])
    fields: dict[str, Any] = {"confidence": 0.87341, "horizon": HORIZON, "nearest": nearest} | others
    query = query or Query("What was agreed?")
    return AnswerReply(
        Answer(query=query, abstained=abstained, citations=tuple(citations), elapsed_ms=14.2, **fields), "7F3K2M"
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
