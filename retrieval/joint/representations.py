"""What the joint reader's encoder made of texts by themselves, kept so that asking again costs little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import TokenVectors
from retrieval.encoders.tokens import encode_plainly, offsets_of, unit
from retrieval.joint.inputs import Tokens, of_like_length, padded
from retrieval.joint.model import AT_ONCE, WIDTH_STEP, JointModel, States
from retrieval.recent import Recent

if TYPE_CHECKING:
    from tokenizers import Encoding

Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Representation:
    """Of a text of ``n`` tokens, float16 ``states`` ``(n + 2, d)``, with special ones, and ``vectors`` ``(n, d)``."""

    states: Halves
    vectors: Halves


class Representations:
    """Computes representations, and gives their vectors as an encoder gives its own.

    Args:
        model: the network.
        cached: how many texts' to keep (about 250 KB each at 160 tokens of 384 dimensions).
    """

    def __init__(self, model: JointModel, cached: int = 256) -> None:
        self.model = model
        self._recent = Recent(self._computed, np.ndarray.tobytes, cached)
        self._encodings = Recent(partial(encode_plainly, model.tokenizer), str, cached)

    def of(self, texts: Sequence[Tokens]) -> list[Representation]:
        """Of texts given by their tokens' numbers, special ones left out."""
        return self._recent.of(texts)

    def encodings(self, texts: Sequence[str]) -> list[Encoding]:
        """The tokens of texts, special ones left out; neither cut off."""
        return self._encodings.of(texts)

    def encode_query_tokens(self, text: str) -> TokenVectors:
        """The question's tokens, each read in its context."""
        return self.encode_passage_tokens([text])[0]

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each passage's tokens, read in their context; what is longer than the network reads is cut off."""
        encodings = self.encodings(texts)
        found = self.of([np.array(encoding.ids[: self.model.longest], dtype=np.int64) for encoding in encodings])
        return [_vectors(encoding, one) for encoding, one in zip(encodings, found, strict=True)]

    def _computed(self, texts: Sequence[Tokens]) -> list[Representation]:
        found: dict[int, Representation] = {}
        for chosen in of_like_length([len(ids) for ids in texts], AT_ONCE):
            ids, mask = padded([texts[at] for at in chosen], self.model.special, WIDTH_STEP)
            for at, states, vectors in zip(chosen, *self.model.represent(ids, mask), strict=True):
                count = len(texts[at])
                halves = (states[: count + 2].astype(np.float16), vectors[1 : count + 1].astype(np.float16))
                found[at] = Representation(*halves)
        return [found[at] for at in range(len(texts))]


def stacked(states: Sequence[Halves], width: int) -> States:
    """States of texts as one array, float32 ``(texts, width, d)``, filled up with zeros."""
    rows: States = np.zeros((len(states), width, states[0].shape[1]), dtype=np.float32)
    for row, one in zip(rows, states, strict=True):
        row[: len(one)] = one
    return rows


def _vectors(encoding: Encoding, representation: Representation) -> TokenVectors:
    offsets = offsets_of(encoding)[: len(representation.vectors)]
    return TokenVectors(unit(representation.vectors.astype(np.float32)), offsets)
