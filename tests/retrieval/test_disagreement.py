"""Figures of different articles side by side, and what is no contrast."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.dates import PartialDate
from retrieval.disagreement import disagreements
from retrieval.types import Article, Disagreement, Passage, Query, Span
from tests.retrieval.newsroom import newsroom

MAY_3, MAY_4 = PartialDate(2024, 5, 3), PartialDate(2024, 5, 4)
FIRST = "At least 14 people were killed when a ferry sank off Zanzibar, rescuers said."
LATER = "The ferry that sank off Zanzibar killed 17 people, the coast guard said."


def article(text: str, number: int = 1, published: PartialDate | None = MAY_3, title: str = "") -> Article:
    return Article(f"a{number}", text, title, f"Outlet {number}", published=published)


def among(
    articles: Sequence[Article], question: str = "What happened?", copies: Sequence[str] = ()
) -> list[Disagreement]:
    """What differs from the first article, whose whole text is marked."""
    found = [(Passage(n, one, 0, len(one.text)), tuple(copies)) for n, one in enumerate(articles)]
    return list(disagreements(question, [Span(0, len(articles[0].text))], found, lambda words: [1.0] * len(words)))


def figures(found: Sequence[Disagreement]) -> list[list[str]]:
    return [[figure.text for figure in one.figures] for one in found]


def test_figures_stand_in_the_order_of_their_dates_with_their_sentences() -> None:
    (one,) = among([article(LATER, 1, MAY_4), article(f"Divers came. {FIRST} More soon.", 2, MAY_3)])
    assert (one.what, one.counted, one.rising) == ("killed", "people", True)
    assert [(f.text, f.citation.source) for f in one.figures] == [("At least 14", "Outlet 2"), ("17", "Outlet 1")]
    assert one.figures[0].citation.text == FIRST
    assert (one.figures[0].low, one.figures[0].high) == (14, 14)


@pytest.mark.parametrize(
    ("first", "second", "rising"),
    [
        (MAY_3, MAY_4, True),
        (MAY_4, MAY_3, False),
        (MAY_3, MAY_3, False),
        (MAY_3, None, False),
        (PartialDate(2024), MAY_4, False),
    ],
)
def test_only_what_grows_with_its_dates_is_rising(first: PartialDate, second: PartialDate | None, rising: bool) -> None:
    (one,) = among([article(FIRST, 1, first), article(LATER, 2, second)])
    assert one.rising is rising


def test_a_copy_of_the_story_is_no_other_voice() -> None:
    assert among([article(FIRST), article(LATER, 2)], copies=["a2"]) == []


def test_one_article_does_not_differ_from_itself() -> None:
    one = article(f"{FIRST}\n\n{LATER}")
    passages = [
        (Passage(n, one, s, e), ()) for n, (s, e) in enumerate([(0, len(FIRST)), (len(FIRST) + 2, len(one.text))])
    ]
    assert disagreements("What happened?", [Span(0, len(FIRST))], passages, lambda words: [1.0] * len(words)) == ()


def test_who_tells_both_figures_is_no_contrast() -> None:
    both = "The ferry that sank off Zanzibar killed 17 people. On Friday the toll was 14."
    assert figures(among([article(FIRST), article(both, 2)])) == []


def test_what_was_told_months_apart_is_no_contrast() -> None:
    assert among([article(FIRST), article(LATER, 2, PartialDate(2024, 9, 1))]) == []


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("How many people were killed off Zanzibar?", [["14", "17"]]),
        ("How many people were injured off Zanzibar?", [["30", "41"]]),
        ("What sank off Zanzibar?", [["14", "17"], ["30", "41"]]),
        ("How many people were killed in Velen?", [["14", "17"]]),
    ],
)
def test_only_what_the_question_asks_the_number_of_is_shown(question: str, shown: list[list[str]]) -> None:
    one = article("A ferry that sank off Zanzibar killed 14 people and injured 30.")
    other = article("The ferry sank off Zanzibar, killing 17 people and injuring 41.", 2)
    assert figures(among([one, other], question)) == shown


def test_a_figure_that_was_told_earlier_is_not_its_articles() -> None:
    update = "The ferry sank off Zanzibar and 17 people were killed. Earlier, officials said 14 people were killed."
    again = article("At least 14 people were killed when the ferry sank off Zanzibar.", 2)
    assert figures(among([article(update, published=MAY_4), again], "How many were killed off Zanzibar?")) == [
        ["At least 14", "17"]
    ]
    assert figures(among([again, article(update, 3, MAY_4)])) == [["At least 14", "17"]]


def test_what_a_question_asks_the_number_of_is_told_alone_though_nothing_became_of_it() -> None:
    said = "The quake in Velen on Friday killed {} people and damaged {} homes."
    found = among([article(said.format(12, 300)), article(said.format(15, 500), 2)], "How many homes were damaged?")
    assert [one.counted for one in found] == ["home"]


def test_money_in_the_marked_sentence_hides_no_other_figure() -> None:
    said = "The quake in Velen on Friday killed {} people and cost $3 billion."
    found = among([article(said.format(12)), article(said.format(15), 2)])
    assert figures(found) == [["12", "15"]]


def test_a_contrast_is_about_what_comes_first() -> None:
    capsized = article("Nine people were killed when a fishing boat capsized off Pemba on Sunday.", 3)
    found = [
        (Passage(n, one, 0, len(one.text)), ()) for n, one in enumerate((capsized, article(FIRST), article(LATER, 2)))
    ]
    marked = [Span(0, len(passage.text)) for passage, _ in found]
    assert disagreements("How many were killed?", marked, found, lambda words: [1.0] * len(words)) == ()


def test_a_name_of_the_question_that_was_found_must_stand_with_both() -> None:
    articles = [article(FIRST), article(LATER, 2), article("Nothing happened in Velen.", 3)]
    assert among(articles, "How many people were killed in Velen?") == []


def test_each_figure_is_shown_once_and_at_most_four() -> None:
    said = [article(LATER.replace("17", str(17 + n // 2 * 2)), n) for n in range(20)]
    assert figures(among(said)) == [["17", "19", "21", "23"]]


def pairs() -> list[dict[str, object]]:
    lines = (Path(__file__).parents[2] / "benchmarks" / "data" / "disagreement_pairs.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in lines.splitlines()]


@pytest.mark.parametrize("pair", [p for p in pairs() if not p["differ"]], ids=lambda pair: f"{pair['one'][:40]}")
def test_what_does_not_differ_is_never_a_contrast(pair: dict[str, str]) -> None:
    assert among([article(pair["one"]), article(pair["other"], 2)]) == []


def test_an_engines_answer_holds_them_and_an_abstention_none() -> None:
    filler = [
        article(f"Grain prices fell in Oslo for the {word} time this year.", n, MAY_3)
        for n, word in enumerate(["first", "second"], 5)
    ]
    room = newsroom([article(FIRST), article(LATER, 2, MAY_4), *filler])
    answer = room.engine.answer(Query("How many people were killed when a ferry sank off Zanzibar?"))
    assert not answer.abstained
    assert figures(answer.disagreements) == [["At least 14", "17"]]
    assert {c.article_id for c in answer.quoted} >= {"a1", "a2"}
    for figure in answer.disagreements[0].figures:
        text = room.articles[figure.citation.article_id].text
        figure.citation.verify(text)
        assert text[figure.start : figure.end] == figure.text
    abstained = room.engine.answer(Query("Which chess master lives in Reykjavik?"))
    assert abstained.abstained
    assert abstained.disagreements == ()


SENTENCES = st.sampled_from(
    [FIRST, LATER, "Velen lost 12 boats worth $5 million.", "About 45% of adults in Velen agreed.", "😀 died."]
)


@given(st.lists(st.lists(SENTENCES | st.text(max_size=30), min_size=1, max_size=4), min_size=1, max_size=5))
def test_whatever_is_found_every_figure_stands_in_its_article(texts: list[list[str]]) -> None:
    articles = [article(" ".join(parts) or "x", n) for n, parts in enumerate(texts)]
    for one in among([a for a in articles if a.text.strip()] or [article("x")]):
        assert len({figure.citation.article_id for figure in one.figures}) == len(one.figures) > 1
        for figure in one.figures:
            text = next(a.text for a in articles if a.id == figure.citation.article_id)
            assert text[figure.start : figure.end] == figure.text
            figure.citation.verify(text)
