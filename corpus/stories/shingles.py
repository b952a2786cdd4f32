"""A text as word shingles, hashed, and as the facts that it names."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

LENGTH = 3
"""Words in a shingle: few, since each edited word spoils as many shingles."""

# "1,000" is one word; an apostrophe parts two, whichever way it is written.
_WORD = re.compile(r"\d+(?:[.,]\d+)*|\w+")
_NUMBERS = {
    word: str(number)
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), start=1)
}
_ODD = np.uint64(0x9E3779B97F4A7C15)  # mixes, so that the order of words counts


@dataclass(frozen=True, slots=True, eq=False)
class Shingled:
    """A text to be compared, of ``n`` words.

    Args:
        words: hashes of its words, uint64 ``(n,)``.
        facts: which of them are numbers or begin with a capital, bool ``(n,)``.
        hashes: of its shingles, uint64 ``(n - 2,)``; shingle ``i`` begins with word ``i``.
        ordered: the same, ascending.
    """

    words: Hashes
    facts: npt.NDArray[np.bool_]
    hashes: Hashes
    ordered: Hashes

    @property
    def size(self) -> int:
        """How many shingles the text has."""
        return len(self.hashes)


def shingled(text: str) -> Shingled:
    """The shingles of a text; letter case, punctuation and whether a small number is spelled out make no difference."""
    found = _WORD.findall(text)
    hashed = {word: zlib.crc32(_compared(word).encode("utf-8", "replace")) for word in set(found)}
    words = np.fromiter((hashed[word] for word in found), np.uint64, len(found))
    facts = np.fromiter((word[0].isupper() or word[0].isdigit() for word in found), np.bool_, len(found))
    hashes = joined(words, LENGTH)
    return Shingled(words, facts, hashes, np.sort(hashes))


def joined(words: Hashes, length: int) -> Hashes:
    """Hashes of ``length`` words each, one after the other, uint64 ``(n - length + 1,)``."""
    hashes = np.zeros(max(0, len(words) - length + 1), dtype=np.uint64)
    for place in range(length):
        hashes = hashes * _ODD + words[place : place + len(hashes)]
    return hashes


def _compared(word: str) -> str:
    folded = word.casefold()
    return _NUMBERS.get(folded) or folded.replace(",", "")
