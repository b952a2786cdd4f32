"""Readers: which sentence of a passage answers, and how well.

The plain reader is late interaction over the encoder's own token vectors: ColBERT's MaxSim (Khattab and
Zaharia, 2020, "ColBERT: Efficient and Effective Passage Search via Contextualized Late Interaction over
BERT"), weighted by how rare the question's words are. Sentences are scored by a few such features, combined
linearly with weights that were fitted on questions with known answer sentences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from retrieval.answer_types import KINDS, asks, holds
from retrieval.encoders.port import Offsets, TokenEncoder, TokenVectors, Vectors
from retrieval.passages import encoder_inputs, title_prefix
from retrieval.recent import Recent, of_passage
from retrieval.segmentation import sentences
from retrieval.types import Passage, Span

_WORD = re.compile(r"\w+")
# Under the square root of its idf, one rare word does not outweigh all others.
_IDF_POWER = 0.5
_SHORTEST = 1e-9  # of a vector that is scaled to length 1

FEATURES = (
    "maxsim",
    "maxsim_uniform",
    "pooled",
    "backward",
    "length",
    "lacks_number",
    "lacks_date",
    "lacks_name",
    "before",
)
"""Of a sentence, see :func:`sentence_features`."""
_LACKS = tuple((FEATURES.index(f"lacks_{kind}"), kind) for kind in KINDS)

Weigh = Callable[[Sequence[str]], list[float]]
"""Gives each word its weight: 0 or more, larger for rarer words."""

TokenWeights = npt.NDArray[np.float64]
"""float64 ``(tokens,)``, summing to 1."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage as read for one question.

    ``score`` rates the whole passage, and each sentence (a span in the article's text) has its own, best
    first; higher is better. ``sentences`` is never empty.
    """

    score: float
    sentences: tuple[tuple[Span, float], ...]


class Reader(Protocol):
    """Reads a question against a few passages."""

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """One reading for each passage, in this order."""


@runtime_checkable
class SentenceReader(Reader, Protocol):
    """A reader that can take a sentence out of its passage."""

    def read_sentence(self, question: str, passage: Passage, sentence: Span, weigh: Weigh) -> float:
        """How well one of its sentences answers by itself, behind its title; on the scale of passages.

        It is read in the words' context, as the passage is: what its neighbours say of it stays known.

        Raises:
            KeyError: it is no sentence of the passage.
        """


class WordReader:
    """Reads by words alone: the share of the question's weight that a text's words carry. Needs no model."""

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """Scores in [0, 1]."""
        words = list(dict.fromkeys(_WORD.findall(question.lower())))
        weights = dict(zip(words, weigh(words), strict=True))
        total = sum(weights.values()) or 1.0
        asked = frozenset(words)

        def share(text: str) -> float:
            return math.fsum(weights[word] for word in asked.intersection(_WORD.findall(text.lower()))) / total

        return [Reading(share(p.text), ranked_sentences(p, partial(_of_text, share, p.article.text))) for p in passages]


class MaxSimReader:
    """Reads by late interaction; passages read lately are kept, so that asking again costs little.

    Args:
        encoder: gives the token vectors.
        weights: of the features in a sentence's score, by name; MaxSim alone by default.
        cached: how many passages to keep (about 400 KB each at 256 tokens of 384 dimensions).
    """

    def __init__(self, encoder: TokenEncoder, weights: Mapping[str, float] | None = None, cached: int = 256) -> None:
        self._encoder = encoder
        self._weights = np.array([(weights or {"maxsim": 1.0}).get(name, 0.0) for name in FEATURES])
        self._tokens = Recent(partial(passage_tokens, encoder), of_passage, cached)

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """A passage's score is a weighted mean cosine, in [-1, 1]; a sentence's a weighted sum of features."""
        if not passages:
            return []
        query = self._encoder.encode_query_tokens(question)
        weights = token_weights(question, query.offsets, weigh)
        return [
            self._reading(question, passage, weights, query.vectors, tokens)
            for passage, tokens in zip(passages, self._tokens.of(passages), strict=True)
        ]

    def features(self, question: str, passage: Passage, weigh: Weigh) -> tuple[list[Span], npt.NDArray[np.float64]]:
        """The sentences of a passage and their features, float64 ``(sentences, features)``."""
        query = self._encoder.encode_query_tokens(question)
        weights = token_weights(question, query.offsets, weigh)
        spans = sentences_of(passage)
        return spans, sentence_features(question, passage, spans, weights, query.vectors, self._tokens.of([passage])[0])

    def _reading(
        self, question: str, passage: Passage, weights: TokenWeights, query: Vectors, tokens: TokenVectors
    ) -> Reading:
        spans = sentences_of(passage)
        values = sentence_features(question, passage, spans, weights, query, tokens) @ self._weights
        scores = dict(zip(spans, values.tolist(), strict=True))
        return Reading(maxsim(weights, query, tokens), best_first(scores.items()))


def passage_tokens(encoder: TokenEncoder, passages: Sequence[Passage]) -> list[TokenVectors]:
    """Passages, each behind its article's title, token by token."""
    return encoder.encode_passage_tokens(encoder_inputs([(p.article.title, p.text) for p in passages]))


def maxsim(weights: TokenWeights, query: Vectors, tokens: TokenVectors) -> float:
    """Weighted mean over the question's tokens of the best cosine in the passage, in [-1, 1]; -1 without tokens."""
    if not len(tokens.vectors) or not len(query):
        return -1.0
    return float(weights @ (query @ tokens.vectors.T).max(axis=1))


def sentence_features(
    question: str,
    passage: Passage,
    spans: Sequence[Span],
    weights: TokenWeights,
    query: Vectors,
    tokens: TokenVectors,
) -> npt.NDArray[np.float64]:
    """Features of the sentences of a passage, float64 ``(sentences, features)``, in the order of ``FEATURES``.

    Args:
        question: its words.
        passage: encoded as ``tokens``, behind its article's title.
        spans: its sentences, in the article's text.
        weights: of the question's tokens, float64 ``(q,)``, summing to 1.
        query: the question's token vectors, float32 ``(q, d)``.
        tokens: of the passage.

    Returns:
        ``maxsim``: weighted mean over question tokens of the best cosine in the sentence; ``maxsim_uniform``:
        unweighted; ``pooled``: cosine of the mean vectors; ``backward``: mean over the sentence's tokens of the
        best cosine with a question token; ``length``: ln of its tokens; ``lacks_…``: 1 where that is asked for and
        missing; ``before``: ``maxsim`` of the sentence before.
    """
    rows = np.zeros((len(spans), len(FEATURES)))
    shift = passage.start - len(title_prefix(passage.article.title))
    runs = _runs(tokens.offsets + shift, spans)
    read = [row for row, (first, last) in enumerate(runs) if first < last and len(query)]
    if read:
        rows[read, :5] = _alike(weights, query, tokens.vectors, [runs[row] for row in read])
    asked = [(column, kind) for column, kind in _LACKS if asks(kind, question)]
    for row, span in enumerate(spans if asked else ()):
        sentence = span.of(passage.article.text)
        for column, kind in asked:
            rows[row, column] = not holds(kind, question, sentence)
    rows[1:, 8] = rows[:-1, 0]
    rows[:1, 8] = rows[:, 0].mean()
    return rows


def _runs(offsets: Offsets, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """From which to before which token each span holds; both are in the order of the text."""
    first = np.searchsorted(offsets[:, 0], [span.start for span in spans])
    last = np.searchsorted(offsets[:, 1], [span.end for span in spans], side="right")
    return list(zip(first.tolist(), last.tolist(), strict=True))


def _alike(
    weights: TokenWeights, query: Vectors, vectors: Vectors, runs: Sequence[tuple[int, int]]
) -> npt.NDArray[np.float64]:
    """The features that compare vectors, and the length, of sentences that are runs of tokens; none is empty."""
    similarity = query @ vectors.T
    lengths = np.array([last - first for first, last in runs])
    best = _over(np.maximum, similarity.T, runs)
    sums = np.stack([vectors[first:last].sum(axis=0) for first, last in runs])
    return np.column_stack(
        [
            best @ weights,
            best.mean(axis=1),
            sums @ _mean(query) / np.maximum(np.linalg.norm(sums, axis=1), _SHORTEST),
            _over(np.add, similarity.max(axis=0), runs) / lengths,
            np.log(lengths),
        ]
    )


def _over(ufunc: np.ufunc, rows: Vectors, runs: Sequence[tuple[int, int]]) -> Vectors:
    """What it makes of the rows of each run; runs are ascending, and none is empty."""
    bounds = [bound for run in runs for bound in run]
    if bounds[-1] == len(rows):  # the last run ends there anyway
        del bounds[-1]
    found: Vectors = ufunc.reduceat(rows, bounds)[::2]
    return found


def token_weights(question: str, offsets: Offsets, weigh: Weigh) -> TokenWeights:
    """Square root of the weight of the word that each token lies in, summing to 1; marks weigh nothing."""
    words = [(match.span(), match.group()) for match in _WORD.finditer(question)]
    weights = np.zeros(len(offsets))
    for (span, _), weight in zip(words, weigh([word for _, word in words]), strict=True):
        weights[(offsets[:, 0] >= span[0]) & (offsets[:, 1] <= span[1])] = weight**_IDF_POWER
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(offsets), 1 / max(len(offsets), 1))


def inverse_document_frequency(frequency: int, passages: int) -> float:
    """BM25's idf, never negative: ``ln(1 + (N - n + 0.5) / (n + 0.5))`` (Robertson and Zaragoza, 2009)."""
    return math.log1p((passages - frequency + 0.5) / (frequency + 0.5))


def _mean(vectors: Vectors) -> Vectors:
    """The direction of their mean, of unit length; zero where there are none."""
    total: Vectors = vectors.sum(axis=0)
    return total / max(float(np.linalg.norm(total)), _SHORTEST)


def _of_text(score: Callable[[str], float], text: str, span: Span) -> float:
    return score(span.of(text))


def sentences_of(passage: Passage) -> list[Span]:
    """The sentences of a passage, in order, as spans of its article's text."""
    return sentences(passage.article.text, Span(passage.start, passage.end))


def ranked_sentences(passage: Passage, score: Callable[[Span], float]) -> tuple[tuple[Span, float], ...]:
    """The sentences of a passage with their scores, best first; equal ones in reading order."""
    return best_first((span, score(span)) for span in sentences_of(passage))


def best_first(scored: Iterable[tuple[Span, float]]) -> tuple[tuple[Span, float], ...]:
    """Sentences with their scores, best first; equal ones in reading order."""
    return tuple(sorted(scored, key=lambda pair: (-pair[1], pair[0].start)))
