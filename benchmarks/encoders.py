"""The encoder by torch and by OpenVINO, in float32, bfloat16 and eight bits, on the same real texts.

    python -m benchmarks.encoders --corpus PARAGRAPHS.jsonl.gz [--texts 400] [--model NAME] [--json FILE]

The corpus is as for ``benchmarks.speed``. Cosines are against torch in float32. Where the processor has no bfloat16,
torch emulates it and OpenVINO computes in float32. Eight bits are measured of the default model, where the processor
multiplies them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.quoted_runs import read_corpus
from benchmarks.timing import milliseconds
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.encoders.options import Backend, Precision
from retrieval.encoders.port import Encoder, Vectors
from retrieval.errors import ExportImpossible
from retrieval.joint.encoder import eight_bit_encoder

_QUESTIONS = 100
_READ = 8
# The best counts: whatever else the machine does can only slow a round down.
_ROUNDS = 3


def figures(encoder: Encoder, texts: list[str], expected: Vectors | None) -> tuple[dict[str, float], Vectors]:
    """Throughput, latency and nearness of one encoder, warm; and its vectors."""
    questions = [" ".join(text.split()[: 4 + at % 16]) for at, text in enumerate(texts[:_QUESTIONS])]
    encoder.encode_passages(texts[:_READ])
    encoder.encode_queries(questions[:1])
    found: list[Vectors] = []
    seconds = min(milliseconds(lambda: found.append(encoder.encode_passages(texts))) for _ in range(_ROUNDS)) / 1000
    asked = [milliseconds(lambda q=question: encoder.encode_queries([q])) for question in questions]
    read = [
        milliseconds(lambda at=at: encoder.encode_passage_tokens(texts[at : at + _READ]))
        for at in range(0, min(len(texts), 20 * _READ), _READ)
    ]
    cosines = np.einsum("nd,nd->n", found[0], found[0] if expected is None else expected)
    return {
        "passages_per_s": len(texts) / seconds,
        "query_ms": statistics.median(asked),
        "read_8_ms": statistics.median(read),
        "cosine_mean": float(cosines.mean()),
        "cosine_least": float(cosines.min()),
    }, found[0]


def measure(model: str, texts: list[str]) -> dict[str, dict[str, float]]:
    """Each backend in each precision, torch in float32 first."""
    rows: dict[str, dict[str, float]] = {}
    expected: Vectors | None = None
    with tempfile.TemporaryDirectory() as temporary:
        for name, load in makers(model, Path(temporary)).items():
            try:
                encoder = load()
            except ExportImpossible as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                continue
            rows[name], vectors = figures(encoder, texts, expected)
            expected = vectors if expected is None else expected
    return rows


def makers(model: str, folder: Path) -> dict[str, Callable[[], Encoder]]:
    """What is compared, by name; ``folder`` is for exports."""
    found: dict[str, Callable[[], Encoder]] = {
        f"{backend} {precision}": partial(load_encoder, model, precision, backend, folder)
        for backend, precision in product((Backend.TORCH, Backend.OPENVINO), (Precision.FLOAT32, Precision.BFLOAT16))
    }
    return found | ({"openvino, 8 bits": eight_bit_encoder} if model == DEFAULT_MODEL else {})


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    texts = [json.loads(line)["text"] for line in read_corpus(options.corpus, options.texts)]
    rows = measure(options.model, texts)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    table = Table("encoder", *(name.replace("_", " ") for name in next(iter(rows.values()))))
    for name, row in rows.items():
        table.add_row(name, *(f"{value:,.6f}" if "cosine" in key else f"{value:,.1f}" for key, value in row.items()))
    Console().print(table)


if __name__ == "__main__":
    main()
