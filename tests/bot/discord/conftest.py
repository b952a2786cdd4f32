from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import discord
import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.app import Application
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application
from tests.bot.discord.driver import Bot, settings_for
from tests.bot.discord.server import FakeDiscord

Start = Callable[..., "object"]


@pytest.fixture(autouse=True)
def _discord_where_it_was() -> Iterator[None]:
    """The library keeps its addresses for the whole process."""
    base, gateway, nacl = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.VoiceClient.warn_nacl
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.VoiceClient.warn_nacl = base, gateway, nacl


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeDiscord]:
    """A Discord of the test's own."""
    fake = FakeDiscord()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def settings(news: Path, server: FakeDiscord) -> Settings:
    """For the news, on that Discord; rates that no test reaches by chance."""
    return settings_for(
        server, Settings(data_dir=news, rate_per_person="1000/minute", rate_per_channel="1000/minute")
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Application]:
    """Everything is answered, nothing abstains."""
    made = application(settings, FakeEncoder(), threshold=0.0)
    yield made
    made.close()


@pytest_asyncio.fixture
async def bot(app: Application) -> AsyncIterator[Bot]:
    """The bot, connected."""
    running = Bot(app)
    await running.start()
    yield running
    await running.stop()
