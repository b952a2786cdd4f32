"""Extractive summaries: sentences that together tell what matters, each quoted from its article.

How much a word matters is :mod:`retrieval.importance`'s, which sentences cover it best :mod:`retrieval.covering`'s, and
what a sentence leans on :mod:`retrieval.standing`'s. On a topic, sentences also count by how much they are about it.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.covering import Option, covering
from retrieval.encoders.port import Encoder
from retrieval.engine import Engine, PassageStore
from retrieval.importance import ArticleTerms, Term, importance, terms
from retrieval.parameters import SummaryParameters
from retrieval.segmentation import sentences
from retrieval.standing import FIRST_PERSON, FURNITURE, QUOTED, fit_length, leans, names_introduced, stands_alone
from retrieval.topics import OnTopic, on_topic, related, relevance, spread
from retrieval.types import Article, Citation, Passage, Query, Span

_DEPTH = 200  # passages of each search
_OF_ONE_ARTICLE = 3  # passages
_PASSAGES = 30
_SENTENCES_READ = 400
_TOLD_AGAIN = 0.6  # of what matters in the shorter of two sentences, in the other: they tell the same
_SHARPNESS = 2
_ALIKE = 0.72  # cosine of two sentences that tell the same
_QUOTED = re.compile(r"[“”\"]|(?:^|\s)['‘]\S|\S['’](?:\s|$)")
_WORD = re.compile(r"\w+")
# Lists and captions begin with a dash, or end without a stop.
_WHOLE = re.compile(r"^[^–—-].*[.!?][\"“”'’)\]\s]*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Summary:
    """Sentences in reading order, each quoted from its article; ``articles`` says from how many they were chosen."""

    query: str
    sentences: tuple[Citation, ...]
    articles: int
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article; ``place`` counts from 0, without captions and the like."""

    article: Article
    span: Span
    place: int

    @property
    def text(self) -> str:
        """The sentence, verbatim."""
        return self.span.of(self.article.text)


class Summarizer:
    """Summarises articles of one generation.

    Args:
        engine: finds the passages on a topic.
        passages: their texts.
        encoder: compares sentences.
        parameters: how sentences are chosen.
    """

    def __init__(self, engine: Engine, passages: PassageStore, encoder: Encoder, parameters: SummaryParameters) -> None:
        self._engine = engine
        self._passages = passages
        self._encoder = encoder
        self._parameters = parameters

    def topic(self, query: Query, count: int) -> Summary:
        """What articles say of a topic, in ``count`` sentences; where fewer can stand alone, in those.

        Raises:
            FilterError: a source or an article that the index does not hold.
        """
        started = time.perf_counter()
        near = self._near(query)
        chosen = self._of_topic(query.text, near, count)
        return _summary(query.text, chosen, len({one.passage.article.id for one in near}), started)

    def article(self, query: str, article: Article, count: int) -> Summary:
        """One article, in ``count`` sentences; where fewer can stand alone or after one another, in those."""
        started = time.perf_counter()
        chosen = summarized(article, self._parameters, count)
        return _summary(query, chosen, 1, started)

    def _near(self, query: Query) -> list[OnTopic]:
        hits = self._engine.survey(query.text, query.filters, _DEPTH)
        return on_topic(query.text, spread(hits, _OF_ONE_ARTICLE)[:_PASSAGES], self._engine, self._passages)

    def _of_topic(self, topic: str, near: Sequence[OnTopic], count: int) -> list[Sentence]:
        found = _within(near)[:_SENTENCES_READ]
        if not found:
            return []
        vectors = self._encoder.encode_passages([sentence.text for sentence, _ in found])
        places = [one for _, one in found]
        scores = relevance(vectors @ self._encoder.encode_queries([topic])[0], places)
        kept = _with_those_before([sentence for sentence, _ in found], related(scores, places))
        weights = ((scores / scores.max()) ** _SHARPNESS)[kept].tolist()
        vectors = vectors[kept]
        said = [found[at][0] for at in np.flatnonzero(kept).tolist()]
        after = _standing(said, topic)
        options = [
            _option(sentence, self._parameters, weight=weight, after=after.get(at))
            for at, (sentence, weight) in enumerate(zip(said, weights, strict=True))
        ]
        matters = _importance_in_any({sentence.article.id: sentence.article for sentence in said}, self._parameters)
        told_again = _told_again(options, matters)

        def repeats(one: int, other: int) -> bool:
            return told_again(one, other) or float(vectors[one] @ vectors[other]) >= _ALIKE

        return [said[at] for at in covering(options, matters, count, self._parameters, repeats, among=after)]


def _within(near: Sequence[OnTopic]) -> list[tuple[Sentence, OnTopic]]:
    """The sentences of some passages that report, each with its passage."""
    articles = {one.passage.article.id: told(one.passage.article) for one in near}
    return [
        (sentence, one)
        for one in near
        for sentence in articles[one.passage.article.id]
        if one.passage.start <= sentence.span.start < one.passage.end and _reports(sentence.text)
    ]


def _with_those_before(found: Sequence[Sentence], kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The kept sentences with those that they lean on, be these about the topic or not."""
    places = {(sentence.article.id, sentence.place): at for at, sentence in enumerate(found)}
    wanted = kept.copy()
    for start in np.flatnonzero(kept).tolist():
        at: int | None = start
        while at is not None and leans(found[at].article.text, found[at].span):
            at = places.get((found[at].article.id, found[at].place - 1))
            if at is not None:
                wanted[at] = True
    return wanted


def _standing(said: Sequence[Sentence], topic: str) -> dict[int, int | None]:
    """Which sentences can be understood, each with the one that has to stand before it, if any.

    Those go that need one which is not there: "But …" after a caption, "Garrett said …" after two other people.
    """
    places = {(sentence.article.id, sentence.place): at for at, sentence in enumerate(said)}
    after: dict[int, int | None] = {}
    for at, sentence in sorted(enumerate(said), key=lambda numbered: numbered[1].place):
        text = sentence.article.text
        known = set(_WORD.findall(f"{topic} {sentence.article.title}"))
        unknown = names_introduced(text, sentence.span) - known
        if not unknown and not leans(text, sentence.span):
            after[at] = None
            continue
        before = places.get((sentence.article.id, sentence.place - 1))
        if before in after and unknown <= names_introduced(text, sentence.span, since=said[before].span.start):
            after[at] = before
    return after


def _importance_in_any(articles: Mapping[str, Article], parameters: SummaryParameters) -> dict[Term, float]:
    """The importance of each term in that article where it matters most."""
    highest: dict[Term, float] = {}
    for article in articles.values():
        of_article = importance(ArticleTerms([s.text for s in told(article)], article.title), parameters)
        for term, value in of_article.items():
            highest[term] = max(value, highest.get(term, 0.0))
    return highest


def _reports(said: str) -> bool:
    """Whether a sentence of an article on a topic is whole, tells rather than asks, and is nobody's own words alone."""
    own = QUOTED.sub(" ", said)
    return bool(_WHOLE.match(said)) and "?" not in said and len(own) * 2 > len(said) and not FIRST_PERSON.search(own)


def summarized(article: Article, parameters: SummaryParameters, count: int) -> list[Sentence]:
    """At most ``count`` sentences that sum up an article, in the order of their choice."""
    found = told(article)[:_SENTENCES_READ]
    matters = importance(ArticleTerms([sentence.text for sentence in found], article.title), parameters)
    return telling(found, matters, parameters, count)


def telling(
    found: Sequence[Sentence], matters: Mapping[Term, float], parameters: SummaryParameters, count: int
) -> list[Sentence]:
    """At most ``count`` of an article's sentences, given how much each term matters, in the order of their choice."""
    options = [
        _option(one, parameters, after=at - 1 if at and leans(one.article.text, one.span) else None)
        for at, one in enumerate(found)
    ]
    repeats = _told_again(options, matters)
    return [found[at] for at in covering(options, matters, count, parameters, repeats, among=range(len(found)))]


def _option(
    sentence: Sentence, parameters: SummaryParameters, *, weight: float = 1.0, after: int | None = None
) -> Option:
    said = sentence.text
    marks = {
        "late": math.log1p(sentence.place),
        "quoted": float(bool(_QUOTED.search(said))),
        "first_person": float(bool(FIRST_PERSON.search(said))),
        "asks": float("?" in said),
    }
    return Option(
        terms=frozenset(terms(said)),
        words=len(said.split()),
        weight=weight,
        handicap=sum(value * marks[name] for name, value in parameters.handicaps.items()),
        after=after,
    )


def lead(article: Article) -> Citation | None:
    """The first sentence of an article that can stand alone, which in the news tells the main thing, if it has any."""
    found = [Sentence(article, span, place) for place, span in enumerate(sentences(article.text))]
    alone = (sentence for sentence in found if stands_alone(sentence.text))
    first = next(alone, found[0] if found else None)
    return _quote(first) if first else None


def told(article: Article) -> list[Sentence]:
    """The sentences of an article that are no captions, lists or notes; all of them where nothing else is there."""
    spans = sentences(article.text)
    fit = [s for s in spans if fit_length(s.of(article.text)) and not FURNITURE.search(s.of(article.text))]
    return [Sentence(article, span, place) for place, span in enumerate(fit or spans)]


def _told_again(options: Sequence[Option], importance: Mapping[Term, float]) -> Callable[[int, int], bool]:
    """Tells whether most of what matters in one of two sentences stands in the other."""
    mass = [sum(importance[term] for term in option.terms) for option in options]

    def told_again(one: int, other: int) -> bool:
        shared = sum(importance[term] for term in options[one].terms & options[other].terms)
        return shared >= _TOLD_AGAIN * min(mass[one], mass[other])

    return told_again


def _summary(query: str, chosen: Sequence[Sentence], articles: int, started: float) -> Summary:
    return Summary(
        query=query,
        sentences=tuple(_quote(sentence) for sentence in sorted(chosen, key=_reading_order)),
        articles=articles,
        elapsed_ms=(time.perf_counter() - started) * 1000,
    )


def _reading_order(sentence: Sentence) -> tuple[object, ...]:
    published = sentence.article.published
    return (published is None, published.first if published else None, sentence.article.id, sentence.span)


def _quote(sentence: Sentence) -> Citation:
    passage = Passage(0, sentence.article, sentence.span.start, sentence.span.end)
    return Citation.of(passage, 1.0, ())
