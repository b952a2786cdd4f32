"""What is on a topic: passages that hold its words or stand close to it, and how much a sentence is about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.engine import Engine, PassageStore
from retrieval.signals import coverage
from retrieval.types import Hit, Passage

_COVERED = 0.5  # of the topic's words, by weight, in a passage and its title
_WHOLE = 0.99
_RELATED = 0.58  # of the best sentence's relevance; one below is about something else
# Relevance with the default encoder that a sentence needs where its passage lacks some of the topic's words: of those
# judged to be on their topic this keeps 93 %, of the others 45 %; where no word is lacking, 96 % are on their topic.
_LEAST = 0.34

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OnTopic:
    """A passage on a topic.

    Args:
        passage: with its article.
        cosine: how close it is to the topic.
        covered: how much of the topic's words, by weight, it and its article's title hold.
    """

    passage: Passage
    cosine: float
    covered: float


def spread(hits: Iterable[Hit], most: int) -> list[Hit]:
    """Hits, at most so many of one article, so that a long one does not crowd out the others."""
    counts: Counter[str] = Counter()
    kept = []
    for hit in hits:
        counts[hit.article_id] += 1
        if counts[hit.article_id] <= most:
            kept.append(hit)
    return kept


def on_topic(topic: str, hits: Sequence[Hit], engine: Engine, passages: PassageStore) -> list[OnTopic]:
    """The passages of ``hits`` that hold enough of the topic's words, in their order."""
    found = passages.passages([hit.passage_id for hit in hits])
    covered = coverage(topic, engine.weigh)
    shares = [covered(f"{passage.article.title} {passage.text}") for passage in found]
    # A topic in other words than the articles' is left to the encoder.
    least = _COVERED if max(shares, default=0.0) >= _COVERED else 0.0
    return [
        OnTopic(passage, hit.explanation.dense, share)
        for hit, passage, share in zip(hits, found, shares, strict=True)
        if share >= least
    ]


def relevance(own: npt.ArrayLike, within: Sequence[OnTopic]) -> Scores:
    """How much each sentence is about the topic, by itself and with its passage, float64 ``(n,)`` in [0, 1].

    Args:
        own: cosines of ``n`` sentences to the topic.
        within: the passage that each stands in.
    """
    passage = np.array([one.cosine for one in within])
    covered = np.array([one.covered for one in within])
    both = np.clip(np.asarray(own, dtype=np.float64), 0.0, None) + np.clip(passage, 0.0, None)
    scores: Scores = both * (0.6 + 0.4 * covered) / 2
    return scores


def related(relevance: Scores, within: Sequence[OnTopic]) -> npt.NDArray[np.bool_]:
    """Which of some sentences are on the topic rather than about something near it, bool ``(n,)``; ``n`` at least 1."""
    whole = np.array([one.covered > _WHOLE for one in within])
    near: npt.NDArray[np.bool_] = (relevance >= _RELATED * relevance.max()) & (whole | (relevance >= _LEAST))
    return near
