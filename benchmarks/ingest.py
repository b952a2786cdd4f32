"""Ingestion: articles a second, what a change costs, and memory.

    python -m benchmarks.ingest pages [--pages FOLDER]
    python -m benchmarks.ingest changes --corpus PARAGRAPHS.jsonl.gz [--size 10000] [--layout folder|jsonl]
    python -m benchmarks.ingest memory --corpus PARAGRAPHS.jsonl.gz [--sizes 10000 100000]

Each takes ``--json FILE`` for its figures. The corpus is one of :mod:`benchmarks.speed`; the pages are ``.html`` or
``.html.gz``, without ``--pages`` the shipped briefs as pages. ``memory`` measures each size in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import html
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from aiohttp import web
from rich.console import Console
from rich.table import Table

from benchmarks.quoted_runs import read_corpus
from benchmarks.timing import peak_mib, size_mib
from bot.app import Application
from bot.settings import load_settings
from corpus.catalogue import Catalogue
from corpus.feed_options import FeedOptions
from corpus.feed_register import FeedRegister
from corpus.feeds import builtin_feed
from corpus.fetching.client import Fetcher
from corpus.fetching.hosts import Limits
from corpus.indexer import Indexer, IndexRun
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import Encoder, Vectors
from retrieval.index.embedded import EmbeddedIndexStore
from retrieval.types import Article, text_digest

_CHANGED = 0.01
_SETTLED = 2.5  # seconds after which a file that was written counts as unchanged

Figures = dict[str, float]


class StubEncoder(FakeEncoder):
    """A vector of the usual length for each text, at no cost worth mentioning."""

    def __init__(self) -> None:
        super().__init__(dimension=384, max_tokens=256)
        self.fingerprint = "stub"

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, 384)``, rows L2-normalised."""
        seeds = [int(text_digest(text)[:16], 16) for text in texts]
        rows = np.array([np.random.default_rng(seed).standard_normal(self.dimension) for seed in seeds])
        unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit


class Ingest:
    """A data folder, and what brings it up to date.

    Args:
        data_dir: the folder.
        encoder: of passages.
        feeds: files and folders, or web addresses on this machine.
    """

    def __init__(self, data_dir: Path, encoder: Encoder, feeds: Sequence[str]) -> None:
        self.data_dir = data_dir
        self._feeds = feeds
        catalogue = Catalogue(data_dir / "catalogue.sqlite3")
        store = EmbeddedIndexStore(data_dir / "index", encoder.fingerprint, encoder.dimension)
        register = FeedRegister(catalogue, make_fetcher=lambda: Fetcher(Limits(delay=0.0)))
        for feed in feeds:
            register.add(feed, FeedOptions(allow_private=frozenset({"127.0.0.1"})))
        self._indexer = Indexer(catalogue, store, encoder, data_dir, register)

    def run(self, *, rebuild: bool = False) -> IndexRun:
        """One run over the feeds."""
        return self._indexer.run(self._feeds, rebuild=rebuild)


def real_encoder(data_dir: Path) -> Encoder:
    """The encoder that the settings name, loaded and warm."""
    encoder = Application(load_settings(data_dir=data_dir)).encoder
    encoder.encode_passages(["The envoys met."] * 64)
    return encoder


# Pages


def page_files(folder: Path | None, where: Path) -> list[Path]:
    """Pages, unpacked into files of their own."""
    where.mkdir()
    pages: dict[str, bytes] = {}
    if folder is None:
        for article in builtin_feed().items():
            if isinstance(article, Article):
                pages[article.id] = page_of(article).encode()
    else:
        for file in sorted([*folder.glob("*.html"), *folder.glob("*.html.gz")]):
            data = file.read_bytes()
            pages[file.name.split(".")[0]] = gzip.decompress(data) if file.suffix == ".gz" else data
    for name, data in pages.items():
        (where / f"{name}.html").write_bytes(data)
    return sorted(where.iterdir())


def page_of(article: Article) -> str:
    """An article as a plain page."""
    paragraphs = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in article.text.split("\n\n"))
    title = html.escape(article.title)
    return (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{paragraphs}</article></body></html>"
    )


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The files of a folder over HTTP from this machine, and a sitemap that names them: its address."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    address: list[str] = []

    async def sitemap(_: web.Request) -> web.Response:
        places = "".join(f"<url><loc>{address[0]}/{file.name}</loc></url>" for file in sorted(folder.iterdir()))
        text = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{places}</urlset>'
        return web.Response(text=text, content_type="application/xml")

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/sitemap.xml", sitemap)
        app.router.add_static("/", folder)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address.append("http://{}:{}".format(*runner.addresses[0][:2]))
        return runner

    def serve() -> None:
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait()
    try:
        yield f"{address[0]}/sitemap.xml"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def measure_pages(options: argparse.Namespace) -> Figures:
    """Articles a second out of web pages, read from disk and fetched; with the real encoder."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pages = page_files(options.pages, folder / "pages")
        encoder = real_encoder(folder / "model")
        with served(folder / "pages") as address:
            for name, feed in (("disk", str(folder / "pages")), ("http", address)):
                ingest = Ingest(folder / name, encoder, [feed])
                time.sleep(_SETTLED)
                run = ingest.run()
                again = ingest.run()
                figures |= {
                    f"{name}_articles": run.articles,
                    f"{name}_articles_per_s": run.articles / run.seconds,
                    f"{name}_again_s": again.seconds,
                }
    return {"pages": len(pages), **figures}


# Changes


class Newsroom:
    """Articles as a feed that can be changed: a file each in a folder, or all in one ``.jsonl``."""

    def __init__(self, lines: Sequence[str], folder: Path, *, one_file: bool) -> None:
        self._records = {record["id"]: record for record in map(json.loads, lines)}
        self._one_file = one_file
        self.feed = folder / "corpus.jsonl" if one_file else folder / "corpus"
        if not one_file:
            self.feed.mkdir()
        self._write(list(self._records))

    def change(self, share: float) -> None:
        """Correct half of a share of the articles, and of the rest remove one half and add as many new ones."""
        chance = random.Random(5)  # noqa: S311 (a sample, no secret)
        touched = chance.sample(sorted(self._records), max(int(len(self._records) * share), 4))
        quarter = len(touched) // 4
        new = []
        corrected = touched[2 * quarter :]
        for article_id in corrected:
            self._records[article_id]["text"] += " This article has been corrected."
        for article_id in touched[:quarter]:
            gone = self._records.pop(article_id)
            new.append(f"{article_id}-new")
            self._records[new[-1]] = {**gone, "id": new[-1], "text": f"It was new. {gone['text']}"}
            if not self._one_file:
                self._file(article_id).unlink()
        self._write([*corrected, *new])

    def _write(self, ids: Sequence[str]) -> None:
        if self._one_file:
            self.feed.write_text("".join(json.dumps(r) + "\n" for r in self._records.values()), encoding="utf-8")
            return
        for article_id in ids:
            record = self._records[article_id]
            head = "".join(f"{key}: {json.dumps(record[key])}\n" for key in ("id", "title", "source", "published"))
            self._file(article_id).write_text(f"---\n{head}---\n\n{record['text']}\n", encoding="utf-8")

    def _file(self, article_id: str) -> Path:
        return self.feed / f"{article_id.replace(':', '_')}.md"


def measure_changes(options: argparse.Namespace) -> Figures:
    """A full run, one without any change, one with a hundredth changed, and a rebuild; with the real encoder."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        lines = read_corpus(options.corpus, options.size)
        newsroom = Newsroom(lines, folder, one_file=options.layout == "jsonl")
        encoder = StubEncoder() if options.stub else real_encoder(folder / "model")
        ingest = Ingest(folder / "data", encoder, [str(newsroom.feed)])
        time.sleep(_SETTLED)
        full = ingest.run()
        unchanged = ingest.run()
        newsroom.change(_CHANGED)
        changed = ingest.run()
        rebuilt = ingest.run(rebuild=True)
    return {
        "articles": full.articles,
        "passages": full.passages,
        "full_s": full.seconds,
        "unchanged_s": unchanged.seconds,
        "changed": changed.added + changed.changed + changed.removed,
        "changed_s": changed.seconds,
        "changed_of_full_%": 100 * changed.seconds / full.seconds,
        "rebuilt_s": rebuilt.seconds,
    }


# Memory


def measure_memory_of(options: argparse.Namespace) -> Figures:
    """One size with a stub encoder, in this process."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        feed = folder / "corpus.jsonl"
        with gzip.open(options.corpus, "rb") as packed, feed.open("wb") as plain:
            for _, line in zip(range(options.sizes[0]), packed, strict=False):
                plain.write(line)
        before = peak_mib()
        ingest = Ingest(folder / "data", StubEncoder(), [str(feed)])
        run = ingest.run()
        current = folder / "data" / "index" / f"{run.generation:06}"
        return {
            "articles": run.articles,
            "passages": run.passages,
            "full_s": run.seconds,
            "before_mib": before,
            "peak_mib": peak_mib(),
            "index_mib": size_mib(current),
            "catalogue_mib": size_mib(folder / "data") - size_mib(folder / "data" / "index"),
        }


def measure_memory(options: argparse.Namespace) -> Figures:
    """Each size in a process of its own, then how both peak and index grow from the first to the last."""
    rows: list[Figures] = []
    for size in options.sizes:
        command = [sys.executable, "-m", "benchmarks.ingest", "memory", "--corpus", str(options.corpus)]
        done = subprocess.run(  # noqa: S603
            [*command, "--one", "--sizes", str(size)], check=True, stdout=subprocess.PIPE, text=True
        )
        rows.append(json.loads(done.stdout))
    figures = {f"{row['articles']:.0f}: {name}": value for row in rows for name, value in row.items()}
    for name in ("peak_mib", "index_mib"):
        figures[f"growth of {name}"] = rows[-1][name] - rows[0][name]
    return figures


MEASURES: Mapping[str, Callable[[argparse.Namespace], Figures]] = {
    "pages": measure_pages,
    "changes": measure_changes,
    "memory": measure_memory,
}
"""What can be measured, by the name of its command."""


def parser() -> argparse.ArgumentParser:
    """The options of each command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    parsers = {name: commands.add_parser(name, help=action.__doc__) for name, action in MEASURES.items()}
    for one in parsers.values():
        one.add_argument("--json", type=Path, help="also write the figures here")
    parsers["pages"].add_argument("--pages", type=Path, help="a folder of .html or .html.gz")
    for name in ("changes", "memory"):
        parsers[name].add_argument("--corpus", type=Path, required=True)
    parsers["changes"].add_argument("--size", type=int, default=10_000)
    parsers["changes"].add_argument("--layout", choices=["folder", "jsonl"], default="folder")
    parsers["changes"].add_argument("--stub", action="store_true", help="encode nothing: what is left is our own work")
    parsers["memory"].add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parsers["memory"].add_argument("--one", action="store_true", help="measure the first size here, print it as JSON")
    return parser


def main() -> None:
    """Measure what is asked for; print a table, and write JSON where asked."""
    options = parser().parse_args()
    if options.command == "memory" and options.one:
        print(json.dumps(measure_memory_of(options)))
        return
    figures = MEASURES[options.command](options)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    table = Table("figure", options.command)
    for name, value in figures.items():
        table.add_row(name, f"{value:,.3f}" if value < 10 else f"{value:,.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
