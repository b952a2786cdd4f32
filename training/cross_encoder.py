"""A large cross-encoder, which reads question and passage together in all of its layers. It teaches, and never ships.

MPNet (Song et al., 2020, "MPNet: Masked and Permuted Pre-training for Language Understanding"), whose words are those
of the packaged encoder behind four tokens of its own: so both cut a text into the same tokens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from retrieval.joint.inputs import PASSAGE_FEATURES, QUESTION_FEATURES, SpecialTokens
from retrieval.joint.network import NEVER
from training.examples import Batch
from training.reading import Outcome, outcome

_FIRST, _FILL, _LAST, _SHIFT = 0, 1, 2, 4  # tokens of its own, and by how much all others are moved
_BUCKETS, _FARTHEST = 32, 128  # of relative positions
_NEW = ("ask", "tell", "answer", "decide", "null")  # parts that MPNet does not have
_STEP = 8  # of widths, for which attention is quickest


@dataclass(frozen=True, slots=True)
class CrossShape:
    """Of MPNet; ``hidden`` is parted among the heads."""

    vocabulary: int = 30527
    positions: int = 514
    hidden: int = 768
    wide: int = 3072
    heads: int = 12
    layers: int = 12
    dropped: float = 0.1


class CrossLayer(nn.Module):
    """A transformer layer with a bias by relative position."""

    def __init__(self, shape: CrossShape) -> None:
        super().__init__()
        hidden = shape.hidden
        self.heads, self.dropped = shape.heads, shape.dropped
        self.q, self.k, self.v, self.o = (nn.Linear(hidden, hidden) for _ in range(4))
        self.widen, self.narrow = nn.Linear(hidden, shape.wide), nn.Linear(shape.wide, hidden)
        self.norms = nn.ModuleList([nn.LayerNorm(hidden, eps=1e-5) for _ in range(2)])

    def forward(self, rows: Tensor, bias: Tensor) -> Tensor:
        """``(b, n, hidden)``; ``bias`` is added to the logits of attention, ``(b, heads, n, n)``."""
        query, key, value = (
            part(rows).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v)
        )
        dropped = self.dropped if self.training else 0.0
        found = functional.scaled_dot_product_attention(query, key, value, bias.to(query.dtype), dropped)
        met = self.norms[0](rows + self._drop(self.o(found.transpose(1, 2).flatten(2))))
        made: Tensor = self.norms[1](met + self._drop(self.narrow(functional.gelu(self.widen(met)))))
        return made

    def _drop(self, rows: Tensor) -> Tensor:
        return functional.dropout(rows, self.dropped, self.training)


class CrossEncoder(nn.Module):
    """Gives what the joint network gives, of batches that are made for that. Its embeddings do not learn.

    Args:
        special: of the tokenizer that cut the batches' texts.
        shape: other than MPNet's.
    """

    def __init__(self, special: SpecialTokens, shape: CrossShape | None = None) -> None:
        super().__init__()
        shape = shape or CrossShape()
        hidden = shape.hidden
        self.special, self.dropped = special, shape.dropped
        self.words = nn.Embedding(shape.vocabulary, hidden)
        self.positions = nn.Embedding(shape.positions, hidden)
        self.relative = nn.Embedding(_BUCKETS, shape.heads)
        for part in (self.words, self.positions, self.relative):  # a bias that learns has no quick attention
            part.requires_grad_(False)
        self.norm = nn.LayerNorm(hidden, eps=1e-5)
        self.layers = nn.ModuleList([CrossLayer(shape) for _ in range(shape.layers)])
        self.ask = nn.Linear(QUESTION_FEATURES, hidden, bias=False)
        self.tell = nn.Linear(PASSAGE_FEATURES, hidden, bias=False)
        self.answer = nn.Linear(hidden, 1)
        self.decide = nn.Linear(3 * hidden, hidden)
        self.null = nn.Linear(hidden, 1)
        nn.init.zeros_(self.ask.weight)
        nn.init.zeros_(self.tell.weight)

    @property
    def old(self) -> list[nn.Parameter]:
        """What was MPNet's and learns."""
        new = {id(parameter) for parameter in self.new}
        return [one for one in self.parameters() if one.requires_grad and id(one) not in new]

    @property
    def new(self) -> list[nn.Parameter]:
        """What was not MPNet's."""
        return [parameter for part in _NEW for parameter in getattr(self, part).parameters()]

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Start as MPNet; ``weights`` by the names that transformers gives them.

        Raises:
            KeyError: one is missing.
        """
        new = tuple(f"{part}." for part in _NEW)
        own = self.state_dict()
        self.load_state_dict(
            {name: value if name.startswith(new) else weights[_theirs(name)] for name, value in own.items()}
        )

    def forward(self, batch: Batch) -> Outcome:
        """As the joint network: logits of tokens ``(b, n)``, of sentences ``(b, s)``, and of no answer ``(b,)``."""
        asked_ids, asked_mask, asked_features, told_ids, told_mask, told_features = batch.inputs
        mask = torch.cat([asked_mask, told_mask], dim=1)
        wider = -mask.shape[1] % _STEP
        mask = functional.pad(mask, (0, wider))
        # Question and passage follow each other: what pads the question comes last.
        order = (~mask).byte().argsort(dim=1, stable=True)
        ids = self._ids(asked_ids, asked_mask, told_ids, told_mask)
        ids = functional.pad(ids, (0, wider), value=_FILL).gather(1, order)
        features = torch.cat([self.ask(asked_features), self.tell(told_features)], dim=1)
        features = functional.pad(features, (0, 0, 0, wider))
        features = features.gather(1, order[..., None].expand(-1, -1, features.shape[-1]))
        mask = mask.gather(1, order)
        places = torch.arange(ids.shape[1], device=ids.device)
        rows = self.norm(self.words(ids) + self.positions(places + _FILL + 1) + features)
        rows = functional.dropout(rows, self.dropped, self.training)
        bias = self.relative(_buckets(places)).permute(2, 0, 1)[None] + (~mask)[:, None, None].float() * NEVER
        for layer in self.layers:
            rows = layer(rows, bias)
        behind = asked_ids.shape[1]
        back = order.argsort(dim=1)[:, behind : behind + told_ids.shape[1], None].expand(-1, -1, rows.shape[-1])
        return outcome(*self._decided(rows[:, 0], rows.gather(1, back), told_mask), batch)

    def _ids(self, asked: Tensor, asked_mask: Tensor, told: Tensor, told_mask: Tensor) -> Tensor:
        """``<s> question </s> </s> passage </s>``, as MPNet was trained."""
        made = []
        for ids, mask, first in ((asked, asked_mask, _FIRST), (told, told_mask, _LAST)):
            own = torch.where(ids == self.special.last, _LAST, ids + _SHIFT).masked_fill(~mask, _FILL)
            own[:, 0] = first
            made.append(own)
        return torch.cat(made, dim=1)

    def _decided(self, first: Tensor, passage: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        best = passage.masked_fill(~mask[..., None], NEVER).amax(dim=1)
        pooled = torch.cat([first, passage[:, 0], best], dim=-1)
        null = self.null(functional.gelu(self.decide(pooled))).squeeze(-1)
        return self.answer(passage).squeeze(-1).float(), null.float()


def _buckets(places: Tensor) -> Tensor:
    """In which of the buckets of relative positions each pair of places falls, as in T5 (Raffel et al., 2020)."""
    apart = places[None] - places[:, None]
    half = _BUCKETS // 2
    exact = half // 2
    near = apart.abs()
    share = (near.clamp(min=1).float() / exact).log() / math.log(_FARTHEST / exact)
    far = (exact + (share * (half - exact)).long()).clamp(max=half - 1)
    return (apart > 0).long() * half + torch.where(near < exact, near, far)


_PARTS = {
    "q": "attention.attn.q",
    "k": "attention.attn.k",
    "v": "attention.attn.v",
    "o": "attention.attn.o",
    "widen": "intermediate.dense",
    "narrow": "output.dense",
    "norms.0": "attention.LayerNorm",
    "norms.1": "output.LayerNorm",
}
_OTHERS = {
    "words": "embeddings.word_embeddings",
    "positions": "embeddings.position_embeddings",
    "norm": "embeddings.LayerNorm",
    "relative": "encoder.relative_attention_bias",
}


def _theirs(name: str) -> str:
    """The name that transformers gives a weight; itself for what is new."""
    path, _, kind = name.rpartition(".")
    if path.startswith("layers."):
        _, at, part = path.split(".", 2)
        return f"encoder.layer.{at}.{_PARTS[part]}.{kind}"
    return f"{_OTHERS[path]}.{kind}" if path in _OTHERS else name
