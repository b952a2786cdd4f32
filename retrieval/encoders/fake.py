"""A deterministic encoder without a model, for tests: a bag of hashed words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from retrieval.encoders.port import Offsets, TokenVectors, Vectors

_WORD = re.compile(r"\w+|[^\w\s]")


class FakeEncoder:
    """Tells texts apart by their words: texts that share words are alike, others nearly orthogonal.

    Args:
        dimension: length of the vectors.
        max_tokens: how many words of a passage are seen.
    """

    def __init__(self, dimension: int = 64, max_tokens: int = 96) -> None:
        self.dimension = dimension
        self.max_tokens = max_tokens
        self.fingerprint = f"fake-{dimension}-{max_tokens}"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        return self._encode(texts)

    def encode_query_tokens(self, text: str) -> TokenVectors:
        """Each word's own vector."""
        return self._tokens(text)

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each word's own vector, of the first ``max_tokens`` words."""
        return [self._tokens(text) for text in texts]

    def token_spans(self, texts: Sequence[str]) -> list[Offsets]:
        """Words and punctuation marks."""
        return [
            np.array([match.span() for match in _WORD.finditer(text)], dtype=np.int32).reshape(-1, 2) for text in texts
        ]

    def _encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors = self._tokens(text).vectors
            total = vectors.sum(axis=0) if len(vectors) else _word_vector("", self.dimension)
            rows[row] = total / (np.linalg.norm(total) or 1.0)
        return rows

    def _tokens(self, text: str) -> TokenVectors:
        offsets = self.token_spans([text])[0][: self.max_tokens]
        words = [text[start:end].lower() for start, end in offsets]
        vectors = [_word_vector(word, self.dimension) for word in words]
        return TokenVectors(np.array(vectors, dtype=np.float32).reshape(-1, self.dimension), offsets)


@lru_cache(maxsize=100_000)
def _word_vector(word: str, dimension: int) -> Vectors:
    # Crude stemming, so that "leaders" and "leader" are alike.
    seed = hashlib.sha256(word.rstrip("s").encode("utf-8", "surrogatepass")).digest()
    vector = np.random.default_rng(int.from_bytes(seed[:8], "big")).standard_normal(dimension)
    unit: Vectors = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit
