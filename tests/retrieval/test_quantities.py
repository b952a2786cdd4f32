"""What is counted in a sentence, and what of it cannot be told for certain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.casualties import asked
from retrieval.quantities import may_tell, quantities
from retrieval.types import Span


def told(sentence: str) -> list[tuple[str, str, str]]:
    found = quantities(sentence, Span(0, len(sentence)))
    return [(q.span.of(sentence), q.kind.predicate or q.kind.unit, q.kind.counted) for q in found]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "At least 14 people were killed and 30 wounded.",
            [("At least 14", "killed", "people"), ("30", "injured", "people")],
        ),
        ("The raid killed 19 children and two teachers.", [("19", "killed", "children"), ("two", "killed", "teacher")]),
        ("The death toll has risen to 162.", [("162", "killed", "people")]),
        ("The storm claimed 12 lives.", [("12", "killed", "people")]),
        ("The storm took the lives of 12 miners.", [("12", "killed", "miner")]),
        ("Dozens of soldiers died in Velen.", [("Dozens", "killed", "soldier")]),
        ("It injured three others.", [("three", "injured", "people")]),
        ("The fire left 9,000 people homeless.", [("9,000", "displaced", "people")]),
        ("Police detained 74 protesters.", [("74", "arrested", "protester")]),
        ("Norvik laid off 11,000 workers.", [("11,000", "dismissed", "people")]),
        ("A magnitude 5.6 earthquake shook Pelan.", [("5.6", "", "magnitude")]),
        ("They signed a $44 billion deal.", [("$44 billion", "$", "deal")]),
        ("Norvik was fined €5 million.", [("€5 million", "€", "fined")]),
        ("About 45% of adults agreed.", [("About 45%", "%", "of adult")]),
        ("Turnout was 48 percent.", [("48 percent", "%", "turnout")]),
        ("Gusts of 80 mph felled trees.", [("80", "mph", "gust")]),
        ("The league has 12 member states.", [("12", "", "member state")]),
    ],
)
def test_what_a_sentence_counts(sentence: str, expected: list[tuple[str, str, str]]) -> None:
    assert told(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "It could kill 14 people.",
        "It has not killed 14 people.",
        "The raid killed or wounded 40 people.",
        "Forty people were killed or wounded.",
        "He died 10 days later.",
        "It killed two others.",
        "Ten people died, including the gunman.",
        "The toll was initially put at 14.",
        "Of them, 14 were killed earlier than the 20.",
        "The toll rose by 14.",
        "They waited 14 hours.",
    ],
)
def test_what_cannot_be_told_makes_no_quantity(sentence: str) -> None:
    assert [kind for _, kind, _ in told(sentence) if kind] == []


def test_a_narrower_count_is_of_another_kind() -> None:
    whole, daily = ("Shelling killed 14 people.", "Shelling killed 14 people a day.")
    kinds = [next(quantities(text, Span(0, len(text)))).kind for text in (whole, daily)]
    assert kinds[0] != kinds[1]


@pytest.mark.parametrize(
    ("question", "predicates"),
    [
        ("How many people were killed in Velen?", {"killed"}),
        ("What is the death toll?", {"killed"}),
        ("How many were killed and wounded?", {"killed", "injured"}),
        ("Who was killed in Velen?", set()),
        ("How many states are there?", set()),
    ],
)
def test_what_a_question_asks_the_number_of(question: str, predicates: set[str]) -> None:
    assert asked(question) == predicates


WORDS = st.sampled_from(
    (
        "At least|14|two|dozens|of|people|children|were|killed|wounded|killing|died|and|or|injured|left|dead|missing|"
        "the|death|toll|rose|to|$5 million|45%|adults|deal|fined|magnitude|5.6|mph|80|winds|states|in|Velen|others|"
        "lives|claimed|,|.|😀|\n"
    ).split("|")
)


@given(st.text(max_size=20), st.lists(WORDS | st.text(max_size=4), max_size=25))
def test_offsets_are_the_articles_and_no_quantity_is_missed_by_the_quick_look(before: str, words: list[str]) -> None:
    sentence = " ".join(words)
    text = f"{before}{sentence} More."
    span = Span(len(before), len(before) + len(sentence))
    for quantity in quantities(text, span):
        assert span.start <= quantity.clause.start <= quantity.span.start
        assert quantity.span.end <= quantity.clause.end <= span.end
        assert quantity.low <= quantity.high
        assert may_tell(sentence, [quantity.kind])
