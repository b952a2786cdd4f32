"""Passages that say the same in nearly the same words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations, islice

from retrieval.types import Passage

_WORD = re.compile(r"\w+")
_JOINED = re.compile(r"\w\w")
_SHINGLE = 3
# Wire copies differ by a byline or a word here and there.
_ALIKE = 0.7
_SHIFTED = 1000
"""Characters by which a sentence of a copy is moved at most, as a rule."""
_PLACES = 20
"""Where in a text a sentence is looked for before the whole is parted into words."""


def same_elsewhere(passages: Sequence[Passage]) -> list[tuple[str, ...]]:
    """For each passage the ids of the other articles among ``passages`` that carry a near-identical one.

    Two passages are near-identical where the Jaccard index of their three-word shingles is at least 0.7.
    """
    shingles = [_shingles(passage.text) for passage in passages]
    owners = [passage.article.id for passage in passages]
    copies: list[dict[str, None]] = [{} for _ in passages]
    for one, other in combinations(range(len(passages)), 2):
        if owners[one] != owners[other] and _alike(shingles[one], shingles[other]):
            copies[one][owners[other]] = copies[other][owners[one]] = None
    return [tuple(ids) for ids in copies]


def holding(sentence: str, start: int = 0) -> Callable[[str], bool]:
    """Tells whether a near-identical sentence stands in a text: at least 0.7 of its three-word shingles do.

    Args:
        sentence: what is looked for.
        start: where it begins in its own text. A copy has it thereabouts, and is told soonest if that is so.
    """
    wanted = _shingles(sentence)
    own = set(chain.from_iterable(wanted))
    least = _ALIKE * len(wanted)
    phrases = [f" {' '.join(shingle)} " for shingle in wanted]

    def enough(words: Sequence[str]) -> bool:
        said = f" {' '.join(words)} "
        return sum(phrase in said for phrase in phrases) >= least

    def holds(text: str) -> bool:
        if own and _stands(sentence, text):
            return True
        # Texts are long: most are told by what takes far less than to part one into its words.
        thereabouts = text[max(start - _SHIFTED, 0) : start + len(sentence) + _SHIFTED]
        if enough(_WORD.findall(thereabouts.casefold())[1:-1]):
            return True
        folded = text.casefold()
        present = {word for word in own if word in folded}
        if not present or sum(present.issuperset(shingle) for shingle in wanted) < least:
            return False
        near = _around(max(present, key=len), folded, len(sentence))
        return any(map(enough, near)) or enough(_WORD.findall(folded))

    return holds


def _stands(sentence: str, text: str) -> bool:
    """Whether it stands in a text as it is, and neither its first word nor its last one is longer there."""
    start = text.find(sentence)
    end = start + len(sentence)
    ends = (text[max(start - 1, 0) : start] + sentence[:1], sentence[-1:] + text[end : end + 1])
    return start >= 0 and not any(map(_JOINED.match, ends))


def _around(word: str, text: str, reach: int) -> Iterator[list[str]]:
    """The words around the first places where a word is found; those at both ends, which may be cut, left out."""
    for match in islice(re.finditer(re.escape(word), text), _PLACES):
        yield _WORD.findall(text, max(match.start() - reach, 0), match.end() + reach)[1:-1]


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    if len(words) < _SHINGLE:
        return frozenset([tuple(words)])
    return frozenset(zip(*(words[at:] for at in range(_SHINGLE)), strict=False))


def _alike(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    # Sets too different in size cannot be alike, nor can those without a common element; most are told so.
    if len(one) < _ALIKE * len(other) or len(other) < _ALIKE * len(one) or one.isdisjoint(other):
        return False
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) >= _ALIKE
