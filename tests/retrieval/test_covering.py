import math
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from newsroom import SUMMARY

from retrieval.covering import Option, covering
from retrieval.importance import ArticleTerms, Term, importance, terms


def told(*stems: str, **more: float | int | None) -> Option:
    return Option(terms=frozenset((stem,) for stem in stems), words=len(stems), **more)  # type: ignore[arg-type]


def chosen(options: Sequence[Option], count: int, among: Sequence[int] | None = None, **matters: float) -> list[int]:
    given_to: dict[Term, float] = {(stem,): value for stem, value in matters.items()}
    pool = range(len(options)) if among is None else among
    return covering(options, given_to, count, SUMMARY, lambda _, __: False, pool)


def test_what_is_told_already_counts_no_more() -> None:
    options = [told("strike", "deal"), told("strike", "deal"), told("rain", "deal")]
    assert chosen(options, 2, strike=0.9, deal=0.9, rain=0.5) == [0, 2]


def test_the_worth_of_a_set_is_what_it_shares_by_the_words_of_both() -> None:
    # 2 · 0.9 / (1 + 10) = 0.164 against 2 · (0.9 + 0.01 + 0.01) / (3 + 10) = 0.142: more words for little.
    assert chosen([told("strike", "rain", "snow"), told("strike")], 1, strike=0.9, rain=0.01, snow=0.01) == [1]
    # A pair counts as parameters say: 2 · 2 · 0.5 against 2 · 0.9 for as many words.
    pair = Option(terms=frozenset({("oil", "price")}), words=1)
    matters = {("strike",): 0.9, ("oil", "price"): 0.5}
    assert covering([told("strike"), pair], matters, 1, SUMMARY, lambda _, __: False, [0, 1]) == [1]


def test_weights_and_handicaps_decide_between_equals() -> None:
    assert chosen([told("strike", weight=0.5), told("deal")], 1, strike=0.9, deal=0.9) == [1]
    assert chosen([told("strike", handicap=0.1), told("deal")], 1, strike=0.9, deal=0.9) == [1]


def test_one_that_leans_brings_the_one_before_and_shares_with_it() -> None:
    options = [told("rain"), told("strike", "deal", after=0), told("snow")]
    assert chosen(options, 2, rain=0.3, strike=0.9, deal=0.9, snow=0.4) == [0, 1]
    # Alone there is no room for both.
    assert chosen(options, 1, rain=0.3, strike=0.9, deal=0.9, snow=0.4) == [2]
    # One that may not be chosen cannot be brought along.
    assert chosen(options, 2, among=[1, 2], rain=0.3, strike=0.9, deal=0.9, snow=0.4) == [2]


def test_of_two_that_tell_the_same_one_is_chosen() -> None:
    options = [told("strike"), told("deal"), told("rain")]
    matters = {("strike",): 0.9, ("deal",): 0.8, ("rain",): 0.1}
    assert covering(options, matters, 3, SUMMARY, lambda a, b: {a, b} == {0, 1}, range(3)) == [0, 2]


@given(
    st.lists(st.tuples(st.sets(st.sampled_from("abcdef"), min_size=1), st.booleans()), max_size=7),
    st.integers(1, 5),
)
def test_a_leaning_sentence_never_comes_without_the_one_before(drawn: list[tuple[set[str], bool]], count: int) -> None:
    options = [told(*stems, after=at - 1 if leaning and at else None) for at, (stems, leaning) in enumerate(drawn)]
    found = chosen(options, count, **dict.fromkeys("abcdef", 0.5))
    assert len(found) == len(set(found)) <= count
    for at in found:
        after = options[at].after
        assert after is None or after in found[: found.index(at)]


# Importance


def test_terms_are_stems_and_pairs_of_neighbours() -> None:
    assert terms("Attacks, attacked again") == [
        ("attack",),
        ("attack",),
        ("again",),
        ("attack", "attack"),
        ("attack", "again"),
    ]
    assert terms("") == []


def test_the_probability_of_a_word_follows_from_where_it_stands() -> None:
    article = ArticleTerms(["A strike hit Kyiv.", "It rained in 2024."], "Rain")
    found = importance(article, SUMMARY)
    expected = {
        "strike": 0.0,
        "kyiv": 1.0,
        "a": -2.0,
        "rained": -math.log1p(1),
        "2024": -math.log1p(1) + 0.25,
        "in": -math.log1p(1) - 2,
    }
    for stem, logit in expected.items():
        assert found[(stem,)] == pytest.approx(1 / (1 + math.exp(-logit)))
    # -1 + the lesser logit of its two words.
    assert found["hit", "kyiv"] == pytest.approx(1 / (1 + math.exp(1.0)))


def test_a_word_of_the_title_matters_more() -> None:
    without, titled = (importance(ArticleTerms(["Rain fell."], title), SUMMARY) for title in ("", "More rain"))
    assert titled["rain",] > without["rain",]


@given(st.lists(st.text(alphabet="ab C1.", max_size=20), max_size=4), st.text(alphabet="ab ", max_size=6))
def test_every_term_of_an_article_has_a_probability(sentences: list[str], title: str) -> None:
    found = importance(ArticleTerms(sentences, title), SUMMARY)
    assert set(found) == {term for sentence in sentences for term in terms(sentence)}
    assert all(0 < value < 1 for value in found.values())
    assert {len(term) for term in found} <= {1, 2}
    assert all(re.fullmatch(r"\w+", stem) for term in found for stem in term)
