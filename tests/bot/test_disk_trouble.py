"""A full disk, a folder that cannot be written, a power cut: one clear line, and the last good generation answers."""

import datetime as dt
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import Application
from bot.askers import Question
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application, close
from tests.fakes import record, write_jsonl

SCRIPT = Path(__file__).with_name("index_in_trouble.py")
KILLED = Path(__file__).parent.parent / "corpus" / "index_and_die.py"
NOBODY = 65534
OLD, NEW = "Envoys met in Oslo on Monday.", "Envoys met in Oslo on Tuesday after all."
STORIES = [record(f"story-{n}", f"Story number {n} tells of ship {n * 7} and port {n * 11}.") for n in range(300)]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def begun() -> Iterator[Path]:
    """A data folder whose feed, beside it, has changed since it was indexed; every user can reach both."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield begin(Path(name))


def begin(folder: Path) -> Path:
    feed = write_jsonl(folder / "feed.jsonl", record("oslo", OLD), *STORIES[:20])
    app = opened(folder / "data")
    app.service.reindex([str(feed)])
    close(app)
    write_jsonl(feed, record("oslo", NEW), *STORIES[10:])
    feed.chmod(0o644)
    return folder / "data"


def opened(data_dir: Path) -> Application:
    return application(Settings(data_dir=data_dir), FakeEncoder(), threshold=0)


def said(app: Application) -> str:
    question = Question("When did envoys meet in Oslo?", dt.datetime.now(dt.UTC))
    return app.service.ask(question).answer.citations[0].text


def answers(data_dir: Path) -> str:
    """What a new process says, over a catalogue that is whole."""
    app = opened(data_dir)
    try:
        connection = sqlite3.connect(data_dir / "catalogue.sqlite3")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
        return said(app)
    finally:
        close(app)


def index(data_dir: Path) -> int:
    app = opened(data_dir)
    try:
        return app.service.reindex().run.articles
    finally:
        close(app)


def in_trouble(data_dir: Path, trouble: str, value: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), str(data_dir), trouble, str(value)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=SCRIPT.parent.parent.parent
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on files")
@pytest.mark.parametrize(
    ("trouble", "limit"),
    [("full", 0), ("full", 120_000), *(("filling", limit) for limit in (0, 300, 3_000, 9_000, 45_000))],
)
def test_a_full_disk_costs_one_line_and_nothing_else(begun: Path, tmp_path: Path, trouble: str, limit: int) -> None:
    data = Path(shutil.copytree(begun, tmp_path / "data"))
    ran = in_trouble(data, trouble, limit)
    assert (ran.returncode, ran.stdout) == (1, ""), ran.stderr
    assert ran.stderr.startswith("backchannel: ")
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert str(data) in ran.stderr
    assert len(ran.stderr) < 400 + 3 * len(str(data))
    assert not list((data / "index").glob("*.building"))
    # The last limit stops the catalogue alone, when the new generation answers already.
    assert answers(data) == (NEW if (trouble, limit) == ("filling", 45_000) else OLD)
    assert index(data) == 291
    assert answers(data) == NEW
    assert not list((data / "index").glob("*.building"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs users")
@pytest.mark.parametrize("part", ["", "index", "catalogue.sqlite3"])
def test_a_folder_that_cannot_be_written_costs_one_line_and_nothing_else(begun: Path, place: Path, part: str) -> None:
    data = Path(shutil.copytree(begun, place / "data"))
    locked = data / part
    root = os.geteuid() == 0
    if root:
        for path in [data, *data.rglob("*")]:
            mine = path == locked or locked in path.parents
            os.chown(path, 0 if mine else NOBODY, -1)
            path.chmod(0o755 if path.is_dir() else 0o644)
    else:
        locked.chmod(0o555)
    before = sorted(data.rglob("*"))
    app = opened(data)
    assert said(app) == OLD
    ran = in_trouble(data, "readonly", NOBODY if root else os.geteuid())
    _, told = ran.stderr.split("now\n")
    assert ran.returncode == 1, told
    assert told.startswith("backchannel: ")
    assert told.count("\n") == 1, told
    assert str(data) in told
    assert said(app) == OLD
    close(app)
    locked.chmod(0o755)
    assert {path for path in before if path.parent.name == "index"} <= set(data.rglob("*"))
    assert answers(data) == OLD
    assert index(data) == 291
    assert answers(data) == NEW


# A power cut


@pytest.fixture(scope="module")
def published(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two generations; the process that made the second was killed after it, so that the catalogue's log is there."""
    data = Path(shutil.copytree(begun, tmp_path_factory.mktemp("published") / "data"))
    killed = subprocess.run([sys.executable, str(KILLED), str(data), "noted"], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert (data / "catalogue.sqlite3-wal").stat().st_size > 0
    return data


FILES = ("CURRENT", *(f"000002/{n}" for n in ("manifest.json", "dense.faiss", "passages.npz", "lexical/meta.json")))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("left", [0.0, 0.5])
def test_a_generation_cut_by_a_power_cut_is_passed_over_and_made_anew(
    published: Path, tmp_path: Path, file: str, left: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    data = Path(shutil.copytree(published, tmp_path / "data"))
    damaged = data / "index" / file
    os.truncate(damaged, int(damaged.stat().st_size * left) if file != "CURRENT" else 0)
    # Without its pointer the second generation is still whole.
    assert answers(data) == (NEW if file == "CURRENT" else OLD)
    (line,) = [record.message for record in caplog.records]
    assert str(damaged) in line
    assert index(data) == 291
    assert answers(data) == NEW


@pytest.mark.parametrize("left", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_catalogue_whose_log_was_cut_by_a_power_cut_is_whole_and_brought_up_to_date(
    published: Path, tmp_path: Path, left: float
) -> None:
    data = Path(shutil.copytree(published, tmp_path / "data"))
    log = data / "catalogue.sqlite3-wal"
    os.truncate(log, int(log.stat().st_size * left))
    (data / "catalogue.sqlite3-shm").unlink()
    assert answers(data) in {OLD, NEW}
    for _ in range(2):
        assert index(data) == 291
        assert answers(data) == NEW


def test_passages_that_a_catalogue_lost_never_lend_their_ids_to_others(published: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(published, tmp_path / "data"))
    for name in ("wal", "shm"):
        (data / f"catalogue.sqlite3-{name}").unlink()
    assert answers(data) == OLD
    app = opened(data)
    lost = set(app.store.last_good().passage_ids().tolist())  # type: ignore[union-attr]
    kept = set(app.catalogue.current_passages().tolist())
    assert index(data) == 291
    assert lost - kept
    assert not (lost - kept) & set(app.catalogue.current_passages().tolist())
    close(app)
