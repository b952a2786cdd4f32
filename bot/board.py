"""How each platform of `serve` stands."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from bot.askers import Platform


class State(StrEnum):
    """How a platform stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting to connect again"
    REFUSED = "refused"


class Board:
    """Says which platforms are connected. Used from one event loop.

    Args:
        platforms: those that shall be.
    """

    def __init__(self, platforms: Iterable[Platform]) -> None:
        self.states = dict.fromkeys(platforms, State.CONNECTING)

    def put(self, platform: Platform, state: State) -> None:
        """Note a change."""
        self.states[platform] = state

    def missing(self) -> list[str]:
        """In words, what is not connected."""
        return [f"{platform} is {state}" for platform, state in self.states.items() if state is not State.CONNECTED]
