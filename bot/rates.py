"""How often somebody may ask: counted in this process, or over all replicas."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bot.people import Pseudonyms
from corpus.admissions import Exceeded, Limit
from corpus.journal import Journal

Counted = Sequence[tuple[RateLimitItem, str]]
"""Rates, each with whom it is counted for."""


class Rates(Protocol):
    """Counts."""

    def admit(self, counted: Counted) -> Exceeded | None:
        """Count once more for each, unless a rate is exceeded; then nothing is counted."""
        ...


class OwnRates:
    """Counts in the memory of this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def admit(self, counted: Counted) -> Exceeded | None:
        """Count once more for each, unless a rate is exceeded; then nothing is counted."""
        for place, (rate, whom) in enumerate(counted):
            if not self._limiter.test(rate, whom):
                return Exceeded(place, self._limiter.get_window_stats(rate, whom).reset_time - time.time())
        for rate, whom in counted:
            self._limiter.hit(rate, whom)
        return None


class SharedRates:
    """Counts over all replicas.

    Args:
        journal: where it is counted.
        people: hides who asked.
    """

    def __init__(self, journal: Journal, people: Pseudonyms) -> None:
        self._journal = journal
        self._people = people

    def admit(self, counted: Counted) -> Exceeded | None:
        """Count once more for each, unless a rate is exceeded; then nothing is counted.

        Raises:
            CatalogueError: nothing can be counted.
        """
        return self._journal.admit(
            [Limit(self._people.of(whom), rate.amount, rate.get_expiry()) for rate, whom in counted]
        )
