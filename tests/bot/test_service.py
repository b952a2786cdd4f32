import datetime as dt
import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import Application
from bot.askers import Question
from bot.service import has_index, no_index, require_index
from bot.settings import ReaderKind, Settings
from corpus.errors import IndexBusy
from retrieval.encoders.fake import FakeEncoder
from retrieval.errors import FilterError, IndexDamaged, IndexForeign, IndexMissing, QuestionError, QuotationError
from retrieval.types import Filters
from tests.bot.command_line import application, close
from tests.fakes import HeldEncoder, record, write_jsonl

NOON = dt.datetime(2024, 7, 11, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
OLD = "Envoys met in Oslo on Monday."
NEW = "Envoys met in Oslo on Tuesday after all."

Open = Callable[..., Application]


def asked(text: str = "When did envoys meet in Oslo?") -> Question:
    return Question(text, NOON)


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens applications on a data folder, each like a process of its own."""
    apps: list[Application] = []

    def open_one(data_dir: Path, encoder: FakeEncoder | None = None, **others: object) -> Application:
        settings = Settings(data_dir=data_dir, **others)  # type: ignore[arg-type]
        apps.append(application(settings, encoder or FakeEncoder(), threshold=0))
        return apps[-1]

    yield open_one
    for app in apps:
        close(app)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "feed.jsonl", record("oslo", OLD))


@pytest.fixture
def app(opened: Open, tmp_path: Path, feed: Path) -> Application:
    app = opened(tmp_path / "data")
    app.service.reindex([str(feed)])
    return app


def quoted(app: Application, question: Question | None = None) -> str:
    return app.service.ask(question or asked()).answer.citations[0].text


# Generations


def test_a_generation_of_another_process_is_picked_up_without_a_restart(
    app: Application, opened: Open, feed: Path
) -> None:
    assert quoted(app) == OLD
    write_jsonl(feed, record("oslo", NEW))
    opened(app.settings.data_dir).service.reindex()
    assert quoted(app) == NEW
    assert app.service.status().info.number == 2


def test_answers_come_from_the_old_generation_while_the_next_is_made(opened: Open, tmp_path: Path, feed: Path) -> None:
    encoder = HeldEncoder()
    app = opened(tmp_path / "data", encoder)
    app.service.reindex([str(feed)])
    write_jsonl(feed, record("oslo", NEW), record("more", "A comet was seen over Turku."))
    encoder.hold.set()
    failures: list[BaseException] = []

    def reindex() -> None:
        try:
            app.service.reindex()
        except BaseException as error:
            failures.append(error)
        finally:
            app.catalogue.close()

    thread = threading.Thread(target=reindex)
    thread.start()
    try:
        assert encoder.waiting.wait(30)
        assert quoted(app) == OLD
        assert app.service.status().info.number == 1
        with pytest.raises(IndexBusy):
            app.service.reindex()
    finally:
        encoder.release.set()
        thread.join(30)
    assert failures == []
    assert quoted(app) == NEW
    assert app.service.status().info.number == 2


def test_questions_from_several_threads_are_all_answered(app: Application) -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.extend(quoted(app) for _ in range(5))
        app.catalogue.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [OLD] * 20


def test_an_article_that_was_cited_can_be_opened_after_it_changed(app: Application, feed: Path) -> None:
    (citation,) = app.service.ask(asked()).answer.citations
    write_jsonl(feed, record("oslo", NEW))
    app.service.reindex()
    assert app.service.article_text(citation) == OLD
    write_jsonl(feed, record("oslo", f"{NEW} Or not."))
    app.service.reindex()
    assert app.service.article_text(citation) == OLD
    with pytest.raises(QuotationError, match=r"'oslo' has changed since it was quoted, .* no longer kept: ask again"):
        app.service.article_text(replace(citation, text_hash="another"))


# Quotations


@pytest.mark.parametrize("altered", ["Envoys met in Rome on Monday.", "Envoys", "", f"  {OLD}", OLD.upper()])
def test_a_quotation_that_was_altered_behind_our_back_is_never_given(app: Application, altered: str) -> None:
    connection = sqlite3.connect(app.settings.data_dir / "catalogue.sqlite3")
    connection.execute("UPDATE revisions SET text = ?", (altered,))
    connection.commit()
    connection.close()
    with pytest.raises(QuotationError, match="'oslo'"):
        app.service.ask(asked())
    with pytest.raises(QuotationError, match="'oslo'"):
        app.service.summarize(asked("oslo"))
    with pytest.raises(QuotationError, match="'oslo'"):
        app.service.summarize(asked("envoys"))


def test_an_event_that_was_altered_behind_our_back_is_never_told(app: Application) -> None:
    connection = sqlite3.connect(app.settings.data_dir / "catalogue.sqlite3")
    connection.execute("UPDATE revisions SET text = ?", ("Envoys met in Rome on 5 May 2020.",))
    connection.commit()
    connection.close()
    with pytest.raises(QuotationError, match="'oslo'"):
        app.service.timeline(asked("oslo"))


def test_a_catalogue_and_an_index_that_do_not_belong_together_answer_nothing(
    app: Application, opened: Open, tmp_path: Path
) -> None:
    other = opened(tmp_path / "other")
    other.service.reindex([str(write_jsonl(tmp_path / "b.jsonl", *[record(str(n), f"Story {n}.") for n in range(5)]))])
    connection = sqlite3.connect(app.settings.data_dir / "catalogue.sqlite3")
    connection.execute("DELETE FROM passages")
    connection.commit()
    connection.close()
    with pytest.raises(IndexDamaged, match="--rebuild"):
        app.service.ask(asked())
    assert quoted(other, asked("Story 3?")) == "Story 3."


# What is kept


def test_ids_have_six_characters_that_cannot_be_mistaken_and_differ(app: Application) -> None:
    ids = [app.service.ask(asked()).answer_id for _ in range(60)]
    assert len(set(ids)) == 60
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{6}", answer_id or "") for answer_id in ids)


def test_a_kept_answer_is_the_answer_as_it_was_given(app: Application) -> None:
    reply = app.service.ask(asked())
    stored = app.journal.answer(reply.answer_id or "")
    assert stored is not None
    assert (stored.question, stored.abstained) == (asked().text, False)
    assert stored.asked == "2024-07-11T10:00:00+00:00"
    assert json.loads(stored.body)["citations"][0]["text"] == OLD


def test_an_answer_need_not_be_kept(app: Application) -> None:
    assert app.service.ask(asked(), keep=False).answer_id is None
    connection = sqlite3.connect(app.settings.data_dir / "catalogue.sqlite3")
    assert connection.execute("SELECT COUNT(*) FROM answers").fetchone() == (0,)
    connection.close()


def test_last_week_counts_from_the_questions_own_time(app: Application) -> None:
    suggested = app.service.ask(asked("Who met in Oslo yesterday?")).answer.query.suggested
    assert suggested is not None
    assert (suggested.since, suggested.until) == (dt.date(2024, 7, 10), dt.date(2024, 7, 10))


# What is refused


def test_bad_questions_are_refused(app: Application) -> None:
    with pytest.raises(QuestionError):
        app.service.ask(asked("?!"))
    with pytest.raises(FilterError):
        app.service.ask(asked(), filters=Filters(sources=frozenset({"Nobody"})))
    with pytest.raises(FilterError):
        app.service.ask(asked(), filters=Filters(article_ids=frozenset({"oslo", "gone"})))


def test_without_an_index_nothing_is_answered(opened: Open, tmp_path: Path) -> None:
    app = opened(tmp_path / "nothing")
    assert has_index(app) is False
    with pytest.raises(IndexMissing, match=r"nothing: run `backchannel index`"):
        require_index(app)
    for use in (app.service.ask, app.service.summarize):
        with pytest.raises(IndexMissing, match="backchannel index"):
            use(asked())
    with pytest.raises(IndexMissing) as caught:
        app.service.status()
    assert str(caught.value) == str(no_index(app))


def test_an_index_of_another_encoder_tells_its_status_and_answers_nothing(app: Application, opened: Open) -> None:
    other = opened(app.settings.data_dir, FakeEncoder(dimension=32))
    assert has_index(other) is True
    assert other.service.status().info.encoder == "fake-64-96"
    with pytest.raises(IndexForeign, match="--rebuild"):
        other.service.ask(asked())


# Parts


def test_the_word_reader_needs_no_token_vectors(opened: Open, app: Application) -> None:
    words = opened(app.settings.data_dir, reader=ReaderKind.WORDS)
    assert words.reader is None
    (citation,) = words.service.ask(asked()).answer.citations
    assert citation.highlights[0].text == OLD
    assert citation.explanation is not None
    assert citation.explanation.reader is None


def test_an_article_is_summarised_by_its_id_and_a_topic_by_its_words(app: Application) -> None:
    by_id = app.service.summarize(asked(" oslo ")).summary
    assert (by_id.query, by_id.articles, [s.text for s in by_id.sentences]) == ("oslo", 1, [OLD])
    assert app.service.summarize(asked("envoys")).summary.sentences[0].text == OLD
