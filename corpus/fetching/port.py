"""What is asked of the web, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask it by whether something has changed; empty where it gave nothing."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        """The headers of a conditional request."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True, slots=True)
class Request:
    """Something to fetch.

    Args:
        url: where.
        allow_private: names of hosts that may lead to private addresses.
        validators: from the last time; where they still hold, nothing is sent again.
        most: bytes that are read, unpacked.
    """

    url: str
    allow_private: frozenset[str] = frozenset()
    validators: Validators = Validators()
    most: int = 8 * MIB


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched; ``url`` is where it was found after redirects. ``data`` is empty if it has not changed."""

    url: str
    data: bytes
    content_type: str
    validators: Validators
    unchanged: bool = False


class Fetching(Protocol):
    """Fetches from the web."""

    async def get(self, request: Request) -> Fetched:
        """Fetch one thing.

        Raises:
            FetchError: it cannot be had; the message says why.
        """
