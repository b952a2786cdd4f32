"""Whether one article is a copy of another, by an exact measure.

The shorter text is compared with as much of the longer one as it may have been cut from. Its *containment* there is
the share of its shingles that the other holds (Broder 1997, "On the resemblance and containment of documents"): cutting
leaves it at 1, where the Jaccard index falls with each paragraph.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from corpus.stories.shingles import LENGTH, Hashes, Shingled

_REACH = 3
"""A short text is looked for in so many times its length from the beginning of the other: wire texts are cut at
their end, and what stands far down in a digest or a live page is quoted there, not reprinted."""
_LEAD = 60
"""Shingles that open a text, a paragraph or two: what a follow-up writes anew, and a copy keeps. At most a third of the
text, of which the rest may be boilerplate."""
_GAP = 8
"""A run of at most so many words that the other text lacks, amid what it holds, was put in the place of something; a
longer one is a sentence added."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two texts are, each measure in [0, 1].

    Args:
        containment: share of the shorter text's shingles that stand in the other.
        lead: the same of the opening of either, whichever is more: a copy may begin with a paragraph of its own.
        facts: share of the shorter text's numbers and capitalised words that the other holds, rather than having
            something else in their place, as a template filled in anew has.
    """

    containment: float
    lead: float
    facts: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What copies reach at least; ``shortest`` is in shingles of the shorter text."""

    containment: float
    lead: float
    facts: float
    shortest: int = 25


FITTED = Thresholds(containment=0.675, lead=0.3, facts=0.8)
"""Chosen by ``python -m benchmarks.near_duplicates --fit``; but ``shortest`` by hand, since its articles are longer."""


def likeness(one: Shingled, other: Shingled) -> Likeness:
    """Compare two texts; the order makes no difference."""
    shorter, longer = _by_size(one, other)
    if not shorter.size:
        return Likeness(0.0, 0.0, 0.0)
    within = np.sort(longer.hashes[: _REACH * shorter.size])
    held = _held(shorter.hashes, within)
    lead = max(1, min(_LEAD, shorter.size // 3))
    return Likeness(
        containment=float(held.mean()),
        lead=max(float(held[:lead].mean()), float(_held(longer.hashes[:lead], shorter.ordered).mean())),
        facts=_facts_kept(shorter, held, longer.words),
    )


def is_copy(one: Shingled, other: Shingled, least: Thresholds = FITTED) -> bool:
    """Whether two texts are copies of one; too short a text is evidence of nothing."""
    shorter, longer = _by_size(one, other)
    # Most candidates are nothing of the kind, and the whole of the longer text says so fastest.
    if shorter.size < least.shortest or _held(shorter.hashes, longer.ordered).mean() < least.containment:
        return False
    found = likeness(shorter, longer)
    return found.containment >= least.containment and found.lead >= least.lead and found.facts >= least.facts


def _by_size(one: Shingled, other: Shingled) -> tuple[Shingled, Shingled]:
    """The shorter and the longer text; of two as long as each other always the same one is first."""
    if one.size == other.size:
        return (one, other) if one.words.tobytes() <= other.words.tobytes() else (other, one)
    return (one, other) if one.size < other.size else (other, one)


def _held(part: Hashes, ordered: Hashes) -> npt.NDArray[np.bool_]:
    """Which of these are among others, which are ascending and not none."""
    return np.equal(ordered[np.minimum(np.searchsorted(ordered, part), len(ordered) - 1)], part)


def _facts_kept(text: Shingled, held: npt.NDArray[np.bool_], words: Hashes) -> float:
    covered = np.convolve(held, np.ones(LENGTH, dtype=np.int64)) > 0
    edges = np.flatnonzero(np.diff(covered, prepend=covered[:1], append=covered[-1:]))
    replaced = np.zeros(len(covered), dtype=np.bool_)
    for start, end in pairwise(edges):
        replaced[start:end] = end - start <= _GAP
    kept = int(np.count_nonzero(text.facts & covered))
    lost = int(np.count_nonzero(text.facts & replaced & ~covered & ~_held(text.words, np.sort(words))))
    return kept / (kept + lost) if kept + lost else 1.0
