"""A corpus encoded in parts, from the command line."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bot.command_line import CommandLine
from tests.fakes import record, write_jsonl


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Of the test's own; a line is no article."""
    rows = [record(f"a{n}", f"Envoys number {n} met in Oslo. They spoke of grain.") for n in range(12)]
    return write_jsonl(tmp_path / "wire.jsonl", *rows, {"id": "bad"})


def test_what_two_have_encoded_a_third_need_not(fresh: CommandLine, feed: Path, tmp_path: Path) -> None:
    shards = str(tmp_path / "shards")
    held = 0
    for part in ("1/2", "2/2"):
        machine = replace(fresh, data_dir=tmp_path / f"machine {part[0]}", applications=[])
        run = machine("vectors", "make", str(feed), "--part", part, "--output", shards, "--json").json
        assert (run["part"], run["made"]) == (part, run["held"])
        assert [error for error in run["errors"] if "wire.jsonl" in error]
        held += run["held"]
        assert not (tmp_path / f"machine {part[0]}" / "index").exists()
        machine.close()
    assert held == 12
    assert fresh("vectors", "add", shards, "--json").json == {"taken": 12}
    fresh.encoder = type("Idle", (type(fresh.encoder),), {"encode_passages": None})()
    assert fresh("index", str(feed), "--json").json["passages"] == 12


def test_it_says_what_it_did(fresh: CommandLine, feed: Path, tmp_path: Path) -> None:
    shards = str(tmp_path / "shards")
    assert "Part 1/1: 12 vectors made, 12 in" in fresh("vectors", "make", str(feed), "--output", shards).out
    assert "Part 1/1: 0 vectors made, 12 in" in fresh("vectors", "make", str(feed), "--output", shards).out
    assert "12 vectors taken in" in fresh("vectors", "add", shards).out


def test_bad_input_costs_one_line(fresh: CommandLine, feed: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "shards")
    assert "'3/2'" in fresh("vectors", "make", str(feed), "--part", "3/2", "--output", out).refused(2)
    assert "nowhere" in fresh("vectors", "make", str(tmp_path / "nowhere"), "--output", out).refused(2)
    assert "nowhere" in fresh("vectors", "add", str(tmp_path / "nowhere")).refused(2)
    (tmp_path / "empty").mkdir()
    assert "vectors make" in fresh("vectors", "add", str(tmp_path / "empty")).refused(1)
