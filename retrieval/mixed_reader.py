"""Two readers that make up for each other: one trained to read, one that goes by what words mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.reader import Reader, Reading, Weigh
from retrieval.types import Passage


@dataclass(frozen=True, slots=True)
class Mixture:
    """How much each counts.

    Args:
        share: of the first, in [0, 1].
        offset: what is taken off the second's scores, so that it is as sure on average as the first.
    """

    share: float
    offset: float


class MixedReader:
    """Scores are weighted means of two readers'.

    Args:
        first: gives log-odds.
        second: scores sentences; its passages count by the log of the sum of their sentences' exponentials.
        mixture: their weights.
    """

    def __init__(self, first: Reader, second: Reader, mixture: Mixture) -> None:
        self._first = first
        self._second = second
        self._mixture = mixture

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """Log-odds of an answer in a passage, and in each sentence."""
        both = (reader.read(question, passages, weigh) for reader in (self._first, self._second))
        return [self._mixed(one, other) for one, other in zip(*both, strict=True)]

    def _mixed(self, one: Reading, other: Reading) -> Reading:
        scores = dict(other.sentences)
        sentences = [(span, self._mean(score, scores[span])) for span, score in one.sentences]
        level = float(np.logaddexp.reduce(list(scores.values())))
        return Reading(
            self._mean(one.score, level), tuple(sorted(sentences, key=lambda pair: (-pair[1], pair[0].start)))
        )

    def _mean(self, one: float, other: float) -> float:
        share = self._mixture.share
        return share * one + (1 - share) * (other - self._mixture.offset)
