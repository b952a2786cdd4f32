"""Whether `serve` lives and is ready, and what it has done: for whatever watches over it, by HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bot.app import Application
from bot.board import Board, State
from bot.errors import UsageError
from bot.reception import Reception
from bot.settings import variable


@asynccontextmanager
async def listening(endpoints: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """Answer requests meanwhile; a port of 0 answers none.

    Raises:
        UsageError: the address cannot be had.
    """
    if not port:
        yield
        return
    runner = web.AppRunner(endpoints, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise UsageError(
                f"{host}:{port} cannot be listened on ({error.strerror}): set {variable('http_port')} to another port, "
                f"or to 0 for no health endpoints, or {variable('http_host')} to an address of this machine"
            ) from error
        yield
    finally:
        await runner.cleanup()


def endpoints(app: Application, reception: Reception, board: Board) -> web.Application:
    """``/healthz``, ``/readyz`` and ``/metrics``."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        index = [] if app.service.generation else ["no index is open"]
        reasons = [*index, *board.missing()]
        # An older generation that answers is no reason to take the process out of service.
        trouble = [app.service.trouble] if app.service.trouble else []
        lines = [*(reasons or ["ready"]), *trouble, ""]
        return web.Response(text="\n".join(lines), status=503 if reasons else 200)

    async def metrics(_: web.Request) -> web.Response:
        body = app.metrics.exposition() + generate_latest(_gauges(app, reception, board))
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    found = web.Application()
    found.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return found


def _gauges(app: Application, reception: Reception, board: Board) -> CollectorRegistry:
    """How things stand now."""
    registry = CollectorRegistry()
    generation = app.service.generation
    for name, meaning, value in (
        ("generation", "Number of the generation that answers.", generation.number if generation else 0),
        ("articles", "Articles in it.", generation.horizon.articles if generation else 0),
        ("passages", "Passages in it.", generation.passages if generation else 0),
        ("questions_waiting", "Requests that wait for their turn.", reception.waiting),
    ):
        Gauge(f"backchannel_{name}", meaning, registry=registry).set(value)
    connected = Gauge(
        "backchannel_platform_connected", "1 where the platform is connected.", ["platform"], registry=registry
    )
    for platform, state in board.states.items():
        connected.labels(platform.value).set(state is State.CONNECTED)
    return registry
