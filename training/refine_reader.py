"""Teach the joint reader to mind of which act it is asked.

    python -m training.refine_reader --train TRAIN --data EVAL --work FOLDER

The network that ships is shown questions of an act that has an opposite more often than others, also asked of other
acts, which nothing answers. Where something answers it is to say what it says already. Writes
``FOLDER/reader/refined.npz``, for :mod:`training.quantize_reader`.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from retrieval.joint.network import JointNetwork
from retrieval.joint.weights import Card
from training.distil_reader import alike
from training.examples import Batch, Batches, Examples
from training.reading import Outcome, measure, met, outcome, represented, right_or_wrong
from training.train_on_device import mean_of
from training.train_reader import arguments, averaged, load_encoder, prepare, prepare_batches, read_back
from training.training_loop import Group, Training

_STEPS = 900
_RATE, _DECAY = 1.5e-4, 0.01
_NO_ACT = 0.15  # of the questions of no act are shown
_FIRST_EPOCH = 200
_SHARE = 0.8  # of what was learned, beside what it was before
_MEASURED_EVERY = 300


def shown(examples: Examples, batches: Batches) -> Iterator[Batch]:
    """The batches of all epochs."""
    for epoch in range(_FIRST_EPOCH, 1_000):
        for batch, _ in batches.of(examples.epoch(epoch, no_act=_NO_ACT), random.Random(epoch)):  # noqa: S311
            yield batch


def answered(found: Outcome, batch: Batch) -> Outcome:
    """Of the examples that something answers."""
    rows = batch.answerable
    return Outcome(found.tokens[rows], found.sentences[rows], found.null[rows])


def main() -> None:
    """Prepare, train, write."""
    options = arguments(__doc__, _STEPS)
    torch.manual_seed(1)
    network = JointNetwork()
    load_encoder(network)
    read_back(network, Card.load())
    before = copy.deepcopy(network)
    texts, examples = prepare(options.train, options.data, options.work, acts=True)
    batches = prepare_batches(texts, options.work)
    held_out = examples.held_out(2000)
    print("before:", measure(network, held_out, batches), flush=True)

    def loss(batch: Batch) -> Tensor:
        given = met(*represented(network.encoder, batch), batch)
        found = outcome(*network.upper(**given), batch)
        value = right_or_wrong(found, batch)
        if not batch.answerable.any():
            return value
        with torch.no_grad():
            wanted = outcome(*before.upper(**given), batch)
        return value + alike(answered(found, batch), answered(wanted, batch))

    groups = [Group(list(network.upper.parameters()), _RATE, _DECAY)]
    folder: Path = options.work / "reader"
    training = Training(network.upper, groups, loss, shown(examples, batches), options.steps, folder / "refined.pt")
    for step in training.run():
        if step % _MEASURED_EVERY == 0:
            print(f"after {step}:", measure(averaged(network, training), held_out, batches), flush=True)
    refined = mean_of(before, averaged(network, training), _SHARE)
    print("as written:", measure(refined, held_out, batches), flush=True)
    weights: dict[str, Any] = {name: value.numpy() for name, value in refined.upper.state_dict().items()}
    np.savez_compressed(folder / "refined.npz", **weights)


if __name__ == "__main__":
    main()
