"""The fit of confidence, and the calibration error that is printed beside it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from retrieval.signals import ALONE, OPPOSED
from training.fit_calibration import Rows, balanced_error, chosen, fit

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


def asked(**others: Callable[[bool, str], float]) -> Rows:
    """Questions of two sets, each the likelier answered the nearer a passage is; and other signals of them."""
    rows: Rows = []
    for number in range(400):
        near, of = float(CHANCE.random()), ("news", "quiz")[number % 2]
        right = bool(CHANCE.random() < near)
        signals = {"narrow": float(number % 4 > 1), "dense": near} | {n: tell(right, of) for n, tell in others.items()}
        rows.append((of, right, signals, str(number)))
    return rows


def told(right: bool, of: str) -> float:
    """Whether it is answerable, more or less."""
    return right + float(CHANCE.normal())


def told_of_one(right: bool, of: str) -> float:
    """The same in one set; in the other, it tells nothing."""
    return told(right if of == "news" else bool(CHANCE.random() < 0.5), of)


def test_what_tells_one_set_alone_does_not_count() -> None:
    assert chosen(asked(lexical=told_of_one)) == ["dense"]


def test_what_tells_all_sets_counts() -> None:
    assert chosen(asked(lexical=told)) == ["dense", "lexical"]


def test_two_ways_of_asking_a_set_are_one_set() -> None:
    rows = [
        (f"{kind}, whole" if number % 3 else kind, *rest)
        for number, (kind, *rest) in enumerate(asked(lexical=told_of_one))
    ]
    assert chosen(rows) == ["dense"]


def test_of_signals_that_say_the_same_the_first_counts() -> None:
    rows = asked()
    for *_, signals, _ in rows:
        signals["lexical"] = signals["dense"]
    assert chosen(rows) == ["dense"]


def test_the_sentence_counts_by_one_weight_and_what_the_opposite_tells_is_left_to_a_fit_of_its_own() -> None:
    weights = fit(asked(**{ALONE: told, OPPOSED: told}))["weights"]
    assert isinstance(weights, dict)
    assert weights.keys() == {"narrow", "dense", "narrow*dense", ALONE}
    assert weights["dense"] > 0
    assert weights[ALONE] > 0
