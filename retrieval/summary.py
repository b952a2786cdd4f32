"""Extractive summaries: the most central, least redundant sentences of the articles that match.

Centrality is LexRank's (Erkan and Radev, 2004, "LexRank: Graph-based Lexical Centrality as Salience in Text
Summarization") over the encoder's sentence vectors; redundancy is kept down as in maximal marginal relevance
(Carbonell and Goldstein, 1998).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Encoder, Vectors
from retrieval.engine import Engine, PassageStore
from retrieval.ranking import best_of_each_article
from retrieval.segmentation import sentences
from retrieval.types import Article, Citation, Passage, Query, Span

_WORD = re.compile(r"\w+")
_ARTICLES = 6
# An article further than this behind the best one is about something else.
_NEAR_BEST = 0.75
_SENTENCES_READ = 400
_DAMPING = 0.85
_ITERATIONS = 30
_REDUNDANCY = 0.35
_SHORTEST, _LONGEST = 5, 60  # words; shorter ones are captions, longer ones lists
# A sentence that leans on the one before cannot stand alone.
_LEANS = re.compile(
    r"^[\"“‘'(]*(?:he|she|it|they|his|her|its|their|this|that|these|those|but|and|so|however|also|such|"
    r"meanwhile|instead|then|there)\b",
    re.IGNORECASE,
)

_Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """Sentences in reading order, each quoted from its article; ``articles`` says from how many they were chosen."""

    query: str
    sentences: tuple[Citation, ...]
    articles: int
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class _Sentence:
    article: Article
    span: Span
    place: int
    """Counts from 0 in its article."""


class Summarizer:
    """Summarises articles of one generation.

    Args:
        engine: finds the articles of a topic.
        passages: their texts.
        encoder: compares sentences.
    """

    def __init__(self, engine: Engine, passages: PassageStore, encoder: Encoder) -> None:
        self._engine = engine
        self._passages = passages
        self._encoder = encoder

    def topic(self, query: Query, count: int) -> Summary:
        """The articles that match best, in ``count`` sentences.

        Raises:
            FilterError: a source or an article that the index does not hold.
        """
        started = time.perf_counter()
        hits = best_of_each_article(self._engine.search(query.text, query.filters).hits, _ARTICLES)
        near = [hit for hit in hits if hit.score >= _NEAR_BEST * hits[0].score]
        articles = {p.article.id: p.article for p in self._passages.passages([hit.passage_id for hit in near])}
        return self._summary(query.text, list(articles.values()), count, started, about=query.text)

    def article(self, query: str, article: Article, count: int) -> Summary:
        """One article, in ``count`` sentences."""
        return self._summary(query, [article], count, time.perf_counter(), about=None)

    def _summary(
        self, query: str, articles: Sequence[Article], count: int, started: float, about: str | None
    ) -> Summary:
        found = _distinct(sentence for article in articles for sentence in _candidates(article))[:_SENTENCES_READ]
        chosen: list[int] = []
        if found:
            vectors = self._encoder.encode_passages([s.span.of(s.article.text) for s in found])
            topic = self._encoder.encode_queries([about])[0] if about else None
            chosen = _select(vectors, _salience(found, vectors, topic), count)
        return Summary(
            query=query,
            sentences=tuple(_quote(found[at]) for at in sorted(chosen, key=lambda at: _reading_order(found[at]))),
            articles=len(articles),
            elapsed_ms=(time.perf_counter() - started) * 1000,
        )


def lead(article: Article) -> Citation | None:
    """The first sentence of an article that can stand alone, which in the news tells the main thing, if it has any."""
    return next((_quote(sentence) for sentence in _candidates(article)), None)


def stands_alone(sentence: str) -> bool:
    """Whether a sentence can be understood without the one before it, and is neither a caption nor a list."""
    return _SHORTEST <= len(sentence.split()) <= _LONGEST and not _LEANS.match(sentence)


def _candidates(article: Article) -> list[_Sentence]:
    spans = sentences(article.text)
    fit = [_Sentence(article, span, place) for place, span in enumerate(spans) if stands_alone(span.of(article.text))]
    return fit or [_Sentence(article, span, place) for place, span in enumerate(spans)]


def _distinct(candidates: Iterable[_Sentence]) -> list[_Sentence]:
    """What several articles say in the same words is there once."""
    found: dict[tuple[str, ...], _Sentence] = {}
    for sentence in candidates:
        found.setdefault(tuple(_WORD.findall(sentence.span.of(sentence.article.text).casefold())), sentence)
    return list(found.values())


def _salience(found: Sequence[_Sentence], vectors: Vectors, topic: Vectors | None) -> _Scores:
    """Central to the articles, near their beginning (news tells the main thing first), and about the topic."""
    centrality = lexrank(vectors)
    lead = np.array([1 / (1 + sentence.place) for sentence in found])
    salience: _Scores = centrality / centrality.max() + lead
    return salience if topic is None else salience + 2 * (vectors @ topic)


def lexrank(vectors: Vectors) -> _Scores:
    """The stationary probability of each sentence in a walk from one to what is like it, float64 ``(n,)``.

    Args:
        vectors: float32 ``(n, d)``, rows L2-normalised, ``n`` at least 1.
    """
    weights = np.clip((vectors @ vectors.T).astype(np.float64), 0.0, None)
    np.fill_diagonal(weights, 0.0)
    totals = weights.sum(axis=1, keepdims=True)
    count = len(vectors)
    steps = np.divide(weights, totals, out=np.full_like(weights, 1 / count), where=totals > 0)
    probability = np.full(count, 1 / count)
    for _ in range(_ITERATIONS):
        probability = (1 - _DAMPING) / count + _DAMPING * (probability @ steps)
    return probability


def _select(vectors: Vectors, salience: _Scores, count: int) -> list[int]:
    """Greedily the most salient sentence that repeats least of what is chosen already."""
    chosen: list[int] = []
    repeated = np.zeros(len(salience))
    while len(chosen) < min(count, len(salience)):
        value = salience / salience.max() - _REDUNDANCY * repeated
        value[chosen] = -np.inf
        best = int(value.argmax())
        chosen.append(best)
        repeated = np.maximum(repeated, vectors @ vectors[best])
    return chosen


def _reading_order(sentence: _Sentence) -> tuple[object, ...]:
    published = sentence.article.published
    return (published is None, published.first if published else None, sentence.article.id, sentence.span)


def _quote(sentence: _Sentence) -> Citation:
    passage = Passage(0, sentence.article, sentence.span.start, sentence.span.end)
    return Citation.of(passage, 1.0, ())
