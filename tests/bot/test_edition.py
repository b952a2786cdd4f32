"""What a generation holds that is new, and what of it is on a topic."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.app import Application
from bot.edition import Edition
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from retrieval.types import Answer, Article, Citation, Horizon, Passage, Query, Span
from tests.bot.command_line import application, close
from tests.fakes import record, write_jsonl

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@dataclass
class FakeEngine:
    """Is as sure of each article as it is told; abstains below .2."""

    sure: dict[str, float]
    asked: list[Query] = field(default_factory=list)
    index: Any = None

    def answer(self, query: Query) -> Answer:
        self.asked.append(query)
        best, confidence = max(
            ((i, self.sure[i]) for i in query.filters.article_ids or ()), key=lambda pair: (pair[1], pair[0])
        )
        text = f"On {best}."
        citation = Citation.of(Passage(0, Article(best, text), 0, len(text)), 1.0, [(Span(0, len(text)), 1.0)])
        return Answer(query, confidence < 0.2, confidence, (citation,), (), Horizon(1, None, None), 1.0)


@pytest.mark.parametrize("topic", ["grain deal", "What became of the grain deal", "Is there a grain deal"])
def test_a_topic_may_be_a_question_or_a_few_words(topic: str) -> None:
    engine = FakeEngine({"a": 0.6, "b": 0.4, "c": 0.1})
    edition = Edition(engine, SimpleNamespace())  # type: ignore[arg-type]
    assert [c.article_id for c in edition.matches(topic, ["a", "b", "c"], 9, NOW)] == ["a", "b"]


def test_of_a_story_the_best_article_is_cited_and_no_more_than_wanted() -> None:
    engine = FakeEngine({"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6})
    stories = {"a": "1", "b": "1", "c": "2", "d": "3"}
    edition = Edition(engine, SimpleNamespace(), lambda ids: {i: stories[i] for i in ids})  # type: ignore[arg-type]
    assert [c.article_id for c in edition.matches("grain", stories, 2, NOW)] == ["a", "c"]
    assert [sorted(query.filters.article_ids or ()) for query in engine.asked] == [["a", "b", "c", "d"], ["c", "d"]]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    feed = write_jsonl(tmp_path / "news.jsonl", record("a", "Ore leaves Narvik."), record("b", "A ferry was late."))
    made = application(Settings(data_dir=tmp_path / "data"), FakeEncoder())
    made.service.reindex([str(feed)])
    yield made
    close(made)


def current(app: Application) -> Edition:
    with app.service.edition() as edition:
        return edition  # the generation stays open until another one answers


def test_what_is_not_published_yet_is_not_new(app: Application) -> None:
    mark = current(app).mark
    (feed,) = app.catalogue.feed_states()
    changed = Article("a", "Ore leaves Narvik no more.")
    app.catalogue.store(feed.name, [changed])
    (revision,) = app.catalogue.uncut("x")[-1:]
    app.catalogue.store_passages([(revision, changed, [Span(0, len(changed.text))])], "x")
    edition = current(app)
    assert edition.since(mark) == {}
    assert edition.mark == mark
    assert set(edition.since(0)) == {"b", "a"}


def test_what_was_published_is_new_once(app: Application, tmp_path: Path) -> None:
    mark = current(app).mark
    write_jsonl(tmp_path / "news.jsonl", record("a", "Ore leaves Narvik no more."), record("c", "A comet came."))
    app.service.reindex([])
    edition = current(app)
    assert set(edition.since(mark)) == {"a", "c"}
    assert edition.since(edition.mark) == {}
    app.service.reindex([], rebuild=True)
    assert current(app).since(edition.mark) == {}


def test_a_lead_is_quoted_from_the_generation_not_from_what_the_catalogue_holds_by_now(
    app: Application, tmp_path: Path
) -> None:
    edition = current(app)
    (feed,) = app.catalogue.feed_states()
    app.catalogue.store(feed.name, [Article("a", "Ore leaves Narvik no more.")])
    texts = [story.citation.text for story in edition.largest(edition.since(0), 9)]
    assert sorted(texts) == ["A ferry was late.", "Ore leaves Narvik."]
