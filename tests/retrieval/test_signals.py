from collections.abc import Sequence

import pytest

from retrieval.reader import Reading
from retrieval.signals import signals
from retrieval.types import Article, Explanation, Hit, Passage, Span

TEXT = "Modi flew to Moscow. Twenty soldiers died at Galwan in 2020."
PASSAGE = Passage(1, Article("a", TEXT, title="Border clash"), 0, len(TEXT))
FIRST, SECOND = Span(0, 20), Span(21, len(TEXT))


def weigh(words: Sequence[str]) -> list[float]:
    return [3.0 if word == "galwan" else 1.0 for word in words]


def hit(dense: float, lexical: float) -> Hit:
    return Hit(1, "a", 1.0, Explanation(dense, 1, lexical, 1, 1.0, 1, None, None))


def of(question: str, sentence: Span = SECOND) -> dict[str, float]:
    reading = Reading(0.7, ((sentence, 2.5),))
    return signals(question, [hit(0.4, 10.0), hit(0.6, 1.0)], PASSAGE, reading, weigh)


def test_signals_worked_by_hand() -> None:
    # "how", "many" and "at" name nothing; "galwan" weighs 3, "soldiers" and "drowned" 1 each.
    found = of("How many soldiers drowned at Galwan?")
    assert found["dense"] == 0.4
    assert found["dense_best"] == 0.6
    assert found["lexical"] == pytest.approx(10 / 5)
    assert found["covered"] == found["covered_by_sentence"] == pytest.approx(4 / 5)
    assert found["rarest"] == 1.0
    assert (found["reader"], found["sentence"], found["lacks"]) == (0.7, 2.5, 0.0)


def test_a_sentence_without_the_number_asked_for_lacks_it() -> None:
    assert of("How many soldiers died at Galwan?", FIRST)["lacks"] == 1.0


def test_a_question_of_asking_words_alone_is_covered_by_those() -> None:
    assert of("What is it?")["covered"] == 0.0


def test_without_a_reader_its_signals_are_zero() -> None:
    found = signals("Galwan", [hit(0.4, 10.0)], PASSAGE, None, weigh)
    assert (found["reader"], found["sentence"]) == (0.0, 0.0)
