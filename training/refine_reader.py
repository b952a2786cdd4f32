"""Go on teaching the reader that ships, by questions that were written for it.

    python -m training.refine_reader --train TRAIN --data EVAL --work FOLDER [--weights FILE] [--first N] [--last N]

Every other batch is of written questions (:mod:`training.written`), from which it learns what is right. Of the others,
which it was trained on before, what it gave before counts besides, so that it does not forget that (Li and Hoiem, 2016,
"Learning without Forgetting"). Writes ``FOLDER/reader/refined.npz``, for ``quantize_reader --weights``.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from retrieval.joint.network import JointNetwork
from retrieval.joint.weights import Card
from training.distil_reader import alike
from training.examples import Batch, Batches, Examples, Showing
from training.hard_negatives import mined
from training.reader_data import Texts
from training.reading import measure, met, outcome, represented, right_or_wrong
from training.train_reader import (
    LONGEST,
    arguments,
    averaged,
    load_encoder,
    mean_of,
    prepare,
    prepare_batches,
    read_back,
    read_saved,
    save,
    shown,
    take,
    tokenizer,
    weigher,
)
from training.training_loop import Group, Training
from training.written import kept_back, pairs_of, read_written

_STEPS = 2_000
_RATE, _DECAY = 2e-4, 0.01
_HARD = 0.4  # of what was trained on before, how much what is right counts; the rest is what the network gave
_WRITTEN = Showing(cut=0.5, changed=0.25, others=0.35)  # the more of them suppose amiss
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_FIRST_EPOCH = 200  # those before were shown to it
_MEASURED_EVERY = 300


class Shown(NamedTuple):
    """Some examples, and whether they were written for the reader."""

    batch: Batch
    written: bool


class Source(NamedTuple):
    """Examples, and what makes batches of them."""

    examples: Examples
    batches: Batches


class Refined:
    """A network that learns, and what it was before."""

    def __init__(self, network: JointNetwork) -> None:
        self.network = network
        self._before = copy.deepcopy(network.upper).eval().requires_grad_(False)

    def loss(self, one: Shown) -> Tensor:
        """What is right, and, but for what was written, what the network gave before."""
        batch, written = one
        given = met(*represented(self.network.encoder, batch), batch)
        found = outcome(*self.network.upper(**given), batch)
        right = right_or_wrong(found, batch)
        if written:
            return right
        before = outcome(*self._before(**given), batch)
        return _HARD * right + (1 - _HARD) * alike(found, before)


def prepare_written(train: Path, work: Path, first: int, last: int | None) -> Source:
    """What was written for these passages of the file, with their states, computed where they are missing."""
    pairs = pairs_of(read_written(train)[first:last])
    texts = Texts(pairs, tokenizer(), LONGEST)
    digest = hashlib.sha256(repr(pairs.passages).encode()).hexdigest()
    folder = work / "reader" / f"written.{digest[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    weigh = weigher(text for _, text in pairs.passages)
    examples = Examples(texts, weigh, mined(pairs, folder, kept_back), kept_back, _WRITTEN)
    return Source(examples, prepare_batches(texts, folder))


def in_turn(known: Source, written: Source) -> Iterator[Shown]:
    """Batches of both."""
    for one, other in zip(*(shown(*each, _FIRST_EPOCH) for each in (known, written)), strict=False):
        yield Shown(one, written=False)
        yield Shown(other, written=True)


def main() -> None:
    """Prepare, train, write."""
    parser = arguments(__doc__, _STEPS)
    parser.add_argument("--weights", type=Path, help="start from these, which it wrote before, not from what ships")
    parser.add_argument("--first", type=int, default=0, help="learn from what was written for passages from this on")
    parser.add_argument("--last", type=int, help="... and up to this one, not included, of the file")
    options = parser.parse_args()
    folder = options.work / "reader"
    network = JointNetwork()
    load_encoder(network)
    shipped = copy.deepcopy(read_back(network, Card.load()))
    if options.weights:
        take(network, read_saved(options.weights))
    texts, examples = prepare(options.train, options.data, options.work)
    known = Source(examples, prepare_batches(texts, folder))
    written = prepare_written(options.train, options.work, options.first, options.last)
    held_out = [(each.examples.held_out(2000), each.batches) for each in (known, written)]

    def measured(network: JointNetwork) -> str:
        return " / ".join(str(measure(network, *each)) for each in held_out)

    print("before:", measured(network), flush=True)
    groups = [Group(list(network.upper.parameters()), _RATE, _DECAY)]
    loss, made = Refined(network).loss, in_turn(known, written)
    training = Training(network.upper, groups, loss, made, options.steps, folder / "refining.pt")
    for step in training.run():
        if step % _MEASURED_EVERY == 0:
            save(averaged(network, training), folder / "refined.npz")
            print(f"after {step}:", measured(averaged(network, training)), flush=True)
    found = averaged(network, training)
    save(found, folder / "refined.npz")
    for share in _SHARES:
        print(f"{share} of the way from what ships:", measured(mean_of(shipped, found, share)), flush=True)


if __name__ == "__main__":
    main()
