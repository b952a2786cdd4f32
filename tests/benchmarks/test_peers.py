"""A tool measured, and what is said of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.peer_tools.measuring import Result, Task, measure
from benchmarks.peers import CONTENDERS, Contender, compared, interpreter, tables

TASK = Task(
    corpus="corpus.jsonl",
    passages=(("a", "A. One."), ("a", "A. Two."), ("b", "B. Three.")),
    questions=("first?", "second?"),
    model="",
    exported="",
    work="",
    wanted=10,
    limit=15,
)


class Scripted:
    """Lists passages of twelve articles, two of each, whatever is asked."""

    packages = ("pytest",)

    def __init__(self) -> None:
        self.done: list[str] = []

    def index(self, task: Task) -> None:
        self.done.append(f"index {len(task.passages)}")

    def search(self, question: str) -> Sequence[str]:
        self.done.append(question)
        return [f"article {at // 2}" for at in range(24)]


def test_a_tool_is_indexed_warmed_up_and_then_asked() -> None:
    tool = Scripted()
    result = measure(tool, TASK)
    assert tool.done == ["index 3", "first?", "second?", "first?", "second?"]
    assert result.found == [[f"article {at}" for at in range(10)]] * 2
    assert len(result.milliseconds) == 2
    assert 1 < result.peak_mib < 100_000
    assert result.versions == {"pytest": pytest.__version__}


def test_figures_are_those_of_articles() -> None:
    result = Result({"tool": "1.0"}, 2.0, [10.0, 30.0], 512.0, [["b", "a"], ["c"]])
    row = compared("set", Contender("Tool", "tool"), TASK, [frozenset({"a"}), frozenset({"a"})], result)
    assert (row.articles, row.passages, row.questions) == (2, 3, 2)
    assert {name: figure.value for name, figure in row.figures.items()} == {
        "hit@1": 0,
        "hit@4": 0.5,
        "hit@10": 0.5,
        "mrr@10": 0.25,
    }
    assert row.p50_ms == 20
    ranking, cost, versions = tables([row])
    assert ranking.rows[0][:3] == ("set", "2", "Tool")
    assert cost.rows == [("set", "3", "Tool", "20 ms", "29 ms", "2.0 s", "512 MiB")]
    assert versions.rows == [("Tool", "tool 1.0")]


def test_an_environment_is_kept_while_its_requirements_stay(tmp_path: Path) -> None:
    contender = Contender("Tool", "tool", ("tool==1.0",))
    folder = tmp_path / "environments" / "tool"
    folder.mkdir(parents=True)
    (folder / "requirements.json").write_text(json.dumps(contender.requirements), encoding="utf-8")
    assert interpreter(contender, tmp_path).parent.parent == folder


def test_backchannel_runs_here_and_each_peer_by_pinned_releases() -> None:
    *ours, txtai, haystack = CONTENDERS
    assert {str(interpreter(each, Path())) for each in ours} == {sys.executable}
    assert all("==" in requirement for peer in (txtai, haystack) for requirement in peer.requirements)
