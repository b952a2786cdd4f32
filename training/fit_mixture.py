"""Fit how much the joint reader and MaxSim each count where both read.

    python -m training.fit_mixture --data EVAL --work FOLDER

On development questions asked over the passages that they were written for. The share in the scores of sentences is
the one with which the best sentence of the best passage holds the answer most often, the share in those of passages the
one of the largest AUROC of the best score between questions with and without an answer, each on the mean of the
sets; the shipped ones stay unless another is better by two hundredths. The offset makes MaxSim as sure on average as
the joint reader. ``--focus 128/64`` prints the same two figures for other numbers of tokens that the joint reader
reads of likely passages and of others, and fits nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from bot.app import Application
from retrieval.engine import Engine
from retrieval.joint.focus import Focus
from retrieval.joint.models import load_joint_model
from retrieval.joint.reader import joint_and_maxsim
from retrieval.mixed_reader import MixedReader, Mixture, level, mixed
from retrieval.parameters import SHIPPED, Parameters
from retrieval.reader import Reading
from retrieval.types import Filters, Passage
from training.data import LabelledQuestion, engine_with, indexed, sample, scoped_questions

SETS = ("squad2", "clapnq", "rgb_en_fact")
SHARES = (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_QUESTIONS = 1200  # of a set
# About two standard errors of a mean over the sets, of which one has 51 answerable questions.
_PAYS = 0.02


@dataclass(frozen=True, slots=True)
class ReadTwice:
    """A question, where it was asked, and what each reader made of that."""

    question: LabelledQuestion
    passages: Sequence[Passage]
    joint: Sequence[Reading]
    maxsim: Sequence[Reading]


def collect(folder: Path, work: Path, focus: Focus | None = None) -> list[ReadTwice]:
    """A set's development questions, read; so many tokens of a passage by the joint reader."""
    questions = scoped_questions(folder)
    with indexed(folder / "corpus.jsonl", work) as app:
        engine = engine_with(app, app.parameters, read=0)
        model = load_joint_model(app.settings.precision, app.settings.encoder_backend, work / "models")
        reader = joint_and_maxsim(model, app.parameters, store=app.representations, focus=focus)
        return [_read(app, engine, reader, question) for question in sample(questions, _QUESTIONS)]


def _read(app: Application, engine: Engine, reader: MixedReader, question: LabelledQuestion) -> ReadTwice:
    found = engine.survey(question.text, Filters(article_ids=question.scope), app.parameters.ranking.depth)
    passages = app.catalogue.passages([hit.passage_id for hit in found])
    maxsim = reader.second.read(question.text, passages, engine.weigh)
    joint = reader.first.read_likeliest(question.text, passages, engine.weigh, maxsim)
    return ReadTwice(question, passages, joint, maxsim)


def offset(found: Sequence[ReadTwice]) -> float:
    """How much surer MaxSim is than the joint reader, on average over all that was read."""
    pairs = [pair for each in found for pair in zip(each.joint, each.maxsim, strict=True)]
    return float(np.mean([level(maxsim) - joint.score for joint, maxsim in pairs]))


def figures(found: Sequence[ReadTwice], mixture: Mixture) -> tuple[float, float]:
    """The share of answers that the best sentence holds, and the AUROC of the best score."""
    held: list[bool] = []
    scores: list[float] = []
    for each in found:
        readings = [mixed(joint, maxsim, mixture) for joint, maxsim in zip(each.joint, each.maxsim, strict=True)]
        best, passage = max(zip(readings, each.passages, strict=True), key=lambda pair: pair[0].score)
        scores.append(best.score)
        if each.question.answerable:
            held.append(each.question.answered_by(best.sentences[0][0].of(passage.article.text)))
    return float(np.mean(held)), float(roc_auc_score([each.question.answerable for each in found], scores))


def best_mixture(sets: Mapping[str, Sequence[ReadTwice]], shipped: Mixture) -> Mixture:
    """The shares of the largest means over the sets, or the shipped ones where none is better by ``_PAYS``."""
    apart = offset([each for found in sets.values() for each in found])
    held: dict[float, float] = {}
    told: dict[float, float] = {}
    for share in SHARES:
        by_set = {name: figures(found, Mixture(share, share, apart)) for name, found in sets.items()}
        held[share], told[share] = np.mean(list(by_set.values()), axis=0).tolist()
        shown = ", ".join(f"{name} {one:.3f} / {other:.3f}" for name, (one, other) in by_set.items())
        print(f"share {share:.1f}: {held[share]:.4f} / {told[share]:.4f} ({shown})", flush=True)
    return Mixture(_best(held, shipped.marking), _best(told, shipped.judging), round(apart, 2))


def _best(means: Mapping[float, float], shipped: float) -> float:
    share = max(means, key=means.__getitem__)
    return share if means[share] > means[shipped] + _PAYS else shipped


def compare(tried: Sequence[Focus], data: Path, work: Path) -> None:
    """Print what reading so much of each passage gives under the shipped mixture."""
    mixture = Parameters.load().mixture
    for focus in tried:
        found = {name: figures(collect(data / name, work, focus), mixture) for name in SETS}
        shown = ", ".join(f"{name} {one:.3f} / {other:.3f}" for name, (one, other) in found.items())
        print(f"{focus.likely}/{focus.others} tokens: {shown}", flush=True)


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the question sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for indexes, kept between runs")
    parser.add_argument("--focus", nargs="+", metavar="LIKELY/OTHERS", help="compare these, and fit nothing")
    options = parser.parse_args()
    if options.focus:
        compare([Focus(*map(int, each.split("/"))) for each in options.focus], options.data, options.work)
        return
    found = {name: collect(options.data / name, options.work) for name in SETS}
    fitted = best_mixture(found, Parameters.load().mixture)
    value = json.loads(SHIPPED.read_text(encoding="utf-8")) | {"mixture": asdict(fitted)}
    SHIPPED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
