import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.perturb import perturbed

PASSAGE = (
    "Envoys of Norway met the president of Chile in Oslo on 9 July 1994. The talks with Anna Holm were the first "
    "since 1971, and 12 ships had been held. Critics in Peru opposed them."
)


def changes(question: str, answers: tuple[str, ...] = ("in Oslo",), passage: str = PASSAGE) -> set[str | None]:
    return {perturbed(question, passage, (), answers, random.Random(seed)) for seed in range(60)}


def test_a_name_gives_way_to_another_of_the_text() -> None:
    assert "Where did the envoys meet Anna Holm?" in changes("Where did the envoys meet Erik Berg?")


def test_a_word_gives_way_to_its_opposite() -> None:
    assert "Where were the last talks held?" in changes("Where were the first talks held?")


def test_a_year_gives_way_to_another() -> None:
    found = changes("Where were talks held in 1994?")
    years = {match.group() for text in found if text for match in re.finditer(r"\d{4}", text)}
    assert years
    assert "1994" not in years


def test_a_negation_is_put_in_or_taken_out() -> None:
    assert changes("Who was not held?") == {"Who was held?"}
    assert changes("who was held?") == {"who was not held?"}


def test_a_question_that_no_rule_fits_stays_unused() -> None:
    assert changes("why though?") == {None}


def test_names_may_come_from_elsewhere() -> None:
    found = {
        perturbed("Where did they meet Erik Berg?", "They met.", ["then Maria Lund spoke"], ("x",), random.Random(seed))
        for seed in range(20)
    }
    assert "Where did they meet Maria Lund?" in found


@given(
    st.sampled_from(["Where did Chile meet Norway in 1994?", "Who first held 12 ships?", "What is the oldest?"]),
    st.sampled_from(["Anna Holm", "Peru", "1971"]),
    st.integers(0, 10_000),
)
def test_the_answer_is_never_put_in_and_something_changes(question: str, answer: str, seed: int) -> None:
    found = perturbed(question, PASSAGE, (PASSAGE,), (answer,), random.Random(seed))
    assert found != question
    assert answer.split(maxsplit=1)[0] not in (found or "")


@pytest.mark.parametrize("question", ["", "?", "The", "9"])
def test_odd_questions_change_or_stay_unused(question: str) -> None:
    assert question not in changes(question)
