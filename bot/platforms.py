"""What `serve` runs: a chat platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class ChatPlatform(Protocol):
    """One platform's connection."""

    name: str

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until cancelled; ``ready`` is called once connected.

        Raises:
            PlatformError: the platform refuses the bot for good.
        """
        ...

    async def close(self) -> None:
        """Take nothing new; what is being answered goes on."""
        ...
