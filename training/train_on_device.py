"""Teach the joint reader that ships by large cross-encoders, on a GPU.

    python -m training.train_on_device --packed FOLDER --out FOLDER

:mod:`training.pack_examples` writes what it takes, small enough to be carried to a machine that has a GPU. There are as
many teachers as folds: each learns from the pairs of the other folds, and teaches those of its own, whose passages it
has seen beside other questions at most: of what it knows by heart it would only say again what is right. The network
that is taught starts as it shipped before, and the encoder's lower layers stay as they are. Writes
``FOLDER/reader.npz``, for :mod:`training.quantize_reader`; teachers are kept beside it, and taken as they are by the
next run.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from retrieval.joint.inputs import SpecialTokens
from retrieval.joint.network import JointNetwork, Shape
from retrieval.joint.weights import unpacked
from training.cross_encoder import CrossEncoder, CrossShape
from training.device_batches import DeviceBatches
from training.distil_reader import alike
from training.examples import Batch
from training.packed import EXAMPLES, FOLDS, Packed, is_lower, part_of
from training.reading import Outcome, measured, met, outcome, read, represented, right_or_wrong
from training.train_reader import mean_of, save
from training.training_loop import Group, keep_at, rate_at

_TEACHER_RATE, _NEW_RATE = 6e-5, 5e-4  # of MPNet's layers, and of what is new
_RATE, _DECAY = 5e-4, 0.01
# Of the weights that were learned, beside those before: what was learned stays, and less of what else was known is lost
# (Wortsman et al., 2022, "Robust Fine-Tuning of Zero-Shot Models").
_SHARE = 0.8
_HARD = 0.3  # how much what is right counts; the rest is what the teacher gives
_WARMUP = 100  # steps
_AVERAGE = 0.999
_SHOWN_EVERY = 100  # steps
_KEPT_EVERY = 2000
_MEASURED_AT_ONCE = 20_000  # tokens

Shown = tuple[Batch, int]
"""A batch, and the fold that its examples are of."""


@dataclass(frozen=True, slots=True)
class Course:
    """How many seconds are learned, by which clock, and how many tokens make a batch."""

    seconds: float
    tokens: int
    clock: Callable[[], float] = time.monotonic


class Learning:
    """A network that learns by AdamW; the learning rate falls linearly until the time is over.

    Args:
        groups: its parameters that learn.
        course: how long.
    """

    def __init__(self, groups: Sequence[Group], course: Course) -> None:
        self._course = course
        self._parameters = [one for group in groups for one in group.parameters]
        self._average = [one.detach().clone() for one in self._parameters]
        self._optimizer = torch.optim.AdamW(
            [{"params": list(one.parameters), "weight_decay": one.decay, "full": one.rate} for one in groups],
            betas=(0.9, 0.98),
            fused=self._parameters[0].is_cuda,
        )

    def run(self, batches: Iterator[Shown], loss: Callable[[Shown], Tensor]) -> Iterator[int]:
        """Learn until the time is over; gives the number of steps every now and then."""
        started = self._course.clock()
        losses: list[Tensor] = []
        for step, batch in enumerate(batches, start=1):
            progress = (self._course.clock() - started) / self._course.seconds
            if progress >= 1:
                return
            losses.append(self._learn(loss(batch), step, progress))
            if step % _SHOWN_EVERY == 0:
                mean = float(torch.stack(losses).mean())
                print(f"step {step}, {progress:.3f} of the time: loss {mean:.4f}", flush=True)
                losses.clear()
                yield step

    def _learn(self, value: Tensor, step: int, progress: float) -> Tensor:
        share = rate_at(step, progress, _WARMUP)
        for group in self._optimizer.param_groups:
            group["lr"] = group["full"] * share
        self._optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._optimizer.step()
        keep = keep_at(step, _AVERAGE)
        with torch.no_grad():
            torch._foreach_lerp_(self._average, self._parameters, 1 - keep)
        return value.detach()

    def swap(self) -> None:
        """Give the network the averaged weights in place of its own; once more, and it has its own again."""
        for one, average in zip(self._parameters, self._average, strict=True):
            one.data, average.data = average.data, one.data


class Workplace:
    """What lies on the device.

    Args:
        folder: what was packed.
        device: its name.
        shape: of the network that is taught.
        teacher: shape of those that teach it.
    """

    def __init__(
        self, folder: Path, device: str, shape: Shape | None = None, teacher: CrossShape | None = None
    ) -> None:
        self._folder, self.device = folder, torch.device(device)
        self._shape, self._teacher = shape, teacher
        self._packed = Packed.load(folder / EXAMPLES)
        self._encoder = self._arrays("encoder")
        self._special = SpecialTokens(*self._encoder.pop("special").int().tolist())
        self._batches = DeviceBatches(self._packed, self.reader().encoder, self._special, self.device)

    def _arrays(self, name: str) -> dict[str, Tensor]:
        """Weights of all files whose names begin so.

        Raises:
            FileNotFoundError: there is none.
        """
        stored: dict[str, Any] = {}
        files = sorted(self._folder.glob(f"{name}*.npz"))
        if not files:
            raise FileNotFoundError(f"{self._folder} holds no {name}*.npz: training.pack_examples writes it")
        for file in files:
            with np.load(file, allow_pickle=False) as part:
                stored |= {key: part[key] for key in part.files}
        return {key: torch.from_numpy(value) for key, value in unpacked(stored).items()}

    def reader(self) -> JointNetwork:
        """The network to be taught, as it shipped before; of the encoder it has the lower layers."""
        network = JointNetwork(self._shape)
        missing, _ = network.encoder.load_state_dict(self._encoder, strict=False)
        if lower := [name for name in missing if is_lower(name, network.shape.apart)]:
            raise KeyError(f"encoder.npz lacks {lower[0]}: training.pack_examples writes it anew")
        network.upper.load_state_dict(self._arrays("reader"))
        network.encoder.requires_grad_(False)
        return network.to(self.device)

    def teacher(self) -> CrossEncoder:
        """A cross-encoder that has learned nothing yet."""
        made = CrossEncoder(self._special, self._teacher)
        made.take(self._arrays("mpnet"))
        return made.to(self.device)

    def shown(self, seed: int, folds: Sequence[int], tokens: int) -> Iterator[Shown]:
        """Batches of all epochs, time and again, each of one of the folds.

        Raises:
            ValueError: nothing is of these folds.
        """
        chance = random.Random(seed)  # noqa: S311 (an order, no secret)
        fold = self._packed.examples["fold"]
        if not np.isin(fold[: self._packed.parts[-2]], list(folds)).any():
            raise ValueError(f"no example is of the folds {list(folds)}: pack more")
        while True:
            for epoch in chance.sample(range(self._packed.epochs), self._packed.epochs):
                rows = part_of(self._packed, epoch)
                by_fold = [(at, rows[fold[rows] == at]) for at in folds]
                parts = [(at, part) for at, of in by_fold for part in self._batches.dealt(of, chance, tokens)]
                chance.shuffle(parts)
                for at, part in parts:
                    yield self._batches.batch(part), at

    def measure(self, reads: Callable[[Batch], Outcome]) -> dict[str, float]:
        """What is held out, read; figures as :func:`training.reading.measured` gives them."""
        with self.quick():
            return measured(reads, self._held_out())

    def _held_out(self) -> Iterator[tuple[Batch, list[tuple[str, str]]]]:
        examples, names = self._packed.examples, self._packed.names
        rows = part_of(self._packed, self._packed.epochs)
        for part in self._batches.dealt(rows, random.Random(0), _MEASURED_AT_ONCE):  # noqa: S311
            kinds, sources = (examples[column][part].tolist() for column in ("kind", "source"))
            yield self._batches.batch(part), [(names[k], names[s]) for k, s in zip(kinds, sources, strict=True)]

    def quick(self) -> torch.autocast:
        """Matrix products in sixteen bits."""
        return torch.autocast(self.device.type, torch.bfloat16)


def teach(place: Workplace, fold: int, course: Course, file: Path) -> CrossEncoder:
    """A teacher for a fold, which has learned from the others; as its weights are in the file, where there is one."""
    torch.manual_seed(fold)
    teacher = place.teacher()
    if file.exists():
        teacher.load_state_dict(torch.load(file, weights_only=True, map_location=place.device))
    else:
        teacher.train()
        groups = [Group(teacher.old, _TEACHER_RATE, _DECAY), Group(teacher.new, _NEW_RATE, 0.0)]
        learning = Learning(groups, course)

        def loss(shown: Shown) -> Tensor:
            with place.quick():
                return right_or_wrong(teacher(shown[0]), shown[0])

        others = [at for at in range(FOLDS) if at != fold]
        for _ in learning.run(place.shown(100 + fold, others, course.tokens), loss):
            pass
        learning.swap()
        torch.save(teacher.state_dict(), file.with_suffix(".new"))
        file.with_suffix(".new").rename(file)
    teacher.eval().requires_grad_(False)
    print(f"teacher {fold}:", place.measure(teacher), flush=True)
    return teacher


def distil(place: Workplace, teachers: Sequence[CrossEncoder], course: Course, file: Path) -> None:
    """Teach the network that ships; what is written is the average of its weights on the way, and of those before."""
    before, network = place.reader(), place.reader()
    print("before:", place.measure(lambda batch: read(before, batch)), flush=True)
    learning = Learning([Group(list(network.upper.parameters()), _RATE, _DECAY)], course)

    def loss(shown: Shown) -> Tensor:
        batch, fold = shown
        with place.quick():
            with torch.no_grad():
                wanted = teachers[fold](batch)
            given = met(*represented(network.encoder, batch), batch)
            found = outcome(*network.upper(**given), batch)
            return _HARD * right_or_wrong(found, batch) + (1 - _HARD) * alike(found, wanted)

    def keep() -> None:
        learning.swap()
        between = mean_of(before, network, _SHARE)
        learning.swap()
        print("taught:", place.measure(lambda batch: read(between, batch)), flush=True)
        save(between, file)

    for step in learning.run(place.shown(7, range(FOLDS), course.tokens), loss):
        if step % _KEPT_EVERY == 0:
            keep()
    keep()


def main() -> None:
    """Teach the teachers, then what ships."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for name in ("packed", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--teacher-seconds", type=float, default=82.0, help="of each of the teachers")
    parser.add_argument("--seconds", type=float, default=275.0)
    parser.add_argument("--tokens", type=int, default=24_000, help="of a batch, padding counted; teachers take half")
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    options.out.mkdir(parents=True, exist_ok=True)
    place = Workplace(options.packed, options.device)
    course = Course(options.teacher_seconds, options.tokens // 2)
    teachers = [teach(place, fold, course, options.out / f"teacher{fold}.pt") for fold in range(FOLDS)]
    distil(place, teachers, Course(options.seconds, options.tokens), options.out / "reader.npz")


if __name__ == "__main__":
    main()
