"""The fit of what a verifier adds to confidence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from training.fit_verification import Row, fitted

QUESTIONS = 3000


def asked(weight: float, ceiling: float, center: float) -> list[Row]:
    """Questions whose answerability is drawn from what confidence and a capped verifier say."""
    chance = np.random.default_rng(0)
    before, support = chance.normal(0, 1.5, QUESTIONS), chance.normal(-2, 2, QUESTIONS)
    likely = expit(before + weight * (np.minimum(support, ceiling) - center))
    right = chance.random(QUESTIONS) < likely
    rows = zip(right.tolist(), before.tolist(), support.tolist(), strict=True)
    return [Row("made", *row, subject=str(at // 3)) for at, row in enumerate(rows)]


def test_what_was_put_in_comes_out() -> None:
    found = fitted(asked(1.0, -2.0, -2.8))
    assert found.ceiling in {-3.0, -2.0, -1.0}
    assert found.weight == pytest.approx(1.0, abs=0.25)
    assert found.shift(-2.8) == pytest.approx(0.0, abs=0.25)


def test_a_verifier_that_says_nothing_counts_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    rows = asked(0.0, 0.0, 0.0)
    found = fitted(rows)
    assert np.mean([abs(found.shift(row.support)) for row in rows]) < 0.1
    assert "AUROC" in capsys.readouterr().out
