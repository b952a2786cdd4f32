from collections.abc import AsyncIterator, Iterator
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
from tests.bot.discord.driver import Bot, Start, settings_for
from tests.bot.discord.server import FakeDiscord


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
    return settings_for(server, Settings(data_dir=news, rate_per_person="1000/minute", rate_per_channel="1000/minute"))


@pytest.fixture
def app(settings: Settings) -> Iterator[Application]:
    """Everything is answered, nothing abstains."""
    made = application(settings, FakeEncoder(), threshold=0.0)
    yield made
    made.close()


@pytest_asyncio.fixture
async def start(server: FakeDiscord) -> AsyncIterator[Start]:
    """Starts bots, and stops them at the end."""
    running: list[Bot] = []

    async def begin(app: Application, *, connected: bool = True, **options: float) -> Bot:
        bot = Bot(app, **options)
        running.append(bot)
        await bot.start(connected=connected)
        return bot

    yield begin
    for bot in running:
        await bot.stop()


@pytest_asyncio.fixture
async def bot(app: Application, start: Start) -> Bot:
    """The bot, connected."""
    return await start(app)


@pytest.fixture
def started(settings: Settings, start: Start) -> Iterator[Start]:
    """Starts a bot with settings changed."""
    apps: list[Application] = []

    async def begin(*, threshold: float = 0.0, **changes: object) -> Bot:
        apps.append(application(settings.model_copy(update=changes), FakeEncoder(), threshold))
        return await start(apps[-1])

    yield begin
    for app in apps:
        app.close()
