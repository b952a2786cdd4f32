"""Fit how dense, lexical and reading scores are combined.

    python -m training.fit_ranking --data EVAL --work FOLDER

Searches two small grids for the largest mean of MRR@10 over the development questions of the sets, each set counting
the same, and writes the winners into the shipped parameters: first how search scores are fused, then what reading adds
to that. What it would give to read more or less is printed at the end; how much is read was chosen by the time that it
takes. ``--fusion-only`` leaves the reader's values as they are, and needs no reader.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.figures import hit_at, reciprocal_rank
from retrieval.fusion import Candidates, search
from retrieval.parameters import SHIPPED, Parameters, RankingParameters
from retrieval.ranking import best_first, best_of_each_article, fuse, rank, to_read
from retrieval.reader import Reading
from retrieval.types import Filters
from training.data import LabelledQuestion, engine_with, indexed, read_questions, sample

SETS = ("squad2", "clapnq", "realtimeqa_2022")
_QUESTIONS = 400  # of a set
_READ = 8
FUSION = {
    "dense_weight": (0.4, 0.5, 0.6),
    "support_weight": (0.1, 0.3, 0.5),
    "recency_weight": (0.0, 0.1, 0.2),
}
# 670 questions tell no finer differences.
_PAYS = 0.002
READING = {
    "reader_weight": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "reader_in_odds": (False, True),
}
DEPTH = {"read": (3, 4, 6, 8), "read_characters": (0, 2400, 3600)}


@dataclass(frozen=True, slots=True)
class Searched:
    """A question, what was found for it, and what was read of that."""

    question: LabelledQuestion
    candidates: Candidates
    readings: dict[int, Reading]
    lengths: dict[int, int]


def collect(folder: Path, work: Path, ranking: RankingParameters, *, read: int) -> list[Searched]:
    """Search a set's answerable questions, and read so many passages for each of those that ``ranking`` puts first."""
    with indexed(folder / "corpus.jsonl", work) as app:
        engine = engine_with(app, replace(app.parameters, ranking=ranking), read=read)
        asked = sample([q for q in read_questions(folder) if q.answerable], _QUESTIONS)
        vectors = app.encoder.encode_queries([question.text for question in asked])
        depth = app.parameters.ranking.depth
        found = []
        for question, vector in zip(asked, vectors, strict=True):
            candidates = search(engine.index, question.text, partial(np.asarray, vector), depth, Filters())
            readings = engine.search(question.text, Filters()).readings if read else {}
            lengths = {passage.id: len(passage.text) for passage in app.catalogue.passages(list(readings))}
            found.append(Searched(question, candidates, readings, lengths))
        return found


def place(searched: Searched, parameters: RankingParameters) -> int | None:
    """The rank, from 0, of the first article that answers among the ten best; ``None`` where none does."""
    candidates = searched.candidates
    fused = fuse(candidates, parameters)
    first = candidates.ids[best_first(fused, candidates.ids)][: len(searched.readings)].tolist()
    chosen = first[: to_read([searched.lengths[i] for i in first], parameters)] if parameters.reader_weight else []
    ranked = rank(candidates, fused, {i: searched.readings[i] for i in chosen}, parameters)
    best = best_of_each_article(ranked.hits, 10)
    return next((at for at, hit in enumerate(best) if hit.article_id in searched.question.gold), None)


def score(found: list[Searched], parameters: RankingParameters) -> tuple[float, float]:
    """MRR@10 and Hit@1."""
    places = [place(searched, parameters) for searched in found]
    return float(np.mean([reciprocal_rank(at) for at in places])), float(np.mean([hit_at(1, at) for at in places]))


def mean_of(sets: Mapping[str, list[Searched]], parameters: RankingParameters, shown: object) -> float:
    """The mean of MRR@10 over the sets; prints it, and the figures of each."""
    found = {name: score(searched, parameters) for name, searched in sets.items()}
    mean = float(np.mean([mrr for mrr, _ in found.values()]))
    print(f"{mean:.4f}", shown, {name: f"MRR {mrr:.3f}, Hit@1 {one:.3f}" for name, (mrr, one) in found.items()})
    return mean


def best_of(
    sets: Mapping[str, list[Searched]],
    start: RankingParameters,
    grid: Mapping[str, Sequence[float]],
    pays: float = 0.0,
) -> RankingParameters:
    """The values of a grid that rank best, the others as they are.

    Of those that are worse than the best by no more than ``pays`` it is the fewest steps of the grid from ``start``:
    the questions do not tell them apart, and other questions spoke for the start.
    """
    scores = {start: mean_of(sets, start, "as shipped")}
    scores |= {parameters: mean_of(sets, parameters, values) for values, parameters in varied(start, grid)}
    best = max(scores.values())
    alike = [parameters for parameters, score in scores.items() if score >= best - pays]
    return min(alike, key=lambda parameters: (steps(start, parameters, grid), -scores[parameters]))


def steps(one: RankingParameters, other: RankingParameters, grid: Mapping[str, Sequence[float]]) -> int:
    """How many steps of a grid lie between two points, each taken as the nearest of the grid."""
    apart = 0
    for name, values in grid.items():
        first, last = (int(np.abs(np.array(values, float) - getattr(each, name)).argmin()) for each in (one, other))
        apart += abs(first - last)
    return apart


def varied(
    start: RankingParameters, grid: Mapping[str, Sequence[float]]
) -> Iterator[tuple[dict[str, float], RankingParameters]]:
    """Each point of a grid, and the parameters with its values."""
    for values in itertools.product(*grid.values()):
        named = dict(zip(grid, values, strict=True))
        yield named, replace(start, **named)  # type: ignore[arg-type]  # by their names


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the question sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for indexes, kept between runs")
    parser.add_argument("--fusion-only", action="store_true", help="leave the reader's values as they are")
    options = parser.parse_args()
    shipped = Parameters.load().ranking
    unread = {name: collect(options.data / name, options.work, shipped, read=0) for name in SETS}
    fitted = best_of(unread, replace(shipped, reader_weight=0.0), FUSION)
    fitted = replace(fitted, reader_weight=shipped.reader_weight)
    if not options.fusion_only:
        sets = {name: collect(options.data / name, options.work, fitted, read=_READ) for name in SETS}
        fitted = best_of(sets, fitted, READING, _PAYS)
        for values, parameters in varied(fitted, DEPTH):
            mean_of(sets, parameters, values)
    value = json.loads(SHIPPED.read_text(encoding="utf-8")) | {"ranking": asdict(fitted)}
    SHIPPED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
