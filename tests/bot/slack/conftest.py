from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.slack.driver import Bot
from tests.bot.slack.server import FakeSlack


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but loopback, and nothing of this machine's Slack."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID", "SLACK_API_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """The small Slack; all that it was sent keeps its rules."""
    async with FakeSlack() as server:
        yield server
        assert server.problems == []


@pytest.fixture
async def bot(slack: FakeSlack, news: Path) -> AsyncIterator[Bot]:
    """The bot over the news, connected; it abstains from nothing."""
    async with Bot(slack, news) as connected:
        yield connected
