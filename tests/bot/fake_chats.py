"""A chat that takes what is told unasked, or does not, as it is told; and a clock that is set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.platforms import Delivery


@dataclass
class FakeClock:
    """Stands still until it is set."""

    now: dt.datetime

    def __call__(self) -> dt.datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


class Killed(BaseException):
    """In place of what would end the process."""


@dataclass
class FakeChat:
    """Keeps what is delivered, each key once, as a platform does that knows its posts."""

    name: str = "slack"
    posts: dict[str, Delivery] = field(default_factory=dict)
    tries: list[Delivery] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    """Raised by the next tries: nothing was posted."""
    lost: list[Exception] = field(default_factory=list)
    """Raised by the next tries: it was posted all the same."""

    async def run(self, ready: Callable[[], None]) -> None:
        ready()

    async def deliver(self, delivery: Delivery) -> None:
        self.tries.append(delivery)
        if self.failures:
            raise self.failures.pop(0)
        # Who was not told of an earlier try does not look for what it posted.
        assert delivery.tried or delivery.key not in self.posts, "posted twice"
        self.posts.setdefault(delivery.key, delivery)
        if self.lost:
            raise self.lost.pop(0)

    async def close(self) -> None:
        pass

    @property
    def replies(self) -> list[object]:
        return [delivery.reply for delivery in self.posts.values()]
