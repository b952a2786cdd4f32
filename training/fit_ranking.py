"""Fit how dense, lexical and reading scores are combined.

    python -m training.fit_ranking --data EVAL --work FOLDER

Searches a small grid for the largest mean of Hit@1 and Hit@10 over the development questions of the sets,
each set counting the same, and writes the winner into the shipped parameters.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from retrieval.fusion import Candidates
from retrieval.parameters import SHIPPED, Parameters, RankingParameters
from retrieval.ranking import best_first, best_of_each_article, fuse, rank
from retrieval.reader import Reading
from retrieval.types import Filters
from training.data import LabelledQuestion, engine_with, indexed, read_questions, sample

SETS = ("squad2", "clapnq", "realtimeqa_2022")
_QUESTIONS = 400  # of a set
_READ = 20
GRID = {
    "dense_weight": (0.4, 0.5, 0.6),
    "support_weight": (0.0, 0.1, 0.2, 0.3),
    "read": (0, 8, 16),
    "reader_weight": (0.2, 0.3, 0.4, 0.5),
}


@dataclass(frozen=True, slots=True)
class Searched:
    """A question, what was found for it, and what was read of that."""

    question: LabelledQuestion
    candidates: Candidates
    readings: dict[int, Reading]


def collect(folder: Path, work: Path) -> list[Searched]:
    """Search a set's answerable questions once."""
    with indexed(folder / "corpus.jsonl", work) as app:
        engine = engine_with(app, app.parameters, read=_READ)
        asked = sample([q for q in read_questions(folder) if q.answerable], _QUESTIONS)
        found = []
        for question in asked:
            ranked = engine.search(question.text, Filters())
            hits = sorted(ranked.hits, key=lambda hit: hit.passage_id)
            why = [hit.explanation for hit in hits]
            candidates = Candidates(
                ids=np.array([hit.passage_id for hit in hits], dtype=np.int64),
                article_ids=tuple(hit.article_id for hit in hits),
                dense=np.array([e.dense for e in why]),
                lexical=np.array([e.lexical for e in why]),
                dense_rank=np.array([e.dense_rank or 0 for e in why]),
                lexical_rank=np.array([e.lexical_rank or 0 for e in why]),
            )
            found.append(Searched(question, candidates, ranked.readings))
        return found


def place(searched: Searched, parameters: RankingParameters) -> int | None:
    """The rank, from 0, of the first article that answers among the ten best; ``None`` where none does."""
    candidates = searched.candidates
    fused = fuse(candidates, parameters)
    first = candidates.ids[best_first(fused, candidates.ids)].tolist()
    readable = [i for i in first if i in searched.readings][: parameters.read]
    ranked = rank(candidates, fused, {i: searched.readings[i] for i in readable}, parameters)
    best = best_of_each_article(ranked.hits, 10)
    return next((at for at, hit in enumerate(best) if hit.article_id in searched.question.gold), None)


def score(found: list[Searched], parameters: RankingParameters) -> tuple[float, float]:
    """Hit@1 and Hit@10."""
    places = [place(searched, parameters) for searched in found]
    return sum(p == 0 for p in places) / len(places), sum(p is not None for p in places) / len(places)


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the question sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for indexes, kept between runs")
    options = parser.parse_args()
    sets = {name: collect(options.data / name, options.work) for name in SETS}
    depth = Parameters.load().ranking.depth
    best: tuple[float, RankingParameters] | None = None
    for values in itertools.product(*GRID.values()):
        parameters = RankingParameters(depth=depth, **dict(zip(GRID, values, strict=True)))
        scores = {name: score(found, parameters) for name, found in sets.items()}
        mean = float(np.mean([sum(pair) for pair in scores.values()]))
        if best is None or mean > best[0]:
            best = (mean, parameters)
            print(f"{mean:.4f}", values, {name: f"{one:.3f}/{ten:.3f}" for name, (one, ten) in scores.items()})
    if best is not None:
        value = json.loads(SHIPPED.read_text(encoding="utf-8")) | {"ranking": asdict(best[1])}
        SHIPPED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
