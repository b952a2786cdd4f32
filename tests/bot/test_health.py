import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from bot.app import Application
from bot.askers import Asker, Platform
from bot.board import Board, State
from bot.errors import UsageError
from bot.health import endpoints, listening
from bot.reception import Reception
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application, close


@pytest.fixture
def app(news: Path) -> Iterator[Application]:
    app = application(Settings(data_dir=news), FakeEncoder())
    yield app
    close(app)


@pytest.fixture
def board() -> Board:
    return Board([Platform.SLACK, Platform.DISCORD])


@pytest.fixture
def reception(app: Application) -> Reception:
    return Reception(app.policy, app.metrics, 1)


@pytest_asyncio.fixture
async def client(app: Application, reception: Reception, board: Board) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    async with TestClient(TestServer(endpoints(app, reception, board))) as client:
        yield client


async def got(client: TestClient, path: str) -> tuple[int, str]:  # type: ignore[type-arg]
    async with client.get(path) as response:
        return response.status, await response.text()


async def test_a_process_that_answers_lives(client: TestClient) -> None:  # type: ignore[type-arg]
    assert await got(client, "/healthz") == (200, "ok\n")


async def test_what_is_missing_is_told_until_everything_is_there(
    client: TestClient,  # type: ignore[type-arg]
    app: Application,
    board: Board,
) -> None:
    reasons = "no index is open\nslack is connecting\ndiscord is connecting\n"
    assert await got(client, "/readyz") == (503, reasons)
    app.service.load()
    board.put(Platform.SLACK, State.CONNECTED)
    board.put(Platform.DISCORD, State.REFUSED)
    assert await got(client, "/readyz") == (503, "discord is refused\n")
    board.put(Platform.DISCORD, State.CONNECTED)
    assert await got(client, "/readyz") == (200, "ready\n")
    board.put(Platform.SLACK, State.WAITING)
    assert await got(client, "/readyz") == (503, "slack is waiting to connect again\n")


def values(exposition: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:{.*})?) (\S+)$", exposition, re.MULTILINE)}


async def test_metrics_tell_how_things_stand(
    client: TestClient,  # type: ignore[type-arg]
    app: Application,
    board: Board,
) -> None:
    before = values((await got(client, "/metrics"))[1])
    assert before["backchannel_generation"] == 0
    app.service.load()
    board.put(Platform.SLACK, State.CONNECTED)
    app.metrics.answered(Platform.SLACK, 0.3)
    async with client.get("/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        found = values(await response.text())
    assert found["backchannel_generation"] == 1
    assert found["backchannel_articles"] == 5
    assert found["backchannel_passages"] == app.service.status().info.passages
    assert found["backchannel_questions_waiting"] == 0
    assert found['backchannel_platform_connected{platform="slack"}'] == 1
    assert found['backchannel_platform_connected{platform="discord"}'] == 0
    assert found['backchannel_answer_seconds_count{platform="slack"}'] == 1


async def test_metrics_count_who_waits(client: TestClient, reception: Reception) -> None:  # type: ignore[type-arg]
    release = threading.Event()
    tasks = [asyncio.create_task(reception.serve(Asker(Platform.SLACK), release.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    assert values((await got(client, "/metrics"))[1])["backchannel_questions_waiting"] == 2
    release.set()
    assert await asyncio.gather(*tasks) == [True] * 3


async def test_a_port_that_is_taken_is_an_error_that_names_the_setting(
    app: Application, reception: Reception, board: Board
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port} cannot be .* set BACKCHANNEL_HTTP_PORT to"):
            async with listening(endpoints(app, reception, board), "127.0.0.1", port):
                pytest.fail("the port was not taken")


async def test_the_endpoints_are_served_on_the_address_and_let_go_of_it(
    app: Application, reception: Reception, board: Board
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    for _ in range(2):
        async with (
            listening(endpoints(app, reception, board), "127.0.0.1", port),
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/healthz") as response,
        ):
            assert response.status == 200


async def test_port_0_serves_nothing(app: Application, reception: Reception, board: Board) -> None:
    web = endpoints(app, reception, board)
    async with listening(web, "no such host", 0):
        assert not web.frozen
