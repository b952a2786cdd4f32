import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.near_duplicates import holding, same_elsewhere
from retrieval.types import Article, Passage

WIRE = "Prime Minister Modi flew to Moscow on Monday for two days of talks with President Putin on trade and oil"


def passages(*texts: tuple[str, str]) -> list[Passage]:
    return [Passage(n, Article(article, text), 0, len(text)) for n, (article, text) in enumerate(texts)]


def test_copies_name_each_other_in_order() -> None:
    rows = passages(("a", WIRE), ("b", WIRE.upper() + "!"), ("c", "Oil fell on Monday after the talks."), ("d", WIRE))
    assert same_elsewhere(rows) == [("b", "d"), ("a", "d"), (), ("a", "b")]


def test_a_changed_word_or_a_byline_still_makes_a_copy() -> None:
    rows = passages(("a", WIRE), ("b", "(Reuters) - " + WIRE), ("c", WIRE.replace("oil", "gas")))
    assert same_elsewhere(rows)[0] == ("b", "c")


def test_an_article_is_no_copy_of_itself() -> None:
    assert same_elsewhere(passages(("a", WIRE), ("a", WIRE), ("b", WIRE), ("b", WIRE))) == [("b",)] * 2 + [("a",)] * 2


@pytest.mark.parametrize(("shared", "alike"), [(10, True), (9, True), (8, False)])
def test_the_jaccard_index_of_three_word_runs_decides(shared: int, alike: bool) -> None:
    # Of ten runs of three words, the other text has the first ``shared``: Jaccard 1, 9/11 or 8/12.
    words = [f"word{n}" for n in range(12)]
    others = words[: shared + 2] + [f"other{n}" for n in range(10 - shared)]
    found = same_elsewhere(passages(("a", " ".join(words)), ("b", " ".join(others))))
    assert found == ([("b",), ("a",)] if alike else [(), ()])


def test_texts_of_one_word_are_compared_whole() -> None:
    assert same_elsewhere(passages(("a", "Moscow."), ("b", "moscow"), ("c", "Delhi"))) == [("b",), ("a",), ()]
    assert same_elsewhere([]) == []


# Some are found in others.
WORDS = st.sampled_from("one two three four onetwo fours thethree".split())


@given(st.lists(WORDS, max_size=60), st.data())
def test_a_sentence_stands_where_enough_of_its_runs_of_words_do(words: list[str], data: st.DataObject) -> None:
    sentence = data.draw(st.lists(WORDS, min_size=3, max_size=8))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(words)))
        words = words[:at] + sentence + words[at:]
    runs = {tuple(sentence[at : at + 3]) for at in range(len(sentence) - 2)}
    there = {tuple(words[at : at + 3]) for at in range(len(words) - 2)}
    holds = holding(
        data.draw(st.sampled_from([" ".join(sentence), " ".join(sentence).upper()])), data.draw(st.integers(0, 400))
    )
    parted = data.draw(st.sampled_from([" ", ", "])).join(words)
    assert holds(data.draw(st.sampled_from(["", "other, " * 200])) + parted) == (len(runs & there) >= 0.7 * len(runs))


@pytest.mark.parametrize(
    ("sentence", "stands"), [("No comment.", True), ("no comments", False), ("comment", True), ("omment", False)]
)
def test_a_sentence_of_fewer_words_stands_where_they_do(sentence: str, stands: bool) -> None:
    assert holding(sentence)("The ministry said: “No comment.” It was late.") is stands


def test_a_text_without_words_holds_nothing_and_stands_nowhere() -> None:
    assert not holding("…")("The ministry said “…”.")
    assert not holding("No comment.")("…")
