"""Two readers that make up for each other: one trained to read, one that goes by what words mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from retrieval.reader import Reader, Reading, SentenceReader, Weigh, best_first
from retrieval.types import Passage, Span


@dataclass(frozen=True, slots=True)
class Mixture:
    """How much each counts.

    Args:
        marking: share of the first in the scores of sentences, in [0, 1].
        judging: its share in the scores of passages.
        offset: what is taken off the second's scores, so that it is as sure on average as the first.
    """

    marking: float
    judging: float
    offset: float

    def mean(self, share: float, first: float, second: float) -> float:
        """The score of both, of which the first has a ``share``."""
        return share * first + (1 - share) * (second - self.offset)


class FocusedReader(SentenceReader, Protocol):
    """Reads of a passage what another reader thinks likely."""

    def read_likeliest(
        self, question: str, passages: Sequence[Passage], weigh: Weigh, ranked: Sequence[Reading]
    ) -> list[Reading]:
        """One reading for each passage, in this order, as for each of those that are ``ranked``."""


class MixedReader:
    """Scores are weighted means of two readers'.

    Args:
        first: gives log-odds; it is told how the second ranks sentences.
        second: scores sentences; its passages count by the log of the sum of their sentences' exponentials.
        mixture: their weights.
    """

    def __init__(self, first: FocusedReader, second: Reader, mixture: Mixture) -> None:
        self.first, self.second = first, second
        self._mixture = mixture

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """Log-odds of an answer in a passage, and in each sentence."""
        ranked = self.second.read(question, passages, weigh)
        found = self.first.read_likeliest(question, passages, weigh, ranked)
        return [mixed(one, other, self._mixture) for one, other in zip(found, ranked, strict=True)]

    def read_sentence(self, question: str, passage: Passage, sentence: Span, weigh: Weigh) -> float:
        """Log-odds that one of its sentences answers, by itself behind its title."""
        (ranked,) = self.second.read(question, [passage], weigh)
        first = self.first.read_sentence(question, passage, sentence, weigh)
        return self._mixture.mean(self._mixture.judging, first, dict(ranked.sentences)[sentence])


def mixed(one: Reading, other: Reading, mixture: Mixture) -> Reading:
    """Two readings of a passage as one, the first in log-odds."""
    scores = dict(other.sentences)
    sentences = ((span, mixture.mean(mixture.marking, score, scores[span])) for span, score in one.sentences)
    return Reading(mixture.mean(mixture.judging, one.score, level(other)), best_first(sentences))


def level(reading: Reading) -> float:
    """The log of the sum of the exponentials of a passage's sentences."""
    return float(np.logaddexp.reduce([score for _, score in reading.sentences]))
