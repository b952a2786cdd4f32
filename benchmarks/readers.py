"""The joint reader by torch, OpenVINO and ONNX Runtime: how long 20 passages take, and how far their scores differ.

    python -m benchmarks.readers --corpus PARAGRAPHS.jsonl.gz [--passages 20] [--questions 60] [--only NAME …]
        [--json FILE]

The corpus is as for ``benchmarks.speed``. Scores are held against torch in float32, or the first of ``--only``. ONNX
Runtime, which the project does not use, is measured where ``onnxruntime`` and ``onnxscript`` are installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from torch import nn

from benchmarks.speed import read_corpus
from benchmarks.timing import milliseconds
from corpus.representations import KeptRepresentations
from retrieval.encoders.options import Backend, Precision
from retrieval.joint.inputs import Inputs, Tokens
from retrieval.joint.model import JointModel, Logits, States
from retrieval.joint.models import Mask, TorchJointModel, example, load_joint_model, met, quantized
from retrieval.joint.reader import joint_and_maxsim
from retrieval.joint.weights import Card
from retrieval.parameters import Parameters
from retrieval.reader import Reader
from retrieval.threads import small_products
from retrieval.types import Article, Passage

_STORED = 10**9


class OnnxRuntimeModel(TorchJointModel):
    """The network by ONNX Runtime, in float32."""

    def __init__(self, card: Card, folder: Path) -> None:
        super().__init__(card, Precision.FLOAT32)
        self._folder = folder
        inputs = example(self.tokenizer)
        alone = {"ids": inputs.passage_ids, "mask": inputs.passage_mask}
        asked, _ = super().represent(inputs.question_ids[:1], inputs.question_mask[:1])
        told, _ = super().represent(**alone)
        self._alone = self._session("alone", self.network.encoder, alone)
        self._together = self._session("together", self.network.upper, met(asked, told, inputs))

    def _session(self, name: str, module: nn.Module, arrays: dict[str, Any]) -> Any:  # noqa: ANN401 (it has no types)
        import onnxruntime
        import torch

        axes = {each: {1: "m" if "asked" in each else "n"} | ({} if each == "asked" else {0: "b"}) for each in arrays}
        file = str(self._folder / f"{name}.onnx")
        given = tuple(torch.from_numpy(value) for value in arrays.values())
        torch.onnx.export(module, given, file, input_names=list(arrays), dynamic_axes=axes, dynamo=False)
        return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def represent(self, ids: Tokens, mask: Mask) -> tuple[States, States]:
        """What the encoder makes of texts by themselves."""
        states, vectors = self._alone.run(None, {"ids": ids, "mask": mask})
        return states, vectors

    def judge(self, asked: States, told: States, inputs: Inputs) -> tuple[Logits, Logits]:
        """Logits of tokens and of no answer."""
        tokens, null = self._together.run(None, met(asked, told, inputs))
        return tokens, null


def models(folder: Path) -> dict[str, Callable[[], JointModel]]:
    """By what runs them; torch in float32, which the others are held against, comes first."""
    made: dict[str, Callable[[], JointModel]] = {
        f"{backend} {precision}": partial(load_joint_model, precision, backend, folder)
        for backend, precision in product((Backend.TORCH, Backend.OPENVINO), (Precision.FLOAT32, Precision.BFLOAT16))
    }
    made["openvino, 8 bits"] = lambda: quantized(Card.load())
    if importlib.util.find_spec("onnxruntime"):
        made["onnxruntime fp32"] = lambda: OnnxRuntimeModel(Card.load(), folder)
    return made


def timed(reader: Reader, groups: list[list[Passage]]) -> tuple[list[float], list[float]]:
    """Milliseconds for each group, ascending, and the scores of all passages, once all were read for another question.

    What the reader keeps in memory does not reach from one group's turn to its next; what it stores does.
    """
    scores: list[float] = []

    def ask(group: list[Passage], words: slice) -> None:
        question = "What did " + " ".join(group[0].text.split()[words]) + "?"
        scores.extend(reading.score for reading in reader.read(question, group, lambda words: [1.0] * len(words)))

    for group in groups:  # kernels are made for each width at its first use
        ask(group, slice(9, 15))
    scores.clear()
    return sorted(milliseconds(lambda group=group: ask(group, slice(3, 9))) for group in groups), scores


def measure(groups: list[list[Passage]], only: Sequence[str] | None) -> dict[str, dict[str, float]]:
    """Latency of reading a group of passages for a question, and differences of scores.

    No passage was read before, or what its encoder made of it is kept on disk, as it is since it was indexed.

    Raises:
        ValueError: there is nothing of a name in ``only``.
    """
    small_products()  # as in the bot
    rows: dict[str, dict[str, float]] = {}
    expected: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        makers = models(Path(temporary))
        unknown = sorted({*(only or ())} - makers.keys())
        if unknown:
            raise ValueError(f"there is no reader {unknown[0]!r}: name some of {', '.join(makers)}")
        for name in [name for name in makers if not only or name in only]:
            model = makers[name]()
            cached = len(groups[0]) + 1
            taken, scores = timed(joint_and_maxsim(model, Parameters.load(), cached), groups)
            store = KeptRepresentations(Path(temporary) / f"{name}.sqlite3", _STORED)
            kept, _ = timed(joint_and_maxsim(model, Parameters.load(), cached, store), groups)
            store.close()
            apart = np.abs(np.array(scores) - np.array(expected or scores))
            expected = expected or list(scores)
            rows[name] = {
                "p50_ms": statistics.median(taken),
                "p95_ms": taken[int(len(taken) * 0.95)],
                "kept_p50_ms": statistics.median(kept),
                "kept_p95_ms": kept[int(len(kept) * 0.95)],
                "apart_mean": float(apart.mean()),
                "apart_most": float(apart.max()),
            }
    return rows


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=20)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument(
        "--only", nargs="+", help="of the readers, by their names in the table; the first is the reference"
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    lines = [json.loads(line) for line in read_corpus(options.corpus, options.passages * options.questions)]
    passages = [
        Passage(at, Article(str(at), row["text"], row.get("title") or ""), 0, len(row["text"]))
        for at, row in enumerate(lines)
    ]
    at_once = options.passages
    groups = [passages[at : at + at_once] for at in range(0, len(passages) - at_once + 1, at_once)]
    try:
        rows = measure(groups, options.only)
    except ValueError as error:
        parser.error(str(error))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    table = Table("reader", *(name.replace("_", " ") for name in next(iter(rows.values()))))
    for name, row in rows.items():
        table.add_row(name, *(f"{value:.3f}" if "apart" in key else f"{value:.1f}" for key, value in row.items()))
    Console().print(table)


if __name__ == "__main__":
    main()
