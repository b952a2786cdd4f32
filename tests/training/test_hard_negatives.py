"""Passages that search would bring for a question, and that do not hold its answer."""

from __future__ import annotations

from retrieval.encoders.fake import FakeEncoder
from training.hard_negatives import MOST, known_answers, mine
from training.reader_data import Pair, Pairs, held_out

TEXTS = (
    "The comet was seen over Turku on Friday.",
    "The comet was seen by nobody that night.",
    "Over Turku a comet was seen, on a Friday.",
    "Bread prices rose in Velen.",
)
TITLES = [title for title in map(str, range(100)) if not held_out(title, "")][: len(TEXTS)]


def pairs_of(*answers: tuple[int, int]) -> Pairs:
    """One question on the comet, answered by its first text where there are answers."""
    kind = "answer" if answers else "human_unanswerable"
    return Pairs(
        ["When was the comet seen over Turku?"],
        list(zip(TITLES, TEXTS, strict=True)),
        [Pair(0, 0, "set", kind, list(answers))],
    )


def test_the_nearest_come_first_and_none_that_holds_the_answer() -> None:
    found = mine(pairs_of((33, 39)), FakeEncoder())
    assert found.shape == (1, MOST)
    assert found[0].tolist()[:2] == [1, 3]
    assert (found[0, 2:] == -1).all()


def test_a_question_without_an_answer_gets_none() -> None:
    assert (mine(pairs_of(), FakeEncoder()) == -1).all()


def test_what_is_held_out_is_not_trained_on() -> None:
    pairs = pairs_of((33, 39))
    unseen = next(title for title in map(str, range(100)) if held_out(title, ""))
    pairs.passages[1] = (unseen, TEXTS[1])
    assert mine(pairs, FakeEncoder())[0].tolist()[:2] == [3, -1]


def test_all_answers_of_a_question_are_known() -> None:
    pairs = pairs_of((33, 39))
    pairs.pairs += [Pair(0, 3, "set", "answer", [(21, 26)]), Pair(0, 1, "set", "bm25_other", [])]
    assert known_answers(pairs) == {0: {"friday", "velen"}}
    assert mine(pairs, FakeEncoder())[0].tolist()[:2] == [1, -1]
