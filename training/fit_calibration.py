"""Fit confidence and the threshold below which the bot abstains.

    python -m training.fit_calibration --train TRAIN --data EVAL --work FOLDER

Logistic regression over the engine's own signals, on development questions asked in two ways: over a whole
corpus, where news questions of other years are among those that it cannot answer, and over the passages that
they were written for, where each signal has a second weight. Each answer of a kind counts the same. The threshold
keeps 98 in 100 of the answerable questions, each kind counting the same.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from benchmarks.figures import calibration_error, chance_calibration_error, rejected
from bot.app import Application
from retrieval.engine import Engine
from retrieval.parameters import SHIPPED, value_of
from retrieval.reader import MaxSimReader, Reader
from retrieval.signals import OPPOSED
from retrieval.types import Filters
from training.data import UNHURRIED, LabelledQuestion, indexed, of_other_years, read_questions, sample, scoped_questions

_QUESTIONS = 1200  # of each set
_ENCYCLOPEDIC = 150  # of each kind of each set that is no news, asked over a whole corpus
# News asked of news is what the bot is for; questions made to look answerable are the hardest to tell.
_SHARE = {"realtimeqa_2022, whole": 6.0, "squad2": 2.0}
_ANSWERED = 0.98
_CACHED = 4000  # passages kept by a reader, since questions share them
# Inverse of the L2 penalty. A strong one keeps weights small, and so confidence nearer one half than it should be.
_STRENGTH = 30.0
_DIVISIONS = 8  # into folds, since what one division gives is chance in part
_DRAWS = 10

READERS = ("calibration", "untrained", "plain")
"""The calibrations by what reads: the joint reader, MaxSim, words alone."""

Floats = npt.NDArray[np.float64]
Rows = list[tuple[str, bool, dict[str, float], str]]
"""Kind, whether it is answerable, the signals, and what it shares with other questions of its subject."""


def scoped(folder: Path, work: Path, *, reader: str) -> Rows:
    """Questions asked over the passages that they were written for."""
    with indexed(folder / "corpus.jsonl", work) as app:
        return _rows(folder.name, _engine(app, reader), sample(scoped_questions(folder), _QUESTIONS))


def whole(folder: Path, train: Path, work: Path, *, reader: str) -> Rows:
    """Questions asked over a whole corpus, and news questions of other years, which it cannot answer.

    A question that its own passage does not answer, though it looks as if, counts as one that no other answers either:
    a question with a false premise finds much that is near.
    """
    news = folder.name.startswith("realtimeqa")
    questions = sample(read_questions(folder), _QUESTIONS if news else 2 * _ENCYCLOPEDIC)
    with indexed(folder / "corpus.jsonl", work) as app:
        asked = [replace(question, scope=None) for question in questions]
        return _rows(f"{folder.name}, whole", _engine(app, reader), [*asked, *of_other_years(train)])


def collected(reader: str, train: Path, data: Path, work: Path, *, reuse: bool) -> Rows:
    """The signals of all kinds of questions, kept in ``work`` kind by kind; what is there is reused if wanted."""
    kept = work / f"signals.{reader}.json"
    rows: Rows = json.loads(kept.read_text(encoding="utf-8")) if reuse and kept.exists() else []
    there = {row[0] for row in rows}
    asked: dict[str, Callable[[], Rows]] = {
        f"{name}, whole": partial(whole, data / name, train, work, reader=reader)
        for name in ("realtimeqa_2022", "squad2", "clapnq")
    }
    asked |= {name: partial(scoped, data / name, work, reader=reader) for name in ("squad2", "clapnq", "rgb_en_fact")}
    for kind, ask in asked.items():
        if kind not in there:
            rows += ask()
            kept.write_text(json.dumps(rows), encoding="utf-8")
    return rows


def _engine(app: Application, reader: str) -> Engine:
    readers: dict[str, Callable[[], Reader | None]] = {
        "calibration": lambda: app.reader,
        "untrained": lambda: MaxSimReader(app.encoder, app.parameters.sentence, _CACHED),
        "plain": lambda: None,
    }
    parameters = app.parameters.reading("maxsim") if reader == "untrained" else app.parameters
    return Engine(app.store.current(), app.catalogue, app.encoder, readers[reader](), parameters, UNHURRIED)


def _rows(kind: str, engine: Engine, questions: Iterable[LabelledQuestion]) -> Rows:
    rows: Rows = []
    for question in questions:
        filters = Filters(article_ids=question.scope)
        ranked = engine.search(question.text, filters)
        if ranked.hits:
            signals = engine.signals(question.text, filters, ranked)
            rows.append((kind, question.answerable, signals, subject(question)))
    print(f"{kind}: {len(rows)} questions", flush=True)
    return rows


def subject(question: LabelledQuestion) -> str:
    """Its article, where it has one; questions on one article must not lie on both sides of a fold."""
    alone = question.scope if question.scope and len(question.scope) == 1 else frozenset()
    return min(question.gold or alone or {question.text})


def fit(rows: Rows) -> dict[str, object]:
    """A calibration as the parameter file holds it; prints what it gives on held-out folds."""
    names, values = _columns(rows)
    right = np.array([row[1] for row in rows])
    kinds = np.array([row[0] for row in rows])
    groups = np.array([f"{kind}{answerable}" for kind, answerable in zip(kinds, right, strict=True)])
    share = np.array([_SHARE.get(kind, 1.0) for kind in kinds])
    weight = share * np.array([len(rows) / (groups == group).sum() for group in groups]) / len(set(groups))
    center, scale = values.mean(axis=0), values.std(axis=0)
    model = LogisticRegression(C=_STRENGTH, max_iter=5000)
    scaled = (values - center) / scale
    subjects = [row[3] for row in rows]
    divisions: list[Floats] = []
    for seed in range(_DIVISIONS):
        folds = list(StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(scaled, groups, subjects))
        likelihoods = cross_val_predict(
            model, scaled, right, cv=folds, method="predict_proba", params={"sample_weight": weight}
        )
        divisions.append(likelihoods[:, 1])
    held_out = np.mean(divisions, axis=0)
    threshold = _threshold(held_out, right, kinds)
    for kind in sorted(set(kinds)):
        of = kinds == kind
        yes, no = held_out[of & right], held_out[of & ~right]
        apart, chance = np.mean([balanced_error(likely[of], right[of]) for likely in divisions], axis=0)
        print(
            f"{kind}: AUROC {roc_auc_score(right[of], held_out[of]):.3f}, rejected while 90 % are kept "
            f"{rejected(yes, no):.3f}, calibration error {apart:.3f} (by chance {chance:.3f}), "
            f"answered {(yes >= threshold).mean():.3f}, wrongly {(no >= threshold).mean():.3f}"
        )
    model.fit(scaled, right, sample_weight=weight)
    weights = model.coef_[0] / scale
    return {
        "intercept": round(float(model.intercept_[0] - weights @ center), 4),
        "weights": {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)},
        "threshold": round(float(threshold), 3),
    }


def balanced_error(likely: Floats, right: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The calibration error over as many questions with an answer as without, as confidence is fitted, and by chance.

    The mean over draws of the kind of which there are more.
    """
    kinds = [np.flatnonzero(right), np.flatnonzero(~right)]
    few = min(map(len, kinds))
    draw = np.random.default_rng(0)
    parts = [np.concatenate([draw.choice(kind, few, replace=False) for kind in kinds]) for _ in range(_DRAWS)]
    errors = [calibration_error(likely[part], right[part].astype(np.float64)) for part in parts]
    return float(np.mean(errors)), chance_calibration_error(likely[parts[0]])


def _columns(rows: Rows) -> tuple[list[str], Floats]:
    """The signals and their products with ``narrow``, but for those that are always the same.

    What the opposite of a question tells is fitted on its own, by :mod:`training.fit_opposed`.
    """
    alone = [name for name in rows[0][2] if name not in ("narrow", OPPOSED)]
    names = ["narrow", *alone, *(f"narrow*{name}" for name in alone)]
    values = np.array([[value_of(name, row[2]) for name in names] for row in rows])
    varies = values.std(axis=0) > 0
    return [name for name, kept in zip(names, varies, strict=True) if kept], values[:, varies]


def _threshold(likely: Floats, right: npt.NDArray[np.bool_], kinds: npt.NDArray[np.str_]) -> float:
    """Below which two in a hundred of the answerable questions lie, each kind counting the same."""
    order = np.argsort(likely[right], kind="stable")
    weight = np.array([1 / (right & (kinds == kind)).sum() for kind in kinds[right][order]])
    place = np.searchsorted(np.cumsum(weight) / weight.sum(), 1 - _ANSWERED)
    return float(likely[right][order][place])


def main() -> None:
    """Fit for each reader, and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("train", "data", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--reuse", action="store_true", help="go on with the signals that lie in the folder")
    parser.add_argument("--only", nargs="*", choices=READERS, default=READERS, help="fit these alone")
    options = parser.parse_args()
    fitted = {}
    for name in options.only:
        fitted[name] = fit(collected(name, options.train, options.data, options.work, reuse=options.reuse))
    value = json.loads(SHIPPED.read_text(encoding="utf-8")) | fitted
    SHIPPED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
