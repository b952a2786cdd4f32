"""Fit the weights of the reader's sentence features.

    python -m training.fit_reader --train TRAIN --data EVAL --work FOLDER

Conditional logit: among the sentences of a passage, those that hold the end of a known answer are to be the
likelier ones. Training pairs are disjoint from the evaluation sets. Rare words are weighed by the corpus of
``realtimeqa_2022`` (its articles, not its questions).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from retrieval.parameters import SHIPPED
from retrieval.reader import FEATURES, MaxSimReader
from retrieval.types import Article, Passage
from training.data import engine_with, indexed, read_passages

# Rows read of each training set; those without an answer, or too long to be read whole, are passed over.
SETS = {
    "squad_train_44": 3600,
    "squad_dev11_13": 1200,
    "nq_dev": 900,
    "tydiqa_en": 900,
    "mlqa_en_dev": 600,
    "realtimeqa_2023_2026": 1500,
}
_LONGEST = 1300  # characters
_L2 = 1.0
_FOLDS = 5

Floats = npt.NDArray[np.float64]
Group = tuple[Floats, npt.NDArray[np.bool_]]
"""Features of a passage's sentences, float64 ``(sentences, features)``, and which of them answer."""


def groups(train: Path, data: Path, work: Path) -> list[Group]:
    """The passages of all training sets."""
    found: list[Group] = []
    with indexed(data / "realtimeqa_2022" / "corpus.jsonl", work) as app:
        reader = MaxSimReader(app.encoder)
        weigh = engine_with(app, app.parameters).weigh
        for name, most in SETS.items():
            for row in read_passages(train / f"{name}.jsonl.gz", most, seed=5):
                if row["answer_spans"] and len(row["passage"]) <= _LONGEST:
                    article = Article("passage", row["passage"], row.get("title") or "")
                    passage = Passage(1, article, 0, len(article.text))
                    spans, features = reader.features(row["question"], passage, weigh)
                    ends = [end for _, end in row["answer_spans"]]
                    right = np.array([any(span.start < end <= span.end for end in ends) for span in spans])
                    if 0 < right.sum() < len(right):
                        found.append((features, right))
            print(f"{name}: {len(found)} passages so far", flush=True)
    np.random.default_rng(1).shuffle(found)  # type: ignore[arg-type]
    return found


def fit(passages: list[Group]) -> Floats:
    """Weights of the features, float64 ``(features,)``."""
    scale = np.vstack([features for features, _ in passages]).std(axis=0) + 1e-9

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, gradient = _L2 * float(weights @ weights) / 2, _L2 * weights
        for features, right in passages:
            scaled = features / scale
            scores = scaled @ weights
            likely = np.exp(scores - scores.max())
            likely /= likely.sum()
            share = likely * right
            total -= float(np.log(share.sum() + 1e-12))
            gradient = gradient - scaled.T @ (share / share.sum() - likely)
        return total, gradient

    fitted: Floats = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x
    return fitted / scale


def accuracy(passages: list[Group], weights: Floats) -> float:
    """How often the best-scored sentence is right."""
    return float(np.mean([right[np.argmax(features @ weights)] for features, right in passages]))


def main() -> None:
    """Fit, say what it gives on held-out folds, and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("train", "data", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    passages = groups(options.train, options.data, options.work)
    folds = [passages[at::_FOLDS] for at in range(_FOLDS)]
    fitted = [fit([p for other in folds if other is not fold for p in other]) for fold in folds]
    maxsim = np.eye(len(FEATURES))[0]
    print("held-out accuracy", np.mean([accuracy(f, w) for f, w in zip(folds, fitted, strict=True)]).round(4))
    print("MaxSim alone", np.mean([accuracy(fold, maxsim) for fold in folds]).round(4))
    weights = dict(zip(FEATURES, fit(passages).round(3).tolist(), strict=True))
    value = json.loads(SHIPPED.read_text(encoding="utf-8")) | {"sentence": weights}
    SHIPPED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    print(weights)


if __name__ == "__main__":
    main()
