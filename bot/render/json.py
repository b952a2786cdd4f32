"""Replies as JSON objects, as the command line prints them."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from bot.messages import AnswerReply, IndexReply, StatusReply, SummaryReply, TimelineReply
from corpus.readers.pages import Page
from retrieval.dates import PartialDate
from retrieval.types import Citation, Filters, Headline, Highlight, Horizon, Query

Object = dict[str, Any]


def answer_object(reply: AnswerReply, *, explain: bool = False) -> Object:
    """An answer; ``explain`` adds to each citation how it came to its place."""
    answer = reply.answer
    return {
        "answer_id": reply.answer_id,
        "question": answer.query.text,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "as_of": _date(answer.as_of),
        "understood": _understood(answer.query),
        "corpus": _horizon(answer.horizon),
        "citations": [_citation(citation, explain=explain) for citation in answer.citations],
        "nearest": [_headline(headline) for headline in answer.nearest],
        "elapsed_ms": round(answer.elapsed_ms, 1),
    }


def summary_object(reply: SummaryReply) -> Object:
    """A summary."""
    summary = reply.summary
    return {
        "query": summary.query,
        "sentences": [
            {
                "article_id": sentence.article_id,
                "title": sentence.title,
                "source": sentence.source or None,
                "published": _date(sentence.published),
                "url": sentence.url or None,
                "text": sentence.text,
                "start": sentence.start,
                "end": sentence.end,
            }
            for sentence in summary.sentences
        ],
        "articles": summary.articles,
        "elapsed_ms": round(summary.elapsed_ms, 1),
    }


def timeline_object(reply: TimelineReply) -> Object:
    """A timeline."""
    return {
        "topic": reply.timeline.topic,
        "events": [
            {
                "date": str(event.date),
                "precision": event.date.precision,
                "from": event.origin,
                "article_id": event.citation.article_id,
                "title": event.citation.title,
                "source": event.citation.source or None,
                "url": event.citation.url or None,
                "text": event.citation.text,
                "start": event.citation.start,
                "end": event.citation.end,
            }
            for event in reply.timeline.events
        ],
    }


def page_object(file: str, page: Page) -> Object:
    """An extracted page."""
    return {
        "file": file,
        "title": page.title or None,
        "author": page.author or None,
        "source": page.source or None,
        "url": page.url or None,
        "published": _date(page.published),
        "text": page.text,
    }


def index_object(reply: IndexReply) -> Object:
    """What an index run did."""
    return asdict(reply.run)


def status_object(reply: StatusReply) -> Object:
    """How things stand."""
    info = reply.info
    return {
        "generation": info.number,
        "created": info.created,
        "model": info.encoder,
        "articles": info.horizon.articles,
        "passages": info.passages,
        "first": _date(info.horizon.first),
        "last": _date(info.horizon.last),
        "sources": reply.sources,
        "feeds": [asdict(feed) for feed in reply.feeds],
        "data_dir": reply.data_dir,
    }


def _understood(query: Query) -> Object:
    filters: Filters = query.filters
    suggested = query.suggested
    return {
        "since": _day(filters.since),
        "until": _day(filters.until),
        "source": next(iter(sorted(filters.sources)), None) if filters.sources else None,
        "suggested": suggested
        and {"phrase": suggested.phrase, "since": _day(suggested.since), "until": _day(suggested.until)},
    }


def _horizon(horizon: Horizon) -> Object:
    return {"articles": horizon.articles, "first": _date(horizon.first), "last": _date(horizon.last)}


def _citation(citation: Citation, *, explain: bool) -> Object:
    value: Object = {
        "article_id": citation.article_id,
        "title": citation.title,
        "source": citation.source or None,
        "url": citation.url or None,
        "published": _date(citation.published),
        "text": citation.text,
        "start": citation.start,
        "end": citation.end,
        "score": citation.score,
        "also_in": list(citation.also_in),
        "highlights": [_highlight(highlight) for highlight in citation.highlights],
    }
    if explain and citation.explanation:
        value["explain"] = asdict(citation.explanation)
    return value


def _highlight(highlight: Highlight) -> Object:
    return asdict(highlight)


def _headline(headline: Headline) -> Object:
    return {"article_id": headline.article_id, "title": headline.title, "published": _date(headline.published)}


def _date(date: PartialDate | None) -> str | None:
    return str(date) if date else None


def _day(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
