"""A load balancer, as small as can be: what stands before several servers that all do the same."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

_AT_ONCE = 65_536


class Balancer:
    """From when it is entered until it is left, each connection goes to the next port of this machine that takes it.

    Args:
        ports: of the servers.
    """

    port: int
    """Where it listens."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = deque(ports)
        self._listens = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        self._listens.wait()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1")
        self.port = server.sockets[0].getsockname()[1]
        self._listens.set()
        await self._over.wait()
        server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._forward(reader, writer)
        except asyncio.CancelledError:  # the balancer is left
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ports.rotate(1)
        for port in tuple(self._ports):
            with suppress(OSError):
                answers, asks = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(_passed_on(reader, asks), _passed_on(answers, writer))
                return
        writer.close()


async def _passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side is gone; then both are told."""
    with suppress(OSError):
        while part := await reader.read(_AT_ONCE):
            writer.write(part)
            await writer.drain()
    writer.close()
