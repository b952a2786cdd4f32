"""Fit how much it counts whether the best sentence bears out what a question supposes.

    python -m training.fit_verification --train TRAIN --data EVAL --work FOLDER --verifier MODEL

``MODEL`` is a model of natural language inference, by its hub name or in a folder. Development questions asked over the
passages that they were written for, and news questions of this and of other years over a whole corpus. A weight and a
centre of a logistic regression; all signals stay as they were fitted, on the same questions, so that nothing changes
without a verifier.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from retrieval.encoders.options import Precision
from retrieval.engine import Engine
from retrieval.parameters import SHIPPED, Verification
from retrieval.types import Filters
from retrieval.verifier.entailment import EntailmentVerifier
from retrieval.verifier.port import Verifier
from training.data import (
    LabelledQuestion,
    engine_with,
    indexed,
    of_other_years,
    read_questions,
    sample,
    scoped_questions,
)
from training.fit_calibration import Floats, evenly, subject

_SCOPED, _WHOLE = ("squad2", "clapnq"), "realtimeqa_2022"
_QUESTIONS = 1200  # of each set
_CEILINGS = (-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 10.0)
_STRENGTH = 1.0  # of the L2 penalty
_LEAST = 1e-3  # weight; one that small counts for nothing


class Row(NamedTuple):
    """Of which set it is, whether it is answerable, the log-odds of confidence and of support, what it is about."""

    kind: str
    right: bool
    before: float
    support: float
    subject: str


def rows(train: Path, data: Path, work: Path, verifier: Verifier) -> Iterator[Row]:
    """What confidence and verifier say of each question."""
    for name in (*_SCOPED, _WHOLE):
        whole = name == _WHOLE
        asked = sample((read_questions if whole else scoped_questions)(data / name), _QUESTIONS)
        asked += of_other_years(train) if whole else []
        with indexed(data / name / "corpus.jsonl", work) as app:
            engine = engine_with(app, app.parameters, verifier=verifier)
            for question in asked:
                yield from _row(name, engine, question)


def _row(kind: str, engine: Engine, question: LabelledQuestion) -> Iterator[Row]:
    filters = Filters(article_ids=None if kind == _WHOLE else question.scope)
    ranked = engine.search(question.text, filters)
    support = engine.support(question.text, ranked) if ranked.hits else None
    if support is not None:
        confidence = engine.calibration.confidence(engine.signals(question.text, filters, ranked))
        yield Row(kind, question.answerable, float(logit(confidence)), support, subject(question))


def fitted(found: list[Row]) -> Verification:
    """The verification of the least loss; prints what one fitted on other folds gives on each."""
    asked = _Asked.of(found)
    after = asked.before.copy()
    for known, unseen in GroupKFold(5).split(after, groups=[row.subject for row in found]):
        made = _best(asked.part(known))
        after[unseen] += [made.shift(float(one)) for one in asked.support[unseen]]
    print(f"loss {_loss(asked, asked.before):.4f}, with it {_loss(asked, after):.4f}")
    for kind in dict.fromkeys(asked.kinds.tolist()):
        of = asked.kinds == kind
        before, then = (roc_auc_score(asked.right[of], odds[of]) for odds in (asked.before, after))
        print(f"{kind}: AUROC {before:.3f}, with it {then:.3f} ({of.sum()} questions)")
    return _best(asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The rows as columns; ``share`` is how much each counts."""

    kinds: npt.NDArray[np.str_]
    right: npt.NDArray[np.bool_]
    before: Floats
    support: Floats
    share: Floats

    @classmethod
    def of(cls, found: list[Row]) -> Self:
        kinds, right = np.array([row.kind for row in found]), np.array([row.right for row in found])
        groups = np.array([f"{kind} {answerable}" for kind, answerable in zip(kinds, right, strict=True)])
        # Each set alike, those of it that are answerable as much as the others: most of what people wrote with a false
        # premise is of squad2, and news must not lose by it.
        before, support = (np.array([getattr(row, name) for row in found]) for name in ("before", "support"))
        return cls(kinds, right, before, support, evenly(groups))

    def part(self, rows: npt.NDArray[np.int64]) -> _Asked:
        return _Asked(*(getattr(self, name)[rows] for name in self.__slots__))


def _loss(asked: _Asked, odds: Floats) -> float:
    return float(-(asked.share * np.log(expit(np.where(asked.right, odds, -odds)))).mean())


def _best(asked: _Asked) -> Verification:
    """By the ceiling, the weight and the centre of the least loss; a weight is never below 0."""

    def loss(given: Floats, capped: Floats) -> float:
        weight, offset = given
        penalty = _STRENGTH * weight**2 / 2 / len(capped)
        return _loss(asked, asked.before + weight * capped + offset) + penalty

    made = []
    for ceiling in _CEILINGS:
        capped = np.minimum(asked.support, ceiling)
        bounds = [(_LEAST, None), (None, None)]
        result = minimize(loss, np.array([0.1, 0.0]), args=(capped,), bounds=bounds)
        weight, offset = map(float, result.x)
        made.append((float(result.fun), Verification(round(weight, 4), ceiling, round(-offset / weight, 4))))
    return min(made, key=lambda one: one[0])[1]


def main() -> None:
    """Fit, and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for name in ("train", "data", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--verifier", required=True)
    options = parser.parse_args()
    verifier = EntailmentVerifier(options.verifier, Precision.FLOAT32)
    found = list(rows(options.train, options.data, options.work, verifier))
    (options.work / "verification.json").write_text(json.dumps(found), encoding="utf-8")
    made = fitted(found)
    print(made)
    value: dict[str, Any] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    value["verification"] = asdict(made)
    SHIPPED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
