"""Generations change over while questions are answered, and a bad one never takes the place of one that answers."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.app import Application
from bot.askers import Question
from bot.settings import Settings
from corpus.catalogue import Catalogue
from corpus.errors import CatalogueError
from corpus.right_of_way import RightOfWay
from retrieval.encoders.fake import FakeEncoder
from retrieval.errors import IndexDamaged
from retrieval.index.port import PassageIds
from retrieval.types import Query
from tests.bot.command_line import application, close
from tests.fakes import record, write_jsonl

ASKED = "When did envoys meet in Oslo?"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")

Open = Callable[..., Application]


def said(day: str) -> str:
    return f"Envoys met in Oslo on {day}."


class Publisher:
    """Another process: each call publishes a generation that says another day."""

    def __init__(self, app: Application, feed: Path) -> None:
        self.app, self.feed, self.days = app, feed, iter(DAYS)

    def __call__(self, *, rebuild: bool = False) -> str:
        text = said(next(self.days))
        write_jsonl(self.feed, record("oslo", text))
        self.app.service.reindex([str(self.feed)], rebuild=rebuild)
        return text


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    apps: list[Application] = []

    def open_one(encoder: FakeEncoder | None = None) -> Application:
        apps.append(application(Settings(data_dir=tmp_path / "data"), encoder or FakeEncoder(), threshold=0))
        return apps[-1]

    yield open_one
    for app in apps:
        close(app)


@pytest.fixture
def publish(opened: Open, tmp_path: Path) -> Publisher:
    return Publisher(opened(), tmp_path / "feed.jsonl")


@pytest.fixture
def app(opened: Open, publish: Publisher) -> Application:
    publish()
    return opened()


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "data" / "index"


def quoted(app: Application) -> str:
    return app.service.ask(Question(ASKED, dt.datetime.now(dt.UTC))).answer.citations[0].text


def number(app: Application) -> int:
    assert app.service.generation is not None
    return app.service.generation.number


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


# Changing over


def test_a_watching_process_changes_over_without_being_asked(app: Application, publish: Publisher) -> None:
    assert quoted(app) == said("Monday")
    with app.service.watching():
        new = publish()
        wait_until(lambda: number(app) == 2)
        assert quoted(app) == new
    publish()
    assert quoted(app) == said("Wednesday")


def test_a_question_in_flight_ends_on_the_generation_that_it_began_with(
    app: Application, publish: Publisher, index: Path
) -> None:
    engines = app.service._engines
    with app.service.watching(), engines.current() as old:
        for expected in (2, 3, 4):
            publish()
            wait_until(lambda expected=expected: number(app) == expected)  # type: ignore[misc]
        assert quoted(app) == said("Thursday")
        assert old.answer(Query(ASKED)).citations[0].text == said("Monday")
        assert {path.name for path in index.glob("0*")} == {"000001", "000003", "000004"}
    publish()
    assert not (index / "000001").exists()


def test_who_published_asks_the_new_generation_at_once(publish: Publisher) -> None:
    publish()
    with publish.app.service.watching():
        for _ in range(3):
            assert quoted(publish.app) != (new := publish())
            assert quoted(publish.app) == new


def test_who_published_waits_for_the_thread_that_is_just_opening(publish: Publisher) -> None:
    publish()
    app = publish.app
    with app.service.watching(), ThreadPoolExecutor() as pool:
        assert quoted(app) == said("Monday")
        with app.service._engines._opening:
            published = pool.submit(publish)
            wait_until(lambda: app.store.current_number() == 2)
            time.sleep(0.1)
            assert not published.done()
        published.result()
        assert quoted(app) == said("Tuesday")


# Generations that cannot be opened


def test_the_old_generation_answers_while_the_new_one_is_damaged_and_that_is_said_once(
    app: Application, publish: Publisher, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert quoted(app) == said("Monday")
    publish()
    cut_short(index / "000002" / "dense.faiss")
    for _ in range(3):
        assert quoted(app) == said("Monday")
    trouble = app.service.status().trouble
    assert trouble.startswith("generation 1 answers, since the current one cannot: ")
    assert "000002/dense.faiss" in trouble
    assert [line.message for line in caplog.records] == [trouble]
    assert publish() == quoted(app)
    assert (app.service.status().trouble, number(app)) == ("", 3)


def test_the_old_generation_answers_when_another_model_made_the_new_one(
    app: Application, opened: Open, publish: Publisher
) -> None:
    assert quoted(app) == said("Monday")
    Publisher(opened(FakeEncoder(dimension=32)), publish.feed)(rebuild=True)
    assert quoted(app) == said("Monday")
    assert "--rebuild" in app.service.trouble
    assert publish(rebuild=True) == quoted(app) == said("Tuesday")
    assert app.service.trouble == ""


def test_a_lost_pointer_or_a_broken_one_costs_a_running_process_nothing(app: Application, index: Path) -> None:
    assert quoted(app) == said("Monday")
    for content in ("", "?", "7"):
        (index / "CURRENT").write_text(content)
        assert quoted(app) == said("Monday")
        assert app.service.trouble
    (index / "CURRENT").write_text("1")
    assert quoted(app) == said("Monday")
    assert app.service.trouble == ""


@pytest.mark.parametrize(
    "damage", ["CURRENT", "000002/manifest.json", "000002/dense.faiss", "000002/lexical/meta.json"]
)
def test_a_process_that_starts_over_a_damaged_generation_answers_from_the_one_before(
    opened: Open, publish: Publisher, index: Path, damage: str
) -> None:
    publish()
    publish()
    cut_short(index / damage)
    if damage == "CURRENT":
        (index / damage).write_text("")
    app = opened()
    told = app.service.status().trouble
    # Both are whole where the pointer alone is not.
    assert quoted(app) == said("Tuesday" if damage == "CURRENT" else "Monday")
    assert app.service.status().trouble == told != ""


def test_nothing_is_answered_where_no_generation_is_whole(opened: Open, publish: Publisher, index: Path) -> None:
    publish()
    publish()
    for manifest in index.glob("*/manifest.json"):
        cut_short(manifest)
    app = opened()
    with pytest.raises(IndexDamaged, match="000002"):
        quoted(app)
    with pytest.raises(IndexDamaged, match="000002"):
        app.service.status()


# Passages and the catalogue


class NeverCompared(Catalogue):
    def lacks(self, ids: PassageIds) -> int:
        pytest.fail("all passages were compared")


def forget(app: Application, table: str) -> None:
    with app.catalogue._transaction() as connection:
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608


def test_a_generation_that_the_catalogue_has_noted_is_opened_without_its_ids(app: Application, tmp_path: Path) -> None:
    app.catalogue = NeverCompared(tmp_path / "data" / "catalogue.sqlite3")
    assert quoted(app) == said("Monday")


def test_one_that_is_not_noted_answers_where_the_catalogue_has_all_its_passages(app: Application) -> None:
    forget(app, "generations")
    assert quoted(app) == said("Monday")


def test_one_that_is_not_noted_and_whose_passages_are_not_there_does_not_answer(app: Application) -> None:
    forget(app, "generations")
    forget(app, "passages")
    with pytest.raises(IndexDamaged, match=r"1 passages of generation 1 are not in the catalogue.*--rebuild"):
        quoted(app)


# Keeping answers, giving way


class FullBook:
    def keep(self, *_: object) -> str:
        raise CatalogueError("the disk is full")


def test_an_answer_that_cannot_be_kept_is_given_without_an_id(app: Application) -> None:
    app.answers = FullBook()  # type: ignore[assignment]
    reply = app.service.ask(Question(ASKED, dt.datetime.now(dt.UTC)))
    assert reply.answer.citations[0].text == said("Monday")
    assert reply.answer_id is None


class CountingWay(RightOfWay):
    def __init__(self, file: Path) -> None:
        super().__init__(file, at_most=0)
        self.given: list[int] = []

    def give(self) -> None:
        self.given.append(self._asked)


def test_indexing_gives_way_to_the_questions_of_its_process(publish: Publisher, tmp_path: Path) -> None:
    way = publish.app.way = CountingWay(tmp_path / "asked")
    publish()
    assert set(way.given) == {0}
    way.given.clear()
    with publish.app.service._engines.current():
        publish()
    assert set(way.given) == {1}
