"""What sites ask of robots, by their ``robots.txt`` (RFC 9309)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from protego import Protego

from corpus.errors import FetchError

ROBOT = "Backchannel"
"""The name that sites know us by."""

MAX_BYTES = 500 * 1024
_LONGEST_DELAY = 60.0


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one site.

    Args:
        rules: none where the site gives none.
        closed: why nothing may be fetched; empty where rules decide.
    """

    rules: Protego | None = None
    closed: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file; what is no rule in it is passed over."""
        return cls(Protego.parse(data.decode("utf-8", "replace")))

    @classmethod
    def unread(cls, error: FetchError) -> Self:
        """The rules of a site whose file cannot be fetched: none if it has no file, else everything is forbidden."""
        if error.status is None:  # the site cannot be reached at all, or must not be
            return cls(closed=error.reason)
        if 400 <= error.status < 500 and error.status != 429:
            return cls()
        return cls(closed=f"is not fetched, for the site's robots.txt {error.reason}")

    def check(self, url: str) -> None:
        """See that an address may be fetched.

        Raises:
            FetchError: the site forbids it.
        """
        if self.closed:
            raise FetchError(url, self.closed)
        if self.rules and not self.rules.can_fetch(url, ROBOT):
            raise FetchError(url, "is forbidden to robots by the site's robots.txt: leave it out, or ask the site")

    @property
    def delay(self) -> float:
        """Seconds that the site asks for between requests."""
        asked = self.rules.crawl_delay(ROBOT) if self.rules else None
        return min(asked or 0.0, _LONGEST_DELAY)
