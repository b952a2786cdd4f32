"""The commands on what a data folder keeps, from the command line."""

import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from corpus.catalogue import Catalogue
from tests.bot.command_line import CommandLine
from tests.fakes import record, write_jsonl

BEFORE = "Envoys met in Oslo. They spoke of grain. Nobody said more."
AFTER = "Envoys met in Oslo. They spoke of \x1b[31mfish. They left."
HOSTILE = "Talks \x1b]8;;https://evil.example\x07[bold]<!channel> @everyone"


@pytest.fixture
def wire(tmp_path: Path) -> Path:
    """A feed of the test's own."""
    return tmp_path / "wire.jsonl"


@pytest.fixture
def changed(fresh: CommandLine, wire: Path) -> Iterator[CommandLine]:
    """The command line over an article that has changed twice, and one that was removed."""
    write_jsonl(wire, record("oslo", BEFORE, title="Talks", published="2024-07"), record("bergen", "A ferry was late."))
    assert fresh("index", str(wire)).status == 0
    write_jsonl(wire, record("oslo", AFTER, title="Talks", published="2024-07"))
    assert fresh("index").status == 0
    write_jsonl(wire, record("oslo", AFTER, title=HOSTILE, source="The Wire", published="2024-07-09"))
    assert fresh("index").status == 0
    return fresh


# History


def test_a_history_tells_what_changed_newest_first_and_steers_no_screen(changed: CommandLine) -> None:
    shown = changed("history", "oslo")
    assert (shown.status, shown.err) == (0, "")
    lines = [line.strip() for line in shown.out.splitlines() if line.strip()]
    assert lines[1].startswith("oslo · The Wire · 9 July 2024 · 3 revisions")
    starts = [line.partition(",")[0] for line in lines if line.startswith("Revision ")]
    assert starts == ["Revision 3", "Revision 2", "Revision 1"]
    assert [line for line in lines if line[:2] in {"- ", "+ "}] == [
        "- title: Talks",
        "+ title: Talks \ufffd]8;;https://evil.example\ufffd[bold]<!channel> @everyone",
        "- outlet: none",
        "+ outlet: The Wire",
        "- date: July 2024",
        "+ date: 9 July 2024",
        "- They spoke of grain.",
        "- Nobody said more.",
        "+ They spoke of \ufffd[31mfish.",
        "+ They left.",
    ]
    assert lines[-1] == "The oldest one that is kept."
    assert not set(shown.out) & set("\x1b\x9b\x07")


def test_a_history_as_json_is_verbatim_in_the_texts(changed: CommandLine) -> None:
    value = changed("history", "oslo", "--json").json
    assert (value["article_id"], value["title"], value["published"], value["removed"]) == (
        "oslo",
        HOSTILE,
        "2024-07-09",
        None,
    )
    first, second, third = value["revisions"]
    assert [r["number"] for r in value["revisions"]] == [1, 2, 3]
    assert (first["ended"], second["ended"], third["ended"]) == (second["seen"], third["seen"], None)
    assert (first["fields"], first["sentences"], third["sentences"]) == ([], [], [])
    for change in second["sentences"]:
        text = AFTER if change["change"] == "added" else BEFORE
        assert text[change["start"] : change["end"]] == change["text"]
    assert {"field": "source", "before": None, "after": "The Wire"} in third["fields"]


def test_a_removed_article_has_a_history_that_says_so(changed: CommandLine) -> None:
    assert changed("history", "bergen", "--json").json["removed"]
    assert "· removed " in changed("history", "bergen").out


@pytest.mark.parametrize("name", ["nobody", "", "https://nowhere.example/x", "\x1b[31m"])
def test_an_unknown_article_is_refused_with_the_way_out(changed: CommandLine, name: str) -> None:
    assert "by its id, its address or its whole title" in changed("history", name).refused(2)


def test_where_nothing_was_indexed_nothing_is_made(fresh: CommandLine) -> None:
    assert "run `backchannel index`" in fresh("history", "oslo").refused(1)
    assert fresh.data_dir is not None
    assert not fresh.data_dir.exists()


# Backup and restore


def test_a_backup_is_restored_and_the_index_made_again_though_the_feed_is_gone(
    changed: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path, wire: Path
) -> None:
    asked = changed("ask", "Who met in Oslo?", "--json").json
    changed.close()
    file = tmp_path / "b.zip"
    made = changed("backup", str(file))
    assert (made.status, made.out) == (0, f"Backed up 1 article to {file}: catalogue.sqlite3, salt.\n")
    wire.unlink()
    other = CommandLine(capsys, tmp_path / "other")
    done = other("restore", str(file))
    assert done.status == 0, done.err
    assert "Restored 1 article, as of 20" in done.out
    assert "`backchannel index`" in done.out
    assert "run `backchannel index`" in other("ask", "Who met in Oslo?").refused(1)
    run = other("index", "--json").json
    assert (run["articles"], run["removed"], len(run["errors"])) == (1, 0, 1)
    again = other("ask", "Who met in Oslo?", "--json").json
    assert [c["text"] for c in again["citations"]] == [c["text"] for c in asked["citations"]]
    assert len(other("history", "oslo", "--json").json["revisions"]) == 3
    other.close()


def test_a_restore_over_a_folder_lets_no_index_of_before_answer(
    changed: CommandLine, tmp_path: Path, wire: Path
) -> None:
    file = tmp_path / "b.zip"
    changed("backup", str(file))
    write_jsonl(wire, record("turku", "A comet was seen over Turku."), record("vaasa", "It rained in Vaasa."))
    changed("index")
    changed.close()
    assert "holds a catalogue already" in changed("restore", str(file)).refused(1)
    done = changed("restore", str(file), "--force")
    assert "What was there before is kept in " in done.out
    wire.unlink()
    assert "run `backchannel index`" in changed("ask", "Where was a comet seen?").refused(1)
    changed("index")
    cited = changed("ask", "Where was a comet seen?", "--json").json["citations"]
    assert {c["article_id"] for c in cited} == {"oslo"}
    (aside,) = Path(str(changed.data_dir)).glob("before-restore-*.sqlite3")
    before = Catalogue(aside)
    assert before.article("turku") is not None
    before.close()


def test_a_folder_in_use_is_not_restored(changed: CommandLine, tmp_path: Path) -> None:
    changed("backup", str(tmp_path / "b.zip"))
    changed.close()
    user = Catalogue(Path(str(changed.data_dir)) / "catalogue.sqlite3")
    assert "is in use: stop `backchannel serve`" in changed("restore", str(tmp_path / "b.zip"), "--force").refused(1)
    user.close()


def test_a_backup_does_not_write_over_a_file(changed: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "diary.txt"
    file.write_text("Dear diary")
    assert "diary.txt is there already" in changed("backup", str(file)).refused(2)
    assert file.read_text() == "Dear diary"
    assert changed("backup", str(file), "--force").status == 0
    assert zipfile.is_zipfile(file)


def test_a_feeds_file_elsewhere_is_said_not_to_be_in_it(
    changed: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my feeds.toml").touch()
    monkeypatch.setenv("BACKCHANNEL_FEEDS", str(tmp_path / "my feeds.toml"))
    assert "my feeds.toml lies elsewhere" in changed("backup", str(tmp_path / "b.zip")).err


def test_what_is_no_backup_is_refused(changed: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear diary")
    assert "letter is damaged" in changed("restore", str(tmp_path / "letter"), "--force").refused(1)
    assert "none.zip" in changed("restore", str(tmp_path / "none.zip")).refused(2)
    assert "no catalogue" in CommandLine(changed.capsys, tmp_path / "empty")("backup", str(tmp_path / "c")).refused(1)


def test_the_catalogue_alone_makes_the_index_again(changed: CommandLine, wire: Path) -> None:
    folder = Path(str(changed.data_dir))
    before = changed("ask", "Who met in Oslo?", "--json").json["citations"]
    changed.close()
    wire.unlink()
    shutil.rmtree(folder / "index")
    run = changed("index", "--json").json
    assert (run["articles"], run["removed"]) == (1, 0)
    assert changed("ask", "Who met in Oslo?", "--json").json["citations"] == before
    with closing(sqlite3.connect(folder / "catalogue.sqlite3")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
