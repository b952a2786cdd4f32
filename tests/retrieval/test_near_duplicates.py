import pytest

from retrieval.near_duplicates import same_elsewhere
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
