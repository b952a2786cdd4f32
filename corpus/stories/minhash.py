"""Band hashes of MinHash signatures: articles that share one may be copies (locality-sensitive hashing).

Two signatures are made: of the whole text, and of its opening, by which a copy cut to a few paragraphs is found. With
bands of two rows, two texts of Jaccard index J share one of n bands with probability 1 - (1 - J^2)^n (Leskovec,
Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from corpus.stories.shingles import Hashes, Shingled, joined

VERSION = 1
"""Raised when the same text gives other bands, so that articles are sketched again."""

_LENGTH = 5
"""Words in a shingle: more than where texts are compared, since phrases of three words are met in every other text."""
_ROWS = 2
_WHOLE = 40
"""Bands of the whole text: copies edited on both sides have J = 0.3 and more, and 98 in 100 of these are found."""
_OPENING = 12
_OPENING_SHINGLES = 100
"""The opening's length; as long as the shortest texts that outlets leave of a wire text."""
_SEED = 1
_KEY_BITS = np.uint64(48)  # a key this small takes six bytes in SQLite, and none is met twice by chance

Bands = npt.NDArray[np.int64]


def bands(texts: Sequence[Shingled]) -> list[Bands]:
    """The band keys of each text, int64 ``(n,)``; none for a text without shingles."""
    if not texts:
        return []
    shingles = [joined(text.words, _LENGTH) for text in texts]
    whole = _signatures(shingles, _WHOLE * _ROWS)
    opening = _signatures([hashes[:_OPENING_SHINGLES] for hashes in shingles], _OPENING * _ROWS)
    keys = _keys(np.hstack([whole, opening]))
    return [row if len(hashes) else row[:0] for row, hashes in zip(keys, shingles, strict=True)]


def _signatures(sets: Sequence[Hashes], length: int) -> npt.NDArray[np.uint64]:
    """uint64 ``(n, length)``."""
    from datasketch import MinHash  # takes half a second to import

    # The scheme is named, since signatures are kept and must be the same in later versions.
    made = MinHash.bulk(
        [hashes.tolist() for hashes in sets], num_perm=length, seed=_SEED, scheme="affine64", hashfunc=int
    )
    return np.array([one.hashvalues for one in made], dtype=np.uint64).reshape(len(sets), length)


def _keys(signatures: npt.NDArray[np.uint64]) -> Bands:
    """int64 ``(n, length / rows)``: each band's values and its place, mixed."""
    rows = signatures.reshape(len(signatures), -1, _ROWS)
    places = np.arange(rows.shape[1], dtype=np.uint64)[None, :]
    mixed = rows[:, :, 0] * np.uint64(0x9E3779B97F4A7C15) + rows[:, :, 1]
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) + places * np.uint64(0x94D049BB133111EB)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return (mixed >> (np.uint64(64) - _KEY_BITS)).astype(np.int64)
