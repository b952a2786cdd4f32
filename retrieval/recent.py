"""What was lately computed of passages, kept so that asking again costs little."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from retrieval.types import Passage

_T = TypeVar("_T")


class Recent(Generic[_T]):
    """Keeps one value for each of the passages used last. Safe to use from several threads.

    Args:
        compute: the values of passages, in their order.
        most: how many to keep.
    """

    def __init__(self, compute: Callable[[Sequence[Passage]], Sequence[_T]], most: int) -> None:
        self._compute = compute
        self._most = most
        self._kept: OrderedDict[tuple[str, str, int, int], _T] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, passages: Sequence[Passage]) -> list[_T]:
        """The value of each passage; what is not kept is computed, all at once."""
        keys = [(p.article.text_hash, p.article.title, p.start, p.end) for p in passages]
        with self._lock:
            known = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {key: p for key, p in zip(keys, passages, strict=True) if key not in known}
        if missing:
            known.update(zip(missing, self._compute(list(missing.values())), strict=True))
        with self._lock:
            for key in keys:
                self._kept[key] = known[key]
                self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return [known[key] for key in keys]
