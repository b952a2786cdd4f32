"""Training some layers step by step; what ships is the running average of their weights."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

_WARMUP = 200
_AVERAGE = 0.998
_KEEP_EVERY = 300
_SHOWN_EVERY = 50

T = TypeVar("T")


def rate_at(step: int, progress: float, warmup: int) -> float:
    """The share of the full learning rate: it rises for ``warmup`` steps, and falls linearly to a fiftieth."""
    return min(step / warmup, 1.0) * (0.02 + 0.98 * max(1 - progress, 0.0))


def keep_at(step: int, most: float) -> float:
    """How much of the running average is kept: less in the first steps, that it does not hang on the start."""
    return min(most, step / (step + 10))


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters with their full learning rate, and their decay."""

    parameters: Sequence[nn.Parameter]
    rate: float
    decay: float


class Training(Generic[T]):
    """Layers being trained, by AdamW.

    Args:
        layers: what is trained.
        groups: their parameters.
        loss: of a batch.
        batches: those of all epochs, always in the same order.
        steps: how many there will be; the learning rate falls linearly until then.
        file: holds the state; gone on with where it exists.
    """

    def __init__(
        self,
        layers: nn.Module,
        groups: Sequence[Group],
        loss: Callable[[T], Tensor],
        batches: Iterable[T],
        steps: int,
        file: Path,
    ) -> None:
        self._layers, self._loss, self._batches, self._steps, self._file = layers, loss, batches, steps, file
        self.average = {name: value.clone() for name, value in layers.state_dict().items()}
        self._optimizer = torch.optim.AdamW(
            [{"params": list(one.parameters), "weight_decay": one.decay, "full": one.rate} for one in groups],
            betas=(0.9, 0.98),
        )
        self.step = 0
        if file.exists():
            self._resume()

    def run(self) -> Iterator[int]:
        """Train; gives the number of steps each time the state has been kept."""
        if self.step >= self._steps:
            return
        losses: list[float] = []
        started, first = time.monotonic(), self.step
        for at, batch in enumerate(_ahead(self._batches), start=1):
            if at <= self.step:
                continue
            losses.append(self._learn(batch))
            if self.step % _SHOWN_EVERY == 0:
                pace = (time.monotonic() - started) / (self.step - first)
                shown = f"loss {np.mean(losses[-_SHOWN_EVERY:]):.4f}, {pace:.2f} s a step"
                print(f"step {self.step}/{self._steps}: {shown}", flush=True)
            if self.step % _KEEP_EVERY == 0 or self.step == self._steps:
                self._save()
                yield self.step
            if self.step >= self._steps:
                return

    def _learn(self, batch: T) -> float:
        self.step += 1
        share = rate_at(self.step, self.step / self._steps, _WARMUP)
        for group in self._optimizer.param_groups:
            group["lr"] = group["full"] * share
        value = self._loss(batch)
        self._optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._layers.parameters(), 1.0)
        self._optimizer.step()
        keep = keep_at(self.step, _AVERAGE)
        with torch.no_grad():
            for name, current in self._layers.state_dict().items():
                self.average[name].lerp_(current, 1 - keep)
        return float(value.detach())

    def _save(self) -> None:
        state = {"layers": self._layers.state_dict(), "optimizer": self._optimizer.state_dict()}
        torch.save(state | {"average": self.average, "step": self.step}, self._file.with_suffix(".new"))
        self._file.with_suffix(".new").rename(self._file)

    def _resume(self) -> None:
        state = torch.load(self._file, weights_only=True)
        self._layers.load_state_dict(state["layers"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.average, self.step = state["average"], state["step"]


def _ahead(items: Iterable[T], most: int = 8) -> Iterator[T]:
    """Items, the next ones made while the last one is used."""
    queue: Queue[T | BaseException] = Queue(most)

    def fill() -> None:
        try:
            for item in items:
                queue.put(item)
        except BaseException as error:
            queue.put(error)  # to be raised where the items are used
        else:
            queue.put(StopIteration())

    threading.Thread(target=fill, daemon=True).start()
    while not isinstance(item := queue.get(), BaseException):
        yield item
    if not isinstance(item, StopIteration):
        raise item
