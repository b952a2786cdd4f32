"""Which articles share bands, and so may be copies: looked up for many at once, in arrays.

A table with a row for each band would be written to at random all over: each article that comes touches fifty pages of
it. So each article's bands are kept together, and all are read once for some thousands of new articles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from corpus.stories.minhash import Bands

Numbers = npt.NDArray[np.int64]


def sharing(new: Mapping[int, Bands], others: Iterable[Mapping[int, Bands]], most: int) -> dict[int, list[int]]:
    """For each new revision those others, and those new ones of a lower number, that share a band with it.

    Those that share most come first, and of those that share alike, the lower number. Where more than ``most`` share
    one band, each is paired with as many of its neighbours by number, so that copies of one text are connected still.

    Args:
        new: the band keys of new revisions.
        others: those of the revisions that are there already, in parts.
        most: others of each.
    """
    keys, owners = _flat(new)
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    found = _counted(*_among(keys, owners, most))
    for part in others:
        pairs = _counted(*_between(keys, owners, *_flat(part), most))
        found = _best([np.concatenate(both) for both in zip(found, pairs, strict=True)], most)
    candidates: dict[int, list[int]] = {revision: [] for revision in new}
    for one, other in zip(*(column.tolist() for column in _best(found, most)[:2]), strict=True):
        candidates[one].append(other)
    return candidates


def _flat(sketches: Mapping[int, Bands]) -> tuple[Numbers, Numbers]:
    """All keys, and whose each is."""
    if not sketches:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    owners = np.fromiter(sketches, np.int64, len(sketches))
    return np.concatenate(list(sketches.values())), np.repeat(owners, [len(keys) for keys in sketches.values()])


def _among(keys: Numbers, owners: Numbers, most: int) -> tuple[Numbers, Numbers]:
    """Pairs of owners, the higher number first, once for each key that they share; sorted by key and owner."""
    pairs = [(owners[:0], owners[:0])]
    for apart in range(1, most + 1):
        same = np.flatnonzero(keys[apart:] == keys[:-apart])
        if not len(same):
            break
        pairs.append((owners[same + apart], owners[same]))
    return _joined(pairs)


def _between(
    keys: Numbers, owners: Numbers, other_keys: Numbers, other_owners: Numbers, most: int
) -> tuple[Numbers, Numbers]:
    """Pairs of an owner and another one, once for each key that they share."""
    pairs = [(owners[:0], owners[:0])]
    places = np.searchsorted(keys, other_keys)
    for _ in range(most):
        same = np.flatnonzero(places < len(keys))
        same = same[keys[places[same]] == other_keys[same]]
        places, other_keys, other_owners = places[same], other_keys[same], other_owners[same]
        if not len(same):
            break
        pairs.append((owners[places], other_owners))
        places = places + 1
    return _joined(pairs)


def _joined(pairs: Sequence[tuple[Numbers, Numbers]]) -> tuple[Numbers, Numbers]:
    one, other = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return one, other


def _counted(one: Numbers, other: Numbers) -> list[Numbers]:
    """Pairs, and how often each is met."""
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    first = np.flatnonzero(np.r_[True, (np.diff(one) != 0) | (np.diff(other) != 0)][: len(one)])
    return [one[first], other[first], np.diff(np.r_[first, len(one)])]


def _best(counted: Sequence[Numbers], most: int) -> list[Numbers]:
    """For each first of a pair at most so many others, those met most often first."""
    one, other, counts = counted
    order = np.lexsort((other, -counts, one))
    one = one[order]
    rank = np.arange(len(one)) - np.searchsorted(one, one)
    kept = rank < most
    return [one[kept], other[order][kept], counts[order][kept]]
