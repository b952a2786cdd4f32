"""The fit of confidence, and the calibration error that is printed beside it."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.signals import OPPOSED
from training.fit_calibration import Rows, balanced_error, fit

CHANCE = np.random.default_rng(0)


def answered_by(likely: np.ndarray) -> np.ndarray:
    """Whether each question can be answered, where confidence is true."""
    return CHANCE.random(len(likely)) < likely


def test_true_confidence_is_off_by_chance_alone() -> None:
    likely = CHANCE.random(4000)
    apart, chance = balanced_error(likely, answered_by(likely))
    assert apart == pytest.approx(chance, abs=0.01)


def test_a_kind_of_which_there_are_more_does_not_count_more() -> None:
    likely = CHANCE.random(4000)
    right = answered_by(likely)
    kept = right | (CHANCE.random(len(likely)) < 0.25)  # of what cannot be answered, a quarter is left
    apart, chance = balanced_error(likely[kept], right[kept])
    assert apart == pytest.approx(chance, abs=0.02)


def test_who_is_too_sure_is_found_out() -> None:
    likely = CHANCE.random(4000)
    right = answered_by(likely)
    apart, chance = balanced_error(np.where(likely > 0.5, 0.99, 0.01), right)
    assert apart > chance + 0.15


def test_what_the_opposite_tells_is_left_to_a_fit_of_its_own() -> None:
    rows: Rows = []
    for number in range(200):
        near = float(CHANCE.random())
        signals = {"narrow": float(number % 2), "dense": near, OPPOSED: 1 - near}
        rows.append(("news", bool(CHANCE.random() < near), signals, str(number)))
    weights = fit(rows)["weights"]
    assert isinstance(weights, dict)
    assert weights.keys() == {"narrow", "dense", "narrow*dense"}
    assert weights["dense"] > 0
