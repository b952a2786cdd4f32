"""Train the joint network that first teaches the one that ships.

    python -m training.train_reader --train TRAIN --data EVAL --work FOLDER

Texts are cut into tokens, and read by the encoder, once (``FOLDER/reader``); then the network is trained, its state
kept every few hundred steps and gone on with. Writes ``FOLDER/reader/teacher.json`` and its weights.
"""

from __future__ import annotations

import argparse
import copy
import pickle
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from retrieval.encoders.models import packaged_folder, packaged_tokenizer
from retrieval.encoders.tokens import plain_tokenizer
from retrieval.joint.models import special_tokens
from retrieval.joint.network import JointNetwork, Shape
from retrieval.joint.weights import SHIPPED, Arrays, Card, write
from retrieval.reader import Weigh, inverse_document_frequency
from training.examples import Batch, Batches, Examples
from training.hard_negatives import mined
from training.kept_states import KeptStates
from training.reader_data import Texts, collect
from training.reading import measure, read, right_or_wrong
from training.training_loop import Group, Training

TEACHER = Shape(together_wide=1536, together_heads=12)

_STEPS = 5_000
_TOKENS = 6_000  # of a batch, padding counted
_RATE, _NEW_RATE = 3e-4, 1e-3  # of the encoder's layers, and of what is new
_DECAY = 0.01
_MEASURED_EVERY = 900
LONGEST = 254
"""Tokens of a passage."""

_WORD = re.compile(r"\w+")


def prepare(train: Path, data: Path, work: Path) -> tuple[Texts, Examples]:
    """What training needs, made where it is missing."""
    file = work / "reader" / "texts.pickle"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        pairs = collect(train, data)
        file.write_bytes(pickle.dumps(Texts(pairs, tokenizer(), LONGEST)))
    texts: Texts = pickle.loads(file.read_bytes())  # noqa: S301 (our own)
    weigh = weigher(text for _, text in texts.pairs.passages)
    return texts, Examples(texts, weigh, mined(texts.pairs, file.parent))


def prepare_batches(texts: Texts, folder: Path) -> Batches:
    """Batches with states of the encoder, computed where the folder lacks them."""
    network = JointNetwork()
    load_encoder(network)
    special = special_tokens(tokenizer())
    ids = [passage.ids for passage in texts.passages]
    return Batches(KeptStates(ids, special, network.encoder, folder / "states"), special, _TOKENS)


def load_encoder(network: JointNetwork) -> dict[str, Tensor]:
    """Give a network the packaged encoder; gives that encoder's weights."""
    weights: dict[str, Tensor] = load_file(packaged_folder() / "model.safetensors")
    network.load_encoder(weights)
    return weights


def weigher(texts: Iterable[str]) -> Weigh:
    """How rare words are in these texts."""
    frequency: Counter[str] = Counter()
    count = 0
    for text in texts:
        frequency.update(set(_WORD.findall(text.lower())))
        count += 1
    return lambda words: [inverse_document_frequency(frequency[word.lower()], count) for word in words]


def tokenizer() -> Tokenizer:
    """That of the packaged encoder, which neither cuts off nor pads."""
    return plain_tokenizer(packaged_tokenizer())


def shown(examples: Examples, batches: Batches, first: int = 0) -> Iterator[Batch]:
    """The batches of all epochs, from one on."""
    for epoch in range(first, first + 1_000):
        for batch, _ in batches.of(examples.epoch(epoch), random.Random(epoch)):  # noqa: S311
            yield batch


def averaged(network: JointNetwork, training: Training) -> JointNetwork:
    """The network with the averaged weights."""
    found = JointNetwork(network.shape)
    found.encoder.load_state_dict(network.encoder.state_dict())
    found.upper.load_state_dict(training.average)
    return found.eval()


def mean_of(one: JointNetwork, other: JointNetwork, share: float) -> JointNetwork:
    """A network whose upper weights lie between those of two, ``share`` of the way to the other."""
    between = copy.deepcopy(one)
    weights = other.upper.state_dict()
    between.upper.load_state_dict(
        {key: value.lerp(weights[key], share) for key, value in one.upper.state_dict().items()}
    )
    return between


def groups(network: JointNetwork) -> list[Group]:
    """What was the encoder's learns slower than what is new."""
    upper = network.upper
    old = list(upper.layers.parameters())
    known = {id(parameter) for parameter in old}
    new = [parameter for parameter in upper.parameters() if id(parameter) not in known]
    return [Group(old, _RATE, _DECAY), Group(new, _NEW_RATE, 0.0)]


def main() -> None:
    """Prepare, train, write."""
    options = arguments(__doc__, _STEPS).parse_args()
    texts, examples = prepare(options.train, options.data, options.work)
    batches = prepare_batches(texts, options.work / "reader")
    torch.manual_seed(1)
    network = JointNetwork(TEACHER)
    network.start_from(load_encoder(network))
    held_out = examples.held_out(2000)

    def loss(batch: Batch) -> Tensor:
        return right_or_wrong(read(network, batch), batch)

    folder = options.work / "reader"
    made = shown(examples, batches)
    training = Training(network.upper, groups(network), loss, made, options.steps, folder / "training.pt")
    for step in training.run():
        if step % _MEASURED_EVERY == 0:
            print(f"after {step}:", measure(averaged(network, training), held_out, batches), flush=True)
    written = ship(averaged(network, training), folder / "teacher.json")
    print("as written:", measure(written, held_out, batches), flush=True)


def arguments(description: str | None, steps: int) -> argparse.ArgumentParser:
    """Takes folders, and how many steps."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    for name in ("train", "data", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=steps)
    return parser


def ship(network: JointNetwork, file: Path = SHIPPED) -> JointNetwork:
    """Write the trained weights; gives the network as it is read back."""
    return read_back(network, write(arrays_of(network), LONGEST, file))


def save(network: JointNetwork, file: Path) -> None:
    """Write the trained weights as ``quantize_reader`` takes them."""
    stored: dict[str, Any] = dict(arrays_of(network))
    np.savez_compressed(file, **stored)


def arrays_of(network: JointNetwork) -> Arrays:
    """The trained weights by name, float32."""
    return {name: value.float().cpu().numpy() for name, value in network.upper.state_dict().items()}


def read_saved(file: Path) -> Arrays:
    """What :func:`save` wrote, or ``train_on_device``.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


def take(network: JointNetwork, weights: Arrays) -> JointNetwork:
    """Give a network these weights."""
    network.upper.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network.eval()


def read_back(network: JointNetwork, card: Card) -> JointNetwork:
    """Give a network the weights that were written."""
    return take(network, card.read())


if __name__ == "__main__":
    main()
