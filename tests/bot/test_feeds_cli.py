import os
from pathlib import Path

import pytest
from aiohttp import web

from corpus.locking import indexing_lock
from tests.bot.command_line import CommandLine
from tests.corpus.web import serving
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
    assert "Removed wire (1 article)." in fresh("feeds", "remove", "wire").out
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
    for name in ("a\nb", "a\u202eb", " ", "", "x" * 101):
        said = fresh("feeds", "add", "https://news.example/", "--name", name).refused(2)
        assert "cannot be used: write 1 to 100 characters on one line, by --name" in said
        assert name.strip() not in said or not name.strip()
    assert "no feed is named 'x'" in fresh("feeds", "remove", "x").refused(2)
    assert "does not exist" in fresh("feeds", "test", "nowhere").refused(2)
    fresh.data_dir = None
    assert "it is empty: name a folder" in fresh("feeds", "list", "--data-dir", "").refused(2)


def test_a_feed_is_not_removed_in_the_middle_of_an_index_run(fresh: CommandLine, wire: Path) -> None:
    assert fresh.data_dir
    fresh("index", str(wire))
    with indexing_lock(fresh.data_dir, "/reindex"):
        assert "is being indexed already" in fresh("feeds", "remove", wire.name).refused(1)
    assert "Removed" in fresh("feeds", "remove", wire.name).out


def test_a_feeds_file_that_the_setting_names_must_exist(fresh: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_FEEDS", "/nowhere/feeds.toml")
    assert "BACKCHANNEL_FEEDS='/nowhere/feeds.toml' is no file" in fresh("index").refused(2)


def test_feeds_that_fail_are_told_by_name_and_the_run_succeeds_with_the_others(fresh: CommandLine, wire: Path) -> None:
    with serving() as site:
        for name in ("gone", "later"):
            address = site.url(f"/{name}", "127.0.0.1")
            fresh("feeds", "add", address, "--name", name, "--allow-private", "127.0.0.1")
        site.pages["/later"] = lambda _: web.Response(status=429, headers={"Retry-After": "86400"})
        fresh("feeds", "add", str(wire), "--name", "wire")
        ran = fresh("index")
        assert ran.status == 0
        assert "Generation 1 holds 1 article in 1 passage: 1 added" in ran.out
        assert "3 bad items (gone: 1, later: 1, wire: 1):" in ran.out
        gone = f"gone: {site.url('/gone', '127.0.0.1')}: is not there: check the address; the answer was 404"
        assert gone in " ".join(ran.out.split())
    said = " ".join(fresh("status").out.split())
    assert "the last try failed:" in said
    assert "the server asks to wait 86400 s" in said
    assert "due in 24 h" in said
    feeds = {feed["name"]: feed for feed in fresh("status", "--json").json["feeds"]}
    assert {name: feed["failures"] for name, feed in feeds.items()} == {"gone": 1, "later": 1, "wire": 0}


def test_a_run_that_goes_on_is_told_by_status_and_to_whoever_would_begin_another(
    fresh: CommandLine, wire: Path
) -> None:
    assert fresh.data_dir
    fresh("index", str(wire))
    with indexing_lock(fresh.data_dir, "/reindex"):
        said = fresh("index").refused(1)
        assert f"is being indexed already by process {os.getpid()} since 20" in said
        assert "started by /reindex" in said
        out = " ".join(fresh("status").out.split())
        assert f"going on: process {os.getpid()} since 20" in out
        assert fresh("status", "--json").json["reindex"]["by"] == "/reindex"
    assert fresh("status", "--json").json["reindex"] is None


def test_where_the_first_index_is_being_made_it_is_told(fresh: CommandLine) -> None:
    assert fresh.data_dir
    with indexing_lock(fresh.data_dir, "`backchannel index`"):
        said = fresh("status").refused(1)
        assert "yet: it is being made by process" in said


def test_what_is_never_refreshed_by_itself_is_not_due(fresh: CommandLine) -> None:
    fresh("index")
    (briefs,) = fresh("feeds", "list", "--json").json["feeds"]
    assert (briefs["name"], briefs["next_refresh"]) == ("builtin", None)
    assert "due" not in fresh("feeds", "list").out
