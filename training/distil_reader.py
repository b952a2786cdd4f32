"""Teach the joint reader for the first time, by a larger one that was trained before it.

    python -m training.distil_reader --train TRAIN --data EVAL --work FOLDER

The larger one, ``FOLDER/reader/teacher.json``, is what :mod:`training.train_reader` wrote. The smaller one starts as
that with half of the heads of attention, and fewer dimensions between the two products for each token: those stay that
matter most. What it is to give is what the teacher gives, and what is right, each counting half (Hinton et al., 2015,
"Distilling the Knowledge in a Neural Network"), and on the way what each layer of the teacher makes of each token (Jiao
et al., 2020, "TinyBERT: Distilling BERT for Natural Language Understanding").
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from itertools import islice

import torch
from torch import Tensor
from torch.nn import functional

from retrieval.joint.network import JointNetwork, Layer, Upper
from retrieval.joint.weights import Card
from training.examples import Batch
from training.reading import Outcome, measure, met, outcome, represented, right_or_wrong
from training.train_reader import (
    TEACHER,
    arguments,
    averaged,
    load_encoder,
    prepare,
    prepare_batches,
    read_back,
    ship,
    shown,
)
from training.training_loop import Group, Training

_STEPS = 3_800
_RATE, _DECAY = 3e-4, 0.01
_HARD = 0.5  # how much what is right counts; the rest is what the teacher gives
_SAMPLE = 40  # batches that tell which dimensions matter
_MEASURED_EVERY = 200


class Taught:
    """A network that is taught by another, over one encoder."""

    def __init__(self, network: JointNetwork, teacher: Upper) -> None:
        self.network, self.teacher = network, teacher.eval()

    def loss(self, batch: Batch) -> Tensor:
        """What is right, what the teacher gives, and what its layers make of the tokens."""
        given = met(*represented(self.network.encoder, batch), batch)
        rows, found = self._read(self.network.upper, given, batch)
        with torch.no_grad():
            wanted, taught = self._read(self.teacher, given, batch)
        return _HARD * right_or_wrong(found, batch) + (1 - _HARD) * alike(found, taught) + near(rows, wanted, batch)

    def _read(self, upper: Upper, given: dict[str, Tensor], batch: Batch) -> tuple[list[Tensor], Outcome]:
        rows = upper.after_each(**given)
        return rows, outcome(*upper.decided(rows[-1], batch.inputs[4]), batch)


def alike(found: Outcome, given: Outcome) -> Tensor:
    """How far one is from the other: in the share of each token, and in whether anything answers."""
    shares = functional.kl_div(
        found.tokens.log_softmax(-1), given.tokens.log_softmax(-1), log_target=True, reduction="batchmean"
    )
    return shares + functional.binary_cross_entropy_with_logits(found.odds, given.odds.sigmoid())


def near(rows: Sequence[Tensor], wanted: Sequence[Tensor], batch: Batch) -> Tensor:
    """The mean square of the difference of what layers made of each token, on average over the layers."""
    whole = torch.cat([batch.inputs[1], batch.inputs[4]], dim=1)
    last = functional.pad(batch.inputs[4], (1, 0), value=True)
    masks = [whole] * (len(rows) - 1) + [last]
    apart = [((one - other)[mask] ** 2).mean() for one, other, mask in zip(rows, wanted, masks, strict=True)]
    return torch.stack(apart).mean()


class Sizes:
    """Of the values that a layer computes on the way, summed up whenever it computes.

    Args:
        layer: is watched from now on.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.between = torch.zeros(layer.narrow.in_features)
        self.found = torch.zeros(layer.gather.in_features)
        layer.narrow.register_forward_pre_hook(lambda _, given: self._add(self.between, given[0]))
        layer.gather.register_forward_pre_hook(lambda _, given: self._add(self.found, given[0]))

    @staticmethod
    def _add(sums: Tensor, values: Tensor) -> None:
        sums += values.abs().mean(dim=(0, 1))

    def thinned(self, wide: int, heads: int) -> dict[str, Tensor]:
        """The layer's weights with fewer heads and fewer dimensions between its products for each token.

        Those stay whose values are largest, times the length of what they add to the token.
        """
        layer, head = self.layer, self.found.shape[0] // self.layer.heads
        between = _largest(self.between * layer.narrow.weight.norm(dim=0), wide)
        matter = (self.found * layer.gather.weight.norm(dim=0)).unflatten(0, (layer.heads, head)).sum(dim=1)
        inside = (_largest(matter, heads)[:, None] * head + torch.arange(head)).flatten()
        weights = layer.state_dict()
        for name, stay in (("widen", between), ("query", inside), ("key", inside), ("value", inside)):
            weights |= {f"{name}.{kind}": weights[f"{name}.{kind}"][stay] for kind in ("weight", "bias")}
        for name, stay in (("narrow", between), ("gather", inside)):
            weights[f"{name}.weight"] = weights[f"{name}.weight"][:, stay]
        return weights


def _largest(values: Tensor, count: int) -> Tensor:
    return values.topk(count).indices.sort().values


def take_over(taught: Taught, batches: Iterable[Batch]) -> None:
    """Have the taught network start as its teacher, thinned by what that makes of some batches."""
    shape, upper, teacher = taught.network.shape, taught.network.upper, copy.deepcopy(taught.teacher)
    watched = [Sizes(layer) for layer in teacher.layers if isinstance(layer, Layer)]
    with torch.no_grad():
        for batch in batches:
            teacher(**met(*represented(taught.network.encoder, batch), batch))
        weights = {name: value for name, value in teacher.state_dict().items() if not name.startswith("layers.")}
        for at, sizes in enumerate(watched):
            thin = sizes.thinned(shape.together_wide, shape.together_heads)
            weights |= {f"layers.{at}.{name}": value for name, value in thin.items()}
        upper.load_state_dict(weights)


def main() -> None:
    """Prepare, train, write."""
    options = arguments(__doc__, _STEPS).parse_args()
    folder = options.work / "reader"
    network, teacher = JointNetwork(), JointNetwork(TEACHER)
    for each in (network, teacher):
        load_encoder(each)
    read_back(teacher, Card.load(folder / "teacher.json"))
    texts, examples = prepare(options.train, options.data, options.work)
    batches = prepare_batches(texts, folder)
    taught = Taught(network, teacher.upper)
    take_over(taught, islice(shown(examples, batches), _SAMPLE))
    held_out = examples.held_out(2000)
    print("the teacher:", measure(teacher, held_out, batches), flush=True)
    print("before:", measure(network, held_out, batches), flush=True)
    groups = [Group(list(network.upper.parameters()), _RATE, _DECAY)]
    made = shown(examples, batches)
    training = Training(network.upper, groups, taught.loss, made, options.steps, folder / "taught.pt")
    for step in training.run():
        if step % _MEASURED_EVERY == 0:
            print(f"after {step}:", measure(averaged(network, training), held_out, batches), flush=True)
    print("as shipped:", measure(ship(averaged(network, training)), held_out, batches), flush=True)


if __name__ == "__main__":
    main()
