"""How small the token vectors of passages can be kept: what each way of packing them costs late interaction.

    python -m benchmarks.token_vectors --data EVAL --work FOLDER [--set squad2] [--most 400] [--json FILE]

The 20 passages that search alone puts first for a question are ranked by MaxSim alone, with the passages' token
vectors as they come back from each packing, which is fitted on the token vectors of the set's own passages. Shown are
bytes a token and KiB a passage, Hit@1 by article, and its difference to whole vectors with the 95 % interval of a
paired bootstrap over questions. Questions' vectors stay whole.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import faiss
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.figures import estimate, mean
from bot.app import Application
from retrieval.encoders.port import TokenVectors, Vectors
from retrieval.encoders.tokens import unit
from retrieval.engine import Engine
from retrieval.parameters import Parameters
from retrieval.reader import maxsim, passage_tokens, token_weights
from retrieval.types import Filters, Passage
from training.data import LabelledQuestion, engine_with, indexed, read_questions, sample

_DEPTH = 20
_FITTED_ON = 60_000  # token vectors
# By FAISS's names: scalar quantisers of so many bits, behind a projection to so many dimensions or not, and product
# quantisers of two bits a dimension, as ColBERTv2 keeps of residuals (Santhanam et al., 2022).
PACKINGS = (
    "SQfp16",
    "SQ8",
    "SQ4",
    "PCA192,SQ8",
    "PCA128,SQ8",
    "PCA128,SQ4",
    "PCA96,SQ4",
    "OPQ96_384,PQ96",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What a packing keeps, and how each question came out: 1 where a right article is first."""

    bytes_per_token: float
    kib_per_passage: float
    hits: Sequence[float]


@dataclass(frozen=True, slots=True)
class Sought:
    """A question with its token vectors ``(q, d)``, their weights ``(q,)``, and where it is sought."""

    question: LabelledQuestion
    vectors: Vectors
    weights: Vectors
    passages: Sequence[Passage]


def sought(app: Application, engine: Engine, questions: Sequence[LabelledQuestion]) -> Iterator[Sought]:
    """Each question with the passages that search alone puts first."""
    for question in questions:
        hits = engine.search(question.text, Filters()).hits[:_DEPTH]
        query = app.encoder.encode_query_tokens(question.text)
        weights = token_weights(question.text, query.offsets, engine.weigh)
        yield Sought(question, query.vectors, weights, app.catalogue.passages([hit.passage_id for hit in hits]))


def unpacked(packing: str, tokens: Mapping[int, TokenVectors]) -> tuple[float, dict[int, TokenVectors]]:
    """Bytes a token, and the token vectors of unit length that come back from this packing, by passage."""
    rows = np.concatenate([each.vectors for each in tokens.values()])
    codec = faiss.index_factory(rows.shape[1], packing)
    chosen = np.random.default_rng(7).choice(len(rows), min(_FITTED_ON, len(rows)), replace=False)
    codec.train(rows[chosen])
    back = unit(codec.sa_decode(codec.sa_encode(rows)))
    ends = np.cumsum([len(each.vectors) for each in tokens.values()])
    parts = np.split(back, ends[:-1])
    found = {i: replace(each, vectors=part) for (i, each), part in zip(tokens.items(), parts, strict=True)}
    return float(codec.sa_code_size()), found


def hits(questions: Sequence[Sought], tokens: Mapping[int, TokenVectors]) -> list[float]:
    """For each question whether MaxSim puts a right article first."""
    found: list[float] = []
    for each in questions:
        best = max(each.passages, key=lambda p: maxsim(each.weights, each.vectors, tokens[p.id]))
        found.append(float(best.article.id in each.question.gold))
    return found


def measure(app: Application, questions: Sequence[LabelledQuestion]) -> dict[str, Row]:
    """Each packing, whole vectors first."""
    engine = engine_with(app, Parameters.load(), read=0)
    asked = list(sought(app, engine, questions))
    passages = {p.id: p for each in asked for p in each.passages}
    whole = dict(zip(passages, passage_tokens(app.encoder, list(passages.values())), strict=True))
    tokens_each = float(np.mean([len(each.vectors) for each in whole.values()]))
    width = next(iter(whole.values())).vectors.shape[1]
    rows = {"whole (fp32)": Row(width * 4.0, width * 4 * tokens_each / 1024, hits(asked, whole))}
    for packing in PACKINGS:
        size, tokens = unpacked(packing, whole)
        rows[packing] = Row(size, size * tokens_each / 1024, hits(asked, tokens))
        print(packing, size, np.mean(rows[packing].hits), flush=True)
    return rows


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--set", default="squad2")
    parser.add_argument("--most", type=int, default=400)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    folder = options.data / options.set
    questions = sample([q for q in read_questions(folder) if q.answerable], options.most)
    with indexed(folder / "corpus.jsonl", options.work) as app:
        rows = measure(app, questions)
    table = Table("packing", "bytes a token", "KiB a passage", "Hit@1", "against whole vectors")
    figures = {}
    first = next(iter(rows.values()))
    for name, row in rows.items():
        apart = estimate(np.mean, np.array(row.hits) - np.array(first.hits))
        table.add_row(name, f"{row.bytes_per_token:.0f}", f"{row.kib_per_passage:.1f}", str(mean(row.hits)), str(apart))
        figures[name] = {"bytes": row.bytes_per_token, "kib": row.kib_per_passage, "hit_at_1": float(np.mean(row.hits))}
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
