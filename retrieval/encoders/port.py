"""What an encoder must offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""float32 ``(n, d)``, rows L2-normalised, so that an inner product is the cosine (higher is more alike)."""
Halves = npt.NDArray[np.float16]
Offsets = npt.NDArray[np.int32]
"""int32 ``(tokens, 2)``: first character and end (exclusive) of each token in its text."""


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """A text read token by token, special tokens left out.

    ``vectors`` is float32 ``(tokens, d)``, rows L2-normalised; ``offsets`` is int32 ``(tokens, 2)``.
    """

    vectors: Vectors
    offsets: Offsets


@dataclass(frozen=True, slots=True)
class Representation:
    """What a model made of a text of ``n`` tokens, read by itself.

    Args:
        states: of its lower layers, float16 ``(n + 2, d)``, those of the special tokens around the text included.
        vectors: of its last one, float16 ``(n, d)``, not normalised.
    """

    states: Halves
    vectors: Halves


class TokenEncoder(Protocol):
    """Turns texts into the vectors of their tokens. Implementations are safe to call from several threads."""

    def encode_query_tokens(self, text: str) -> TokenVectors:
        """A question, token by token."""

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Passages, token by token, each cut where the model reads no further."""


class Encoder(TokenEncoder, Protocol):
    """Turns texts into vectors. Implementations are safe to call from several threads."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text may get another vector; an index made with another one is refused."""

    @property
    def dimension(self) -> int:
        """d, the length of a vector."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a passage are seen; what is longer would be cut off."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""

    def token_spans(self, texts: Sequence[str]) -> list[Offsets]:
        """Where the tokens of each text lie, int32 ``(tokens, 2)``; never cut short, special tokens left out."""


@dataclass(frozen=True, slots=True)
class Represented:
    """Passages as encoded in one go.

    Args:
        vectors: as :meth:`Encoder.encode_passages` gives them.
        ids: of each passage its tokens' numbers, int64 ``(n,)``, special ones left out.
        representations: and what was made of them.
    """

    vectors: Vectors
    ids: list[npt.NDArray[np.int64]]
    representations: list[Representation]


class RepresentingEncoder(Encoder, Protocol):
    """An encoder that gives out what it makes of passages on the way to their vectors."""

    def represent_passages(self, texts: Sequence[str]) -> Represented:
        """Passages, each cut where the model reads no further."""

    def represent_query(self, text: str) -> Represented:
        """A question, the only row; one that was encoded just now is not computed again."""
