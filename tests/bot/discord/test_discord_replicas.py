"""Two replicas with one token over one database: Discord tells both everything, and people see one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app import Application
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application, close
from tests.bot.conftest import NEWS
from tests.bot.discord.driver import Bot, Shown, Start, settings_for, until
from tests.bot.discord.server import ADMIN, FakeDiscord
from tests.fakes import record, write_jsonl

QUESTION = "Who met in Oslo on Monday?"
SENTENCE = "Envoys of both countries met in Oslo on Monday."


@pytest.fixture
def apps(catalogue_database: str, server: FakeDiscord, tmp_path: Path) -> Iterator[list[Application]]:
    """Two, each with an index of its own of the same articles."""
    server.replicas = 2
    feed = write_jsonl(tmp_path / "news.jsonl", *NEWS)
    made = []
    for name, feeds in (("a", [str(feed)]), ("b", [])):
        settings = Settings(
            data_dir=tmp_path / name, database_url=catalogue_database, rate_per_person="1000/minute", refresh=False
        )
        made.append(application(settings_for(server, settings), FakeEncoder(), threshold=0.0))
        made[-1].service.reindex(feeds)
    yield made
    for app in made:
        close(app)


@pytest_asyncio.fixture
async def both(apps: list[Application], start: Start, server: FakeDiscord) -> list[Bot]:
    """Both, connected."""
    bots = [await start(app) for app in apps]
    assert len(server.sessions) == 2
    return bots


async def _at_rest(bots: list[Bot]) -> None:
    for bot in bots:
        await bot.platform.at_rest()


async def test_a_message_is_answered_once(both: list[Bot], server: FakeDiscord) -> None:
    for user in range(1, 7):
        await server.say(f"{QUESTION} Number {user}?", user=user)
    await until(lambda: len(server.posted) >= 6)
    await asyncio.sleep(0.5)  # as long as the slower one may need to answer as well
    await _at_rest(both)
    assert [SENTENCE in Shown.of(message).text for message in server.posted] == [True] * 6


async def test_a_command_is_answered_by_the_one_that_acknowledged_it(both: list[Bot], server: FakeDiscord) -> None:
    pressed = await server.command("ask", {"question": QUESTION})
    await until(lambda: pressed.replies and pressed.refused)
    await _at_rest(both)
    assert len(pressed.callbacks) == len(pressed.replies) == pressed.refused == 1
    assert SENTENCE in Shown.of(*pressed.replies).text


async def test_a_button_works_whichever_replica_answered(both: list[Bot], server: FakeDiscord) -> None:
    await server.say(QUESTION)
    await until(lambda: server.posted)
    await _at_rest(both)
    for label in ("👍", "More passages"):
        pressed = await server.press(server.posted[0], label)
        await until(lambda pressed=pressed: pressed.replies and pressed.refused)
        await _at_rest(both)
        assert len(pressed.replies) == 1


async def test_a_reindex_that_both_are_asked_for_runs_once(
    both: list[Bot], server: FakeDiscord, tmp_path: Path
) -> None:
    new = record("tromso", "The choir of Tromsø sang on the quay until midnight.", title="Choir", source="The Wire")
    write_jsonl(tmp_path / "news.jsonl", *NEWS, new)
    pressed = await server.command("reindex", user=ADMIN)
    await until(lambda: server.posted and "1 added" in Shown.of(*server.posted).text)
    await until(lambda: pressed.refused)
    await _at_rest(both)
    assert len(pressed.callbacks) == len(pressed.replies) == pressed.refused == len(server.posted) == 1
