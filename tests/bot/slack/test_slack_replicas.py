"""Two replicas in processes of their own serve one workspace over one database."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.app import Application
from corpus.tables import published
from tests.bot.command_line import close
from tests.bot.conftest import NEWS
from tests.bot.replica import HELD, replica
from tests.bot.slack.driver import CHANNEL
from tests.bot.slack.server import BOT, FakeSlack
from tests.fakes import record, write_jsonl

ROOT = Path(__file__).parents[3]
QUESTION = "Who met in Oslo on Monday?"


@pytest.fixture
def folders(database: str, tmp_path: Path) -> tuple[Path, Path]:
    """The data folders of two replicas, each with an index of the same articles."""
    feed = write_jsonl(tmp_path / "news.jsonl", *NEWS)
    for name, feeds in (("a", [str(feed)]), ("b", [])):
        app = replica(tmp_path / name, database, "")
        app.service.reindex(feeds)
        close(app)
    return tmp_path / "a", tmp_path / "b"


@pytest.fixture
def watcher(folders: tuple[Path, Path], database: str, tmp_path: Path) -> Iterator[Application]:
    """Looks into the database."""
    app = replica(tmp_path / "watcher", database, "")
    yield app
    close(app)


class Process:
    """A replica, and what it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self, line: str) -> None:
        assert self._process.stdout
        async with asyncio.timeout(60):
            while (await self._process.stdout.readline()).decode().strip() != line:
                assert not self._process.stdout.at_eof(), f"it ended and never said {line!r}"

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def serving(folder: Path, database: str, slack: FakeSlack, *how: str) -> AsyncIterator[Process]:
    """A replica that is connected to the small Slack."""
    connections = slack.connections
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bot.replica", str(folder), database, slack.api, *how,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        replica = Process(process)
        await replica.says("Slack is connected.")
        await slack.until(lambda: slack.connections == connections + 1)
        yield replica
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.wait(), 30)


async def test_what_comes_to_both_is_answered_once(folders: tuple[Path, Path], database: str, slack: FakeSlack) -> None:
    async with serving(folders[0], database, slack), serving(folders[1], database, slack):
        asked = [slack.write(CHANNEL, "U1", f"<@{BOT}> {QUESTION} Number {n}?") for n in range(6)]
        for message in asked:
            event = slack.event(message, "app_mention")
            await asyncio.gather(*(slack.push(event, place) for place in (0, 1)))
        await slack.until(lambda: all(slack.by_bot(thread=message.ts) for message in asked))
        await asyncio.sleep(1)
    assert [len(slack.by_bot(thread=message.ts)) for message in asked] == [1] * 6


async def test_a_killed_replicas_question_is_taken_up_by_the_other(
    folders: tuple[Path, Path], database: str, slack: FakeSlack, watcher: Application
) -> None:
    async with serving(folders[0], database, slack, "slow") as first, serving(folders[1], database, slack):
        message = slack.write(CHANNEL, "U1", f"<@{BOT}> Who met patiently in Oslo on Monday?")
        await slack.push(slack.event(message, "app_mention"), 0)
        await first.says(HELD)
        await asyncio.sleep(2)  # as long as it lives, it is its own
        assert slack.by_bot() == []
        await first.kill()
        await slack.until(lambda: bool(slack.by_bot(thread=message.ts)))
        (answer,) = slack.by_bot(thread=message.ts)
        assert "Oslo" in json.dumps(answer.blocks)
        await slack.until(lambda: watcher.journal.take_over(f"slack:T1:{CHANNEL}:{message.ts}") is False)
    assert len(slack.by_bot()) == 1


async def test_a_reindex_that_is_asked_of_both_runs_once_and_both_answer_from_it(
    folders: tuple[Path, Path], database: str, slack: FakeSlack, watcher: Application, tmp_path: Path
) -> None:
    async with serving(folders[0], database, slack, "slow"), serving(folders[1], database, slack, "slow"):
        before = states(watcher)
        new = record("tromso", "The choir of Tromsø sang on the quay until midnight.", title="Choir", source="The Wire")
        write_jsonl(tmp_path / "news.jsonl", *NEWS, new)
        for place in (0, 1):
            await slack.push(slack.command("/reindex", "", "U1", CHANNEL), place)
        await slack.until(lambda: len(_reports(slack)) == 1 and len(_refusals(slack)) == 1)
        after = max(before) + 1
        assert max(states(watcher)) == after
        await slack.until(lambda: states(watcher) == [after, after])
        for place in (0, 1):
            async with asyncio.timeout(20):  # it is published a moment before it is answered from
                while "choir" not in await answered(slack, place, "Who sang on the quay until midnight?"):
                    pass


async def answered(slack: FakeSlack, place: int, question: str) -> str:
    """What one of the replicas answers."""
    message = slack.write(CHANNEL, "U1", f"<@{BOT}> {question}")
    await slack.push(slack.event(message, "app_mention"), place)
    await slack.until(lambda: bool(slack.by_bot(thread=message.ts)))
    return json.dumps(slack.by_bot(thread=message.ts)[0].blocks)


def states(app: Application) -> list[int]:
    """The last state that each index has published."""
    last = select(func.max(published.c.state)).group_by(published.c.index_name)
    return app.catalogue._column(last)


def _said(slack: FakeSlack) -> list[str]:
    return [f"{message.text} {json.dumps(message.blocks)}" for message in [*slack.private, *slack.messages]]


def _reports(slack: FakeSlack) -> list[str]:
    return [said for said in _said(slack) if "1 added" in said]


def _refusals(slack: FakeSlack) -> list[str]:
    return [said for said in _said(slack) if "being indexed already" in said]
