"""Quality on question sets: ranking, the marked sentence, knowing when not to answer, and whether confidence is true.

    python -m benchmarks.quality --data EVAL [--sets squad2 clapnq] [--most 1000] [--held-out] [--json FILE]

EVAL holds a folder for each set, with ``corpus.jsonl`` and ``queries.jsonl``. Ranking is asked over the whole
corpus; the sentence, and whether to answer, over the passages that a question was written for where it
names them, else over the whole corpus. After each figure stands its bootstrap 95 % interval. Parameters were fitted on
some of the questions: ``--held-out`` leaves those out, and a set of which nothing remains.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks import figures
from benchmarks.asking import NOTHING_LEFT, Asked, ask, chosen, question_sets, unhurried
from benchmarks.figures import Bin, Estimate, Floats, estimate, mean
from benchmarks.tables import Table, print_tables
from training.data import engine_with, indexed, read_questions

Figures = dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Trust:
    """Knowing when not to answer, on one set: a question's answer, or that it has none.

    Args:
        unanswerable: how many of the questions are.
        figures: AUROC, the share rejected while 90 % are answered, what the bot itself answered, Brier score,
            calibration error and the area under risk and coverage.
        chance: the calibration error that perfect confidences would show on so few questions.
        bins: of the reliability diagram.
        coverage, risk: of the curve.
    """

    unanswerable: int
    figures: Figures
    chance: float
    bins: list[Bin]
    coverage: list[float]
    risk: list[float]


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of one set; ``ranking`` for each way of ranking, times in milliseconds."""

    name: str
    questions: int
    ranking: dict[str, Figures]
    sentence: Estimate | None
    candidates: Estimate | None
    trust: Trust | None
    p50_ms: float | None
    p95_ms: float | None


def measured(name: str, asked: Sequence[Asked]) -> Measured:
    """The figures of a set's answers."""
    answerable = [one for one in asked if one.answerable]
    ways: dict[str, list[int | None]] = {}
    for one in answerable:
        for way, place in one.places.items():
            ways.setdefault(way, []).append(place)
    marked = [float(one.marked) for one in answerable if one.marked is not None]
    ranks = [one.candidate for one in answerable if one.candidate is not None]
    times = [one.elapsed_ms for one in answerable if one.elapsed_ms is not None]
    return Measured(
        name=name,
        questions=len(answerable),
        ranking={way: _ranking(places) for way, places in ways.items()},
        sentence=mean(marked) if marked else None,
        candidates=mean(ranks) if ranks else None,
        trust=_trust(asked) if len(answerable) < len(asked) else None,
        p50_ms=float(np.percentile(times, 50)) if times else None,
        p95_ms=float(np.percentile(times, 95)) if times else None,
    )


def _ranking(places: Sequence[int | None]) -> Figures:
    hits = {f"hit@{k}": mean([figures.hit_at(k, place) for place in places]) for k in (1, 4, 10)}
    return hits | {"mrr@10": mean([figures.reciprocal_rank(place) for place in places])}


def _trust(asked: Sequence[Asked]) -> Trust:
    answerable = np.array([one.answerable for one in asked])
    confidence = np.array([one.confidence for one in asked])
    answered = np.array([not one.abstained for one in asked], dtype=np.float64)
    labels: Floats = answerable.astype(np.float64)
    right = np.array([one.answerable and one.right for one in asked], dtype=np.float64)
    kinds = confidence[answerable], confidence[~answerable]
    coverage, risk = figures.risk_coverage(confidence, right)
    return Trust(
        unanswerable=int((~answerable).sum()),
        figures={
            "auroc": estimate(figures.auroc, *kinds),
            "rejected@90": estimate(figures.rejected, *kinds),
            "answered": mean(answered[answerable]),
            "wrongly_answered": mean(answered[~answerable]),
            "calibration_error": figures.calibration_estimate(confidence, labels),
            "brier": mean((confidence - labels) ** 2),
            "aurc": estimate(figures.area_under_risk_coverage, confidence, right, paired=True),
        },
        chance=figures.chance_calibration_error(confidence),
        bins=figures.reliability(confidence, labels),
        coverage=coverage.tolist(),
        risk=risk.tolist(),
    )


def tables(found: Sequence[Measured]) -> Iterator[Table]:
    """What is shown of it."""
    columns = ("set", "questions", "ranked by", "Hit@1", "Hit@4", "Hit@10", "MRR@10")
    ranking = Table("Ranking of articles, over the whole corpus", columns)
    sentences = Table("The answer sentence", ("set", "marked sentence holds the answer", "MRR of the right candidate"))
    judged = ("set", "answerable / not", "AUROC", "rejected while 90 % are answered", "answered", "wrongly answered")
    trust = Table("Knowing when not to answer", judged)
    scored = ("set", "calibration error", "by chance alone", "Brier score", "area under risk and coverage")
    confidence = Table("Confidence", scored)
    times = Table("One answer over the whole corpus", ("set", "p50", "p95"))
    for one in found:
        for way, row in one.ranking.items():
            ranking.add(one.name, str(one.questions), way, *map(str, row.values()))
        if one.sentence or one.candidates:
            sentences.add(one.name, *("–" if cell is None else str(cell) for cell in (one.sentence, one.candidates)))
        if one.trust:
            of = one.trust.figures
            shown = [str(of[key]) for key in ("auroc", "rejected@90", "answered", "wrongly_answered")]
            trust.add(one.name, f"{one.questions} / {one.trust.unanswerable}", *shown)
            chance = figures.short(one.trust.chance)
            confidence.add(one.name, str(of["calibration_error"]), chance, str(of["brier"]), str(of["aurc"]))
        if one.p50_ms is not None and one.p95_ms is not None:
            times.add(one.name, f"{one.p50_ms:.0f} ms", f"{one.p95_ms:.0f} ms")
    yield from (ranking, sentences, trust, confidence, times)


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the question sets")
    parser.add_argument("--sets", nargs="+", help="only these; all by default")
    parser.add_argument("--most", type=int, default=1000, help="questions of each kind and set")
    parser.add_argument("--held-out", action="store_true", help="only questions that no parameter was fitted on")
    parser.add_argument("--work", type=Path, help="folder for indexes, kept between runs; a temporary one by default")
    parser.add_argument("--json", type=Path, help="also write the figures, and each answer's, here; after each set")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    options = parser.parse_args()
    try:
        folders = question_sets(options.data, options.sets)
    except ValueError as error:
        parser.error(str(error))
    rows: list[dict[str, object]] = []
    found: list[Measured] = []
    with tempfile.TemporaryDirectory() as temporary:
        for folder in folders:
            questions = chosen(folder.name, read_questions(folder), options.most, held_out=options.held_out)
            if not questions:
                print(f"{folder.name}: {NOTHING_LEFT}", file=sys.stderr)
                continue
            with indexed(folder / "corpus.jsonl", options.work or Path(temporary)) as made, unhurried(made) as app:
                engine = engine_with(app, app.parameters, read=0)
                asked = [ask(app, engine, question) for question in questions]
            found.append(measured(f"{folder.name}, held out" if options.held_out else folder.name, asked))
            rows.append(asdict(found[-1]) | {"asked": [asdict(one) for one in asked]})
            print(f"{folder.name}: {len(asked)} questions asked", file=sys.stderr, flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows) + "\n", encoding="utf-8")
    print_tables(list(tables(found)), as_markdown=options.markdown)


if __name__ == "__main__":
    main()
