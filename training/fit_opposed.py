"""Fit how much it counts that passages answer the opposite of a question better.

    python -m training.fit_opposed --train TRAIN --data EVAL --work FOLDER

Development questions of an act that has an opposite, as they are and asked the other way, over the passages that
they were written for: only as they are does anything answer. One weight of a logistic regression; all others stay as
:mod:`training.fit_calibration` has fitted them, and so does the confidence in questions without such a word.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from retrieval.engine import Engine
from retrieval.opposites import asked_the_other_way
from retrieval.parameters import SHIPPED, Parameters
from retrieval.signals import OPPOSED
from retrieval.types import Filters
from training.data import LabelledQuestion, engine_with, giving, indexed, sample, scoped_questions
from training.fit_calibration import Floats, subject

_SETS = ("squad2", "clapnq")
_QUESTIONS = 240  # of each set
_STRENGTH = 1.0  # of the L2 penalty

Row = tuple[str, float, float, str]
"""What kind it is of, the log-odds without the signal, the signal, and what it is about."""

_ANSWERABLE, _UNANSWERABLE, _REVERSED = "answerable", "unanswerable", "asked the other way"


def asked(folder: Path, work: Path) -> Iterator[Row]:
    """The rows of a set: its questions, and those answerable asked the other way."""
    questions = sample([q for q in scoped_questions(folder) if asked_the_other_way(q.text)], _QUESTIONS)
    with indexed(folder / "corpus.jsonl", work) as app:
        engine = engine_with(app, giving(app.parameters, OPPOSED))
        for question in questions:
            yield _row(engine, question, _ANSWERABLE if question.answerable else _UNANSWERABLE)
            if question.answerable and (other := asked_the_other_way(question.text)):
                yield _row(engine, replace(question, text=other), _REVERSED)


def fitted(rows: list[Row]) -> float:
    """The weight; prints what it gives on held-out folds."""
    kinds = np.array([row[0] for row in rows])
    before, signal = (np.array(column, dtype=np.float64) for column in list(zip(*rows, strict=True))[1:3])
    right = kinds == _ANSWERABLE
    after = before.copy()
    for known, unseen in GroupKFold(5).split(signal, groups=[row[3] for row in rows]):
        after[unseen] += _weight(right[known], before[known], signal[known]) * signal[unseen]
    threshold = float(logit(Parameters.load().calibration.threshold))
    for name, odds in (("without", before), ("with it", after)):
        answered = {kind: f"{(odds[kinds == kind] >= threshold).mean():.3f}" for kind in sorted(set(kinds.tolist()))}
        apart = {
            kind: f"{roc_auc_score(right[right | (kinds == kind)], odds[right | (kinds == kind)]):.3f}"
            for kind in (_UNANSWERABLE, _REVERSED)
        }
        print(f"{name}: answered {answered}, AUROC {apart} ({len(rows)} questions)")
    return _weight(right, before, signal)


def _weight(right: npt.NDArray[np.bool_], before: Floats, signal: Floats) -> float:
    """That of the least loss; what is answerable and what is not count alike."""
    share = np.where(right, 0.5 / right.mean(), 0.5 / (1 - right.mean()))

    def loss(weight: float) -> float:
        likely = expit(before + weight * signal)
        return float(-(share * np.log(np.where(right, likely, 1 - likely))).sum() + _STRENGTH * weight**2 / 2)

    return float(minimize_scalar(loss, bounds=(-10, 10), method="bounded").x)


def _row(engine: Engine, question: LabelledQuestion, kind: str) -> Row:
    filters = Filters(article_ids=question.scope)
    ranked = engine.search(question.text, filters)
    signals = engine.signals(question.text, filters, ranked)
    before = engine.calibration.confidence(signals)
    return kind, float(logit(before)), signals[OPPOSED], subject(question)


def main() -> None:
    """Fit, and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("train", "data", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    rows = [row for name in _SETS for row in asked(options.data / name, options.work)]
    (options.work / "opposed.json").write_text(json.dumps(rows), encoding="utf-8")
    weight = round(fitted(rows), 4)
    print(f"weight {weight}")
    value = json.loads(SHIPPED.read_text(encoding="utf-8"))
    value["calibration"]["weights"][OPPOSED] = weight
    SHIPPED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
