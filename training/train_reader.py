"""Train the reader that ships with the packaged encoder.

    python -m training.train_reader --train TRAIN --data EVAL --work FOLDER

Computes token vectors once (``FOLDER/reader``), then trains epoch by epoch; what was done is kept and gone on with.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from retrieval.parameters import Parameters
from retrieval.reader import FEATURES
from retrieval.trained_reader import SHIPPED
from training.reader_data import Ragged, prepare
from training.reader_network import Batch, Network, Size, arrays, loss

_EPOCHS = 5  # over which the learning rate falls
_KEPT = 3  # the epoch that reads held-out passages best; later ones learn the others by heart
_LEAN = 0.3  # how much of the linear reader's score is added; chosen on held-out passages
_TOKENS = 10_000  # of a batch, padding counted
_RATE = 2e-3
_DECAY = 0.02
_WARMUP = 300
_PARTS = (1.0, 0.5, 0.5)
_JUDGED_WEIGHT = 3.0
_JUDGED = ("human_unanswerable", "human_unanswerable_mapped")
_OTHERS = 0.4  # of the passages that are merely known not to hold the words of the answer
_AVERAGE = 0.999

Ints = npt.NDArray[np.int64]


class Examples:
    """What ``prepare`` wrote."""

    def __init__(self, folder: Path) -> None:
        self.rows = json.loads((folder / "pairs.json").read_text(encoding="utf-8"))
        self.question = np.array([row["question"] for row in self.rows])
        self.passage = np.array([row["passage"] for row in self.rows])
        self.answerable = np.array([row["kind"] == "answer" for row in self.rows])
        self.judged = np.array([row["kind"] in _JUDGED for row in self.rows])
        self.source = np.array([row["source"] for row in self.rows])
        self._parts = {
            name: Ragged(folder / f"{name}.npy")
            for name in (
                "question.vectors", "question.ids", "question.weights", "passage.vectors", "passage.ids",
                "passage.places", "passage.shapes", "pair.features", "pair.right", "pair.inside",
            )
        }  # fmt: skip
        self.lengths = np.diff(self._parts["passage.vectors"].starts)[self.passage]
        held = np.array([row["held_out"] for row in self.rows])
        unseen = set(self.question[held & self.answerable].tolist())
        asked_unseen = np.array([question in unseen for question in self.question.tolist()])
        self.train = np.flatnonzero(~held & ~asked_unseen)
        trained = set(self.question[self.train].tolist())
        self.held_out = np.array(
            [at for at in np.flatnonzero(held | asked_unseen).tolist() if self.question[at] not in trained]
        )

    def feature_scale(self) -> npt.NDArray[np.float32]:
        """How widely each sentence feature spreads."""
        return np.asarray(self._parts["pair.features"]._rows[:200_000].std(axis=0) + 1e-6, dtype=np.float32)

    def epoch(self, random: np.random.Generator) -> Ints:
        """The training pairs of one epoch: those that answer or that people judged, and some of the others."""
        kept = self.answerable | self.judged | (random.random(len(self.rows)) < _OTHERS)
        return self.train[kept[self.train]]

    def batch(self, chosen: Sequence[int]) -> Batch:
        """Padded."""
        part = self._parts
        questions, passages = self.question[list(chosen)], self.passage[list(chosen)]

        def of(name: str, numbers: Sequence[int], fill: float, kind: type) -> torch.Tensor:
            return _padded([part[name][n] for n in numbers], fill, kind)

        question_mask = _mask([len(part["question.weights"][n]) for n in questions])
        passage_mask = _mask([len(part["passage.places"][n]) for n in passages])
        return Batch(
            question=of("question.vectors", questions, 0, np.float16).float(),
            question_ids=of("question.ids", questions, 0, np.int64),
            question_weights=of("question.weights", questions, 0, np.float32),
            question_mask=question_mask,
            passage=of("passage.vectors", passages, 0, np.float16).float(),
            passage_ids=of("passage.ids", passages, 0, np.int64),
            shapes=of("passage.shapes", passages, 0, np.float16).float(),
            places=of("passage.places", passages, -1, np.int64),
            passage_mask=passage_mask,
            features=of("pair.features", chosen, 0, np.float32),
            sentence_mask=_mask([len(part["pair.right"][n]) for n in chosen]),
            right=of("pair.right", chosen, 0, np.bool_),
            inside=of("pair.inside", chosen, 0, np.bool_),
            answerable=torch.from_numpy(self.answerable[list(chosen)]),
            weight=torch.from_numpy(np.where(self.judged[list(chosen)], _JUDGED_WEIGHT, 1.0).astype(np.float32)),
        )

    def batches(self, chosen: Ints, random: np.random.Generator | None, tokens: int = _TOKENS) -> Iterator[Ints]:
        """Numbers of pairs of about equal length, in random order."""
        noise = random.uniform(0, 12, len(chosen)) if random else 0
        ordered = chosen[np.argsort(self.lengths[chosen] + noise, kind="stable")]
        parts, at = [], 0
        while at < len(ordered):
            count = max(1, tokens // max(int(self.lengths[ordered[min(at + 8, len(ordered) - 1)]]), 24))
            parts.append(ordered[at : at + count])
            at += count
        if random:
            random.shuffle(parts)  # type: ignore[arg-type]
        yield from parts


def _ahead(make: Callable[[Ints], Batch], chosen: Sequence[Ints]) -> Iterator[Batch]:
    """Batches, the next one made while the last one is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(make, chosen[0])
        for numbers in chosen[1:]:
            batch, coming = coming.result(), pool.submit(make, numbers)
            yield batch
        yield coming.result()


def _mask(lengths: Sequence[int]) -> torch.Tensor:
    return torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]


def _padded(parts: Sequence[npt.NDArray[np.generic]], fill: float, kind: type) -> torch.Tensor:
    shape = (len(parts), max(len(part) for part in parts), *parts[0].shape[1:])
    rows = np.full(shape, fill, dtype=kind)
    for row, part in zip(rows, parts, strict=True):
        row[: len(part)] = part
    return torch.from_numpy(rows)


class Training:
    """A network being trained, and the running average of its weights, which is what ships.

    Args:
        examples: what it is trained on.
        size: of the network.
        epochs: how many there will be; the learning rate falls linearly until then.
        file: holds the state after each epoch; gone on with where it exists.
    """

    def __init__(self, examples: Examples, size: Size, epochs: int, file: Path) -> None:
        torch.manual_seed(1)
        self._examples = examples
        self._file = file
        self._network = Network(size, torch.from_numpy(examples.feature_scale()))
        self._average = {name: value.clone() for name, value in self._network.state_dict().items()}
        grown = [p for p in self._network.parameters() if p.ndim > 1]
        others = [p for p in self._network.parameters() if p.ndim <= 1]
        groups = [{"params": grown, "weight_decay": _DECAY}, {"params": others, "weight_decay": 0.0}]
        self._optimizer = torch.optim.AdamW(groups, lr=_RATE, betas=(0.9, 0.98))
        self._steps = epochs * len(self._batches(0))
        self._step = 0
        self.epochs = 0
        if file.exists():
            self._resume()

    def epoch(self) -> None:
        """Train one epoch and keep the state."""
        torch.manual_seed(100 + self.epochs)
        self._network.train()
        chosen = self._batches(self.epochs)
        losses: list[float] = []
        for batch in _ahead(self._examples.batch, chosen):
            losses.append(self._learn(batch))
            if self._step % 100 == 0:
                print(f"step {self._step}/{self._steps}: loss {np.mean(losses[-100:]):.4f}", flush=True)
        self.epochs += 1
        self._save()

    def network(self) -> Network:
        """The network with its averaged weights."""
        averaged = Network(self._network.size, self._network.feature_scale)
        averaged.load_state_dict(self._average)
        return averaged.eval()

    def _batches(self, epoch: int) -> list[Ints]:
        random = np.random.default_rng(epoch)
        return list(self._examples.batches(self._examples.epoch(random), random))

    def _learn(self, batch: Batch) -> float:
        self._step += 1
        rate = _RATE * min(self._step / _WARMUP, 1.0) * (0.02 + 0.98 * max(1 - self._step / self._steps, 0.0))
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        value = loss(self._network, batch, _PARTS)
        self._optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimizer.step()
        keep = min(_AVERAGE, self._step / (self._step + 10))
        with torch.no_grad():
            for name, current in self._network.state_dict().items():
                self._average[name].lerp_(current, 1 - keep)
        return float(value.detach())

    def _save(self) -> None:
        state = {"network": self._network.state_dict(), "optimizer": self._optimizer.state_dict()}
        state |= {"average": self._average, "epochs": self.epochs, "step": self._step}
        torch.save(state, self._file)

    def _resume(self) -> None:
        state = torch.load(self._file, weights_only=True)
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._average, self.epochs, self._step = state["average"], state["epochs"], state["step"]


def measure(network: Network, examples: Examples, most: int = 4000) -> dict[str, float]:
    """On held-out passages: how often the best sentence is right, and the AUROC of answering or not."""
    chosen = np.random.default_rng(9).permutation(examples.held_out)[:most]
    right: dict[str, list[bool]] = {}
    logits: dict[str, list[float]] = {"yes": [], "no": [], "judged": []}
    with torch.no_grad():
        for numbers in examples.batches(chosen, None):
            batch = examples.batch(numbers)
            _, sentences, null = network(batch)
            best = sentences.argmax(-1)
            hit = batch.right.gather(1, best[:, None])[:, 0].tolist()
            several = (batch.sentence_mask.sum(-1) > batch.right.sum(-1)).tolist()
            for at, logit in enumerate((sentences.logsumexp(-1) - null).tolist()):
                number = int(numbers[at])
                if examples.answerable[number]:
                    logits["yes"].append(logit)
                    if several[at]:
                        right.setdefault("all", []).append(hit[at])
                        right.setdefault(str(examples.source[number]), []).append(hit[at])
                else:
                    logits["judged" if examples.judged[number] else "no"].append(logit)
    found = {name: round(float(np.mean(values)), 4) for name, values in sorted(right.items())}
    for kind in ("no", "judged"):
        found[f"auroc {kind}"] = round(_auroc(logits["yes"], logits[kind]), 4)
    return found | {"n": float(len(right["all"])), "judged": float(len(logits["judged"]))}


def _auroc(answerable: Sequence[float], others: Sequence[float]) -> float:
    order = np.argsort(np.concatenate([others, answerable]), kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    count = len(answerable)
    return float((ranks[len(others) :].sum() - count * (count + 1) / 2) / max(count * len(others), 1))


def lean(network: Network, examples: Examples, linear: Mapping[str, float]) -> None:
    """Add a share of the linear reader's score, so that passages are on average as likely to answer as before."""
    before = _levels(network, examples)
    network.lean_on(torch.tensor([linear[name] for name in FEATURES]), _LEAN)
    with torch.no_grad():
        network.null.bias += float(np.mean(_levels(network, examples) - before))


def _levels(network: Network, examples: Examples) -> npt.NDArray[np.float64]:
    """Of each held-out passage, the log of the sum of its sentences' powers."""
    with torch.no_grad():
        parts = [network(examples.batch(n))[1].logsumexp(-1).numpy() for n in examples.batches(examples.held_out, None)]
    return np.concatenate(parts).astype(np.float64)


def write(network: Network, encoder: str, card: Path = SHIPPED) -> None:
    """Write the weights, and beside them what the reader must know of them."""
    weights = card.with_suffix(".npz")
    np.savez_compressed(weights, **arrays(network))
    value = {
        "weights": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "encoder": encoder,
        "heads": network.size.heads,
    }
    card.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Prepare, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("train", "data", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--until", type=int, default=_KEPT, help="stop after this epoch; go on by the same command")
    options = parser.parse_args()
    folder = prepare(options.train, options.data, options.work)
    examples = Examples(folder)
    training = Training(examples, Size(), _EPOCHS, folder / "training.pt")
    while training.epochs < min(options.until, _KEPT):
        training.epoch()
        print(f"epoch {training.epochs}:", measure(training.network(), examples), flush=True)
    if training.epochs == _KEPT:
        network = training.network()
        lean(network, examples, Parameters.load().sentence)
        print("with the linear reader's score:", measure(network, examples), flush=True)
        write(network, (folder / "encoder").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
