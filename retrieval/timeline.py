"""Extractive timelines: dated sentences on a topic, one for each event, quoted from their articles.

Sentences of the passages that match are dated by what they say (:mod:`retrieval.event_dates`), those of one date
that tell the same are folded into the one that tells it best, and the events that matter most are kept: relevance
times coverage, without repetition (maximal marginal relevance; Carbonell and Goldstein, 1998).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from retrieval.dates import PartialDate
from retrieval.encoders.port import Encoder, Vectors
from retrieval.engine import Engine, PassageStore
from retrieval.event_dates import days_named
from retrieval.event_sentences import EventSentence, Origin, event_sentences
from retrieval.periods import Period
from retrieval.topics import OnTopic, Scores, on_topic, related, relevance, spread
from retrieval.types import Article, Citation, Filters, Hit, Passage, Query, Span

DEFAULT_EVENTS = 12
_DEPTH = 600  # passages of each search
_OF_ONE_ARTICLE = 6  # passages
_PASSAGES = 250
_SENTENCES = 300
_SAME, _ALIKE = 0.62, 0.8  # cosines of two sentences on one event: of the same date, and of dates that agree
_REPEATED, _CROWDED = 0.4, 0.1
_LEAD = 600  # characters of an article that tell its news
_PLANNED, _PUBLICATION, _LEANING = 0.9, 0.9, 0.9


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: a sentence, verbatim, with its date.

    Args:
        date: as precisely as it is known.
        origin: whether the sentence says it, or the article's date of publication.
        planned: whether it lay ahead when the article was published.
        citation: the sentence; ``also_in`` names the other articles that tell the event.
        outlets: how many outlets tell it.
    """

    date: PartialDate
    origin: Origin
    planned: bool
    citation: Citation
    outlets: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events, oldest first; ``filters`` say which were kept, ``articles`` how many hold the topic's words."""

    topic: str
    filters: Filters
    events: tuple[Event, ...]
    articles: int
    elapsed_ms: float


class Chronicler:
    """Makes timelines of articles of one generation.

    Args:
        engine: finds the passages on a topic.
        passages: their texts.
        encoder: compares sentences.
    """

    def __init__(self, engine: Engine, passages: PassageStore, encoder: Encoder) -> None:
        self._engine = engine
        self._passages = passages
        self._encoder = encoder

    def topic(self, query: Query, count: int = DEFAULT_EVENTS) -> Timeline:
        """The most important events on a topic, at most ``count``.

        ``since`` and ``until`` bound the events' dates, not those of publication: an event of 2014 may be told in 2022.
        One known by month or year is kept where that overlaps. Sources and article ids say where events are looked for.

        Raises:
            FilterError: a source or an article that the index does not hold.
        """
        started = time.perf_counter()
        near = on_topic(query.text, self._hits(query), self._engine, self._passages)
        found = [
            _Candidate(sentence, one)
            for one in near
            for sentence in event_sentences(one.passage.article, Span(one.passage.start, one.passage.end))
            if _lies_within(sentence.date, query.filters)
        ][:_SENTENCES]
        articles = len({one.passage.article.id for one in near})
        named = _named(one.passage for one in near)
        return self._timeline(query, found, named, articles, count, started, about=query.text)

    def article(self, query: Query, article: Article, count: int = DEFAULT_EVENTS) -> Timeline:
        """The most important events that one article tells, at most ``count``; dates are bounded as for a topic."""
        started = time.perf_counter()
        whole = OnTopic(Passage(0, article, 0, len(article.text)), 1.0, 1.0)
        found = [
            _Candidate(sentence, whole)
            for sentence in event_sentences(article, Span(0, len(article.text)))
            if _lies_within(sentence.date, query.filters)
        ][:_SENTENCES]
        return self._timeline(query, found, {}, 1, count, started, about=article.title or query.text)

    def _hits(self, query: Query) -> list[Hit]:
        """Passages on the topic, best first; where days are asked for, also those of articles published since."""
        filters = replace(query.filters, since=None, until=None)
        found = list(self._engine.survey(query.text, filters, _DEPTH))
        if query.filters.since:
            since = replace(filters, since=query.filters.since)
            found = [*self._engine.survey(query.text, since, _DEPTH), *found]
            found = list({hit.passage_id: hit for hit in found}.values())
        return spread(found, _OF_ONE_ARTICLE)[:_PASSAGES]

    def _timeline(
        self,
        query: Query,
        found: Sequence[_Candidate],
        named: Mapping[PartialDate, int],
        articles: int,
        count: int,
        started: float,
        about: str,
    ) -> Timeline:
        events: list[Event] = []
        if found:
            vectors = self._encoder.encode_passages([c.sentence.text for c in found])
            own = vectors @ self._encoder.encode_queries([about])[0]
            events = _chosen(found, vectors, relevance(own, [c.within for c in found]), named, count)
        return Timeline(
            topic=query.text,
            filters=query.filters,
            events=tuple(sorted(events, key=_in_time)),
            articles=articles,
            elapsed_ms=(time.perf_counter() - started) * 1000,
        )


@dataclass(frozen=True, slots=True)
class _Candidate:
    sentence: EventSentence
    within: OnTopic


def _lies_within(date: PartialDate, filters: Filters) -> bool:
    return not (filters.since and date.last < filters.since) and not (filters.until and date.first > filters.until)


def _named(passages: Iterable[Passage]) -> dict[PartialDate, int]:
    """In how many articles each day is named: what is referred to again and again matters most.

    Timelines that people write are predicted well by it (Gholipour Ghalandari and Ifrim, 2020, "Examining the
    State-of-the-Art in News Timeline Summarization").
    """
    days: dict[str, set[PartialDate]] = {}
    for passage in passages:
        article = passage.article
        named = days_named(article.text, Span(passage.start, passage.end), article.published)
        days.setdefault(article.id, set()).update(named)
    return Counter(day for named in days.values() for day in named)


def _chosen(
    found: Sequence[_Candidate], vectors: Vectors, relevances: Scores, named: Mapping[PartialDate, int], count: int
) -> list[Event]:
    fitness = relevances * np.array([_fitness(c.sentence) for c in found])
    groups = _folded(found, vectors, relevances, fitness)
    leaders = [max(group, key=lambda at: (fitness[at], -at)) for group in groups]
    if not groups:
        return []
    echo = [len(_articles(found, g)) * max(named.get(found[g[0]].sentence.date, 1), 1) for g in groups]
    weights = fitness[leaders] * (1 + np.log2(echo) / 4)
    picked = diverse(vectors[leaders], [found[at].sentence.date for at in leaders], weights, count)
    return [_event(found, leaders[at], groups[at]) for at in picked]


def _fitness(sentence: EventSentence) -> float:
    published = sentence.article.published
    return (
        (_PLANNED if sentence.planned else 1.0)
        * (_PUBLICATION if sentence.origin is Origin.PUBLICATION else 1.0)
        * (1.0 if sentence.apart else _LEANING)
        * (1.1 if sentence.span.start < _LEAD else 1.0)
        * _exactness(sentence.date, published)
    )


def _exactness(date: PartialDate, published: PartialDate | None) -> float:
    """A day says more than a month, a year that is not over least of all."""
    if date.month is None:
        return 0.7 if published and published.year == date.year else 0.85
    return 1.0 if date.day else 0.9


def _folded(found: Sequence[_Candidate], vectors: Vectors, relevances: Scores, fitness: Scores) -> list[list[int]]:
    """Groups of sentences on one event, those first that tell theirs best; what is not on the topic is left out."""
    groups: list[list[int]] = []
    near = related(relevances, [c.within for c in found])
    doubtful = _doubtful(found)
    for at in np.argsort(-fitness, kind="stable").tolist():
        if not near[at] or found[at].sentence.text in doubtful:
            continue
        home = next(
            (g for g in groups if _same_event(found[at], found[g[0]], float(vectors[at] @ vectors[g[0]]))), None
        )
        if home is None:
            groups.append([at])
        else:
            home.append(at)
    return groups


def _doubtful(found: Sequence[_Candidate]) -> set[str]:
    """Sentences that several articles have word for word under other dates: some were published before they say."""
    dates: dict[str, set[PartialDate]] = {}
    for candidate in found:
        dates.setdefault(candidate.sentence.text, set()).add(candidate.sentence.date)
    return {text for text, told in dates.items() if len(told) > 1}


def _same_event(one: _Candidate, other: _Candidate, cosine: float) -> bool:
    if one.sentence.date == other.sentence.date:
        return cosine >= _SAME
    mine, theirs = Period.of(one.sentence.date), Period.of(other.sentence.date)
    agree = mine.holds(theirs) or theirs.holds(mine) or abs(mine.first - theirs.first).days <= 1
    return agree and cosine >= _ALIKE


def _articles(found: Sequence[_Candidate], group: Iterable[int]) -> list[Article]:
    return list({found[at].sentence.article.id: found[at].sentence.article for at in group}.values())


def diverse(vectors: Vectors, dates: Sequence[PartialDate], weights: Scores, count: int) -> list[int]:
    """Positions of the weightiest, picked greedily, each repeating least of what is picked already and of its dates.

    Args:
        vectors: float32 ``(n, d)``, rows L2-normalised.
        dates: ``n`` of them.
        weights: float64 ``(n,)``, above 0; higher is better.
        count: how many to pick, at most ``n``.
    """
    picked: list[int] = []
    repeated, crowded = np.zeros(len(weights)), np.zeros(len(weights))
    while len(picked) < min(count, len(weights)):
        value = weights / weights.max() - _REPEATED * repeated - _CROWDED * crowded
        value[picked] = -np.inf
        best = int(value.argmax())
        picked.append(best)
        repeated = np.maximum(repeated, vectors @ vectors[best])
        crowded += np.array([date == dates[best] for date in dates])
    return picked


def _event(found: Sequence[_Candidate], leader: int, group: Sequence[int]) -> Event:
    sentence = found[leader].sentence
    articles = _articles(found, group)
    passage = Passage(0, sentence.article, sentence.span.start, sentence.span.end)
    also_in = tuple(article.id for article in articles if article.id != sentence.article.id)
    outlets = len({article.source.casefold() for article in articles})
    return Event(sentence.date, sentence.origin, sentence.planned, Citation.of(passage, 1.0, (), also_in), outlets)


def _in_time(event: Event) -> tuple[object, ...]:
    return event.date.first, event.date.last, event.citation.article_id, event.citation.start
