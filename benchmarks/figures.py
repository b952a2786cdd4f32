"""The formulas of quality: pure functions of what was found, and bootstrap intervals around them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import bootstrap
from sklearn.metrics import roc_auc_score

Floats = npt.NDArray[np.float64]

_RESAMPLES = 1000
_BINS = 10
_SIMULATED = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, its bootstrap 95 % interval, and of how many questions it is."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{short(self.value)} ({short(self.low, 2)}–{short(self.high, 2)})"


def short(value: float, decimals: int = 3) -> str:
    """A value in [0, 1] without the zero before its decimals."""
    return f"{value:.{decimals}f}".removeprefix("0")


def estimate(
    statistic: Callable[..., Any], *samples: Sequence[float] | Floats, paired: bool = False, method: str = "percentile"
) -> Estimate:
    """A statistic of samples with its bootstrap interval, the same each time; a single point where one is too small.

    Args:
        statistic: of as many arrays as there are samples; a float.
        samples: what is drawn from, each by itself.
        paired: the samples belong together value by value, and are drawn so.
        method: of scipy's: ``percentile``, or ``basic``, which reflects it and so takes off what drawing adds.
    """
    arrays = [np.asarray(sample, dtype=np.float64) for sample in samples]
    count = len(arrays[0]) if paired else sum(map(len, arrays))
    if min(map(len, arrays)) < 2:
        value = float(statistic(*arrays))
        return Estimate(value, value, value, count)
    drawn = bootstrap(
        arrays,
        statistic,
        paired=paired,
        vectorized=False,
        n_resamples=_RESAMPLES,
        method=method,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Estimate(float(statistic(*arrays)), float(drawn.low), float(drawn.high), count)


def mean(values: Sequence[float] | Floats) -> Estimate:
    """The mean of values, such as a share of questions."""
    return estimate(np.mean, values)


def hit_at(k: int, place: int | None) -> float:
    """1 where the place, from 0, is among the first ``k``; else 0."""
    return float(place is not None and place < k)


def reciprocal_rank(place: int | None) -> float:
    """One over the rank from 1; 0 where nothing was found."""
    return 0.0 if place is None else 1 / (place + 1)


def auroc(answerable: Floats, unanswerable: Floats) -> float:
    """The chance that an answerable question gets the higher confidence; ties count one half."""
    right = np.repeat([1, 0], [len(answerable), len(unanswerable)])
    return float(roc_auc_score(right, np.concatenate([answerable, unanswerable])))


def rejected(answerable: Floats, unanswerable: Floats, keep: float = 0.9) -> float:
    """The share of unanswerable questions below the threshold that keeps 90 % of the answerable."""
    threshold = np.sort(answerable)[len(answerable) - math.ceil(keep * len(answerable))]
    return float(np.mean(unanswerable < threshold))


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions of about equal confidence: the mean of it, the share that can be answered, and how many they are."""

    confidence: float
    answerable: float
    n: int


def reliability(confidence: Floats, answerable: Floats) -> list[Bin]:
    """Ten bins of equal mass, least confident first; fewer where there are fewer questions."""
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    return [Bin(float(confidence[part].mean()), float(answerable[part].mean()), len(part)) for part in parts]


def calibration_error(confidence: Floats, answerable: Floats) -> float:
    """Expected calibration error over ten bins of equal mass, in [0, 1], lower is better.

    The mean distance between a bin's confidence and its share of answerable questions, weighted by size (Naeini,
    Cooper and Hauskrecht, 2015; bins of equal mass after Nguyen and O'Connor, 2015).
    """
    bins = reliability(confidence, answerable)
    return sum(abs(one.confidence - one.answerable) * one.n for one in bins) / len(confidence)


def calibration_estimate(confidence: Floats, answerable: Floats) -> Estimate:
    """The calibration error with its interval.

    Drawing again adds noise to every bin, and distances add up, so the percentiles would lie above the value.
    """
    found = estimate(calibration_error, confidence, answerable, paired=True, method="basic")
    return replace(found, low=max(found.low, 0.0))


def chance_calibration_error(confidence: Floats) -> float:
    """The calibration error that perfect confidences of these values would show on so few questions, by simulation."""
    chance = np.random.default_rng(0)
    drawn = chance.random((_SIMULATED, len(confidence))) < confidence
    return float(np.mean([calibration_error(confidence, row.astype(np.float64)) for row in drawn]))


def risk_coverage(confidence: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Coverage and risk for each number of questions answered, the most confident first.

    Coverage is the share of questions answered, risk the share of those that is answered wrongly (El-Yaniv and
    Wiener, 2010). Of equal confidences the wrong ones come first.

    Args:
        confidence: of each question.
        right: 1 where the answer is right; 0 where it is not, or where there is none.
    """
    order = np.lexsort((right, -confidence))
    answered = np.arange(1, len(order) + 1)
    return answered / len(order), np.cumsum(1 - right[order]) / answered


def area_under_risk_coverage(confidence: Floats, right: Floats) -> float:
    """The mean risk over all coverages (Geifman and El-Yaniv, 2017), in [0, 1], lower is better."""
    return float(risk_coverage(confidence, right)[1].mean())
