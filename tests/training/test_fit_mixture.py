"""How much each of two readers counts, on questions made up by hand."""

from __future__ import annotations

import pytest

from retrieval.mixed_reader import Mixture
from retrieval.reader import Reading
from retrieval.types import Article, Passage, Span
from training.data import LabelledQuestion
from training.fit_mixture import ReadTwice, best_mixture, figures, offset

TEXT = "The comet was seen on Friday. Nobody spoke."
FIRST, SECOND = Span(0, 29), Span(30, 43)
PASSAGE = Passage(1, Article("a", TEXT), 0, len(TEXT))


def reading(first: float, second: float, score: float) -> Reading:
    """With scores of the two sentences, and of the passage."""
    return Reading(score, tuple(sorted(((FIRST, first), (SECOND, second)), key=lambda pair: -pair[1])))


def asked(joint: Reading, maxsim: Reading, *, answerable: bool = True) -> ReadTwice:
    question = LabelledQuestion("q", "When?", answerable, frozenset("a"), ("Friday",), (), frozenset("a"), "")
    return ReadTwice(question, [PASSAGE], [joint], [maxsim])


# The joint reader marks the wrong sentence, and knows what is answered; MaxSim the other way round.
RIGHT, WRONG = (5.0, 1.0), (1.0, 5.0)
FOUND = [
    asked(reading(*WRONG, score=9.0), reading(*RIGHT, score=0.0)),
    asked(reading(*RIGHT, score=8.0), reading(*RIGHT, score=0.0)),
    asked(reading(*WRONG, score=-9.0), reading(20.0, 1.0, score=0.0), answerable=False),
]


def test_each_reader_alone() -> None:
    assert figures(FOUND, Mixture(1.0, 1.0, 0.0)) == (0.5, 1.0)
    assert figures(FOUND, Mixture(0.0, 0.0, 0.0)) == (1.0, 0.0)


def test_each_reader_has_the_say_in_what_it_does_best() -> None:
    fitted = best_mixture({"one": FOUND}, Mixture(1.0, 0.0, 0.0))
    assert fitted.marking < fitted.judging
    assert figures(FOUND, fitted) == (1.0, 1.0)


def test_what_is_shipped_stays_where_no_other_is_better() -> None:
    alike = [asked(reading(*RIGHT, score=8.0), reading(*RIGHT, score=0.0)), FOUND[2]]
    fitted = best_mixture({"one": alike}, Mixture(0.9, 0.8, 0.0))
    assert (fitted.marking, fitted.judging) == (0.9, 0.8)


def test_the_offset_makes_both_as_sure() -> None:
    one = asked(reading(0.0, 0.0, score=2.0), reading(10.0, -50.0, score=0.0))
    other = asked(reading(0.0, 0.0, score=-2.0), reading(12.0, -50.0, score=0.0))
    assert offset([one, other]) == pytest.approx(11.0)
