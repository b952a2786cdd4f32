"""Quality on question sets: ranking, the marked sentence, and knowing when not to answer.

    python -m benchmarks.quality --data EVAL [--sets squad2 clapnq] [--most 1000] [--json FILE]

EVAL holds a folder for each set, with ``corpus.jsonl`` and ``queries.jsonl``. Ranking is asked over the whole
corpus; the sentence, and whether to answer, over the passages that a question was written for where it
names them, else over the whole corpus.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.app import Application
from retrieval.engine import Engine
from retrieval.ranking import Ranked, best_of_each_article
from retrieval.types import Answer, Filters, Hit, Query
from training.data import LabelledQuestion, engine_with, indexed, read_questions, sample

Figures = dict[str, float]


def rankings(ranked: Ranked) -> dict[str, list[Hit]]:
    """The candidates as each part alone would rank them, and as all together do."""
    keys: dict[str, Callable[[Hit], float]] = {
        "dense": lambda hit: -hit.explanation.dense,
        "lexical": lambda hit: hit.explanation.lexical_rank or math.inf,
        "fused": lambda hit: hit.explanation.fused_rank,
    }
    return {name: sorted(ranked.hits, key=key) for name, key in keys.items()} | {"answer": list(ranked.hits)}


def place_of(gold: frozenset[str], hits: Sequence[Hit]) -> int | None:
    """The rank, from 0, of the first article that answers among the ten best."""
    best = best_of_each_article(hits, 10)
    return next((at for at, hit in enumerate(best) if hit.article_id in gold), None)


def ranking_figures(places: Sequence[int | None]) -> Figures:
    """Hit@1, Hit@4, Hit@10 and MRR@10."""
    count = len(places)
    hits = {f"hit@{k}": sum(p is not None and p < k for p in places) / count for k in (1, 4, 10)}
    return hits | {"mrr@10": sum(1 / (p + 1) for p in places if p is not None) / count}


def marks_answer(question: LabelledQuestion, answer: Answer) -> bool:
    """Whether the top highlight holds an answer, or lies inside a quoted one."""
    top = _flat(answer.citations[0].highlights[0].text) if answer.citations else ""
    quotes = [_flat(quote) for quote in question.quotes]
    inside = len(top) >= 30 and any(top in quote for quote in quotes)
    return inside or any(text in top for text in [*map(_flat, question.answers), *quotes])


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """The chance that an answerable question gets the higher confidence; ties count one half."""
    wins = sum((a > u) + 0.5 * (a == u) for a in answerable for u in unanswerable)
    return wins / (len(answerable) * len(unanswerable))


def rejected(answerable: Sequence[float], unanswerable: Sequence[float], keep: float = 0.9) -> float:
    """The share of unanswerable questions below the threshold that keeps 90 % of the answerable."""
    threshold = sorted(answerable)[len(answerable) - math.ceil(keep * len(answerable))]
    return sum(value < threshold for value in unanswerable) / len(unanswerable)


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of one set."""

    name: str
    questions: int
    ranking: dict[str, Figures]
    sentence: float | None
    abstention: Figures | None


def measure(folder: Path, app: Application, most: int) -> Measured:
    """Ask a set's questions."""
    engine = engine_with(app, app.parameters)
    questions = read_questions(folder)
    answerable = sample([q for q in questions if q.answerable], most)
    places: dict[str, list[int | None]] = {}
    for question in answerable:
        for name, hits in rankings(engine.search(question.text, Filters())).items():
            places.setdefault(name, []).append(place_of(question.gold, hits))
    negatives = sample([q for q in questions if not q.answerable and q.type != "counterfactual"], most)
    right = [_narrow(engine, q) for q in answerable]
    wrong = [_narrow(engine, q) for q in negatives]
    marked = [marks_answer(q, a) for q, a in zip(answerable, right, strict=True) if q.answers and q.scope]
    return Measured(
        name=folder.name,
        questions=len(answerable),
        ranking={name: ranking_figures(found) for name, found in places.items()},
        sentence=sum(marked) / len(marked) if marked else None,
        abstention=_abstention(right, wrong) if right and wrong else None,
    )


def _narrow(engine: Engine, question: LabelledQuestion) -> Answer:
    return engine.answer(Query(question.text, Filters(article_ids=question.scope)))


def _abstention(right: Sequence[Answer], wrong: Sequence[Answer]) -> Figures:
    kept, refused = [a.confidence for a in right], [a.confidence for a in wrong]
    return {
        "unanswerable": len(wrong),
        "auroc": auroc(kept, refused),
        "rejected@90": rejected(kept, refused),
        "answered": sum(not a.abstained for a in right) / len(right),
        "wrongly_answered": sum(not a.abstained for a in wrong) / len(wrong),
    }


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower()


def show(found: Sequence[Measured]) -> None:
    """Print two tables."""
    ranking = Table("set", "questions", "ranked by", "hit@1", "hit@4", "hit@10", "mrr@10", title="Ranking of articles")
    trust = Table("set", "sentence", "unanswerable", "auroc", "rejected@90", "answered", "wrongly", title="Trust")
    for one in found:
        for name, figures in one.ranking.items():
            ranking.add_row(one.name, str(one.questions), name, *(f"{value:.3f}" for value in figures.values()))
        figures = one.abstention or {}
        trust.add_row(
            one.name,
            "–" if one.sentence is None else f"{one.sentence:.3f}",
            *(f"{value:.3f}" if isinstance(value, float) else str(value) for value in figures.values()),
        )
    console = Console()
    console.print(ranking)
    console.print(trust)


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the question sets")
    parser.add_argument("--sets", nargs="*", help="only these; all by default")
    parser.add_argument("--most", type=int, default=1000, help="questions of each kind and set")
    parser.add_argument("--work", type=Path, help="folder for indexes, kept between runs; a temporary one by default")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    folders = sorted(file.parent for file in options.data.glob("*/queries.jsonl"))
    chosen = [folder for folder in folders if not options.sets or folder.name in options.sets]
    with tempfile.TemporaryDirectory() as temporary:
        found = []
        for folder in chosen:
            with indexed(folder / "corpus.jsonl", options.work or Path(temporary)) as app:
                found.append(measure(folder, app, options.most))
                print(json.dumps({"set": found[-1].name, "abstention": found[-1].abstention}), flush=True)
    show(found)
    if options.json:
        rows = [{slot: getattr(one, slot) for slot in Measured.__slots__} for one in found]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
