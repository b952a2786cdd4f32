"""Pauses between tries that grow with each failure."""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

_T = TypeVar("_T", float, dt.timedelta)
_MOST_DOUBLINGS = 20  # no pause grows longer than that, and no number overflows


def doubled(first: _T, failures: int, longest: _T) -> _T:
    """The pause after so many failures in a row, from 1: twice as long each time, but never over ``longest``."""
    if first >= longest:
        return longest
    factor: int = 2 ** min(failures - 1, _MOST_DOUBLINGS)
    return min(first * factor, longest)
