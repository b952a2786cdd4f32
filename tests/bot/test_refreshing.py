import asyncio
import datetime as dt
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from bot.app import Application
from bot.askers import TERMINAL, Platform
from bot.refreshing import Refreshing
from bot.serve import Server, Timing
from bot.settings import Settings
from corpus.errors import IndexStopped
from corpus.feed_options import FeedOptions
from corpus.feed_records import LONGEST_PAUSE, LONGEST_WAIT, Plan, pause
from corpus.feed_register import FeedRegister
from corpus.fetching.hosts import Limits
from corpus.runs import IndexRun
from tests.bot.command_line import application, close
from tests.bot.fake_platforms import FakePlatform, one_by_one
from tests.corpus.web import HOST, Site, fake_extract, fetcher, serving
from tests.fakes import HeldEncoder, indexing_process, record, write_jsonl

ROOT = Path(__file__).parents[2]
HOUR = dt.timedelta(hours=1)
NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


class Clock:
    """The time on the wall and seconds that go on evenly; both stand still until they are moved.

    It is ahead of the catalogue's own, so that what that plans during a test lies no further ahead than was planned.
    """

    def __init__(self) -> None:
        self.set()
        self.even = 0.0

    def set(self) -> None:
        self.now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)

    def wall(self) -> dt.datetime:
        return self.now

    def seconds(self) -> float:
        return self.even

    def move(self, by: dt.timedelta) -> None:
        self.now += by
        self.even += by.total_seconds()


@pytest.fixture
def encoder() -> HeldEncoder:
    return HeldEncoder()


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "wire.jsonl", record("oslo", "Envoys met in Oslo."))


@pytest.fixture
def app(tmp_path: Path, encoder: HeldEncoder, feed: Path) -> Iterator[Application]:
    app = application(Settings(data_dir=tmp_path / "data", http_port=0), encoder, threshold=0)
    app.service.reindex([str(feed)])
    yield app
    close(app)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def schedule(app: Application, clock: Clock) -> Refreshing:
    schedule = Refreshing(app, clock.wall, clock.seconds)
    app.refreshing = schedule
    first = schedule.look()
    assert first is not None
    assert first.feeds == [], "what an earlier process may have left is done first"
    return schedule


def names(run: IndexRun | None) -> list[str]:
    assert run is not None
    return [feed.name for feed in run.feeds]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


# When


def test_a_feed_is_refreshed_when_it_is_due_and_not_before(schedule: Refreshing, clock: Clock, feed: Path) -> None:
    write_jsonl(feed, record("oslo", "Envoys met in Oslo after all."))
    clock.move(HOUR * 0.9)
    assert schedule.look() is None
    clock.move(HOUR * 0.2)
    run = schedule.look()
    assert run is not None
    assert (run.generation, run.changed) == (2, 1)
    assert schedule.look() is None or names(schedule.look()) == ["wire.jsonl"]


def test_where_nothing_has_changed_no_generation_is_made(schedule: Refreshing, clock: Clock, app: Application) -> None:
    clock.move(2 * HOUR)
    run = schedule.look()
    assert names(run) == ["wire.jsonl"]
    assert app.service.status().info.number == 1


def test_only_what_is_due_is_read(schedule: Refreshing, clock: Clock, app: Application, tmp_path: Path) -> None:
    slow = write_jsonl(tmp_path / "slow.jsonl", record("bergen", "The ferry was late."))
    app.register.add(str(slow), FeedOptions(refresh=dt.timedelta(days=1)), "slow")
    assert names(schedule.look()) == ["slow"], "what was added by another process comes at once"
    clock.move(2 * HOUR)
    assert names(schedule.look()) == ["wire.jsonl"]


def test_the_briefs_alone_are_nothing_to_refresh(tmp_path: Path, clock: Clock) -> None:
    app = application(Settings(data_dir=tmp_path / "briefs"), HeldEncoder())
    app.service.reindex()
    clock.move(dt.timedelta(days=400))
    assert Refreshing(app, clock.wall, clock.seconds).look() is None
    assert all(state.next_refresh is None for state in app.service.status().feeds)
    close(app)


@pytest.mark.parametrize(
    ("left", "failures", "due"),
    [
        (dt.timedelta(seconds=-1), 0, True),
        (dt.timedelta(), 0, True),
        (dt.timedelta(minutes=1), 0, False),
        (HOUR, 0, False),
        (dt.timedelta(hours=2), 0, True),  # it was never planned so late: the clock was set back, or it is to be
        (dt.timedelta(hours=2), 1, False),  # refreshed more often than before
        (dt.timedelta(days=6), 1, False),
        (dt.timedelta(days=400), 1, True),
    ],
)
def test_a_clock_that_was_set_back_holds_nothing_up(left: dt.timedelta, failures: int, due: bool) -> None:
    assert Plan((NOW + left).isoformat(), failures).due(HOUR, NOW) is due


@given(st.timedeltas(dt.timedelta(minutes=1), dt.timedelta(days=30)), st.integers(1, 10_000))
def test_pauses_grow_up_to_a_limit_and_are_never_shorter_than_the_interval(refresh: dt.timedelta, failed: int) -> None:
    assert refresh <= pause(refresh, failed) <= max(refresh, LONGEST_PAUSE)
    assert pause(refresh, failed) <= pause(refresh, failed + 1)
    assert pause(refresh, 1) == refresh
    assert LONGEST_PAUSE < LONGEST_WAIT


# What goes wrong


def test_a_feed_that_fails_is_left_alone_longer_each_time_and_told_once(
    schedule: Refreshing, clock: Clock, app: Application, feed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    feed.unlink()
    waits = []
    for _ in range(5):
        clock.move(dt.timedelta(hours=7))
        assert names(schedule.look()) == ["wire.jsonl"]
        (state,) = app.service.status().feeds
        assert state.next_refresh is not None
        left = dt.datetime.fromisoformat(state.next_refresh) - dt.datetime.now(dt.UTC)
        waits.append(round(left.total_seconds() / 3600))
    assert waits == [1, 2, 4, 6, 6]
    (line,) = warnings(caplog)
    assert line.startswith("a feed failed: wire.jsonl: the feed ")
    write_jsonl(feed, record("oslo", "Envoys met in Oslo."))
    clock.move(dt.timedelta(hours=7))
    schedule.look()
    assert warnings(caplog)[1:] == ["the feed wire.jsonl works again"]
    assert app.service.status().feeds[0].last_error is None


def test_another_process_is_waited_for_without_a_word(
    schedule: Refreshing, clock: Clock, app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    clock.move(2 * HOUR)
    with indexing_process(app.settings.data_dir):
        assert schedule.look() is None
    assert names(schedule.look()) == ["wire.jsonl"]
    assert (warnings(caplog), schedule.problem) == ([], "")


def test_a_run_that_fails_is_tried_again_after_a_pause_and_stands_in_the_status(
    schedule: Refreshing, clock: Clock, app: Application, feed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_jsonl(feed, record("oslo", "Envoys met in Oslo after all."))

    class Broken(HeldEncoder):
        def encode_passages(self, texts: object) -> object:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    sound, app.indexer._encoder = app.indexer._encoder, Broken()
    clock.move(2 * HOUR)
    for _ in range(3):
        assert schedule.look() is None
    assert warnings(caplog) == [
        "the feeds cannot be refreshed, and it is tried again: [Errno 28] No space left on device"
    ]
    assert app.service.status().problems == ("[Errno 28] No space left on device",)
    app.indexer._encoder = sound
    assert schedule.look() is None, "not before the pause is over"
    clock.even += 31
    clock.set()
    run = schedule.look()
    assert run is not None
    assert (run.generation, run.feeds) == (2, []), "what was read already is published, though nothing is due"
    assert app.service.status().problems == ()


def test_a_fault_of_our_own_does_not_end_the_schedule(
    schedule: Refreshing, clock: Clock, app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    app.indexer._store = None  # type: ignore[assignment]
    clock.move(2 * HOUR)
    assert schedule.look() is None
    assert "AttributeError" in schedule.problem
    assert "in _base" in caplog.text


# The feeds file


def test_a_change_of_the_feeds_file_is_noticed_and_a_broken_one_changes_nothing(
    schedule: Refreshing, clock: Clock, app: Application, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_jsonl(tmp_path / "new.jsonl", record("bergen", "The ferry was late."))
    file = app.settings.data_dir / "feeds.toml"
    file.write_text(f'[[feed]]\nname = "new"\nlocation = "{tmp_path}/new.jsonl"\nrefresh = "1d"\n')
    assert names(schedule.look()) == ["new"]
    assert schedule.look() is None
    file.write_text(file.read_text().replace("1d", "often"))
    clock.move(dt.timedelta(hours=2))
    assert names(schedule.look()) == ["wire.jsonl"], "the feeds of before go on"
    clock.move(dt.timedelta(days=2))
    assert names(schedule.look()) == ["wire.jsonl", "new"]
    (line,) = warnings(caplog)
    assert "feeds.toml line 4: 'often' is no interval" in line
    (problem,) = app.service.status().problems
    assert problem in line
    file.write_text(file.read_text().replace("often", "15m"))
    clock.set()
    assert names(schedule.look()) == ["new"], "it is to be refreshed more often than was planned"
    assert schedule.look() is None
    file.write_text(f'{file.read_text()}exclude = ["draft*"]\n')
    assert names(schedule.look()) == ["new"], "what is read in another way is read at once"
    assert app.service.status().problems == ()
    file.unlink()
    clock.move(dt.timedelta(days=2))
    assert names(schedule.look()) == ["wire.jsonl"]
    assert app.catalogue.count_articles("new") == 1


def test_where_the_feeds_file_is_broken_from_the_start_the_known_feeds_are_refreshed(
    app: Application, clock: Clock
) -> None:
    (app.settings.data_dir / "feeds.toml").write_text("[[feed]]\n")
    clock.move(2 * HOUR)
    assert names(Refreshing(app, clock.wall, clock.seconds).look()) == ["wire.jsonl"]


# While serving


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


@contextmanager
def silent_site() -> Iterator[tuple[Site, threading.Event]]:
    """A site whose feed does not answer before the end; the event is set once it has been asked for."""
    asked, over = threading.Event(), threading.Event()

    async def silent(request: web.Request) -> web.Response:
        asked.set()
        while not over.is_set():
            await asyncio.sleep(0.02)
        return web.Response(status=503)

    with serving() as site:
        site.pages["/feed"] = silent  # type: ignore[assignment]
        try:
            yield site, asked
        finally:
            over.set()


def server(app: Application, stop_within: float = 30) -> Server:
    timing = Timing(stop_within=stop_within, look_every=0.02)
    return Server(app, {Platform.SLACK: one_by_one(FakePlatform("slack", []))}, lambda line: None, timing)


async def test_serve_refreshes_by_itself_while_it_answers_and_ends_a_run_when_it_stops(
    app: Application, encoder: HeldEncoder, feed: Path
) -> None:
    write_jsonl(feed, *(record(f"oslo {n}", f"Envoys met in Oslo for the {n}th time.") for n in range(1200)))
    app.catalogue._write(text("UPDATE feeds SET next_refresh = NULL"))
    encoder.hold.set()
    stop, serving_now = asyncio.Event(), server(app)
    running = asyncio.create_task(serving_now.run(stop))
    await asyncio.to_thread(encoder.waiting.wait, 30)
    status = await asyncio.to_thread(app.desk.status, TERMINAL)
    assert status.underway is not None
    assert (status.underway.pid, status.underway.by) == (os.getpid(), "the schedule of `backchannel serve`")
    assert status.info.number == 1
    stop.set()
    await until(app.stopping.is_set)
    encoder.release.set()
    assert await asyncio.wait_for(running, 30) == 0
    assert serving_now.finished
    assert app.store.current_number() == 1, "it ended between two batches"
    assert app.catalogue.count_articles() == 1200, "what was read is not lost"
    app.stopping.clear()
    assert app.service.refresh([], by="").run.generation == 2


async def test_a_run_that_waits_for_a_site_ends_when_the_server_stops(app: Application, tmp_path: Path) -> None:
    with silent_site() as (site, asked):
        app.register = FeedRegister(app.catalogue, fake_extract, make_fetcher=lambda: fetcher(Limits(delay=0)))
        del app.__dict__["indexer"]
        app.register.add(site.url("/feed"), FeedOptions(allow_private=frozenset({HOST})), "silent")
        stop, serving_now = asyncio.Event(), server(app)
        running = asyncio.create_task(serving_now.run(stop))
        assert await asyncio.to_thread(asked.wait, 30)
        stop.set()
        assert await asyncio.wait_for(running, 30) == 0
    assert serving_now.finished
    (state,) = [state for state in app.catalogue.feed_states() if state.name == "silent"]
    assert state.last_error is None, "it did not fail: it was stopped"


async def test_a_setting_switches_it_off(app: Application) -> None:
    app.settings = app.settings.model_copy(update={"refresh": False})
    app.catalogue._write(text("UPDATE feeds SET next_refresh = NULL"))
    stop, serving_now = asyncio.Event(), server(app)
    running = asyncio.create_task(serving_now.run(stop))
    await until(lambda: serving_now.board.missing() == [])
    await asyncio.sleep(0.2)
    stop.set()
    assert await running == 0
    assert app.catalogue.plans()["wire.jsonl"] == Plan(None, 0)
    assert app.service.status().feeds[0].next_refresh is None


def test_a_run_that_somebody_asked_for_is_stopped_too(app: Application) -> None:
    app.stopping.set()
    with pytest.raises(IndexStopped, match="nothing is lost"):
        app.desk.reindex(TERMINAL)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_signal_during_a_refresh_stops_the_process(news: Path, tmp_path: Path) -> None:
    with silent_site() as (site, asked):
        address = f"http://127.0.0.1:{site.port}/feed"
        (news / "feeds.toml").write_text(
            f'[[feed]]\nname = "slow"\nlocation = "{address}"\nallow_private = ["127.0.0.1"]\n'
        )
        command = [sys.executable, "-m", "tests.bot.fake_platforms", str(news)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert asked.wait(60)
                process.send_signal(signal.SIGTERM)
                _, err = process.communicate(timeout=60)
            finally:
                process.kill()
    assert (process.returncode, err) == (0, "")
