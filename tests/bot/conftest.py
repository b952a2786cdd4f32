import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import CommandLine, application, close
from tests.fakes import record, write_jsonl

OSLO = (
    "Envoys of both countries met in Oslo on Monday. They agreed to let grain ships pass the strait until December. "
    "“Nobody got all that they wanted,” the Norwegian foreign minister said. Neither side would say who had asked for "
    "the talks, and the delegations left by different doors."
)
ASIDE = (
    "The harbour had been closed since the spring. Insurers raised their rates four times in a single month, and most "
    "owners sent their ships around the cape instead, which takes two weeks longer. Prices of bread rose in eleven "
    "countries, and the United Nations warned of hunger."
)
NEWS = (
    record(
        "oslo",
        f"{OSLO}\n\n{ASIDE}",
        title="Grain talks in Oslo end with a deal",
        source="The Wire",
        url="https://wire.example/oslo",
        published="2024-07-09",
    ),
    record("copy", OSLO, title="Deal on grain", source="Morning Post", published="2024-07-10"),
    record(
        "bergen",
        "The ferry to Bergen was late because of the storm. Nobody was hurt when the ship at last reached the port.",
        title="Storm delays the ferry",
        source="BBC News",
        published="2023-05",
    ),
    record(
        "narvik",
        "Iron ore leaves Narvik by ship. The railway from Kiruna carries forty trains a week to the harbour there.",
        title="Ore from the north",
        source="BBC News",
        published="2022",
    ),
    record("undated", "Tromsø lies north of the polar circle. Whales are seen there from November until January."),
)


@pytest.fixture(autouse=True)
def _no_settings_but_the_tests_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing from this machine's environment, and nothing written outside the test's folder."""
    for name in os.environ:
        ours = name.startswith(("BACKCHANNEL_", "SLACK_", "DISCORD_"))
        if ours or name in {"FORCE_COLOR", "NO_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("BACKCHANNEL_DATA_DIR", str(tmp_path / "by default"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def _news_made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("news")
    feed = write_jsonl(folder / "news.jsonl", *NEWS)
    app = application(Settings(data_dir=folder / "data"), FakeEncoder())
    app.service.reindex([str(feed)])
    close(app)
    return folder


@pytest.fixture
def news(_news_made_once: Path, tmp_path: Path) -> Path:
    """A data folder with the articles above, indexed; the test's own."""
    return Path(shutil.copytree(_news_made_once / "data", tmp_path / "news"))


@pytest.fixture
def cli(news: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    """The command line over the news."""
    command_line = CommandLine(capsys, news)
    yield command_line
    command_line.close()


@pytest.fixture
def fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    """The command line over a data folder that does not exist yet."""
    command_line = CommandLine(capsys, tmp_path / "fresh")
    yield command_line
    command_line.close()
