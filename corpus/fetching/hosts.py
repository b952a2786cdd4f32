"""One site: its connections, its pace and its rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

import aiohttp
from aiohttp.abc import AbstractResolver

from corpus.fetching.addresses import AddressGuard
from corpus.fetching.robots import ROBOT, Robots

USER_AGENT = f"{ROBOT}/{version('backchannel')}"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked of a site, and how long it is waited for; times in seconds.

    Args:
        delay: between the starts of two requests to one site; the site can ask for more.
        at_once: requests to one site that may run together.
        connect: until there is a connection.
        read: without a byte.
        total: for one answer.
        tries: for one address.
        backoff: before the second try; doubles with each further one.
        longest_wait: that a server can ask for and is given before the next try; asked for more, we give up.
        redirects: that are followed.
    """

    delay: float = 1.0
    at_once: int = 2
    connect: float = 10.0
    read: float = 20.0
    total: float = 60.0
    tries: int = 3
    backoff: float = 1.0
    longest_wait: float = 30.0
    redirects: int = 5


class Host:
    """A site by its origin. Its connections are made for it alone, so that the guard knows whom it guards."""

    def __init__(
        self,
        limits: Limits,
        sleep: Callable[[float], Awaitable[None]],
        resolver: AbstractResolver,
        *,
        allowed: bool,
    ) -> None:
        self.guard = AddressGuard(allowed=allowed)
        self.session = _session(limits, self.guard, resolver)
        self.robots: Robots | None = None
        self.reading_robots = asyncio.Lock()
        self._delay = limits.delay
        self._sleep = sleep
        self._slots = asyncio.Semaphore(limits.at_once)
        self._free_at = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits until another request may be sent, and counts it while it runs."""
        async with self._slots:
            now = asyncio.get_running_loop().time()
            start = max(now, self._free_at)
            self._free_at = start + max(self._delay, self.robots.delay if self.robots else 0.0)
            if start > now:
                await self._sleep(start - now)
            yield


def _session(limits: Limits, guard: AddressGuard, resolver: AbstractResolver) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=limits.at_once, resolver=resolver, use_dns_cache=False, socket_factory=guard.make_socket
        ),
        timeout=aiohttp.ClientTimeout(total=limits.total, sock_connect=limits.connect, sock_read=limits.read),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
        auto_decompress=False,
        trust_env=False,
    )
