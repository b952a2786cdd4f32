"""What `serve` runs: a chat platform."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.messages import Unasked
from corpus.outbox import Address


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something to be posted that nobody asked for just now.

    Args:
        key: names it, in at most 20 characters, the same each time it is tried.
        to: where.
        reply: what.
        tried: when an earlier try began, of which nobody knows how it ended; ``None`` for the first.
    """

    key: str
    to: Address
    reply: Unasked
    tried: dt.datetime | None = None


class ChatPlatform(Protocol):
    """One platform's connection."""

    name: str

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until cancelled; ``ready`` is called once connected.

        Raises:
            PlatformError: the platform refuses the bot for good.
        """
        ...

    async def deliver(self, delivery: Delivery) -> None:
        """Post something; returns once it stands there. What stands there from an earlier try is not posted again.

        Raises:
            DeliveryRefused: the platform will not have it there, now or later.
            Exception: anything else; it may be tried again.
        """
        ...

    async def take_up(self, question: str) -> None:
        """Answer a question that was left, as :meth:`bot.ledger.Ledger.claim` was given it; what stands is kept.

        Raises:
            Exception: it cannot be had any more, or not be answered.
        """
        ...

    async def close(self) -> None:
        """Take nothing new; what is being answered goes on."""
        ...
