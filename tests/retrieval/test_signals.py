from collections.abc import Sequence

import pytest

from retrieval.dates import PartialDate
from retrieval.ranking import Ranked
from retrieval.reader import Reading
from retrieval.signals import signals
from retrieval.types import Article, Explanation, Hit, Horizon, Passage, Span

TEXT = "Modi flew to Moscow. Twenty soldiers died at Galwan in 2020."
PASSAGE = Passage(1, Article("a", TEXT, title="Border clash"), 0, len(TEXT))
FIRST, SECOND = Span(0, 20), Span(21, len(TEXT))


def weigh(words: Sequence[str]) -> list[float]:
    """A word that no passage holds weighs 9."""
    known = {*TEXT.lower().replace(".", "").split(), "drowned", "what", "is", "it"}
    return [3.0 if word == "galwan" else 1.0 if word in known else 9.0 for word in words]


def hit(number: int, dense: float, lexical: float, ranks: tuple[int | None, int | None] = (None, None)) -> Hit:
    return Hit(number, f"article {number}", 1.0, Explanation(dense, ranks[0], lexical, ranks[1], 1.0, 1, None, None))


FOUND = (hit(1, 0.4, 10.0, (2, 1)), hit(2, 0.6, 1.0, (1, None)))
NOWHERE = Horizon(2, None, None)


def of(question: str, sentence: Span = SECOND, other: float = 0.2, horizon: Horizon = NOWHERE) -> dict[str, float]:
    readings = {1: Reading(0.7, ((sentence, 2.5),)), 2: Reading(other, ((FIRST, 0.1),))}
    return signals(question, Ranked(FOUND, readings), PASSAGE, horizon, weigh)


def test_signals_worked_by_hand() -> None:
    # "how", "many" and "at" name nothing; "galwan" weighs 3, "soldiers" and "drowned" 1 each.
    found = of("How many soldiers drowned at Galwan?")
    assert found["dense"] == 0.4
    assert found["dense_best"] == 0.6
    assert found["lexical"] == pytest.approx(10 / 5)
    assert found["covered"] == found["covered_by_sentence"] == pytest.approx(4 / 5)
    assert found["rarest"] == 1.0
    assert (found["reader"], found["sentence"], found["lacks"]) == (0.7, 2.5, 0.0)
    assert (found["reader_best"], found["agreed"], found["unknown"]) == (0.7, 0.0, 0.0)
    assert found["lead"] == pytest.approx(0.5)


def test_another_article_may_be_read_as_better() -> None:
    found = of("How many soldiers died?", other=3.0)
    assert (found["reader"], found["reader_best"]) == (0.7, 3.0)
    assert found["lead"] == pytest.approx(2.3)


def test_a_lead_is_at_most_five() -> None:
    assert of("How many soldiers died?", other=-70.0)["lead"] == 5.0


def test_the_searches_agree_where_both_find_one_article_first() -> None:
    ranked = Ranked((hit(1, 0.4, 10.0, (1, 1)),), {})
    assert signals("Galwan", ranked, PASSAGE, NOWHERE, weigh)["agreed"] == 1.0


def test_words_that_no_passage_holds() -> None:
    assert of("How many soldiers died at Narvik?")["unknown"] == pytest.approx(9 / 11)


@pytest.mark.parametrize(("year", "beyond"), [(2019, 1.0), (2020, 0.0), (2024, 0.0), (2025, 1.0)])
def test_a_year_beyond_the_horizon(year: int, beyond: float) -> None:
    horizon = Horizon(2, PartialDate(2020), PartialDate(2024, 7, 9))
    assert of(f"How many soldiers died in {year}?", horizon=horizon)["beyond"] == beyond
    assert of(f"How many soldiers died in {year}?")["beyond"] == 0.0


def test_a_sentence_without_the_number_asked_for_lacks_it() -> None:
    assert of("How many soldiers died at Galwan?", FIRST)["lacks"] == 1.0


def test_a_question_of_asking_words_alone_is_covered_by_those() -> None:
    assert of("What is it?")["covered"] == 0.0


def test_without_a_reader_its_signals_are_zero() -> None:
    found = signals("Galwan", Ranked((hit(1, 0.4, 10.0),), {}), PASSAGE, NOWHERE, weigh)
    assert (found["reader"], found["sentence"], found["reader_best"]) == (0.0, 0.0, 0.0)
