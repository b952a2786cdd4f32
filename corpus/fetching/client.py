"""Fetches from the web.

Every address on the way is looked at when it is connected to; no cookies are kept, no passwords sent, no proxy used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from corpus.errors import FetchError
from corpus.fetching import robots
from corpus.fetching.answers import Moved, read_answer
from corpus.fetching.bodies import Garbled, TooLong
from corpus.fetching.hosts import Host, Limits
from corpus.fetching.port import MIB, Fetched, Request
from corpus.fetching.robots import Robots
from corpus.fetching.urls import host_of, normal_url, origin

_AT_ONCE = 16
_WORTH_ANOTHER_TRY = frozenset({429, 500, 502, 503, 504})


class Fetcher:
    """Fetches politely. Used within one event loop, as an asynchronous context.

    Args:
        limits: how much is asked of a site.
        resolver: turns names into addresses; the system's own without one.
        sleep: waits.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        resolver: AbstractResolver | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._limits = limits or Limits()
        self._given_resolver = resolver
        self._sleep = sleep
        self._hosts: dict[tuple[str, bool], Host] = {}

    async def __aenter__(self) -> Self:
        # The system's own resolver reads every spelling of an address as the system will.
        self._resolver = self._given_resolver or ThreadedResolver()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        return self

    async def __aexit__(self, *_: object) -> None:
        for host in self._hosts.values():
            await host.session.close()
        self._hosts.clear()

    async def get(self, request: Request) -> Fetched:
        """As :meth:`corpus.fetching.port.Fetching.get`.

        Raises:
            FetchError: it cannot be had; the message says why.
        """
        return await self._follow(request, obey=True)

    async def _follow(self, request: Request, *, obey: bool) -> Fetched:
        """Fetch, going where redirects lead; each address on the way is checked like the first."""
        url = normal_url(request.url)
        passed: list[str] = []
        while len(passed) <= self._limits.redirects:
            host = self._host(url, request.allow_private)
            if obey:
                (await self._robots(host, url, request)).check(url)
            try:
                return await self._patiently(host, url, request)
            except Moved as moved:
                passed.append(url)
                if moved.to in passed:
                    raise FetchError(request.url, "redirects in a loop: leave it out, or correct it") from None
                url = moved.to
        raise FetchError(request.url, f"redirects more than {self._limits.redirects} times: name the last address")

    async def _patiently(self, host: Host, url: str, request: Request) -> Fetched:
        """Try, and try again where that may help, for as long as the server asks to wait."""
        for tried in range(1, self._limits.tries + 1):
            try:
                return await self._once(host, url, request)
            except FetchError as error:
                passing = error.status in _WORTH_ANOTHER_TRY or (error.status is None and host.guard.refused is None)
                wait = max(self._limits.backoff * 2 ** (tried - 1), error.wait or 0.0)
                if not passing or tried == self._limits.tries or wait > self._limits.longest_wait:
                    raise
            await self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _once(self, host: Host, url: str, request: Request) -> Fetched:
        async with self._slots, host.turn():
            try:
                async with host.session.get(
                    url, headers=request.validators.headers(), allow_redirects=False
                ) as response:
                    return await read_answer(response, url, request)
            except TooLong:
                reason = f"is longer than {_size(request.most)}: leave it out"
            except Garbled as error:
                reason = str(error)
            except TimeoutError:
                reason = "does not answer in time: try again later"
            except (aiohttp.ClientError, OSError, ValueError) as error:
                reason = _unreachable(host, url, error)
        raise FetchError(url, reason)

    async def _robots(self, host: Host, url: str, request: Request) -> Robots:
        async with host.reading_robots:
            if host.robots is None:
                file = Request(f"{origin(url)}/robots.txt", request.allow_private, most=robots.MAX_BYTES)
                try:
                    host.robots = Robots.parse((await self._follow(file, obey=False)).data)
                except FetchError as error:
                    host.robots = Robots.unread(error)
        return host.robots

    def _host(self, url: str, allow_private: frozenset[str]) -> Host:
        allowed = host_of(url) in allow_private
        key = origin(url), allowed
        if key not in self._hosts:
            self._hosts[key] = Host(self._limits, self._sleep, self._resolver, allowed=allowed)
        return self._hosts[key]


def _unreachable(host: Host, url: str, error: Exception) -> str:
    if host.guard.refused:
        name = host_of(url)
        return (
            f"leads to {host.guard.refused}, which is no public address: if you mean it, allow the host "
            f"by allow_private = [{name!r}] in feeds.toml, or by `backchannel feeds add … --allow-private {name}`"
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "has no valid certificate: tell the site, or leave it out"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "names a host that is not known: check the address and the network"
    return f"cannot be fetched ({' '.join(str(error).split())[:120] or type(error).__name__}): try again later"


def _size(count: int) -> str:
    return f"{count / MIB:.0f} MiB" if count >= MIB else f"{count} bytes"
