"""The shipped briefs, and the questions that are written on them."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.app import Application
from bot.askers import Question
from corpus.feeds import builtin_feed
from retrieval.types import Article
from tests.quality_gate import NOW, PREMISES, QUESTIONS


def test_there_are_questions_enough_of_both_kinds() -> None:
    answerable = [row for row in QUESTIONS if row["answerable"]]
    assert len(answerable) >= 120
    assert len(QUESTIONS) - len(answerable) >= 40


def test_of_each_brief_three_questions_in_five_suppose_wrongly() -> None:
    briefs = {item.id for item in builtin_feed().items() if isinstance(item, Article)}
    assert len({row["question"] for row in [*QUESTIONS, *PREMISES]}) == len(QUESTIONS) + len(PREMISES)
    assert Counter(row["id"].rpartition("-")[0] for row in PREMISES) == dict.fromkeys(briefs, 5)
    kinds = Counter(row["kind"] for row in PREMISES)
    assert kinds.pop("true") == 60
    assert kinds == dict.fromkeys(("swapped", "opposite", "other act", "wrong actor", "not yet"), 18)
    assert all(row["answerable"] is bool(row["sentences"]) is (row["kind"] == "true") for row in PREMISES)


def test_every_expected_sentence_is_in_its_brief() -> None:
    briefs = {item.id: item for item in builtin_feed().items() if isinstance(item, Article)}
    for row in [*QUESTIONS, *PREMISES]:
        for sentence in row["sentences"]:
            assert any(sentence in briefs[brief].text for brief in row["article_ids"]), row["id"]


def test_the_briefs_are_whole() -> None:
    items = list(builtin_feed().items())
    assert len(items) >= 20
    for brief in items:
        assert isinstance(brief, Article), brief
        assert brief.title
        assert brief.published
        assert brief.source == "Backchannel brief"
        assert 200 <= len(brief.text.split()) <= 500, brief.id


@pytest.mark.model
def test_the_question_of_the_readme_is_answered_by_the_right_sentence(briefs_app: Application) -> None:
    question = Question("Why does India keep channels open to Russia?", NOW)
    answer = briefs_app.service.ask(question, keep=False).answer
    assert not answer.abstained
    assert answer.citations[0].article_id == "strategic-autonomy"
    assert "keeps its channels to Russia open so that Moscow is not driven" in answer.citations[0].highlights[0].text
