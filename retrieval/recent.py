"""What was lately computed, kept so that asking again costs little."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from retrieval.types import Passage

_T = TypeVar("_T")
_V = TypeVar("_V")


class Recent(Generic[_T, _V]):
    """Keeps one value for each of the things used last. Safe to use from several threads.

    Args:
        compute: the values of things, in their order.
        key: what two things have in common that share a value.
        most: how many to keep, or how much where they have sizes.
        size: of a value, 0 or more; one that is larger than ``most`` is not kept.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[_T]], Sequence[_V]],
        key: Callable[[_T], Hashable],
        most: int,
        size: Callable[[_V], int] = lambda _: 1,
    ) -> None:
        self._compute = compute
        self._key = key
        self._most = most
        self._size = size
        self._kept: OrderedDict[Hashable, _V] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def of(self, things: Sequence[_T]) -> list[_V]:
        """The value of each thing; what is not kept is computed, all at once."""
        keys = [self._key(thing) for thing in things]
        with self._lock:
            known = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {key: thing for key, thing in zip(keys, things, strict=True) if key not in known}
        if missing:
            known.update(zip(missing, self._compute(list(missing.values())), strict=True))
        with self._lock:
            for key in keys:
                if key not in self._kept:
                    self._kept[key] = known[key]
                    self._total += self._size(known[key])
                self._kept.move_to_end(key)
            while self._total > self._most:
                self._total -= self._size(self._kept.popitem(last=False)[1])
        return [known[key] for key in keys]


def of_passage(passage: Passage) -> Hashable:
    """What a passage is read as: its text behind its title."""
    return passage.article.text_hash, passage.article.title, passage.start, passage.end
