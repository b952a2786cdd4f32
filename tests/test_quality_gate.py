"""Figures that a change must not let fall: on the shipped briefs always, on public sets where they are there.

The floors stand in ``tests/data/floors.toml``, which also says how far below what was measured they lie.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import Estimate
from bot.app import Application
from tests.quality_gate import EVAL, Figures, Floor, own_sets, public_sets, raised, read_floors, written

FLOORS = read_floors()
OWN = ("briefs", "premises")
PUBLIC = ("squad2", "clapnq")


@pytest.fixture(scope="module")
def figures(briefs_app: Application) -> dict[str, Figures]:
    return own_sets(briefs_app)


@pytest.fixture(scope="module")
def public(briefs_app: Application, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Figures]:
    if not all((EVAL / name).is_dir() for name in PUBLIC):
        pytest.skip(f"the public question sets are not there: {' and '.join(PUBLIC)} are looked for in {EVAL}")
    return public_sets(briefs_app, tmp_path_factory.mktemp("public"))


@pytest.mark.model
@pytest.mark.parametrize(("of", "name"), [(of, name) for of in OWN for name in FLOORS[of]])
def test_the_briefs_are_answered_as_well_as_before(of: str, name: str, figures: dict[str, Figures]) -> None:
    assert FLOORS[of][name].holds(figures[of][name].value), figures[of][name]


@pytest.mark.model
@pytest.mark.parametrize(("of", "name"), [(of, name) for of in PUBLIC for name in FLOORS[of]])
def test_public_sets_are_answered_as_well_as_before(of: str, name: str, public: dict[str, Figures]) -> None:
    assert FLOORS[of][name].holds(public[of][name].value), public[of][name]


@pytest.mark.model
@pytest.mark.parametrize("of", OWN)
def test_every_figure_of_the_briefs_has_a_floor(of: str, figures: dict[str, Figures]) -> None:
    assert set(figures[of]) == set(FLOORS[of])


def test_a_floor_rises_to_one_standard_error_below_what_is_measured_and_never_falls() -> None:
    share = Estimate(0.9, 0.85, 0.95, 100)
    assert raised(None, "hit@1", share).bound == 0.875
    assert raised(Floor("hit@1", 0.8, 0.8), "hit@1", share) == Floor("hit@1", 0.875, 0.9)
    assert raised(Floor("hit@1", 0.88, 0.9), "hit@1", share) == Floor("hit@1", 0.88, 0.9)


def test_a_ceiling_falls_and_never_rises() -> None:
    error = Estimate(0.1, 0.08, 0.16, 100)
    assert raised(None, "calibration_error", error).bound == 0.12
    assert raised(Floor("calibration_error", 0.11, 0.1), "calibration_error", error).bound == 0.11


def test_a_floor_lies_a_question_at_least_below_what_is_measured() -> None:
    assert raised(None, "hit@1", Estimate(1.0, 1.0, 1.0, 40)).bound == 0.975


def test_the_written_floors_are_read_again_and_keep_what_was_not_measured(tmp_path: Path) -> None:
    floors = {"squad2": {"auroc": Floor("auroc", 0.6, 0.7)}}
    file = tmp_path / "floors.toml"
    file.write_text(written({"briefs": {"hit@1": Estimate(0.9, 0.85, 0.95, 100)}}, floors), encoding="utf-8")
    assert read_floors(file) == {"briefs": {"hit@1": Floor("hit@1", 0.875, 0.9)}} | floors


def test_a_value_past_its_bound_does_not_hold() -> None:
    assert Floor("hit@1", 0.9, 0.95).holds(0.9)
    assert not Floor("hit@1", 0.9, 0.95).holds(0.899)
    assert Floor("brier", 0.2, 0.1).holds(0.2)
    assert not Floor("brier", 0.2, 0.1).holds(0.201)
    assert not Floor("wrongly_answered, swapped", 0.2, 0.1).holds(0.201)
