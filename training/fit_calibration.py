"""Fit confidence and the threshold below which the bot abstains.

    python -m training.fit_calibration --train TRAIN --data EVAL --work FOLDER

Logistic regression over the engine's own signals, on development questions asked in two ways: over a whole
corpus, where news questions of other years are among those that it cannot answer, and over the passages that
they were written for, where signals have a second weight. Of the questions that were written for the reader, those from
which it did not learn are asked over all their passages. Each answer of a kind counts the same. A signal counts only
if, without it, sets that the fit has not seen would be told less well. How well the marked sentence answers by itself
counts besides: it tells unseen sets nothing more, but those questions of squad2 that nothing was fitted on. What the
opposite of a question tells is fitted by :mod:`training.fit_opposed`. The threshold keeps 95 in 100 of the answerable
questions, each kind counting the same.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.figures import calibration_error, chance_calibration_error, rejected
from bot.app import Application
from retrieval.engine import Engine
from retrieval.parameters import SHIPPED, value_of
from retrieval.reader import MaxSimReader, Reader
from retrieval.signals import ALONE, OPPOSED
from retrieval.types import Filters
from training.data import (
    UNHURRIED,
    LabelledQuestion,
    giving,
    indexed,
    of_other_years,
    read_questions,
    sample,
    scoped_questions,
)
from training.written import NAME, read_written, write_set

_QUESTIONS = 1200  # of each set, and of each kind of one that is asked over a whole corpus of news
_ENCYCLOPEDIC = 150  # of each kind of each set that is no news, asked over a whole corpus
# News asked of news is what the bot is for; questions made to look answerable are the hardest to tell.
_SHARE = {"realtimeqa_2022, whole": 20.0, "squad2": 2.0}
_ANSWERED = 0.95
_SMALL = "rgb_en_fact"  # 51 questions of a kind: what tells them is chance in part
_TOLERANCE = 0.001  # of AUROC
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
    news = folder.name in (NAME, "realtimeqa_2022")
    questions = sample(read_questions(folder), 2 * _QUESTIONS if news else 2 * _ENCYCLOPEDIC)
    with indexed(folder / "corpus.jsonl", work) as app:
        asked = [replace(question, scope=None) for question in questions]
        return _rows(f"{folder.name}, whole", _engine(app, reader), [*asked, *of_other_years(train)])


def whole_written(train: Path, work: Path, *, reader: str) -> Rows:
    """Questions written for passages from which no reader learned, asked over all that any were written for."""
    folder = work / "sets" / NAME
    write_set(read_written(train), folder)
    return whole(folder, train, work, reader=reader)


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
    asked[f"{NAME}, whole"] = partial(whole_written, train, work, reader=reader)
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
    parameters = giving(app.parameters, ALONE)
    if reader == "untrained":
        parameters = parameters.reading("maxsim")
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


def evenly(groups: npt.NDArray[np.str_]) -> Floats:
    """How much each row counts, so that each group counts the same; 1 on average."""
    share: Floats = np.array([1 / (groups == group).sum() for group in groups])
    return share / share.mean()


class _Labels(NamedTuple):
    """Of each row: its kind, set and subject, whether it is answerable, that and its kind, how much it counts."""

    kinds: npt.NDArray[np.str_]
    sets: npt.NDArray[np.str_]
    subjects: npt.NDArray[np.str_]
    right: npt.NDArray[np.bool_]
    strata: npt.NDArray[np.str_]
    weight: Floats

    @classmethod
    def of(cls, rows: Rows) -> Self:
        right = np.array([row[1] for row in rows])
        kinds = np.array([row[0] for row in rows])
        strata = np.array([f"{kind}{answerable}" for kind, answerable in zip(kinds, right, strict=True)])
        share = np.array([_SHARE.get(kind, 1.0) for kind in kinds])
        weight = share * evenly(strata)
        sets = np.array([kind.split(",")[0] for kind in kinds])
        return cls(kinds, sets, np.array([row[3] for row in rows]), right, strata, weight)


def fit(rows: Rows) -> dict[str, object]:
    """A calibration as the parameter file holds it; prints what it gives on held-out folds."""
    labels = _Labels.of(rows)
    counting = chosen(rows)
    if ALONE in rows[0][2]:
        counting.append(ALONE)
        print(f"on unseen sets, by {counting}: {_printed(_unseen(rows, labels, counting))}")
    names, values = _columns(rows, counting)
    divisions: list[Floats] = []
    for seed in range(_DIVISIONS):
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        divisions.append(_held_out(values, labels, folds.split(values, labels.strata, labels.subjects)))
    threshold = _reported(divisions, labels)
    model = _model().fit(values, labels.right, logisticregression__sample_weight=labels.weight)
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    return {
        "intercept": round(float(regression.intercept_[0] - weights @ scaler.mean_), 4),
        "weights": {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)},
        "threshold": round(threshold, 3),
    }


def chosen(rows: Rows) -> list[str]:
    """The signals that count.

    Leaves out one after the other, each time the one without which sets that the fit has not seen are told best, of
    equals the last, until that costs more than a thousandth of AUROC: what tells a set's unanswerable questions by how
    they were made is of no use for others.
    """
    labels = _Labels.of(rows)
    left = [name for name in rows[0][2] if name not in ("narrow", OPPOSED, ALONE)]
    told = _unseen(rows, labels, left)
    best = _mean(told)
    print(f"on unseen sets, by {left}: {_printed(told)}")
    while len(left) > 1:
        without = {name: _unseen(rows, labels, [other for other in left if other != name]) for name in reversed(left)}
        name = max(without, key=lambda name: _mean(without[name]))
        if _mean(without[name]) < best - _TOLERANCE:
            break
        best = max(best, _mean(without[name]))
        left.remove(name)
        print(f"  without {name}: {_printed(without[name])}")
    return left


def _unseen(rows: Rows, labels: _Labels, names: Sequence[str]) -> dict[str, float]:
    """The AUROC of each kind of questions, by what was fitted on those of the other sets that are not asked of it."""
    _, values = _columns(rows, names)
    folds = [
        (known[~np.isin(labels.subjects[known], labels.subjects[unseen])], unseen)
        for known, unseen in LeaveOneGroupOut().split(values, groups=labels.sets)
    ]
    likely = _held_out(values, labels, folds)
    kinds = {kind: labels.kinds == kind for kind in sorted(set(labels.kinds))}
    return {kind: float(roc_auc_score(labels.right[of], likely[of])) for kind, of in kinds.items()}


def _mean(told: Mapping[str, float]) -> float:
    return float(np.mean([value for kind, value in told.items() if kind != _SMALL]))


def _printed(told: Mapping[str, float]) -> str:
    each = ", ".join(f"{kind} {value:.3f}" for kind, value in told.items())
    return f"AUROC {_mean(told):.4f} ({each})"


def _model() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=_STRENGTH, max_iter=5000))


def _held_out(values: Floats, labels: _Labels, folds: Iterable[tuple[Any, Any]]) -> Floats:
    """Each row's confidence by what was fitted without its fold."""
    weights = {"logisticregression__sample_weight": labels.weight}
    likelihoods = cross_val_predict(
        _model(), values, labels.right, cv=list(folds), method="predict_proba", params=weights
    )
    return np.asarray(likelihoods[:, 1], dtype=np.float64)


def _reported(divisions: list[Floats], labels: _Labels) -> float:
    """The threshold, by the mean of what divisions into folds give; prints what that gives."""
    right, held_out = labels.right, np.mean(divisions, axis=0)
    threshold = _threshold(held_out, right, labels.kinds)
    for kind in sorted(set(labels.kinds)):
        of = labels.kinds == kind
        yes, no = held_out[of & right], held_out[of & ~right]
        apart, chance = np.mean([balanced_error(likely[of], right[of]) for likely in divisions], axis=0)
        print(
            f"{kind}: AUROC {roc_auc_score(right[of], held_out[of]):.3f}, rejected while 90 % are kept "
            f"{rejected(yes, no):.3f}, calibration error {apart:.3f} (by chance {chance:.3f}), "
            f"answered {(yes >= threshold).mean():.3f}, wrongly {(no >= threshold).mean():.3f}"
        )
    return threshold


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


def _columns(rows: Rows, names: Sequence[str]) -> tuple[list[str], Floats]:
    """These signals and their products with ``narrow``, but for what is always the same.

    What the sentence gives by itself is there in narrow searches alone.
    """
    columns = ["narrow", *names, *(f"narrow*{name}" for name in names if name != ALONE)]
    values = np.array([[value_of(name, row[2]) for name in columns] for row in rows])
    varies = values.std(axis=0) > 0
    return [name for name, kept in zip(columns, varies, strict=True) if kept], values[:, varies]


def _threshold(likely: Floats, right: npt.NDArray[np.bool_], kinds: npt.NDArray[np.str_]) -> float:
    """Below which five in a hundred of the answerable questions lie, each kind counting the same."""
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
