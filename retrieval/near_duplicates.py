"""Passages that say the same in nearly the same words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice

from retrieval.types import Passage

_WORD = re.compile(r"\w+")
_SHINGLE = 3
# Wire copies differ by a byline or a word here and there.
_ALIKE = 0.7
_PLACES = 20
"""Where in a text a sentence is looked for before the whole is parted into words."""


def same_elsewhere(passages: Sequence[Passage]) -> list[tuple[str, ...]]:
    """For each passage the ids of the other articles among ``passages`` that carry a near-identical one.

    Two passages are near-identical where the Jaccard index of their three-word shingles is at least 0.7.
    """
    shingles = [_shingles(passage.text) for passage in passages]
    return [
        tuple(
            dict.fromkeys(
                other.article.id
                for other, theirs in zip(passages, shingles, strict=True)
                if other.article.id != passage.article.id and _jaccard(own, theirs) >= _ALIKE
            )
        )
        for passage, own in zip(passages, shingles, strict=True)
    ]


def holding(sentence: str) -> Callable[[str], bool]:
    """Tells whether a near-identical sentence stands in a text: at least 0.7 of its three-word shingles do."""
    wanted = _shingles(sentence)
    own = set(chain.from_iterable(wanted))
    least = _ALIKE * len(wanted)

    def enough(words: Sequence[str]) -> bool:
        said = f" {' '.join(words)} "
        return sum(f" {' '.join(shingle)} " in said for shingle in wanted) >= least

    def holds(text: str) -> bool:
        # Texts are long: most are told by what takes far less than to part one into its words.
        folded = text.casefold()
        present = {word for word in own if word in folded}
        if not present or sum(present.issuperset(shingle) for shingle in wanted) < least:
            return False
        near = _around(max(present, key=len), folded, len(sentence))
        return any(map(enough, near)) or enough(_WORD.findall(folded))

    return holds


def _around(word: str, text: str, reach: int) -> Iterator[list[str]]:
    """The words around the first places where a word is found; those at both ends, which may be cut, left out."""
    for match in islice(re.finditer(re.escape(word), text), _PLACES):
        yield _WORD.findall(text, max(match.start() - reach, 0), match.end() + reach)[1:-1]


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return frozenset(tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1)))


def _jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    # Sets too different in size cannot be alike; this spares most comparisons.
    if min(len(one), len(other)) < _ALIKE * max(len(one), len(other)):
        return 0.0
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
