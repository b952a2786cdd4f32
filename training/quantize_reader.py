"""Quantise the joint reader: graphs that compute in eight bits, calibrated on training pairs.

    python -m training.quantize_reader --train TRAIN --data EVAL --work FOLDER [--weights FILE [--share S]]

By NNCF, static, with SmoothQuant (Xiao et al., 2023, "SmoothQuant: Accurate and Efficient Post-Training Quantization
for Large Language Models"). All products of matrices have eight bits, but for attention's with its values; what tokens
are told besides, and what decides at the end, stay as they are. Writes ``retrieval/data/reader/`` and checksums.
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nncf
import openvino

from retrieval.encoders.loading import load_encoder
from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.encoders.openvino import OpenVinoEncoder
from retrieval.encoders.options import Backend, Precision
from retrieval.encoders.port import Encoder
from retrieval.encoders.runtime import compiled, multiplies_eight_bits
from retrieval.joint.encoder import encoder_probe
from retrieval.joint.inputs import Inputs, batch
from retrieval.joint.model import WIDTH_STEP
from retrieval.joint.models import OpenVinoJointModel, load_joint_model, met, probe, quantized
from retrieval.joint.network import JointNetwork
from retrieval.joint.weights import ALONE, TOGETHER, Card, graph_folder, write, write_encoder, write_graphs
from training.examples import Example
from training.train_reader import arrays_of, mean_of, prepare, read_back, read_saved, take

_PAIRS = 1200  # of those shown in training
_AMONG = 4000
# What tokens are told besides, and what decides at the end: small, and the scores hang on them.
_LEFT = ("null", "decide", "answer", "ask", "tell")


def calibrating(examples: Sequence[Example], model: OpenVinoJointModel) -> list[Inputs]:
    """Each pair by itself, as the network takes it."""
    return [batch([(example.question, example.passage)], model.special, width_step=WIDTH_STEP) for example in examples]


def _texts(inputs: Sequence[Inputs]) -> list[dict[str, Any]]:
    """Passages and questions, as the encoder takes them."""
    passages = [{"ids": one.passage_ids, "mask": one.passage_mask} for one in inputs]
    return passages + [{"ids": one.question_ids, "mask": one.question_mask} for one in inputs]


def quantize(graph: Path, given: list[dict[str, Any]], to: Path) -> None:
    """Write a graph in eight bits; ``given`` is what it is calibrated on."""
    model = openvino.Core().read_model(graph)
    products = [node.get_friendly_name() for node in model.get_ops() if node.get_type_name() == "MatMul"]
    left = [name for name in products if any(part in name for part in _LEFT)]
    made = nncf.quantize(
        model,
        nncf.Dataset(given),
        model_type=nncf.ModelType.TRANSFORMER,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(given),
        ignored_scope=nncf.IgnoredScope(names=left),
        # It runs what was quantised, which comes out wrong on processors without instructions for it.
        advanced_parameters=nncf.AdvancedQuantizationParameters(disable_bias_correction=not multiplies_eight_bits()),
    )
    openvino.save_model(made, to, compress_to_fp16=False)


def taken(file: Path, share: float) -> Card:
    """Ship what lies so far from what ships to the weights of a file; graphs of what shipped no longer count.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    card = Card.load()
    before, after = read_back(JointNetwork(), card), take(JointNetwork(), read_saved(file))
    return write(arrays_of(mean_of(before, after, share)), card.longest)


def note_encoder(original: Encoder) -> Card:
    """Note of the encoder in the shipped graphs what is known of the original, and a vector of its.

    Raises:
        TypeError: the original is not run by OpenVINO here.
    """
    if not isinstance(original, OpenVinoEncoder):
        raise TypeError("the encoder is not run by OpenVINO here")
    return write_encoder(original.facts, encoder_probe(original).tolist())


def main() -> None:
    """Quantise, and note what the graphs give."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("train", "data", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--together", action="store_true", help="the encoder's graph is left as it is")
    parser.add_argument("--weights", type=Path, help="ship these in place of those there")
    parser.add_argument("--share", type=float, default=1.0, help="... or what lies so far from those there to these")
    options = parser.parse_args()
    card = taken(options.weights, options.share) if options.weights else Card.load()
    model = load_joint_model(Precision.FLOAT32, Backend.OPENVINO, options.work / "models")
    if not isinstance(model, OpenVinoJointModel):
        raise TypeError("the reader is not run by OpenVINO here")
    _, examples = prepare(options.train, options.data, options.work)
    shown = list(itertools.islice(examples.epoch(0), _AMONG))
    inputs = calibrating(random.Random(0).sample(shown, _PAIRS), model)  # noqa: S311
    folder = graph_folder(card.weights)
    folder.mkdir(exist_ok=True)
    if not options.together:
        quantize(model.graphs / ALONE, _texts(inputs), folder / ALONE)
    # What the other graph will be given.
    alone = compiled(folder / ALONE, Precision.AUTO)
    pairs = [
        met(
            alone([one.question_ids, one.question_mask])["states"],
            alone([one.passage_ids, one.passage_mask])["states"],
            one,
        )
        for one in inputs
    ]
    quantize(model.graphs / TOGETHER, pairs, folder / TOGETHER)
    made = OpenVinoJointModel(folder, model.tokenizer_file, model.facts, Precision.AUTO)
    write_graphs(card, probe(made).tolist())
    original = load_encoder(DEFAULT_MODEL, Precision.FLOAT32, Backend.OPENVINO, options.work / "models")
    note_encoder(original)
    print(quantized(Card.load()))


if __name__ == "__main__":
    main()
