"""Whether two encoders make the same of the same texts."""

from __future__ import annotations

import numpy as np

from retrieval.encoders.port import Encoder, TokenVectors, Vectors

SAMPLE = (
    "Envoys of India and Russia met in Moscow on Monday. They spoke of trade, oil and the border.",
    "Who mediated the grain deal?",
    "“We will not take sides,” the minister said — again — on 9 July 2024; oil fell 2.3% to $81.50 a barrel.",
    "Café owners in Türkiye and São Paulo agreed…",
    "  Blanks before,\n\n\ttabs between, and blanks after.  ",
    "印度總理訪問莫斯科。 قمة موسكو 🕊️",
    "a",
    "",
    "The court found that the claims had no basis in law. " * 12,
    "The ministers welcomed the report, and asked that it be read by every government before the summit. " * 80,
)
"""Short and long, empty and longer than models see, in several scripts."""


def least_cosine(one: Encoder, other: Encoder) -> float:
    """The lowest cosine, from -1 to 1, over the sample as queries and passages, whole and token by token.

    Encoders of other shape, or that see other tokens, do not agree at all: -1.
    """
    return min(
        _least(one.encode_queries(SAMPLE), other.encode_queries(SAMPLE)),
        _least(one.encode_passages(SAMPLE), other.encode_passages(SAMPLE)),
        *map(_least_of_tokens, one.encode_passage_tokens(SAMPLE), other.encode_passage_tokens(SAMPLE)),
        *(_least_of_tokens(one.encode_query_tokens(text), other.encode_query_tokens(text)) for text in SAMPLE),
    )


def _least_of_tokens(one: TokenVectors, other: TokenVectors) -> float:
    return _least(one.vectors, other.vectors) if np.array_equal(one.offsets, other.offsets) else -1.0


def _least(one: Vectors, other: Vectors) -> float:
    if one.shape != other.shape:
        return -1.0
    return float(np.einsum("nd,nd->n", one, other).min(initial=1.0))
