"""A run that is killed, wherever it was, costs nothing but the work: see ``index_and_die.py`` for the points."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from corpus.catalogue import Catalogue
from corpus.indexer import Indexer, IndexRun
from retrieval.encoders.fake import FakeEncoder
from retrieval.engine import Engine
from retrieval.index.embedded import EmbeddedIndexStore
from retrieval.parameters import Parameters
from retrieval.types import Query
from tests.fakes import record, write_jsonl

SCRIPT = Path(__file__).with_name("index_and_die.py")
OLD = "Envoys of both countries met in Oslo on Monday."
NEW = "Envoys of both countries met in Oslo on Tuesday after all."
GONE = "The ferry to Bergen was late because of the storm."

# More than two batches of articles and of passages, so that a run can be cut off between them.
MANY = [record(f"story-{n}", f"Story number {n} tells of ship {n * 7} and port {n * 11}.") for n in range(600)]


@dataclass
class State:
    """Everything that a reader could ask a data folder about."""

    articles: int
    feeds: list[str]
    sources: dict[str, int]
    passages: list[tuple[str, str, int, int, str]]
    vectors: list[list[float]]
    found: list[str]


def run(folder: Path, *feeds: str) -> IndexRun:
    encoder, catalogue = FakeEncoder(), Catalogue(folder / "catalogue.sqlite3")
    store = EmbeddedIndexStore(folder / "index", encoder.fingerprint, encoder.dimension)
    done = Indexer(catalogue, store, encoder, folder).run(feeds)
    catalogue.close()
    return done


def state(folder: Path) -> State:
    encoder, catalogue = FakeEncoder(), Catalogue(folder / "catalogue.sqlite3")
    index = EmbeddedIndexStore(folder / "index", encoder.fingerprint, encoder.dimension).current()
    index.verify()
    ids = index.passage_ids().tolist()
    rows = [(p.article.id, p.article.source, p.start, p.end, p.text) for p in catalogue.passages(ids)]
    order = sorted(range(len(ids)), key=lambda at: rows[at])
    engine = Engine(index, catalogue, encoder, None, Parameters.load())
    found = State(
        articles=index.info.horizon.articles,
        feeds=[feed.name for feed in catalogue.feeds()],
        sources=dict(index.sources()),
        passages=[rows[at] for at in order],
        vectors=index.vectors([ids[at] for at in order]).tolist(),
        found=[engine.answer(Query(question)).citations[0].text for question in ("Oslo envoys", "story number 599")],
    )
    catalogue.close()
    return found


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one generation, whose feed has changed since: one article each changed and gone, 600 new."""
    folder = tmp_path_factory.mktemp("begun")
    feed = write_jsonl(folder / "feed.jsonl", record("oslo", OLD, source="Wire"), record("bergen", GONE))
    run(folder / "data", str(feed))
    write_jsonl(feed, *MANY, record("oslo", NEW, source="New Wire"))
    return folder / "data"


@pytest.fixture(scope="module")
def undisturbed(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> State:
    folder = tmp_path_factory.mktemp("undisturbed") / "data"
    shutil.copytree(begun, folder)
    assert run(folder).errors == []
    return state(folder)


def test_the_undisturbed_run_brings_the_index_up_to_date(undisturbed: State) -> None:
    assert undisturbed.articles == len(undisturbed.passages) == 601
    assert undisturbed.found == [NEW, MANY[599]["text"]]
    assert undisturbed.sources == {"New Wire": 1}


BEFORE_THE_SWAP = (
    "reading 1",
    "reading 450",  # two transactions of articles are written
    "cutting 0",
    "cutting 400",
    "encoding 0",
    "encoding 512",
    "built, not named",
    "named, not current",
)
AFTER_THE_SWAP = ("current, not noted", "noted, not its passages", "noted")


@pytest.mark.parametrize("point", BEFORE_THE_SWAP + AFTER_THE_SWAP)
def test_a_killed_run_leaves_an_index_that_answers_and_the_next_run_completes_it(
    point: str, begun: Path, undisturbed: State, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(begun, data)
    killed = subprocess.run(
        [sys.executable, str(SCRIPT), str(data), point], capture_output=True, text=True, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = state(data)
    if point in AFTER_THE_SWAP:
        assert left == undisturbed
    else:
        assert (left.articles, left.found[0]) == (2, OLD)
        assert [text for *_, text in left.passages] == [GONE, OLD]
    completed = run(data)
    assert completed.articles == 601
    assert state(data) == undisturbed
    again = run(data)
    assert (again.generation, again.added, again.changed, again.removed) == (completed.generation, 0, 0, 0)
    assert not list((data / "index").glob("*.building"))


def test_a_run_that_is_killed_from_outside_frees_the_folder_for_the_next(
    begun: Path, undisturbed: State, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(begun, data)
    with subprocess.Popen([sys.executable, str(SCRIPT), str(data), "slow"], stdout=subprocess.PIPE, text=True) as slow:
        assert slow.stdout is not None
        assert slow.stdout.readline() == "encoding\n"
        assert state(data).found[0] == OLD
        slow.kill()
    assert run(data).articles == 601
    assert state(data) == undisturbed


# Anywhere

SEED, MOMENTS = 20240709, 52
SMALL = MANY[:40]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of two generations, whose next run adds, changes and deletes."""
    folder = tmp_path_factory.mktemp("busy")
    feed = write_jsonl(folder / "feed.jsonl", *SMALL[10:])
    run(folder / "data", str(feed))
    write_jsonl(feed, *SMALL[:20], record("oslo", OLD), record("bergen", GONE))
    run(folder / "data")
    changed = [record(str(story["id"]), f"{story['text']} So it was.") for story in SMALL[:10]]
    write_jsonl(feed, *changed, *SMALL[10:], record("oslo", NEW))
    return folder / "data"


def assert_catalogue_is_whole(folder: Path) -> None:
    connection = sqlite3.connect(folder / "catalogue.sqlite3")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_run_killed_at_any_of_fifty_moments_leaves_the_last_good_generation_and_the_next_completes_it(
    busy: Path, tmp_path: Path
) -> None:
    before = state(busy)
    killed = subprocess.run(
        [sys.executable, str(SCRIPT), str(busy), str(tmp_path), str(SEED), str(MOMENTS)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    print(f"seed {SEED}\n{killed.stdout}")  # noqa: T201 (where each was killed, should one fail)
    assert killed.returncode == 0, killed.stderr
    after = state(tmp_path / "whole")
    assert (before.articles, after.articles, after.found[0]) == (22, 41, NEW)
    unfinished = 0
    for number in range(MOMENTS):
        data = tmp_path / str(number)
        assert_catalogue_is_whole(data)
        left = state(data)
        assert left in (before, after), number
        unfinished += left == before
        run(data)
        assert state(data) == after, number
        assert_catalogue_is_whole(data)
        assert not list((data / "index").glob("*.building"))
        shutil.rmtree(data)
    assert unfinished > MOMENTS // 4
