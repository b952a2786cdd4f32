"""The shipped briefs, and the questions that are written on them."""

from __future__ import annotations

import pytest

from bot.app import Application
from bot.askers import Question
from corpus.feeds import builtin_feed
from retrieval.types import Article
from tests.quality_gate import NOW, QUESTIONS


def test_there_are_questions_enough_of_both_kinds() -> None:
    answerable = [row for row in QUESTIONS if row["answerable"]]
    assert len(answerable) >= 120
    assert len(QUESTIONS) - len(answerable) >= 40


def test_every_expected_sentence_is_in_its_brief() -> None:
    briefs = {item.id: item for item in builtin_feed().items() if isinstance(item, Article)}
    for row in QUESTIONS:
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
