"""Which of the parameters that rank alike are taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from retrieval.fusion import Candidates
from retrieval.parameters import Parameters
from retrieval.reader import Reading
from retrieval.types import Span
from training.data import LabelledQuestion
from training.fit_ranking import READING, Searched, mean_of, nearest_of_the_best, place, steps, told_apart, varied


def test_every_set_counts_the_same() -> None:
    assert mean_of({"many": np.array([1.0, 1.0, 1.0]), "few": np.array([0.0])}) == 0.5


def test_a_difference_that_chance_makes_is_none() -> None:
    steady = np.full(100, 0.8)
    jumpy = np.where(np.arange(100) < 50, 1.0, 0.52)  # .76 on average, the difference .024 give or take
    assert told_apart({"one": steady}, {"one": steady - 0.01})
    assert not told_apart({"one": steady}, {"one": jumpy})
    assert not told_apart({"one": steady}, {"one": steady})
    assert not told_apart({"one": steady - 0.01}, {"one": steady})


def test_a_set_of_few_questions_tells_less() -> None:
    few, many = np.tile([1.0, 0.5], 5), np.tile([1.0, 0.5], 500)
    other = np.tile([0.5, 0.8], 5), np.tile([0.5, 0.8], 500)
    assert told_apart({"many": many}, {"many": other[1]})
    assert not told_apart({"few": few}, {"few": other[0]})


@pytest.mark.parametrize(("weight", "in_odds", "apart"), [(0.6, True, 0), (0.4, True, 2), (0.3, False, 4)])
def test_steps_are_counted_along_the_grid(weight: float, in_odds: bool, apart: int) -> None:
    start = replace(Parameters.load().ranking, reader_weight=0.6, reader_in_odds=True)
    assert steps(start, replace(start, reader_weight=weight, reader_in_odds=in_odds), READING) == apart


def test_the_nearest_of_those_that_rank_alike_is_taken() -> None:
    start = replace(Parameters.load().ranking, reader_weight=0.6, reader_in_odds=True)
    near, far, worse = (replace(start, reader_weight=weight) for weight in (0.5, 0.3, 0.7))
    steady = np.full(100, 0.8)
    jumpy = np.where(np.arange(100) < 50, 1.0, 0.59)
    ranks = {start: {"one": steady - 0.1}, near: {"one": steady}, far: {"one": jumpy}, worse: {"one": steady - 0.2}}
    assert mean_of(ranks[near]) > mean_of(ranks[far]) - 0.01
    assert nearest_of_the_best(ranks, start, READING) == near
    assert nearest_of_the_best({**ranks, start: {"one": jumpy}}, start, READING) == start


def test_a_start_off_the_grid_counts_from_the_nearest_point() -> None:
    start = replace(Parameters.load().ranking, reader_weight=0.0, reader_in_odds=True)
    assert min(steps(start, point, READING) for _, point in varied(start, READING)) == 0


@pytest.mark.parametrize(("hoped", "read_on", "at"), [(1.0, 3, 0), (1.0, 2, 2), (0.5, 3, 2)])
def test_what_is_read_on_counts_where_an_engine_would_read_on(hoped: float, read_on: int, at: int) -> None:
    """The third passage, of the right article, is the best by far once it is read."""
    candidates = Candidates(
        ids=np.array([1, 2, 3]),
        article_ids=("a", "b", "right"),
        dense=np.array([0.9, 0.8, 0.7]),
        dense_rank=np.array([1, 2, 3]),
        lexical=np.zeros(3),
        lexical_rank=np.zeros(3, dtype=np.int64),
        newness=np.zeros(3),
    )
    span = ((Span(0, 1), 0.0),)
    readings = {1: Reading(1.0, span), 2: Reading(-3.0, span), 3: Reading(6.0, span)}
    question = LabelledQuestion("q", "Who?", True, frozenset({"right"}), (), (), None, "")
    searched = Searched(question, candidates, readings, dict.fromkeys(readings, 500))
    shipped = Parameters.load().ranking
    parameters = replace(
        shipped, read=2, read_characters=0, read_all=0, read_on=read_on, hoped=hoped, reader_weight=0.9
    )
    assert place(searched, parameters) == at
