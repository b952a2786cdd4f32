"""The command line as people run it: processes of its own, the real model."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus.catalogue import Catalogue
from tests.bot.command_line import jsonl
from tests.fakes import write_jsonl

pytestmark = pytest.mark.model

QUESTION = "Why does India keep channels open to Russia?"


def backchannel(*arguments: str, typed: str | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=typed,
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A fresh data folder and what its first question gave."""
    folder = tmp_path_factory.mktemp("first") / "data"
    return folder, backchannel("ask", QUESTION, "--json", "--data-dir", str(folder), cwd=folder.parent)


def test_the_first_question_of_a_newcomer_is_answered_with_the_right_sentence_marked(
    first: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, ran = first
    assert (ran.returncode, ran.stderr) == (0, "No index yet: indexing the briefs that ship with Backchannel.\n")
    assert ran.stdout.count("\n") == 1
    answer: dict[str, Any] = json.loads(ran.stdout)
    assert answer["abstained"] is False
    best = answer["citations"][0]
    assert best["article_id"] == "strategic-autonomy"
    assert "so that Moscow is not driven still further into Beijing’s arms" in best["highlights"][0]["text"]
    catalogue = Catalogue(folder / "catalogue.sqlite3")
    for citation in answer["citations"]:
        article = catalogue.article(citation["article_id"])
        assert article is not None
        for quote in (citation, *citation["highlights"]):
            assert quote["text"] == article.text[quote["start"] : quote["end"]]
    catalogue.close()


def test_what_the_briefs_do_not_tell_is_not_answered_and_the_log_goes_to_standard_error(
    first: tuple[Path, subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKCHANNEL_LOG_LEVEL", "info")
    ran = backchannel("ask", "Who won the women's marathon at the Tokyo Olympics?", "--data-dir", str(first[0]))
    assert ran.returncode == 0
    assert ran.stdout.startswith("The corpus does not seem to answer this.\n")
    assert "INFO bot.service: answered in" in ran.stderr


def test_a_batch_answers_like_single_questions_and_leaves_standard_output_empty(
    first: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    queries = write_jsonl(tmp_path / "q.jsonl", {"id": 1, "question": QUESTION}, {"id": 2}, {"id": 3, "question": "🚢"})
    output = tmp_path / "a.jsonl"
    ran = backchannel("ask", "--batch", str(queries), "--output", str(output), "--data-dir", str(first[0]))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    answer, *errors = jsonl(output)
    assert [error["id"] for error in errors if "error" in error] == [2, 3]
    single = json.loads(first[1].stdout)
    assert answer["citations"][0]["highlights"][0]["text"] == single["citations"][0]["highlights"][0]["text"]
    assert answer["confidence"] == pytest.approx(single["confidence"], abs=1e-3)


def test_summary_and_status_answer_from_the_same_folder(
    first: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder = str(first[0])
    summary = json.loads(backchannel("summary", "price cap on Russian oil", "--json", "--data-dir", folder).stdout)
    assert len(summary["sentences"]) == 3
    assert "russian-oil-price-cap" in {sentence["article_id"] for sentence in summary["sentences"]}
    status = json.loads(backchannel("status", "--json", "--data-dir", folder).stdout)
    assert status["model"].startswith("all-MiniLM-L6-v2:384:")
    (feed,) = status["feeds"]
    assert (feed["name"], feed["location"], feed["articles"]) == ("builtin", "builtin", 30)


def test_a_talk_is_held_over_standard_input(first: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    ran = backchannel("chat", "--data-dir", str(first[0]), typed=f"{QUESTION}\nmore\n/dance\n/quit\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "⟦" in ran.stdout
    assert "4. " in ran.stdout
    assert "there is no command '/dance'" in ran.stdout


def test_errors_leave_standard_output_empty_and_say_one_line(tmp_path: Path) -> None:
    for status, arguments in ((2, ["ask", "?!"]), (1, ["status"]), (2, ["aks"])):
        ran = backchannel(*arguments, *(["--data-dir", str(tmp_path / "none")] if arguments != ["aks"] else []))
        assert (ran.returncode, ran.stdout) == (status, "")
        assert ran.stderr.startswith("backchannel: ")
        assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "none").exists()


def test_a_reader_that_stops_reading_is_no_error(first: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "bot", "status", "--json", "--data-dir", str(first[0])]
    ran = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(write_end)
    assert "Traceback" not in ran.stderr
