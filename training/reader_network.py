"""The trained reader's network, as it is trained; ``retrieval/reader_network.py`` computes the same in numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from retrieval.reader import FEATURES
from retrieval.token_features import SHAPES

MATCHES = 6
_NEVER = -1e4


@dataclass(frozen=True, slots=True)
class Size:
    """How large the network is."""

    encoder: int = 384
    hidden: int = 96
    heads: int = 4
    blocks: int = 2
    window: int = 7
    dropout: float = 0.15


@dataclass(slots=True)
class Batch:
    """Padded pairs; ``*_mask`` is true where there is a token or a sentence."""

    question: Tensor
    question_ids: Tensor
    question_weights: Tensor
    question_mask: Tensor
    passage: Tensor
    passage_ids: Tensor
    shapes: Tensor
    places: Tensor
    passage_mask: Tensor
    features: Tensor
    sentence_mask: Tensor
    right: Tensor
    inside: Tensor
    answerable: Tensor
    weight: Tensor


class SharedDropout(nn.Module):
    """Drops the same dimensions of all tokens of a text, after Gal and Ghahramani (2016); draws little at random."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, rows: Tensor) -> Tensor:
        """``(b, n, d)``."""
        if not self.training or not self.share:
            return rows
        kept = torch.rand(len(rows), 1, rows.shape[-1]) >= self.share
        return rows * (kept / (1 - self.share)).to(rows.dtype)


class Block(nn.Module):
    """A window over neighbouring tokens, attention over the passage (if it ``attends``), a layer for each token."""

    def __init__(self, size: Size, *, attends: bool) -> None:
        super().__init__()
        hidden = size.hidden
        self.heads = size.heads
        self.root = math.sqrt(hidden // size.heads)
        self.window = nn.Conv1d(hidden, hidden, size.window, padding=size.window // 2, groups=hidden)
        self.mix = nn.Linear(hidden, hidden)
        self.attend = nn.Linear(hidden, 3 * hidden) if attends else None
        self.gather = nn.Linear(hidden, hidden) if attends else None
        self.widen = nn.Linear(hidden, 2 * hidden)
        self.narrow = nn.Linear(2 * hidden, hidden)
        self.norms = nn.ModuleList([nn.LayerNorm(hidden) for _ in range(3)])
        self.dropout = SharedDropout(size.dropout)

    def forward(self, rows: Tensor, mask: Tensor) -> Tensor:
        """``(b, n, hidden)``; ``mask`` is true where there is a token."""
        normed = self.norms[0](rows) * mask[..., None]
        near = self.window(normed.transpose(1, 2)).transpose(1, 2)
        rows = rows + self.dropout(self.mix(functional.relu(near)))
        if self.attend is not None and self.gather is not None:
            query, key, value = self.attend(self.norms[1](rows)).chunk(3, dim=-1)
            query, key, value = (_split(part, self.heads) for part in (query / self.root, key, value))
            never = torch.zeros(mask.shape).masked_fill(~mask, _NEVER)[:, None, None, :]
            found = (query @ key.transpose(2, 3) + never).softmax(dim=-1) @ value
            rows = rows + self.dropout(self.gather(found.transpose(1, 2).flatten(2)))
        return rows + self.dropout(self.narrow(functional.relu(self.widen(self.norms[2](rows)))))


def _split(rows: Tensor, heads: int) -> Tensor:
    return rows.unflatten(-1, (heads, -1)).transpose(1, 2)


class Network(nn.Module):
    """Scores tokens, sentences, and whether a passage answers."""

    def __init__(self, size: Size, feature_scale: Tensor) -> None:
        super().__init__()
        hidden = size.hidden
        self.size = size
        self.project = nn.Linear(size.encoder, hidden)
        self.describe = nn.Linear(len(SHAPES) + MATCHES, hidden)
        self.ask = nn.Linear(2, hidden)
        self.norms = nn.ModuleList([nn.LayerNorm(hidden) for _ in range(4)])
        self.look = nn.Linear(hidden, hidden)
        self.show = nn.Linear(hidden, 2 * hidden)
        self.channels = nn.Parameter(torch.ones(size.heads, 3))
        self.summary = nn.Linear(hidden, 1)
        self.join = nn.Linear(4 * hidden, hidden)
        self.blocks = nn.ModuleList([Block(size, attends=at == size.blocks - 1) for at in range(size.blocks)])
        self.answer = nn.Linear(hidden, 1)
        self.sentence = nn.Linear(len(FEATURES), 1, bias=False)
        self.decide = nn.Linear(3 * hidden + len(FEATURES), hidden)
        self.null = nn.Linear(hidden, 1)
        self.dropout = SharedDropout(size.dropout)
        self.register_buffer("feature_scale", feature_scale)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of tokens ``(b, n)``, of sentences ``(b, s)``, and that nothing answers ``(b,)``."""
        passage_mask, question_mask = batch.passage_mask, batch.question_mask
        cosine = batch.passage @ batch.question.transpose(1, 2)
        same = batch.passage_ids[:, :, None] == batch.question_ids[:, None]
        same = same & (batch.question_ids[:, None] != 0)
        channels = torch.stack([cosine, same[..., 0].float(), same[..., 1].float()], dim=-1)
        channels = channels * question_mask[:, None, :, None]
        matches = torch.cat(
            [channels.amax(dim=2).clamp(min=0), (channels * batch.question_weights[:, None, :, None]).sum(dim=2)], -1
        )

        scale = math.sqrt(self.size.encoder)
        described = self.describe(torch.cat([batch.shapes, matches], dim=-1))
        tokens = self.norms[0](self.project(self.dropout(batch.passage) * scale) + described)
        seen = torch.stack([batch.question_weights, channels[..., 1].amax(dim=1)], dim=-1)
        asked = self.norms[1](self.project(self.dropout(batch.question) * scale) + self.ask(seen))

        heads = self.size.heads
        key, value = (_split(part, heads) for part in self.show(asked).chunk(2, dim=-1))
        logits = _split(self.look(tokens), heads) @ key.transpose(2, 3) / math.sqrt(self.size.hidden // heads)
        logits = logits + torch.einsum("bnmc,hc->bhnm", channels, self.channels)
        logits = logits.masked_fill(~question_mask[:, None, None, :], _NEVER)
        found = (logits.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)
        attention = self.summary(asked).squeeze(-1).masked_fill(~question_mask, _NEVER).softmax(dim=-1)
        subject = (attention[:, None] @ asked).expand_as(tokens)
        joined = torch.cat([found, tokens * found, tokens * subject, subject], dim=-1)
        rows = self.norms[2](tokens + self.dropout(self.join(joined)))
        for block in self.blocks:
            rows = block(rows, passage_mask)
        rows = self.norms[3](rows)

        token_logits = self.answer(rows).squeeze(-1).masked_fill(~(passage_mask & (batch.places >= 0)), _NEVER)
        features = batch.features / self.feature_scale
        best = _by_sentence(token_logits, batch.places, batch.features.shape[1])
        sentences = (best + self.sentence(features).squeeze(-1)).masked_fill(~batch.sentence_mask, _NEVER)
        likely = token_logits.softmax(dim=-1)[:, None]
        where = sentences.softmax(dim=-1)[:, None]
        pooled = torch.cat(
            [subject[:, 0], (likely @ rows)[:, 0], rows.masked_fill(~passage_mask[..., None], _NEVER).amax(dim=1)],
            dim=-1,
        )
        pooled = torch.cat([pooled, (where @ features)[:, 0]], dim=-1)
        return token_logits, sentences, self.null(functional.relu(self.decide(pooled))).squeeze(-1)

    def lean_on(self, linear: Tensor, share: float) -> None:
        """Add a share of a linear reader's score, of weights ``(features,)``, to the logits of sentences."""
        with torch.no_grad():
            self.sentence.weight += share * linear * self.feature_scale


def _by_sentence(logits: Tensor, places: Tensor, sentences: int) -> Tensor:
    """The log of the sum of exponentials of each sentence's tokens."""
    member = places[:, None] == torch.arange(sentences)[None, :, None]
    return logits[:, None].masked_fill(~member, _NEVER).logsumexp(dim=-1)


def loss(network: Network, batch: Batch, parts: tuple[float, float, float]) -> Tensor:
    """Which sentence, which tokens, and whether any; each weighs as ``parts`` say."""
    tokens, sentences, null = network(batch)
    answers = batch.answerable
    by_sentence = sentences.logsumexp(-1) - sentences.masked_fill(~batch.right, _NEVER).logsumexp(-1)
    by_token = tokens.logsumexp(-1) - tokens.masked_fill(~batch.inside, _NEVER).logsumexp(-1)
    whether = functional.binary_cross_entropy_with_logits(
        sentences.logsumexp(-1) - null, answers.float(), reduction="none"
    )
    total = (parts[0] * by_sentence + parts[1] * by_token) * answers + parts[2] * whether * batch.weight
    return total.mean()


def arrays(network: Network) -> dict[str, Any]:
    """The weights by name, as float16 arrays."""
    return {name: value.detach().numpy().astype("float16") for name, value in network.state_dict().items()}
