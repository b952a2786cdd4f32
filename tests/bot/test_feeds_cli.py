from pathlib import Path

import pytest

from tests.bot.command_line import CommandLine
from tests.fakes import record, write_jsonl


@pytest.fixture
def wire(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "wire.jsonl", record("oslo", "Envoys met in Oslo.", title="Talks"), {"id": "bad"})


def test_feeds_are_added_listed_indexed_and_removed(fresh: CommandLine, wire: Path) -> None:
    assert "Added wire: " in fresh("feeds", "add", str(wire), "--name", "wire", "--refresh", "6h").out
    (listed,) = fresh("feeds", "list", "--json").json["feeds"]
    assert (listed["name"], listed["refresh"], listed["articles"], listed["last_success"]) == ("wire", "6h", 0, None)
    assert fresh("index", "wire", "--json").json["articles"] == 1
    assert "wire: " in (said := fresh("feeds", "list").out)
    assert "(1 article, refreshed " in said
    (known,) = fresh("status", "--json").json["feeds"]
    assert (known["name"], known["location"], known["kind"], known["last_error"]) == ("wire", str(wire), "file", None)
    assert "Removed wire and its 1 articles." in fresh("feeds", "remove", "wire").out
    assert fresh("feeds", "list", "--json").json == {"feeds": []}


def test_a_try_shows_what_would_come_in_and_stores_nothing(fresh: CommandLine, wire: Path) -> None:
    said = fresh("feeds", "test", str(wire)).out
    assert "Talks (undated, 4 words)" in said
    assert "not read: wire.jsonl line 2: has no text" in said
    seen = fresh("feeds", "test", str(wire), "--json").json
    assert [(found["id"], found["words"]) for found in seen["articles"]] == [("oslo", 4)]
    assert fresh("feeds", "list", "--json").json == {"feeds": []}


def test_a_feeds_file_is_read_by_index_and_its_typos_are_told(fresh: CommandLine, wire: Path) -> None:
    assert fresh.data_dir
    fresh.data_dir.mkdir()
    file = fresh.data_dir / "feeds.toml"
    file.write_text(f'[[feed]]\nname = "wire"\nlocation = "{wire}"\nmaxage = 3\n')
    assert "feeds.toml line 4: 'maxage' is no key of a feed: did you mean 'max_age'?" in fresh("index").refused(2)
    file.write_text(f'[[feed]]\nname = "wire"\nlocation = "{wire}"\n')
    assert "there is no index" in fresh("ask", "Who met in Oslo?").refused(1)
    assert fresh("index", "--json").json["articles"] == 1


def test_bad_input_is_one_line(fresh: CommandLine) -> None:
    assert "--refresh: 'now' is no interval" in fresh(
        "feeds", "add", "https://news.example/", "--refresh", "now"
    ).refused(2)
    assert "no feed is named 'x'" in fresh("feeds", "remove", "x").refused(2)
    assert "does not exist" in fresh("feeds", "test", "nowhere").refused(2)


def test_a_feeds_file_that_the_setting_names_must_exist(fresh: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_FEEDS", "/nowhere/feeds.toml")
    assert "BACKCHANNEL_FEEDS='/nowhere/feeds.toml' is no file" in fresh("index").refused(2)
