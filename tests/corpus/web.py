"""A site on loopback, and fetchers that find it by name."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from corpus.fetching.client import Fetcher
from corpus.fetching.hosts import Limits
from corpus.readers.cleaning import tidy
from retrieval.dates import PartialDate

HOST = "news.test"
QUICK = Limits(delay=0, connect=2, read=2, total=5, backoff=0.01, longest_wait=1)

Handler = Callable[[web.Request], web.StreamResponse]


@dataclass
class Site:
    """What a site answers, by path; a page that is not there is a 404. Remembers what it was asked."""

    port: int = 0
    pages: dict[str, bytes | Handler] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)

    def url(self, path: str, host: str = HOST) -> str:
        return f"http://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        """What was asked for since this was last called, without robots.txt."""
        paths = [request.path_qs for request in self.asked if request.path != "/robots.txt"]
        self.asked.clear()
        return paths

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        page = self.pages.get(request.path_qs, self.pages.get(request.path))
        if page is None:
            return web.Response(status=404)
        if isinstance(page, bytes):
            return web.Response(body=page, content_type=self.types.get(request.path, "text/html"))
        answer = page(request)
        return await answer if asyncio.iscoroutine(answer) else answer


@contextmanager
def serving() -> Iterator[Site]:
    """A site that answers from another thread."""
    site, ready, loop = Site(), threading.Event(), asyncio.new_event_loop()
    runner = web.AppRunner(web.Application(), access_log=None, shutdown_timeout=0.1)

    async def start() -> None:
        runner.app.router.add_route("*", "/{path:.*}", site.answer)
        await runner.setup()
        listener = web.TCPSite(runner, "127.0.0.1", 0)
        await listener.start()
        site.port = runner.addresses[0][1]

    def serve() -> None:
        loop.run_until_complete(start())
        # Not before it runs for ever: a stop that comes earlier would be spent on starting.
        loop.call_soon(ready.set)
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(10)
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        assert not thread.is_alive()


class Names(AbstractResolver):
    """Every name leads to loopback, but for those that are given; answers in order, the last one again and again."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        given = self.answers.get(host.partition(".")[0], ["127.0.0.1"])
        address = given.pop(0) if len(given) > 1 else given[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None: ...


def fetcher(limits: Limits = QUICK, names: Names | None = None) -> Fetcher:
    return Fetcher(limits, resolver=names or Names())


@dataclass(frozen=True)
class FakePage:
    title: str
    source: str
    url: str
    published: PartialDate | None
    text: str


def fake_extract(data: bytes, *, url: str | None, content_type: str | None) -> FakePage:
    """Reads pages that :func:`page` makes."""
    fields, _, text = data.decode("utf-8", "replace").partition("\n\n")
    known = dict(line.split("=", 1) for line in fields.splitlines() if "=" in line)
    date = known.get("published")
    return FakePage(
        known.get("title", ""),
        known.get("source", ""),
        known.get("url", ""),
        PartialDate.parse(date) if date else None,
        tidy(text),
    )


def page(text: str, **fields: str) -> bytes:
    return ("\n".join(["page", *(f"{key}={value}" for key, value in fields.items())]) + f"\n\n{text}").encode()


def rss(*items: str, title: str = "The Wire") -> bytes:
    body = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>'
        f"<link>http://{HOST}/</link>{body}</channel></rss>"
    ).encode()


def item(link: str, title: str = "Talks", date: str = "Tue, 09 Jul 2024 10:00:00 GMT", more: str = "") -> str:
    link = link.replace("&", "&amp;")
    return f"<title>{title}</title><link>{link}</link><pubDate>{date}</pubDate>{more}"


def sitemap(*entries: tuple[str, str]) -> bytes:
    urls = "".join(f"<url><loc>{loc}</loc><lastmod>{lastmod}</lastmod></url>" for loc, lastmod in entries)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()


async def endless(request: web.Request, size: int, piece: bytes = b"x" * 65536) -> web.StreamResponse:
    """A body of this many bytes, sent as long as anybody takes it."""
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        for _ in range(size // len(piece)):
            await response.write(piece)
    except ConnectionError:
        pass
    return response
