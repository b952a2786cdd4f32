from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from retrieval.recent import Recent


class Lengths:
    """Computes the words' lengths, and notes for which."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, words: Sequence[str]) -> list[int]:
        self.asked += words
        return [len(word) for word in words]


def test_what_is_kept_is_not_computed_again() -> None:
    compute = Lengths()
    recent = Recent(compute, str, 2)
    assert recent.of(["one", "three", "one"]) == [3, 5, 3]
    assert recent.of(["three", "one"]) == [5, 3]
    assert compute.asked == ["one", "three"]


def test_what_was_used_longest_ago_goes_first() -> None:
    compute = Lengths()
    recent = Recent(compute, str, 2)
    for word in ("one", "two", "one", "three", "one", "two"):
        recent.of([word])
    assert compute.asked == ["one", "two", "three", "two"]


def test_what_share_a_key_share_a_value() -> None:
    compute = Lengths()
    assert Recent(compute, str.casefold, 2).of(["One", "one"]) == [3, 3]
    assert len(compute.asked) == 1


def test_where_values_have_sizes_so_much_is_kept() -> None:
    compute = Lengths()
    recent = Recent(compute, str, 6, int)
    for word in ("one", "two", "one", "four", "one", "two"):
        recent.of([word])
    assert compute.asked == ["one", "two", "four", "one", "two"]
    assert recent.of(["a word too long to keep"]) == [23]
    compute.asked.clear()
    recent.of(["a word too long to keep"])
    assert compute.asked == ["a word too long to keep"]


@given(st.lists(st.lists(st.text("ab", max_size=4), max_size=5), max_size=12), st.integers(0, 9))
def test_each_gets_its_own_value_whatever_is_kept(questions: list[list[str]], most: int) -> None:
    recent = Recent(Lengths(), str, most, int)
    assert [recent.of(words) for words in questions] == [[len(word) for word in words] for words in questions]
