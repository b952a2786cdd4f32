"""Replies as JSON objects, as the command line prints them."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import asdict
from typing import Any

from bot.messages import (
    AnswerReply,
    HistoryReply,
    IndexReply,
    Provenance,
    QuotesReply,
    StatusReply,
    SummaryReply,
    TimelineReply,
)
from bot.render.words import BIDI, independent_sources
from corpus.changes import Step
from corpus.readers.pages import Page
from retrieval.dates import PartialDate
from retrieval.types import Citation, Disagreement, Filters, Headline, Highlight, Horizon, Query

Object = dict[str, Any]

_STEERING = re.compile(f"[\x7f-\x9f{''.join(sorted(BIDI))}]")


def json_text(value: Object, *, ascii_only: bool = False) -> str:
    """One line of JSON in which nothing steers a screen: controls, and marks of direction, are escaped.

    Args:
        value: what is written.
        ascii_only: escape every other letter that is none of ASCII's too.
    """
    written = json.dumps(value, ensure_ascii=ascii_only)
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


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
        "citations": [_citation(citation, reply.provenance, explain=explain) for citation in answer.citations],
        "nearest": [_headline(headline) for headline in answer.nearest],
        "elapsed_ms": round(answer.elapsed_ms, 1),
        "independent_sources": independent_sources(reply),
        "disagreements": [_disagreement(one, reply.provenance) for one in answer.disagreements],
    }


def summary_object(reply: SummaryReply) -> Object:
    """A summary."""
    summary = reply.summary
    return {
        "query": summary.query,
        "sentences": [_sentence(sentence, reply.provenance) for sentence in summary.sentences],
        "articles": summary.articles,
        "elapsed_ms": round(summary.elapsed_ms, 1),
    }


def history_object(reply: HistoryReply) -> Object:
    """What an article has said."""
    last = reply.steps[-1].revision
    return {
        "article_id": reply.article.id,
        "title": reply.article.title,
        "source": reply.article.source or None,
        "url": reply.article.url or None,
        "published": _date(reply.article.published),
        "removed": last.ended if last.removed else None,
        "revisions": [_revision(step) for step in reply.steps],
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


def quotes_object(reply: QuotesReply) -> Object:
    """Quotes by a person."""
    quotes = reply.quotes
    return {
        "person": quotes.person,
        "speakers": [speaker.name for speaker in quotes.speakers],
        "quotes": [
            {
                "article_id": quote.citation.article_id,
                "title": quote.citation.title,
                "source": quote.citation.source or None,
                "published": _date(quote.citation.published),
                "url": quote.citation.url or None,
                "speaker": quote.speaker,
                "named": quote.named or None,
                "verb": quote.verb or None,
                "partial": quote.partial,
                "text": quote.citation.text,
                "start": quote.citation.start,
                "end": quote.citation.end,
                "quotations": [{"start": h.start, "end": h.end, "text": h.text} for h in quote.citation.highlights],
                "also_in": list(quote.citation.also_in),
            }
            for quote in quotes.quotes
        ],
        "articles": quotes.articles,
        "near": list(quotes.near),
        "elapsed_ms": round(quotes.elapsed_ms, 1),
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
        "reindex": reply.underway and asdict(reply.underway),
        "problems": list(reply.problems),
        "trouble": reply.trouble or None,
        "index": reply.place,
    }


def _revision(step: Step) -> Object:
    return {
        "number": step.number,
        "seen": step.revision.seen,
        "ended": step.revision.ended,
        "text_hash": step.revision.article.text_hash,
        "fields": [
            {"field": change.field, "before": change.before or None, "after": change.after or None}
            for change in step.fields
        ],
        "sentences": [
            {"change": "added" if s.added else "removed", "text": s.text, "start": s.start, "end": s.end}
            for s in step.sentences
        ],
        "spacing_only": step.spacing,
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


def _citation(citation: Citation, provenance: Provenance, *, explain: bool) -> Object:
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
        "outlet": _outlet(citation, provenance),
        "outlets": list(dict.fromkeys(provenance.names[i] for i in citation.also_in if i in provenance.names)),
        "story": provenance.stories.get(citation.article_id),
    }
    if explain and citation.explanation:
        value["explain"] = citation.explanation._asdict()
    return value


def _sentence(sentence: Citation, provenance: Provenance) -> Object:
    return {
        "article_id": sentence.article_id,
        "title": sentence.title,
        "source": sentence.source or None,
        "published": _date(sentence.published),
        "url": sentence.url or None,
        "text": sentence.text,
        "start": sentence.start,
        "end": sentence.end,
        "outlet": _outlet(sentence, provenance),
    }


def _disagreement(disagreement: Disagreement, provenance: Provenance) -> Object:
    return {
        "what": disagreement.what or None,
        "counted": disagreement.counted,
        "unit": disagreement.unit or None,
        "rising": disagreement.rising,
        "figures": [
            {
                "figure": figure.text,
                "figure_start": figure.start,
                "figure_end": figure.end,
                "low": figure.low,
                "high": figure.high,
                **_sentence(figure.citation, provenance),
            }
            for figure in disagreement.figures
        ],
    }


def _outlet(citation: Citation, provenance: Provenance) -> Object | None:
    """What is known of who published it, with ``null`` for what is not; ``None`` where nothing is."""
    facts = provenance.facts.get(citation.article_id)
    if facts is None:
        return None
    return {
        "name": facts.name or citation.source or None,
        "country": facts.country or None,
        "owner": facts.owner or None,
        "state_controlled": facts.state_controlled,
    }


def _highlight(highlight: Highlight) -> Object:
    return asdict(highlight)


def _headline(headline: Headline) -> Object:
    return {"article_id": headline.article_id, "title": headline.title, "published": _date(headline.published)}


def _date(date: PartialDate | None) -> str | None:
    return str(date) if date else None


def _day(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
