"""What a joint network makes of batches: the logits, the loss, and figures on held-out pairs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from retrieval.joint.network import NEVER, Encoder, JointNetwork
from training.examples import JUDGED, OPPOSITE, Batch, Batches, Example
from training.reader_data import NEAR, SUPPOSES

_PARTS = (1.0, 0.5, 1.0)
_GROUPS = dict.fromkeys(JUDGED, "judged") | {kind: kind for kind in (OPPOSITE, NEAR, SUPPOSES)}
_UNANSWERED = ("others", *dict.fromkeys(_GROUPS.values()))  # others are of none of these kinds


@dataclass(frozen=True, slots=True)
class Outcome:
    """Logits of tokens ``(b, n)`` and of sentences ``(b, s)``, and that nothing answers ``(b,)``."""

    tokens: Tensor
    sentences: Tensor
    null: Tensor

    @property
    def level(self) -> Tensor:
        """The log of the sum of exponentials of all tokens, ``(b,)``."""
        return self.sentences.logsumexp(-1)

    @property
    def odds(self) -> Tensor:
        """Log-odds that something answers, ``(b,)``."""
        return self.level - self.null


def by_sentence(logits: Tensor, places: Tensor, sentences: int) -> Tensor:
    """The log of the sum of exponentials of each sentence's tokens, ``(b, sentences)``."""
    member = places[:, None] == torch.arange(sentences, device=places.device)[None, :, None]
    return logits[:, None].masked_fill(~member, NEVER).logsumexp(dim=-1)


def outcome(tokens: Tensor, null: Tensor, batch: Batch) -> Outcome:
    """What a network gives, of the tokens that are in a sentence."""
    tokens = tokens.masked_fill(batch.places < 0, NEVER)
    return Outcome(tokens, by_sentence(tokens, batch.places, batch.right.shape[1]), null)


def represented(encoder: Encoder, batch: Batch) -> tuple[Tensor, Tensor]:
    """States of the questions and of the passages, ``(b, m, hidden)`` and ``(b, n, hidden)``."""
    with torch.no_grad():
        asked = encoder.states(*batch.inputs[:2])
        told = batch.told.clone()
        if len(batch.unkept):
            told[batch.unkept] = encoder.states(*(each[batch.unkept] for each in batch.inputs[3:5]))
    return asked, told


def met(asked: Tensor, told: Tensor, batch: Batch) -> dict[str, Tensor]:
    """What the upper layers take, by name."""
    _, asked_mask, asked_features, _, told_mask, told_features = batch.inputs
    return {
        "asked": asked,
        "asked_mask": asked_mask,
        "asked_features": asked_features,
        "told": told,
        "told_mask": told_mask,
        "told_features": told_features,
    }


def read(network: JointNetwork, batch: Batch) -> Outcome:
    """What a network gives."""
    return outcome(*network.upper(**met(*represented(network.encoder, batch), batch)), batch)


def right_or_wrong(found: Outcome, batch: Batch) -> Tensor:
    """The loss: which sentence, which tokens, and whether any; each weighs as ``_PARTS`` say."""
    which = found.level - found.sentences.masked_fill(~batch.right, NEVER).logsumexp(-1)
    where = found.level - found.tokens.masked_fill(~batch.inside, NEVER).logsumexp(-1)
    whether = functional.binary_cross_entropy_with_logits(found.odds, batch.answerable.float(), reduction="none")
    return ((_PARTS[0] * which + _PARTS[1] * where) * batch.answerable + _PARTS[2] * whether * batch.weight).mean()


def measure(network: JointNetwork, examples: Sequence[Example], batches: Batches) -> dict[str, float]:
    """As :func:`measured`, of a network."""
    shown = batches.of(examples, random.Random(0))  # noqa: S311
    named = ((batch, [(one.kind, one.source) for one in part]) for batch, part in shown)
    return measured(lambda batch: read(network, batch), named)


def measured(
    reads: Callable[[Batch], Outcome], batches: Iterable[tuple[Batch, Sequence[tuple[str, str]]]]
) -> dict[str, float]:
    """On held-out pairs: how often the best sentence is right, and the AUROC of answering or not.

    That is given for what people judged not to be answered, what is asked the other way, what was written to look
    answered or to suppose amiss, and the others, where there are any. With each batch come the kinds and sources of its
    examples.
    """
    right: dict[str, list[bool]] = {}
    odds: dict[str, list[float]] = {group: [] for group in ("yes", *_UNANSWERED)}
    with torch.no_grad():
        for batch, names in batches:
            found = reads(batch)
            marked = batch.right.gather(1, found.sentences.argmax(-1, keepdim=True))[:, 0].tolist()
            several = (batch.right.sum(1) <= batch.places.amax(1)).tolist()  # some sentence is wrong
            rows = zip(names, batch.answerable.tolist(), marked, several, found.odds.tolist(), strict=True)
            for (kind, source), answerable, hit, choice, value in rows:
                odds["yes" if answerable else _GROUPS.get(kind, "others")].append(value)
                if answerable and choice:
                    right.setdefault("all", []).append(hit)
                    right.setdefault(source, []).append(hit)
    shares = {name: round(float(np.mean(values)), 4) for name, values in sorted(right.items())}
    for kind in (kind for kind in _UNANSWERED if odds[kind]):
        labels = [True] * len(odds["yes"]) + [False] * len(odds[kind])
        shares[f"auroc {kind}"] = round(float(roc_auc_score(labels, odds["yes"] + odds[kind])), 4)
    counts = {"n": float(len(right["all"]))} | {kind: float(len(odds[kind])) for kind in _UNANSWERED[1:]}
    return shares | counts
