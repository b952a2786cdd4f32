"""The joint reader's network. Imports torch: to be imported only where a network is trained, exported or run by it.

The encoder reads the question and the passage apart from each other. What its lower layers make of them goes to copies
of its upper layers that were trained to read both together, as in PreTTR (MacAvaney et al., 2020, "Efficient Document
Re-Ranking for Transformers by Precomputing Term Representations"); its own upper layers go on to the token vectors
that late interaction compares. The encoder stays as it is and is not shipped again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional

from retrieval.encoders.models import LOWER_LAYERS
from retrieval.joint.inputs import PASSAGE_FEATURES, QUESTION_FEATURES

NEVER = -1e4
"""The logit of what is masked."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a BERT-like encoder, and of the layers that read question and passage together.

    Args:
        apart: how many of the encoder's layers read question and passage apart; as many as are left read them together.
        together_wide: dimensions between these layers' two products for each token.
        together_heads: how many heads of attention these layers have, each as wide as the encoder's.
    """

    vocabulary: int = 30522
    positions: int = 512
    hidden: int = 384
    wide: int = 1536
    heads: int = 12
    layers: int = 6
    apart: int = LOWER_LAYERS
    together_wide: int = 640
    together_heads: int = 6

    @property
    def head(self) -> int:
        """Dimensions of a head of attention."""
        return self.hidden // self.heads


class Layer(nn.Module):
    """A transformer layer as BERT has it: attention, then a layer for each token, each normalised after adding."""

    def __init__(self, shape: Shape, wide: int, heads: int) -> None:
        super().__init__()
        hidden, inner = shape.hidden, heads * shape.head
        self.heads = heads
        self.root = math.sqrt(shape.head)
        self.query, self.key, self.value = (nn.Linear(hidden, inner) for _ in range(3))
        self.gather = nn.Linear(inner, hidden)
        self.widen, self.narrow = nn.Linear(hidden, wide), nn.Linear(wide, hidden)
        self.norms = nn.ModuleList([nn.LayerNorm(hidden, eps=1e-12) for _ in range(2)])

    def forward(self, rows: Tensor, never: Tensor, wanted: Tensor | None = None) -> Tensor:
        """``(b, n, hidden)``; ``never`` is added to the logits of attention, ``(b, 1, 1, n)``.

        Where only some of the rows are wanted, ``(b, w, hidden)``, only theirs are computed.
        """
        given = rows if wanted is None else wanted
        query, key, value = (
            part(of).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part, of in ((self.query, given), (self.key, rows), (self.value, rows))
        )
        # Written out: on a CPU, torch's own attention takes twice as long to go back through.
        logits = query / self.root @ key.transpose(2, 3) + never.to(query.dtype)
        found = logits.softmax(dim=-1).to(value.dtype) @ value
        met = self.norms[0](given + self.gather(found.transpose(1, 2).flatten(2)))
        widened: Tensor = self.norms[1](met + self.narrow(functional.gelu(self.widen(met))))
        return widened


class Encoder(nn.Module):
    """The encoder, which reads a text by itself."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.apart = shape.apart
        self.words = nn.Embedding(shape.vocabulary, shape.hidden)
        self.positions = nn.Embedding(shape.positions, shape.hidden)
        self.kinds = nn.Embedding(2, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=1e-12)
        self.layers = nn.ModuleList([Layer(shape, shape.wide, shape.heads) for _ in range(shape.layers)])

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """States of the tokens and their vectors, not normalised, each ``(b, n, hidden)``, of ``(b, n)``."""
        made = list(self.after_each(ids, mask))
        return made[self.apart - 1], made[-1]

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What the lower layers make of each token, ``(b, n, hidden)``."""
        return next(islice(self.after_each(ids, mask), self.apart - 1, None))

    def after_each(self, ids: Tensor, mask: Tensor) -> Iterator[Tensor]:
        """What each layer in turn makes of each token, ``(b, n, hidden)``."""
        places = torch.arange(ids.shape[1], device=ids.device)
        rows: Tensor = self.norm(self.words(ids) + self.positions(places)[None] + self.kinds.weight[0])
        for layer in self.layers:
            rows = layer(rows, _never(mask))
            yield rows


class Upper(nn.Module):
    """What is trained: the layers that read question and passage together, and what they end in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        hidden = shape.hidden
        self.ask = nn.Linear(QUESTION_FEATURES, hidden, bias=False)
        self.tell = nn.Linear(PASSAGE_FEATURES, hidden, bias=False)
        self.layers = nn.ModuleList(
            [Layer(shape, shape.together_wide, shape.together_heads) for _ in range(shape.layers - shape.apart)]
        )
        self.answer = nn.Linear(hidden, 1)
        self.decide = nn.Linear(3 * hidden, hidden)
        self.null = nn.Linear(hidden, 1)
        # At first it reads as the encoder does.
        nn.init.zeros_(self.ask.weight)
        nn.init.zeros_(self.tell.weight)

    def forward(
        self, asked: Tensor, asked_mask: Tensor, asked_features: Tensor,
        told: Tensor, told_mask: Tensor, told_features: Tensor,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Logits that an answer lies at each token of the passage, ``(b, n)``, and that none does, ``(b,)``.

        ``asked`` and ``told`` are states; a single question is asked of all passages. The others are as
        :class:`retrieval.joint.inputs.Inputs` has them.
        """
        read = self.after_each(asked, asked_mask, asked_features, told, told_mask, told_features)
        return self.decided(read[-1], told_mask)

    def after_each(
        self, asked: Tensor, asked_mask: Tensor, asked_features: Tensor,
        told: Tensor, told_mask: Tensor, told_features: Tensor,
    ) -> list[Tensor]:  # fmt: skip
        """What each layer in turn makes of the question and the passage, ``(b, m + n, hidden)``.

        The last one is computed for the question's first token and the passage alone, ``(b, 1 + n, hidden)``: what it
        would make of the rest is not needed.
        """
        rows = torch.cat([asked + self.ask(asked_features), told + self.tell(told_features)], dim=1)
        never = _never(torch.cat([asked_mask, told_mask], dim=1))
        made: list[Tensor] = []
        for layer in self.layers[:-1]:
            rows = layer(rows, never)
            made.append(rows)
        wanted = torch.cat([rows[:, :1], rows[:, asked.shape[1] :]], dim=1)
        return [*made, self.layers[-1](rows, never, wanted)]

    def decided(self, rows: Tensor, told_mask: Tensor) -> tuple[Tensor, Tensor]:
        """The logits, of what the last layer gives."""
        passage = rows[:, 1:]
        best = (passage + _never(told_mask)[:, 0, 0, :, None]).amax(dim=1)
        pooled = torch.cat([rows[:, 0], passage[:, 0], best], dim=-1)
        null = self.null(functional.gelu(self.decide(pooled))).squeeze(-1)
        return self.answer(passage).squeeze(-1).float(), null.float()


class JointNetwork(nn.Module):
    """Both parts."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape or Shape()
        self.encoder = Encoder(self.shape)
        self.upper = Upper(self.shape)

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        """Take the weights of a BERT-like encoder, by the names that transformers gives them."""
        own = {
            "words.weight": "embeddings.word_embeddings.weight",
            "positions.weight": "embeddings.position_embeddings.weight",
            "kinds.weight": "embeddings.token_type_embeddings.weight",
            "norm.weight": "embeddings.LayerNorm.weight",
            "norm.bias": "embeddings.LayerNorm.bias",
        }
        self.encoder.load_state_dict(
            {name: weights[theirs] for name, theirs in own.items()}
            | {
                f"layers.{at}.{name}": value
                for at in range(self.shape.layers)
                for name, value in _layer(weights, at).items()
            }
        )

    def start_from(self, weights: Mapping[str, Tensor]) -> None:
        """Have the layers that read together start as the encoder's last ones, which are as wide."""
        for at, layer in enumerate(self.upper.layers, start=self.shape.apart):
            layer.load_state_dict(_layer(weights, at))


_PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "gather": "attention.output.dense",
    "widen": "intermediate.dense",
    "narrow": "output.dense",
    "norms.0": "attention.output.LayerNorm",
    "norms.1": "output.LayerNorm",
}


def _layer(weights: Mapping[str, Tensor], at: int) -> dict[str, Tensor]:
    return {
        f"{own}.{kind}": weights[f"encoder.layer.{at}.{theirs}.{kind}"]
        for own, theirs in _PARTS.items()
        for kind in ("weight", "bias")
    }


def _never(mask: Tensor) -> Tensor:
    """``NEVER`` where there is no token, ``(b, 1, 1, n)``."""
    return (~mask).float()[:, None, None] * NEVER
