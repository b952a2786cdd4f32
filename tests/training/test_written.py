"""Questions that were written for the reader."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from training.data import read_questions
from training.reader_data import NEAR, SUPPOSES
from training.written import QUESTIONS, kept_back, pairs_of, passage_id, read_written, write_set

KINDS = {"asked", "supposed", "near", "swapped", "wrong actor", "opposite", "not yet", "other act"}
BRIEFS = Path(__file__).parents[1] / "data" / "briefs"


def text_of(number: int) -> str:
    return f"Anna Lund left Velen in {1900 + number}. She was tired of its bread."


def asked(kind: str, question: str, *answers: tuple[int, int]) -> dict[str, Any]:
    return {"kind": kind, "question": question, "answers": answers}


def written(folder: Path, count: int = 30, missing: str = "") -> tuple[Path, Path]:
    """A training set of so many passages, and questions written for each."""
    with gzip.open(folder / "one.jsonl.gz", "wt", encoding="utf-8") as stream:
        for number in range(count):
            stream.write(json.dumps({"passage": text_of(number), "title": f"Case_{number}"}) + "\n")
    lines = []
    for number in range(count):
        first = text_of(number).index(" She")
        questions = [
            asked("supposed", f"Why did Lund leave in {1900 + number}?", (first + 1, len(text_of(number)))),
            asked("asked", f"When did she leave, in case {number}?", (0, first)),
            asked("near", f"Who sold bread in case {number}?"),
            asked("opposite", f"Why did Lund stay in case {number}?"),
            asked("swapped", f"Why did Velen leave Lund in case {number}?"),
        ]
        lines.append({"set": "one", "passage": missing or passage_id(text_of(number)), "questions": questions})
    file = folder / "questions.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder, file


def test_passages_are_found_by_what_they_say(tmp_path: Path) -> None:
    passages = read_written(*written(tmp_path))
    assert [passage.text for passage in passages] == [text_of(number) for number in range(30)]
    assert passages[4].title == "Case 4"
    assert passages[4].questions[1].text == "When did she leave, in case 4?"
    (span,) = passages[4].questions[1].answers
    assert passages[4].text[slice(*span)] == "Anna Lund left Velen in 1904."


def test_a_passage_that_no_set_holds_is_named(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="'one' has no passage 'beef'"):
        read_written(*written(tmp_path, missing="beef"))


def test_how_a_question_begins_does_not_tell_whether_it_is_answered(tmp_path: Path) -> None:
    pairs = pairs_of(read_written(*written(tmp_path)))
    counted: Counter[tuple[str, bool]] = Counter()
    for pair in pairs.pairs:
        counted[pairs.questions[pair.question].split()[0], bool(pair.answers)] += pair.weight
    assert counted["Why", True] == pytest.approx(counted["Why", False])
    assert {pair.kind for pair in pairs.pairs} == {"answer", NEAR, SUPPOSES}


def test_a_set_asks_what_was_kept_back_of_all_passages(tmp_path: Path) -> None:
    passages = read_written(*written(tmp_path))
    write_set(passages, tmp_path / "set")
    corpus = [json.loads(line) for line in (tmp_path / "set" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in corpus] == [passage.text for passage in passages]
    questions = read_questions(tmp_path / "set")
    kept = {passage.id for passage in passages if kept_back(passage.title, passage.text)}
    assert 0 < len(kept) < len(passages)
    assert {scope for question in questions if question.scope for scope in question.scope} == kept
    assert len(questions) == 5 * len(kept)
    for question in questions:
        assert question.answerable is bool(question.gold) is (question.type in {"asked", "supposed"})
    assert any(question.answered_by("She was tired of its bread.") for question in questions)


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def test_what_ships_is_whole() -> None:
    passages = [(line["set"], line["passage"]) for line in lines()]
    assert len(set(passages)) == len(passages)
    for line in lines():
        assert line["questions"]
        for question in line["questions"]:
            assert question["kind"] in KINDS
            assert bool(question["answers"]) is (question["kind"] in {"asked", "supposed"}), question
            assert all(0 <= start < end for start, end in question["answers"])
            assert question["question"].strip() == question["question"] != ""


def test_none_of_the_questions_by_which_the_bot_is_judged_is_learned_from() -> None:
    judged = {
        plain(json.loads(line)["question"])
        for name in ("questions.jsonl", "premises.jsonl")
        for line in (BRIEFS / name).read_text(encoding="utf-8").splitlines()
    }
    learned = {plain(question["question"]) for line in lines() for question in line["questions"]}
    assert len(judged) > 300
    assert not judged & learned


def plain(question: str) -> str:
    return " ".join(re.findall(r"\w+", question.lower()))
