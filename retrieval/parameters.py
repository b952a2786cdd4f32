"""What was fitted on development data: how scores are combined and when to abstain.

The values lie in ``data/parameters.json``, written by the scripts of ``training/``; any file of that form can take
its place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from retrieval.errors import RetrievalError
from retrieval.mixed_reader import Mixture

SHIPPED = Path(__file__).parent / "data" / "parameters.json"


@dataclass(frozen=True, slots=True)
class RankingParameters:
    """How passages are ranked.

    Args:
        depth: how many passages each search lists.
        dense_weight: of the dense score in the fused one, in [0, 1]; the lexical score has the rest.
        support_weight: of what an article's other passages add to each of its passages.
        recency_weight: of how new an article is, where a question asks for the latest.
        read: how many passages the reader reads at least; 0 reads none.
        read_characters: it reads further ones while all together are no longer.
        read_all: characters of all passages that are found, up to which it reads them all, where these are few.
        read_on: how many it reads in all, at most, of those that could still come first.
        hoped: the probability with which these are hoped to answer, once they are read.
        reader_weight: of the reader's score in the final one, in [0, 1].
        reader_in_odds: whether the reader's scores are log-odds, which count as the probabilities that they are; others
            are stretched to [0, 1] over what was read.
    """

    depth: int
    dense_weight: float
    support_weight: float
    recency_weight: float
    read: int
    read_characters: int
    read_all: int
    read_on: int
    hoped: float
    reader_weight: float
    reader_in_odds: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """Confidence by logistic regression over named signals, and the threshold below which to abstain.

    A name such as ``narrow*reader_best`` weighs the product of two signals.
    """

    intercept: float
    weights: Mapping[str, float]
    threshold: float

    def confidence(self, signals: Mapping[str, float], besides: float = 0.0) -> float:
        """The probability in [0, 1] that the searched articles answer; ``besides`` is added to its log-odds.

        Raises:
            KeyError: a signal that has a weight is missing.
        """
        logit = self.intercept + sum(weight * value_of(name, signals) for name, weight in self.weights.items())
        return probability(logit + besides)


@dataclass(frozen=True, slots=True)
class Verification:
    """How much it counts whether the best sentence bears out what the question supposes.

    Args:
        weight: of the verifier's log-odds in those of confidence.
        ceiling: log-odds above it count as it: more support adds nothing, the lack of it counts in full.
        center: log-odds by which confidence stays as it is.
    """

    weight: float
    ceiling: float
    center: float

    def shift(self, log_odds: float) -> float:
        """What is added to confidence's log-odds."""
        return self.weight * (min(log_odds, self.ceiling) - self.center)


def probability(log_odds: float) -> float:
    """What the logarithm of the odds stands for, in [0, 1]."""
    return 1 / (1 + math.exp(-max(min(log_odds, 40.0), -40.0)))


def value_of(name: str, signals: Mapping[str, float]) -> float:
    """A signal, or the product of those whose names ``*`` joins.

    Raises:
        KeyError: one is missing.
    """
    return math.prod(signals[part] for part in name.split("*"))


@dataclass(frozen=True, slots=True)
class Regression:
    """A logistic regression over named features."""

    intercept: float
    weights: Mapping[str, float]

    def logits(self, names: Sequence[str], features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The logarithm of the odds of each row, float64 ``(n,)``.

        Args:
            names: of the columns.
            features: float64 ``(n, len(names))``.

        Raises:
            KeyError: a column has no weight.
        """
        logits: npt.NDArray[np.float64] = self.intercept + features @ np.array([self.weights[name] for name in names])
        return logits


@dataclass(frozen=True, slots=True)
class SummaryParameters:
    """How sentences of a summary are chosen.

    Args:
        words: how likely a word of an article is in another account of its news.
        pairs: the same of two words side by side.
        pair_weight: how much a covered pair counts beside a covered word.
        length: words of the account that a summary is weighed against.
        handicaps: what is taken off for a sentence that is ``late``, by the logarithm of its place, ``quoted``,
            ``first_person`` or ``asks``.
    """

    words: Regression
    pairs: Regression
    pair_weight: float
    length: float
    handicaps: Mapping[str, float]

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """As the parameter file holds them.

        Raises:
            KeyError, TypeError: something is missing, or something else is there.
        """
        regressions = {name: Regression(**value[name]) for name in ("words", "pairs")}
        return cls(**{**value, **regressions})


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that was fitted.

    Args:
        ranking: how passages are ranked.
        sentence: weights of the reader's features in a sentence's score, by name.
        mixture: how the joint reader and MaxSim are read together.
        maxsim: how passages are ranked where MaxSim reads alone.
        calibration: confidence where the joint reader reads.
        untrained: confidence where MaxSim reads.
        plain: confidence by words alone, also where a reader is of a kind that nothing was fitted for.
        verification: what a verifier adds to confidence, where there is one.
        summary: how sentences of a summary are chosen.
    """

    ranking: RankingParameters
    sentence: Mapping[str, float]
    mixture: Mixture
    maxsim: RankingParameters
    calibration: Calibration
    untrained: Calibration
    plain: Calibration
    verification: Verification
    summary: SummaryParameters

    def reading(self, kind: str) -> Self:
        """These parameters where another reader reads than the joint one: ``maxsim``, or a model by its name."""
        if kind == "joint":
            return self
        if kind == "maxsim":
            return replace(self, calibration=self.untrained, ranking=self.maxsim)
        # Scores of another reader are no probabilities that are known to be true.
        ranking = replace(self.ranking, read_all=0, read_on=0)
        return replace(self, ranking=ranking, calibration=self.calibration if kind == "words" else self.plain)

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
                Mixture(**value["mixture"]),
                RankingParameters(**value["ranking"] | value["maxsim"]),
                Calibration(**value["calibration"]),
                Calibration(**value["untrained"]),
                Calibration(**value["plain"]),
                Verification(**value["verification"]),
                SummaryParameters.of(value["summary"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RetrievalError(f"the parameters in {file} cannot be read ({error}): reinstall Backchannel") from error
