"""Passages that say the same in nearly the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.types import Passage

_WORD = re.compile(r"\w+")
_SHINGLE = 3
# Wire copies differ by a byline or a word here and there.
_ALIKE = 0.7


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


def holds(text: str, sentence: str) -> bool:
    """Whether a near-identical sentence stands in a text: at least 0.7 of its three-word shingles do."""
    wanted = _shingles(sentence)
    # Texts are long, and sentences short: to look for a few runs of words takes less than to make all of a text's.
    words = f" {' '.join(_words(text))} "
    return sum(f" {' '.join(shingle)} " in words for shingle in wanted) >= _ALIKE * len(wanted)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _words(text)
    return frozenset(tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1)))


def _jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    # Sets too different in size cannot be alike; this spares most comparisons.
    if min(len(one), len(other)) < _ALIKE * max(len(one), len(other)):
        return 0.0
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
