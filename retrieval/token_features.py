"""What the words of a text say to the trained reader beside their vectors: which word, and of what shape.

The packaged encoder reads no capitals, so that names show only here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Offsets
from retrieval.types import Span

_WORD = re.compile(r"\w+")
_STEM = 5  # letters; a crude stem is enough to see that two words are of one family
_WORDS = 8192  # whose shapes are kept
_YEAR = re.compile(r"(?:1\d|20)\d\d(?:s)?")
_CALENDAR = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday century decade".split()
)
_QUANTITIES = frozenset(
    "one two three four five six seven eight nine ten eleven twelve dozen dozens hundred hundreds thousand thousands "
    "million millions billion billions trillion trillions half third quarter twice percent".split()
)

SHAPES = ("capitalised", "capitals", "number", "year", "calendar", "quantity", "mark", "title", "opening", "later")
"""Of a token: how its word is written, whether it is a mark (no word), lies in the title, opens a sentence; and how
late its sentence comes, in tenths up to 1."""

Ids = npt.NDArray[np.int64]
"""int64 ``(tokens, 2)``: a number for the word, and for the stem of the word, that each token lies in; 0 for a mark."""
Shapes = npt.NDArray[np.float32]
"""float32 ``(tokens, shapes)``, in the order of ``SHAPES``."""
Places = npt.NDArray[np.int64]
"""int64 ``(tokens,)``: the sentence that each token lies in, counted from 0; -1 outside of all."""


def words_of(text: str, offsets: Offsets) -> list[str]:
    """The word that each token lies in, as written; empty for a mark."""
    found = [""] * len(offsets)
    matches = list(_WORD.finditer(text))
    reach = np.searchsorted(offsets[:, 0], [match.span() for match in matches]).tolist()
    for match, (first, last) in zip(matches, reach, strict=True):
        found[first:last] = [match.group()] * (last - first)
    return found


def word_ids(words: Sequence[str]) -> Ids:
    """Numbers that are equal where words are, whatever their case."""
    lowered = [word.lower() for word in words]
    ids = [(zlib.crc32(word.encode()), zlib.crc32(word[:_STEM].encode())) for word in lowered]
    return np.array(ids, dtype=np.int64).reshape(-1, 2)


def sentence_places(offsets: Offsets, spans: Sequence[Span], shift: int) -> Places:
    """In which of the sentences each token lies wholly.

    Args:
        offsets: of the tokens.
        spans: the sentences, in order, apart from each other.
        shift: what to add to a token's offset to count as ``spans`` do.
    """
    places = np.full(len(offsets), -1, dtype=np.int64)
    for place, span in enumerate(spans):
        places[(offsets[:, 0] + shift >= span.start) & (offsets[:, 1] + shift <= span.end)] = place
    return places


def shapes(words: Sequence[str], places: Places) -> Shapes:
    """The shape of each token, float32 ``(tokens, shapes)``."""
    rows = np.zeros((len(words), len(SHAPES)), dtype=np.float32)
    if not len(words):
        return rows
    rows[:, :7] = [_shape(word) for word in words]
    rows[:, 7] = places < 0
    rows[:, 8] = np.append(True, places[1:] != places[:-1])
    rows[:, 9] = np.clip(places, 0, 10) / 10
    return rows


@lru_cache(_WORDS)
def _shape(word: str) -> tuple[bool, ...]:
    lowered = word.lower()
    return (
        word[:1].isupper(),
        len(word) > 1 and word.isupper(),
        any(letter.isdigit() for letter in word),
        bool(_YEAR.fullmatch(word)),
        lowered in _CALENDAR,
        lowered in _QUANTITIES,
        not word,
    )
