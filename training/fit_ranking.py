"""Fit how dense, lexical and reading scores are combined.

    python -m training.fit_ranking --data EVAL --work FOLDER

Searches two small grids for the largest mean of MRR@10 over the development questions of the sets, each set counting
the same, and writes what wins by more than chance into the shipped parameters: first how search scores are fused, then
what reading adds to that. What it would give to read more or less is printed at the end; how much is read was chosen by
the time that it takes. ``--fusion-only`` leaves the reader's values as they are, and needs no reader.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.figures import hit_at, reciprocal_rank
from retrieval.fusion import Candidates, search
from retrieval.parameters import SHIPPED, Parameters, RankingParameters
from retrieval.ranking import best_first, best_of_each_article, fuse, rank, to_read, to_read_on
from retrieval.reader import Reading
from retrieval.types import Filters
from training.data import LabelledQuestion, engine_with, indexed, read_questions, sample

SETS = ("squad2", "clapnq", "realtimeqa_2022")
_QUESTIONS = 1200  # of a set
FUSION = {
    "dense_weight": (0.4, 0.5, 0.6),
    "support_weight": (0.1, 0.3, 0.5),
    "recency_weight": (0.0, 0.1, 0.2),
}
READING = {
    "reader_weight": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "reader_in_odds": (False, True),
}
# No more than four passages are read on, so that how much of each is read does not hang on which others are.
DEPTH = {"read_on": (0, 6, 8), "hoped": (0.7, 0.8, 0.9, 1.0)}
_ERRORS = 1.96  # standard errors of a difference

Ranks = Mapping[str, npt.NDArray[np.float64]]
"""By set, one over the rank of the first right article of each question, 0 after the tenth."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A question, what was found for it, and what was read of that."""

    question: LabelledQuestion
    candidates: Candidates
    readings: dict[int, Reading]
    lengths: dict[int, int]


def collect(folder: Path, work: Path, ranking: RankingParameters) -> list[Searched]:
    """Search a set's answerable questions, and read for each as many passages as any of ``DEPTH`` would."""
    with indexed(folder / "corpus.jsonl", work) as app:
        on = replace(ranking, read_on=max(DEPTH["read_on"]), hoped=math.inf)
        engine = engine_with(app, replace(app.parameters, ranking=on))
        asked = sample([q for q in read_questions(folder) if q.answerable], _QUESTIONS)
        vectors = app.encoder.encode_queries([question.text for question in asked])
        depth = app.parameters.ranking.depth
        found = []
        for question, vector in zip(asked, vectors, strict=True):
            candidates = search(engine.index, question.text, partial(np.asarray, vector), depth, Filters())
            readings = engine.search(question.text, Filters()).readings if ranking.read else {}
            lengths = {passage.id: len(passage.text) for passage in app.catalogue.passages(list(readings))}
            found.append(Searched(question, candidates, readings, lengths))
        return found


def place(searched: Searched, parameters: RankingParameters) -> int | None:
    """The rank, from 0, of the first article that answers among the ten best; ``None`` where none does."""
    candidates = searched.candidates
    fused = fuse(candidates, parameters)
    order = best_first(fused, candidates.ids)[: len(searched.readings)]
    first = candidates.ids[order].tolist()
    lengths = [searched.lengths[i] for i in first]
    chosen = first[: to_read(lengths, len(candidates), parameters)] if parameters.reader_weight else []
    if chosen:
        read = [searched.readings[i] for i in chosen]
        chosen = first[: to_read_on(searched.question.text, fused[order].tolist(), read, parameters)]
    ranked = rank(candidates, fused, {i: searched.readings[i] for i in chosen}, parameters)
    best = best_of_each_article(ranked.hits, 10)
    return next((at for at, hit in enumerate(best) if hit.article_id in searched.question.gold), None)


def ranked(sets: Mapping[str, list[Searched]], parameters: RankingParameters, shown: object) -> Ranks:
    """The reciprocal ranks under some parameters; prints their mean over the sets, and the figures of each."""
    places = {name: [place(searched, parameters) for searched in found] for name, found in sets.items()}
    ranks = {name: np.array([reciprocal_rank(at) for at in of]) for name, of in places.items()}
    first = {name: np.mean([hit_at(1, at) for at in of]) for name, of in places.items()}
    print(
        f"{mean_of(ranks):.4f}",
        shown,
        {name: f"MRR {ranks[name].mean():.3f}, Hit@1 {first[name]:.3f}" for name in sets},
    )
    return ranks


def mean_of(ranks: Ranks) -> float:
    """The mean over the sets."""
    return float(np.mean([of.mean() for of in ranks.values()]))


def best_of(
    sets: Mapping[str, list[Searched]], start: RankingParameters, grid: Mapping[str, Sequence[float]]
) -> RankingParameters:
    """The values of a grid that rank best, the others as they are.

    Where the best is not told apart from what lies nearer to ``start``, that is taken: other questions spoke for it.
    """
    found = {start: ranked(sets, start, "as shipped")}
    found |= {parameters: ranked(sets, parameters, values) for values, parameters in varied(start, grid)}
    return nearest_of_the_best(found, start, grid)


def nearest_of_the_best(
    found: Mapping[RankingParameters, Ranks], start: RankingParameters, grid: Mapping[str, Sequence[float]]
) -> RankingParameters:
    """Of parameters that are not told apart from the best, those of the fewest steps of the grid from the start."""
    best = max(found.values(), key=mean_of)
    alike = [parameters for parameters, ranks in found.items() if not told_apart(best, ranks)]
    return min(alike, key=lambda parameters: (steps(start, parameters, grid), -mean_of(found[parameters])))


def told_apart(one: Ranks, other: Ranks) -> bool:
    """Whether the mean of one is larger by more than chance makes it in one case of forty, question by question.

    Each set has two questions at least.
    """
    apart = [one[name] - other[name] for name in one]
    error = np.sqrt(np.sum([difference.var(ddof=1) / len(difference) for difference in apart])) / len(apart)
    return bool(np.mean([difference.mean() for difference in apart]) > _ERRORS * error)


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
    unread = {name: collect(options.data / name, options.work, replace(shipped, read=0)) for name in SETS}
    fitted = best_of(unread, replace(shipped, reader_weight=0.0), FUSION)
    fitted = replace(fitted, reader_weight=shipped.reader_weight)
    if not options.fusion_only:
        sets = {name: collect(options.data / name, options.work, fitted) for name in SETS}
        fitted = best_of(sets, fitted, READING)
        for values, parameters in varied(fitted, DEPTH):
            ranked(sets, parameters, values)
    value = json.loads(SHIPPED.read_text(encoding="utf-8")) | {"ranking": asdict(fitted)}
    SHIPPED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
