"""The figures of answers made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.asking import Asked
from benchmarks.quality import Measured, measured, tables

RIGHT = Asked(
    id="q",
    answerable=True,
    confidence=0.9,
    abstained=False,
    right=True,
    marked=True,
    candidate=None,
    places={"dense": 3, "answer": 0},
    elapsed_ms=20.0,
)
WRONG = replace(RIGHT, confidence=0.6, right=False, marked=False, places={"dense": None, "answer": 1}, elapsed_ms=40.0)
UNANSWERABLE = replace(RIGHT, answerable=False, right=False, marked=None, places={}, elapsed_ms=None)
REFUSED = replace(UNANSWERABLE, confidence=0.2, abstained=True)
ANSWERED = replace(UNANSWERABLE, confidence=0.7)


def measured_set() -> Measured:
    return measured("set", [RIGHT, WRONG, REFUSED, ANSWERED])


def test_ranking_counts_the_answerable_questions_by_each_way_of_ranking() -> None:
    found = measured_set()
    assert found.questions == 2
    assert {way: row["hit@1"].value for way, row in found.ranking.items()} == {"dense": 0, "answer": 0.5}
    assert found.ranking["answer"]["mrr@10"].value == 0.75
    assert (found.p50_ms, found.candidates) == (30, None)
    assert found.sentence
    assert found.sentence.value == 0.5


def test_trust_counts_both_kinds() -> None:
    trust = measured_set().trust
    assert trust
    assert trust.unanswerable == 2
    values = {name: figure.value for name, figure in trust.figures.items()}
    assert values == pytest.approx(
        {
            "auroc": 3 / 4,
            "rejected@90": 1 / 2,
            "answered": 1,
            "wrongly_answered": 1 / 2,
            "calibration_error": (0.1 + 0.4 + 0.2 + 0.7) / 4,
            "brier": (0.01 + 0.16 + 0.04 + 0.49) / 4,
            "aurc": (0 + 1 / 2 + 2 / 3 + 3 / 4) / 4,
        }
    )
    assert trust.coverage == [0.25, 0.5, 0.75, 1]


def test_without_unanswerable_questions_nothing_is_said_of_trust() -> None:
    ranked = [replace(one, candidate=rank) for one, rank in ((RIGHT, 1.0), (WRONG, 0.5))]
    found = measured("set", ranked)
    assert found.trust is None
    assert found.candidates
    assert found.candidates.value == 0.75


def test_every_set_has_its_row_in_the_tables() -> None:
    shown = {table.title: table.rows for table in tables([measured_set()])}
    assert [row[:3] for row in shown["Ranking of articles, over the whole corpus"]] == [
        ("set", "2", "dense"),
        ("set", "2", "answer"),
    ]
    assert shown["Knowing when not to answer"][0][:2] == ("set", "2 / 2")
    assert shown["The answer sentence"] == [("set", ".500 (.00–1.00)", "–")]
