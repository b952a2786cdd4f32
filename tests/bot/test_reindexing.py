import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import Application
from bot.askers import Asker, Platform
from bot.messages import IndexReply, Notice
from bot.reception import Reception
from bot.reindexing import ProgressLine, reindex
from bot.settings import Settings
from corpus.progress import Step
from tests.bot.command_line import application, close
from tests.fakes import HeldEncoder, record, write_jsonl

ADMIN = Asker(Platform.SLACK, "T1", "C1", "", "ann", is_admin=True)
ANN = Asker(Platform.SLACK, "T1", "C1", "", "ann")


class Message:
    """The one message that is edited."""

    def __init__(self) -> None:
        self.edits: list[IndexReply | Notice] = []
        self.edited = asyncio.Event()

    async def edit(self, reply: IndexReply | Notice) -> None:
        self.edits.append(reply)
        self.edited.set()


@pytest.fixture
def encoder() -> HeldEncoder:
    return HeldEncoder()


@pytest.fixture
def app(tmp_path: Path, encoder: HeldEncoder) -> Iterator[Application]:
    app = application(Settings(data_dir=tmp_path / "data"), encoder)
    app.service.reindex([str(write_jsonl(tmp_path / "feed.jsonl", record("oslo", "Envoys met in Oslo.")))])
    yield app
    close(app)


async def test_progress_is_told_in_one_message_that_ends_in_the_report(
    app: Application, tmp_path: Path, encoder: HeldEncoder
) -> None:
    write_jsonl(tmp_path / "feed.jsonl", record("oslo", "Envoys met in Oslo after all."))
    reception, message = Reception(app.policy, app.metrics, 1), Message()
    encoder.hold.set()
    running = asyncio.create_task(reindex(app.desk, reception, ADMIN, message.edit, every=0.01))
    await asyncio.to_thread(encoder.waiting.wait, 30)
    await asyncio.wait_for(message.edited.wait(), 30)
    encoder.release.set()
    await running
    *progress, report = message.edits
    assert progress
    assert all(isinstance(line, Notice) and line.text.startswith("Re-indexing: ") for line in progress)
    assert len({str(line) for line in progress}) == len(progress)
    assert isinstance(report, IndexReply)
    assert (report.run.generation, report.run.changed) == (2, 1)
    await reception.drain(5)


async def test_who_may_not_is_told_so_and_nothing_is_done(app: Application) -> None:
    reception, message = Reception(app.policy, app.metrics, 1), Message()
    await reindex(app.desk, reception, ANN, message.edit)
    assert message.edits == [Notice("Only admins of the bot can do that: ask one of them.")]
    assert app.service.status().info.number == 1
    await reception.drain(5)


async def test_what_goes_wrong_is_told_in_the_message(app: Application, tmp_path: Path) -> None:
    (tmp_path / "feed.jsonl").unlink()
    reception, message = Reception(app.policy, app.metrics, 1), Message()
    await reindex(app.desk, reception, ADMIN, message.edit)
    (told,) = message.edits
    assert "feed.jsonl" in str(told)
    await reception.drain(5)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_says_the_stage_how_far_it_is_how_fast_and_how_long_it_takes() -> None:
    clock = Clock()
    line = ProgressLine(clock)
    assert str(line) == "Re-indexing: waiting."
    line(Step("reading", 1200))
    assert str(line) == "Re-indexing: reading, 1,200 so far."
    clock.now = 5
    line(Step("encoding", 0, 4000))
    assert str(line) == "Re-indexing: encoding, 0 of 4,000 (0%)."
    clock.now = 15
    line(Step("encoding", 1000, 4000))
    assert str(line) == "Re-indexing: encoding, 1,000 of 4,000 (25%), 100/s, about 30 s left."
    clock.now = 105
    line(Step("encoding", 2000, 4000))
    assert str(line) == "Re-indexing: encoding, 2,000 of 4,000 (50%), 20/s, about 2 min left."
    line(Step("encoding", 4000, 4000))
    assert str(line) == "Re-indexing: encoding, 4,000 of 4,000 (100%), 40/s."


def test_feeds_that_were_read_stay_in_sight_with_their_faults() -> None:
    clock = Clock()
    line = ProgressLine(clock)
    line(Step("reading", 40, 40, "The Wire"))
    line(Step("reading", 7, 7, "Post\n@here", 2))
    line(Step("reading", 0, 30, "Times"))
    clock.now = 4
    line(Step("reading", 10, 30, "Times", 1))
    assert str(line).splitlines() == [
        "Re-indexing: reading Times, 10 of 30 (33%), 2.5/s, about 8 s left, 1 bad item.",
        "• Post @here: 7 read, 2 bad items",
        "• The Wire: 40 read",
    ]
    for number in range(20):
        line(Step("reading", 1, 1, f"feed {number}"))
    shown = str(line).splitlines()
    assert len(shown) == 12
    assert "• Post @here: 7 read, 2 bad items" in shown
    assert shown[-1] == "… and 12 more feeds"
