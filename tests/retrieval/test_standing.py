import pytest

from retrieval.standing import leans, names_introduced, stands_alone
from retrieval.types import Span

LEANING = [
    "He said no to the plan.",
    "“But we agreed,” she said.",
    "But Biden agreed to go.",
    "The two met in Rome.",
    "The company said it would pay.",
    "Both leaders met in Rome.",
    "On Monday, he left the city.",
    "In response, Russia fired missiles.",
    "Since then, prices have fallen in Ohio.",
    "Some of the books were banned in Texas.",
    "Indeed, prices fell in Ohio.",
    "On Monday, police said his car was gone.",
]
STANDING = [
    "The company behind TikTok said it would pay.",
    "Both Trump and Biden visited Iowa.",
    "On Monday, the Senate voted to leave.",
    "Judge hit his 62nd home run on Tuesday.",
    "A man told police he had seen it.",
    "When Biden arrived, he met the king.",
    "The White House said Monday it would act.",
    "Italy's far right won the election.",
]


def whole(text: str) -> Span:
    return Span(0, len(text))


@pytest.mark.parametrize("sentence", LEANING)
def test_a_sentence_that_needs_another_leans(sentence: str) -> None:
    assert leans(sentence, whole(sentence))


@pytest.mark.parametrize("sentence", STANDING)
def test_a_sentence_that_names_what_it_speaks_of_does_not(sentence: str) -> None:
    assert not leans(sentence, whole(sentence))


def last(text: str, sentence: str) -> tuple[str, Span]:
    return text, Span(text.index(sentence), text.index(sentence) + len(sentence))


def test_the_thing_leans_where_a_thing_was_brought_up() -> None:
    told = "The ferry sank near Naples."
    assert not leans(*last(told, told))
    assert leans(*last(f"Rescuers reached a burning ferry. {told}", told))
    assert not leans(*last(f"Rescuers reached Naples. {told}", told))


def test_a_surname_alone_needs_the_full_name_that_was_given_before() -> None:
    text = "John Fetterman won. Dr. Mehmet Oz lost. Fetterman beat Oz in Pennsylvania on Tuesday."
    assert names_introduced(*last(text, "Fetterman beat Oz in Pennsylvania on Tuesday.")) == {"Fetterman", "Oz"}
    assert names_introduced(*last(text, "Fetterman beat Oz in Pennsylvania on Tuesday."), since=20) == {"Oz"}
    assert names_introduced(*last(text, "John Fetterman won.")) == frozenset()


@pytest.mark.parametrize(
    ("sentence", "alone"),
    [
        ("The Senate voted on Monday to leave.", True),
        ("A caption here.", False),
        ("They voted on Monday to leave the union.", False),
        ("word " * 61, False),
    ],
)
def test_captions_and_lists_do_not_stand_alone(sentence: str, alone: bool) -> None:
    assert stands_alone(sentence) is alone
