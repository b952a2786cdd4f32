"""Readers: which sentence of a passage answers, and how well.

The plain reader is late interaction over the encoder's own token vectors: ColBERT's MaxSim (Khattab and
Zaharia, 2020, "ColBERT: Efficient and Effective Passage Search via Contextualized Late Interaction over
BERT"), weighted by how rare the question's words are.
"""

from __future__ import annotations

import math
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Encoder, Offsets, TokenVectors
from retrieval.passages import title_prefix
from retrieval.segmentation import sentences
from retrieval.types import Passage, Span

_WORD = re.compile(r"\w+")

Weigh = Callable[[Sequence[str]], list[float]]
"""Gives each word its weight: 0 or more, larger for rarer words."""


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


class WordReader:
    """Reads by words alone: the share of the question's weight that a text's words carry. Needs no model."""

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """Scores in [0, 1]."""
        words = list(dict.fromkeys(_WORD.findall(question.lower())))
        weights = dict(zip(words, weigh(words), strict=True))
        total = sum(weights.values()) or 1.0

        def share(text: str) -> float:
            return math.fsum(weights.get(word, 0.0) for word in set(_WORD.findall(text.lower()))) / total

        return [Reading(share(p.text), _ranked(p, partial(_of_text, share, p.article.text))) for p in passages]


class MaxSimReader:
    """Reads by late interaction; passages read lately are kept, so that asking again costs little.

    Args:
        encoder: gives the token vectors.
        cached: how many passages to keep (about 200 KB each at 256 tokens of 384 dimensions).
    """

    def __init__(self, encoder: Encoder, cached: int = 256) -> None:
        self._encoder = encoder
        self._cached = cached
        self._cache: OrderedDict[tuple[str, str, int, int], TokenVectors] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """Scores are weighted mean cosines, in [-1, 1]."""
        if not passages:
            return []
        query = self._encoder.encode_query_tokens(question)
        weights = _token_weights(question, query.offsets, weigh)
        return [
            _reading(passage, weights, query.vectors @ tokens.vectors.T, tokens.offsets)
            for passage, tokens in zip(passages, self._tokens(passages), strict=True)
        ]

    def _tokens(self, passages: Sequence[Passage]) -> list[TokenVectors]:
        keys = [(p.article.text_hash, p.article.title, p.start, p.end) for p in passages]
        with self._lock:
            known = {key: self._cache[key] for key in keys if key in self._cache}
        missing = {key: p for key, p in zip(keys, passages, strict=True) if key not in known}
        texts = [title_prefix(p.article.title) + p.text for p in missing.values()]
        known.update(zip(missing, self._encoder.encode_passage_tokens(texts) if texts else [], strict=True))
        with self._lock:
            for key in keys:
                self._cache[key] = known[key]
                self._cache.move_to_end(key)
            while len(self._cache) > self._cached:
                self._cache.popitem(last=False)
        return [known[key] for key in keys]


def _of_text(score: Callable[[str], float], text: str, span: Span) -> float:
    return score(span.of(text))


def _token_weights(question: str, offsets: Offsets, weigh: Weigh) -> npt.NDArray[np.float64]:
    """The weight of the word that each token lies in, summing to 1; marks between words weigh nothing."""
    words = [(match.span(), match.group()) for match in _WORD.finditer(question)]
    weights = np.zeros(len(offsets))
    for (span, _), weight in zip(words, weigh([word for _, word in words]), strict=True):
        weights[(offsets[:, 0] >= span[0]) & (offsets[:, 1] <= span[1])] = weight
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(offsets), 1 / max(len(offsets), 1))


def _reading(
    passage: Passage, weights: npt.NDArray[np.float64], similarity: npt.NDArray[np.float32], offsets: Offsets
) -> Reading:
    """Sum over question tokens of weight times the largest similarity to a token of the text (MaxSim)."""
    shift = passage.start - len(title_prefix(passage.article.title))

    def maxsim(span: Span) -> float:
        inside = (offsets[:, 0] + shift >= span.start) & (offsets[:, 1] + shift <= span.end)
        return float(weights @ similarity[:, inside].max(axis=1)) if inside.any() else -1.0

    whole = float(weights @ similarity.max(axis=1)) if similarity.size else -1.0
    return Reading(whole, _ranked(passage, maxsim))


def _ranked(passage: Passage, score: Callable[[Span], float]) -> tuple[tuple[Span, float], ...]:
    spans = sentences(passage.article.text, Span(passage.start, passage.end))
    scored = [(span, score(span)) for span in spans]
    return tuple(sorted(scored, key=lambda pair: (-pair[1], pair[0].start)))


def inverse_document_frequency(frequency: int, passages: int) -> float:
    """BM25's idf, never negative: ``ln(1 + (N - n + 0.5) / (n + 0.5))`` (Robertson and Zaragoza, 2009)."""
    return math.log1p((passages - frequency + 0.5) / (frequency + 0.5))
