"""Train the joint reader that ships with the packaged encoder.

    python -m training.train_reader --train TRAIN --data EVAL --work FOLDER

Texts are cut into tokens once (``FOLDER/reader``); then the network is trained, its state kept every few hundred
steps and gone on with.
"""

from __future__ import annotations

import argparse
import pickle
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from queue import Queue
from typing import TypeVar

import numpy as np
import torch
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from retrieval.encoders.models import packaged_folder
from retrieval.joint.models import plain_tokenizer, special_tokens
from retrieval.joint.network import NEVER, JointNetwork
from retrieval.joint.weights import write
from retrieval.reader import Weigh, inverse_document_frequency
from training.examples import Batch, Example, Examples, batches
from training.hard_negatives import mined
from training.reader_data import Texts, collect

_STEPS = 5_000
_TOKENS = 6_000  # of a batch, padding counted
_RATE, _NEW_RATE = 3e-4, 1e-3  # of the encoder's layers, and of what is new
_DECAY = 0.01
_WARMUP = 200
_PARTS = (1.0, 0.5, 1.0)
_AVERAGE = 0.998
_KEEP_EVERY = 300
_MEASURED_EVERY = 900
_LONGEST = 254  # tokens of a passage

_WORD = re.compile(r"\w+")

T = TypeVar("T")


def prepare(train: Path, data: Path, work: Path) -> Examples:
    """What training needs, made where it is missing."""
    file = work / "reader" / "texts.pickle"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        pairs = collect(train, data)
        file.write_bytes(pickle.dumps(Texts(pairs, _tokenizer(), _LONGEST)))
    texts = pickle.loads(file.read_bytes())  # noqa: S301 (our own)
    weigh = weigher(text for _, text in texts.pairs.passages)
    return Examples(texts, weigh, mined(texts.pairs, file.parent))


def weigher(texts: Iterable[str]) -> Weigh:
    """How rare words are in these texts."""
    frequency: Counter[str] = Counter()
    count = 0
    for text in texts:
        frequency.update(set(_WORD.findall(text.lower())))
        count += 1
    return lambda words: [inverse_document_frequency(frequency[word.lower()], count) for word in words]


def _tokenizer() -> Tokenizer:
    return plain_tokenizer(packaged_folder() / "tokenizer.json")


def by_sentence(logits: Tensor, places: Tensor, sentences: int) -> Tensor:
    """The log of the sum of exponentials of each sentence's tokens, ``(b, sentences)``."""
    member = places[:, None] == torch.arange(sentences)[None, :, None]
    return logits[:, None].masked_fill(~member, NEVER).logsumexp(dim=-1)


def read(network: JointNetwork, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of tokens ``(b, n)``, of sentences ``(b, s)``, and that nothing answers ``(b,)``."""
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            asked, told = network.encoder.states(*batch.inputs[:2]), network.encoder.states(*batch.inputs[3:5])
        tokens, null = network.upper(asked, *batch.inputs[1:3], told, *batch.inputs[4:6])
    tokens = tokens.masked_fill(batch.places < 0, NEVER)
    return tokens, by_sentence(tokens, batch.places, batch.right.shape[1]), null


def loss(network: JointNetwork, batch: Batch) -> Tensor:
    """Which sentence, which tokens, and whether any; each weighs as ``_PARTS`` say."""
    tokens, sentences, null = read(network, batch)
    level = sentences.logsumexp(-1)
    which = level - sentences.masked_fill(~batch.right, NEVER).logsumexp(-1)
    where = level - tokens.masked_fill(~batch.inside, NEVER).logsumexp(-1)
    whether = functional.binary_cross_entropy_with_logits(level - null, batch.answerable.float(), reduction="none")
    return ((_PARTS[0] * which + _PARTS[1] * where) * batch.answerable + _PARTS[2] * whether * batch.weight).mean()


class Training:
    """A network being trained, and the running average of its weights, which is what ships.

    Args:
        examples: what it is trained on.
        steps: how many there will be; the learning rate falls linearly until then.
        file: holds the state; gone on with where it exists.
    """

    def __init__(self, examples: Examples, steps: int, file: Path) -> None:
        torch.manual_seed(1)
        self._examples, self._steps, self._file = examples, steps, file
        self._special = special_tokens(_tokenizer())
        self.network = JointNetwork()
        self.network.load_encoder(load_file(packaged_folder() / "model.safetensors"))
        upper = self.network.upper
        self._average = {name: value.clone() for name, value in upper.state_dict().items()}
        old = list(upper.layers.parameters())
        known = {id(parameter) for parameter in old}
        new = [parameter for parameter in upper.parameters() if id(parameter) not in known]
        groups = [
            {"params": old, "weight_decay": _DECAY, "full": _RATE},
            {"params": new, "weight_decay": 0.0, "full": _NEW_RATE},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=_RATE, betas=(0.9, 0.98))
        self.step = 0
        if file.exists():
            self._resume()

    def run(self) -> Iterator[int]:
        """Train; gives the number of steps each time the state has been kept."""
        if self.step >= self._steps:
            return
        losses: list[float] = []
        started, shown = time.monotonic(), 0
        for batch, part in _ahead(self._batches()):
            losses.append(self._learn(batch))
            shown += len(part)
            if self.step % 50 == 0:
                pace = shown / (time.monotonic() - started)
                print(f"step {self.step}/{self._steps}: loss {np.mean(losses[-50:]):.4f}, {pace:.1f}/s", flush=True)
            if self.step % _KEEP_EVERY == 0 or self.step == self._steps:
                self._save()
                yield self.step
            if self.step >= self._steps:
                return

    def averaged(self) -> JointNetwork:
        """The network with its averaged weights."""
        network = JointNetwork(self.network.shape)
        network.encoder.load_state_dict(self.network.encoder.state_dict())
        network.upper.load_state_dict(self._average)
        return network.eval()

    def _batches(self) -> Iterator[tuple[Batch, list[Example]]]:
        """The batches of all epochs, from where training stands."""
        at = 0
        for epoch in range(1_000):
            for made in batches(self._examples.epoch(epoch), self._special, _TOKENS, random.Random(epoch)):  # noqa: S311
                at += 1
                if at > self.step:
                    yield made

    def _learn(self, batch: Batch) -> float:
        self.step += 1
        share = min(self.step / _WARMUP, 1.0) * (0.02 + 0.98 * max(1 - self.step / self._steps, 0.0))
        for group in self._optimizer.param_groups:
            group["lr"] = group["full"] * share
        value = loss(self.network, batch)
        self._optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.upper.parameters(), 1.0)
        self._optimizer.step()
        keep = min(_AVERAGE, self.step / (self.step + 10))
        with torch.no_grad():
            for name, current in self.network.upper.state_dict().items():
                self._average[name].lerp_(current, 1 - keep)
        return float(value.detach())

    def _save(self) -> None:
        state = {"upper": self.network.upper.state_dict(), "optimizer": self._optimizer.state_dict()}
        torch.save(state | {"average": self._average, "step": self.step}, self._file.with_suffix(".new"))
        self._file.with_suffix(".new").rename(self._file)

    def _resume(self) -> None:
        state = torch.load(self._file, weights_only=True)
        self.network.upper.load_state_dict(state["upper"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._average, self.step = state["average"], state["step"]


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


def measure(network: JointNetwork, examples: Sequence[Example]) -> dict[str, float]:
    """On held-out pairs: how often the best sentence is right, and the AUROC of answering or not."""
    right: dict[str, list[bool]] = {}
    logits: dict[str, list[float]] = {"yes": [], "others": [], "judged": []}
    with torch.no_grad():
        for batch, part in batches(iter(examples), special_tokens(_tokenizer()), 12_000, random.Random(0)):  # noqa: S311
            _, sentences, null = read(network, batch)
            best = sentences.argmax(-1).tolist()
            for example, at, logit in zip(part, best, (sentences.logsumexp(-1) - null).tolist(), strict=True):
                kind = "judged" if example.weight != 1 else "others"
                logits["yes" if example.answerable else kind].append(logit)
                if example.answerable and not example.right.all():
                    right.setdefault("all", []).append(bool(example.right[at]))
                    right.setdefault(example.source, []).append(bool(example.right[at]))
    found = {name: round(float(np.mean(values)), 4) for name, values in sorted(right.items())}
    for kind in ("others", "judged"):
        labels = [True] * len(logits["yes"]) + [False] * len(logits[kind])
        found[f"auroc {kind}"] = round(float(roc_auc_score(labels, logits["yes"] + logits[kind])), 4)
    return found | {"n": float(len(right["all"])), "judged": float(len(logits["judged"]))}


def main() -> None:
    """Prepare, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("train", "data", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=_STEPS)
    options = parser.parse_args()
    examples = prepare(options.train, options.data, options.work)
    training = Training(examples, options.steps, options.work / "reader" / "training.pt")
    held_out = examples.held_out(2000)
    for step in training.run():
        if step % _MEASURED_EVERY == 0:
            print(f"after {step}:", measure(training.averaged(), held_out), flush=True)
    print("as shipped:", measure(ship(training.averaged()), held_out), flush=True)


def ship(network: JointNetwork) -> JointNetwork:
    """Write the trained weights; gives the network as it is read back."""
    card = write({name: value.float().numpy() for name, value in network.upper.state_dict().items()}, _LONGEST)
    network.upper.load_state_dict({name: torch.from_numpy(value) for name, value in card.read().items()})
    return network


if __name__ == "__main__":
    main()
