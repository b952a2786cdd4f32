"""Figures computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import figures

confidences = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def columns(rows: list[tuple[float, bool]]) -> tuple[figures.Floats, figures.Floats]:
    return np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])


def test_hits_and_ranks_count_places_from_nought() -> None:
    assert [figures.hit_at(4, place) for place in (0, 3, 4, None)] == [1, 1, 0, 0]
    assert [figures.reciprocal_rank(place) for place in (0, 3, None)] == [1, 0.25, 0]


def test_auroc_counts_ties_one_half() -> None:
    # Of six pairs four are right, one is a tie.
    assert figures.auroc(np.array([0.9, 0.5, 0.3]), np.array([0.3, 0.4])) == pytest.approx(4.5 / 6)


def test_rejected_keeps_nine_in_ten() -> None:
    answerable = np.arange(1, 11) / 10  # the threshold that keeps nine of them is .2
    assert figures.rejected(answerable, np.array([0.1, 0.19, 0.2, 0.7])) == 0.5


def test_calibration_error_of_two_wrong_bins_among_ten() -> None:
    # Twenty questions, two a bin; all confidences are .5, and eight of ten bins hold one that can be answered.
    answerable = np.array([0, 0, 1, 1] + [0, 1] * 8, dtype=np.float64)
    assert figures.calibration_error(np.full(20, 0.5), answerable) == pytest.approx(2 * 0.5 / 10)


def test_calibration_error_weighs_bins_by_their_size() -> None:
    # Eleven questions: one bin of two, nine of one. The two are right by half, one of the others is wrong by all.
    confidence = np.array([0.5, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    answerable = np.array([0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], dtype=np.float64)
    assert figures.calibration_error(confidence, answerable) == pytest.approx((2 * 0.5 + 1) / 11)


@given(confidences)
def test_bins_hold_every_question_once_and_about_equally_many(rows: list[tuple[float, bool]]) -> None:
    bins = figures.reliability(*columns(rows))
    assert sum(one.n for one in bins) == len(rows)
    assert max(one.n for one in bins) - min(one.n for one in bins) <= 1
    assert [one.confidence for one in bins] == pytest.approx(sorted(one.confidence for one in bins))


def test_perfect_confidences_show_an_error_by_chance_that_shrinks_with_their_number() -> None:
    few, many = (figures.chance_calibration_error(np.full(n, 0.5)) for n in (100, 10_000))
    # A bin of ten is off by .5 / sqrt(10) times sqrt(2 / pi) on average, if it were normal.
    assert few == pytest.approx(0.126, abs=0.01)
    assert many == pytest.approx(0.0126, abs=0.001)


def test_certain_confidences_that_are_true_show_none() -> None:
    assert figures.chance_calibration_error(np.array([0.0, 1.0] * 10)) == 0


def test_risk_rises_with_each_wrong_answer() -> None:
    coverage, risk = figures.risk_coverage(np.array([0.2, 0.9, 0.6, 0.4]), np.array([0, 1, 0, 1.0]))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1]
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])


def test_of_equal_confidences_the_wrong_ones_count_first() -> None:
    _, risk = figures.risk_coverage(np.array([0.5, 0.5]), np.array([1, 0.0]))
    assert risk.tolist() == [1, 0.5]


@given(confidences)
def test_risk_at_full_coverage_is_the_share_of_wrong_answers(rows: list[tuple[float, bool]]) -> None:
    confidence, right = columns(rows)
    _, risk = figures.risk_coverage(confidence, right)
    assert risk[-1] == pytest.approx(1 - right.mean())
    assert 0 <= figures.area_under_risk_coverage(confidence, right) <= 1


def test_an_interval_of_a_share_is_as_wide_as_the_binomial_error_says() -> None:
    found = figures.mean([1.0] * 80 + [0.0] * 20)
    assert found.n == 100
    assert (found.high - found.low) / 4 == pytest.approx((0.8 * 0.2 / 100) ** 0.5, rel=0.1)
    assert found == figures.mean([1.0] * 80 + [0.0] * 20)


def test_samples_of_two_kinds_are_drawn_each_by_itself() -> None:
    found = figures.estimate(figures.auroc, [0.9, 0.8, 0.7], [0.1, 0.2])
    assert (found.value, found.low, found.high, found.n) == (1, 1, 1, 5)


def test_estimates_are_shown_without_a_nought_before_the_point() -> None:
    assert str(figures.Estimate(0.875, 0.851, 1.0, 10)) == ".875 (.85–1.00)"
