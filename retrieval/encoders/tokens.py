"""What encoders share around a fast tokenizer: clean texts in, token vectors with offsets out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from retrieval.encoders.port import Offsets, TokenVectors, Vectors

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Encoding, Tokenizer


def plain_tokenizer(file: Path) -> Tokenizer:
    """A tokenizer that neither cuts off nor pads."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def encodable(text: str) -> str:
    """Lone surrogates, which no tokenizer takes, become question marks; lengths stay."""
    return text.encode("utf-8", "replace").decode("utf-8")


def encode_plainly(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Encoding]:
    """The tokens of each text, special tokens left out."""
    return tokenizer.encode_batch([encodable(text) for text in texts], add_special_tokens=False)


def spans(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Offsets]:
    """Where the tokens of each text lie, int32 ``(tokens, 2)``; the tokenizer must not cut off."""
    return [offsets_of(encoding) for encoding in encode_plainly(tokenizer, texts)]


def token_vectors(row: Vectors, encoding: Encoding, skip: int) -> TokenVectors:
    """What a model made of one text, without special tokens.

    Args:
        row: float32 ``(tokens seen, d)``, special tokens included, of any length each.
        encoding: the tokens behind it, or more where the model cut the text off.
        skip: how many characters of prompt stand before the text.
    """
    offsets = offsets_of(encoding)
    special = np.array(encoding.special_tokens_mask, dtype=bool)
    if len(offsets) > len(row):  # cut short by the model: its last special token replaces a word
        offsets, special = offsets[: len(row)], special[: len(row)].copy()
        special[-1] = True
    kept = ~special & (offsets[:, 0] >= skip) & (offsets[:, 1] > offsets[:, 0])
    return TokenVectors(unit(row[: len(offsets)][kept]), offsets[kept] - skip)


def unit(rows: Vectors) -> Vectors:
    """Each row scaled to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: Vectors = rows / np.maximum(lengths, 1e-12)
    return scaled


def offsets_of(encoding: Encoding) -> Offsets:
    """Where a text's tokens lie, int32 ``(tokens, 2)``."""
    return np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)
