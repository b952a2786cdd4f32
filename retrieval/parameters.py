"""What was fitted on development data: how scores are combined and when to abstain.

The values lie in ``data/parameters.json``, written by the scripts of ``training/``; any file of that form can take
its place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from retrieval.errors import RetrievalError

SHIPPED = Path(__file__).parent / "data" / "parameters.json"


@dataclass(frozen=True, slots=True)
class RankingParameters:
    """How passages are ranked.

    Args:
        depth: how many passages each search lists.
        dense_weight: of the dense score in the fused one, in [0, 1]; the lexical score has the rest.
        support_weight: of what an article's other passages add to each of its passages.
        recency_weight: of how new an article is, where a question asks for the latest.
        read: how many passages the reader reads.
        reader_weight: of the reader's score in the final one, in [0, 1].
    """

    depth: int
    dense_weight: float
    support_weight: float
    recency_weight: float
    read: int
    reader_weight: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Confidence by logistic regression over named signals, and the threshold below which to abstain."""

    intercept: float
    weights: Mapping[str, float]
    threshold: float

    def confidence(self, signals: Mapping[str, float]) -> float:
        """The probability in [0, 1] that the searched articles answer.

        Raises:
            KeyError: a signal that has a weight is missing.
        """
        logit = self.intercept + sum(weight * signals[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(min(logit, 40.0), -40.0)))


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that was fitted.

    Args:
        ranking: how passages are ranked.
        sentence: weights of the reader's features in a sentence's score, by name.
        calibration: confidence where the trained reader reads.
        untrained: confidence where MaxSim reads, for an encoder that the reader was not trained for.
        plain: confidence without a reader.
    """

    ranking: RankingParameters
    sentence: Mapping[str, float]
    calibration: Calibration
    untrained: Calibration
    plain: Calibration

    def for_maxsim(self) -> Self:
        """These parameters where MaxSim reads in the trained reader's place."""
        return replace(self, calibration=self.untrained)

    @classmethod
    def load(cls, file: Path = SHIPPED) -> Self:
        """Read a parameter file.

        Raises:
            RetrievalError: the file cannot be read or is no such file.
        """
        try:
            value = json.loads(file.read_text(encoding="utf-8"))
            return cls(
                RankingParameters(**value["ranking"]),
                value["sentence"],
                Calibration(**value["calibration"]),
                Calibration(**value["untrained"]),
                Calibration(**value["plain"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RetrievalError(f"the parameters in {file} cannot be read ({error}): reinstall Backchannel") from error
