"""The command line over an index on a Milvus server."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bot.command_line import CommandLine
from tests.fakes import record, write_jsonl


@pytest.fixture
def wire(tmp_path: Path) -> Path:
    """A feed of the test's own."""
    return write_jsonl(
        tmp_path / "wire.jsonl",
        record("oslo", "Envoys met in Oslo. They spoke of grain.", title="Talks", source="The Wire", published="2024"),
        record("bergen", "The ferry to Bergen was late because of the storm.", source="BBC News", published="2023-05"),
    )


@pytest.fixture
def on_lite(fresh: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line, its index on Milvus Lite."""
    monkeypatch.setenv("BACKCHANNEL_INDEX", f"milvus+lite://{tmp_path}/lite.db")
    return fresh


@pytest.fixture(params=["sqlite", "postgresql"])
def on_either(on_lite: CommandLine, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The same, the catalogue in a file or in a database of PostgreSQL."""
    if request.param == "postgresql":
        monkeypatch.setenv("BACKCHANNEL_DATABASE_URL", request.getfixturevalue("catalogue_database"))
    return on_lite


def test_it_indexes_answers_filters_and_says_where(on_either: CommandLine, wire: Path, tmp_path: Path) -> None:
    assert on_either("index", str(wire), "--json").json["passages"] == 2
    answer = on_either("ask", "Who met in Oslo?", "--json").json
    assert answer["citations"][0]["article_id"] == "oslo"
    filtered = on_either("ask", "Who met in Oslo?", "--source", "bbc news", "--since", "2023", "--json").json
    assert [citation["article_id"] for citation in filtered["citations"]] == ["bergen"]
    status = on_either("status", "--json").json
    assert (status["index"], status["problems"]) == (f"milvus+lite://{tmp_path}/lite.db", [])
    assert status["sources"] == {"The Wire": 1, "BBC News": 1}
    assert not list((tmp_path / "fresh" / "index").glob("0*"))


def test_a_changed_article_replaces_what_it_was(on_either: CommandLine, wire: Path) -> None:
    assert on_either("index", str(wire)).status == 0
    write_jsonl(wire, record("oslo", "Envoys met in Oslo. They spoke of fish.", source="The Wire"))
    run = on_either("index", "--json").json
    assert (run["generation"], run["articles"], run["changed"], run["removed"]) == (2, 1, 1, 1)
    answer = on_either("ask", "What did the envoys speak of?", "--json").json
    assert ["fish" in citation["text"] for citation in answer["citations"]] == [True]


def test_what_one_replica_has_indexed_the_other_answers_from(
    on_lite: CommandLine,
    wire: Path,
    tmp_path: Path,
    catalogue_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BACKCHANNEL_DATABASE_URL", catalogue_database)
    other = replace(on_lite, data_dir=tmp_path / "other", applications=[])
    assert on_lite("index", str(wire)).status == 0
    assert other("ask", "Who met in Oslo?", "--json").json["citations"][0]["article_id"] == "oslo"
    write_jsonl(wire, record("oslo", "Envoys met in Oslo. They spoke of fish.", source="The Wire"))
    assert other("index", "--json").json["generation"] == 2
    assert "fish" in on_lite("ask", "What did the envoys speak of?", "--json").json["citations"][0]["text"]
    other.close()


def test_a_restored_catalogue_is_not_answered_from_an_index_of_before(
    on_lite: CommandLine, wire: Path, tmp_path: Path
) -> None:
    assert on_lite("index", str(wire)).status == 0
    assert on_lite("backup", str(tmp_path / "kept.zip")).status == 0
    write_jsonl(wire, record("narvik", "Iron ore leaves Narvik by ship."))
    assert on_lite("index").status == 0
    on_lite.close()
    assert on_lite("restore", str(tmp_path / "kept.zip"), "--force").status == 0
    assert "run `backchannel index`" in on_lite("status").refused(1)
    write_jsonl(wire, record("oslo", "Envoys met in Oslo. They spoke of grain."))
    assert on_lite("index", "--json").json["generation"] == 1


def test_without_an_index_the_way_to_one_is_named(on_lite: CommandLine) -> None:
    assert "run `backchannel index`" in on_lite("status").refused(1)


@pytest.mark.parametrize("command", [("status",), ("ask", "Who met?"), ("index",)])
def test_a_server_that_cannot_be_reached_costs_one_line(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BACKCHANNEL_INDEX", "milvus+http://127.0.0.1:9")
    monkeypatch.setenv("BACKCHANNEL_MILVUS_TOKEN", "hush-hush")
    monkeypatch.setenv("BACKCHANNEL_MILVUS_TIMEOUT_SECONDS", "1")
    said = cli(*command).refused(1)
    assert "milvus+http://127.0.0.1:9" in said
    assert "hush" not in said


def test_an_address_that_is_none_is_bad_input(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKCHANNEL_INDEX", "localhost:19530")
    assert "BACKCHANNEL_INDEX='localhost:19530'" in cli("status").refused(2)
