"""What an index on a Milvus server costs: time, memory and disk, and what its graph finds.

    unshare --user --map-root-user --net --kill-child python -m tests.retrieval.milvus_server \
        python -m benchmarks.milvus --corpus PARAGRAPHS.jsonl.gz --work FOLDER [--sizes 20000 40000] [--json FILE]

The server is that of the package ``milvus``, in a network namespace of its own. Paragraphs are encoded by the packaged
model, once, and kept in FOLDER. Questions are runs of words out of the paragraphs. Write all paths in full.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.speed import milliseconds, prepare, read_corpus
from retrieval.encoders.loading import load_encoder
from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.encoders.options import Backend, Precision
from retrieval.encoders.port import Vectors
from retrieval.index.location import MilvusLocation
from retrieval.index.milvus.server import Access, MilvusServer
from retrieval.index.milvus.store import MilvusIndexStore, Place
from retrieval.index.port import Index, IndexedPassage
from retrieval.types import Filters
from tests.retrieval.milvus_server import TOKEN, URL, Server

_MIB = 1024 * 1024
_AT_ONCE = 2000
_NEAREST = 10
# Of a hundred passages, so many are of the outlet that a filter keeps.
_KEPT = {"50 %": 50, "5 %": 5}


def encoded(corpus: Path, size: int, work: Path) -> tuple[list[str], Vectors, Vectors]:
    """Paragraphs, their vectors and those of the questions, float32 ``(n, d)``; kept in ``work``."""
    encoder = load_encoder(DEFAULT_MODEL, Precision.AUTO, Backend.AUTO, work / "models")
    texts = [json.loads(line)["text"] for line in read_corpus(corpus, size)]
    file = work / f"{size}.npy"
    if not file.exists():
        np.save(file, encoder.encode_passages(texts))
    _, questions = prepare(corpus, size, work)
    return texts, np.load(file), encoder.encode_queries(questions)


def write(store: MilvusIndexStore, texts: list[str], vectors: Vectors, first: int) -> float:
    """Publish a generation with these paragraphs more; how many seconds that takes."""
    started = time.perf_counter()
    with store.begin() as writer:
        for at in range(0, len(texts), _AT_ONCE):
            rows = range(at, min(at + _AT_ONCE, len(texts)))
            passages = [IndexedPassage(first + n, f"a{first + n}", "", texts[n], f"outlet {n % 100}") for n in rows]
            writer.add(passages, vectors[at : at + _AT_ONCE])
        writer.publish()
    return time.perf_counter() - started


def recall(index: Index, vectors: Vectors, questions: Vectors, outlets: int) -> float:
    """The share of the ten nearest that are found, among the passages of so many of a hundred outlets."""
    passing = np.flatnonzero(np.arange(len(vectors)) % 100 < outlets)
    filters = Filters() if outlets == 100 else Filters(sources=frozenset(f"outlet {n}" for n in range(outlets)))
    found = 0
    for question in questions:
        exact = passing[np.argsort(-(vectors[passing] @ question), kind="stable")[:_NEAREST]]
        found += len(
            {match.passage_id for match in index.search_dense(question, _NEAREST, filters)} & set(exact.tolist())
        )
    return found / (len(questions) * _NEAREST)


def percentiles(times: list[float]) -> tuple[float, float]:
    """The median and the 95th percentile."""
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def measure(size: int, corpus: Path, work: Path) -> dict[str, float]:
    """One size, on a server of its own."""
    texts, vectors, questions = encoded(corpus, size, work)
    folder = work / "server"
    shutil.rmtree(folder, ignore_errors=True)
    server = Server(folder)
    server.start()
    try:
        location = MilvusLocation.parse(URL)
        assert location  # noqa: S101 (it is a server's)
        place = Place(MilvusServer(location, Access(TOKEN)), "benchmark", work / "words")
        store = MilvusIndexStore(place, "e", vectors.shape[1], grace=dt.timedelta(0))
        resident: Callable[[], float] = lambda: psutil.Process(server.process.pid).memory_info().rss / _MIB  # noqa: E731
        started, empty = resident(), used(folder)
        figures = {"passages": float(size), "written_s": write(store, texts, vectors, 0)}
        figures |= {"memory_mib": resident() - started, "disk_mib": used(folder) - empty}
        index = store.current()
        figures["ids_s"] = milliseconds(index.passage_ids) / 1000
        asked = [milliseconds(lambda q=question: index.search_dense(q, 200)) for question in questions]
        figures["search_p50_ms"], figures["search_p95_ms"] = percentiles(asked)
        fetched = [m.passage_id for m in index.search_dense(questions[0], 200)]
        figures["vectors_ms"] = statistics.median(milliseconds(lambda: index.vectors(fetched)) for _ in range(20))
        figures["recall"] = recall(index, vectors, questions, 100)
        figures |= {f"recall at {name}": recall(index, vectors, questions, kept) for name, kept in _KEPT.items()}
        figures["copied_s"] = write(store, texts[:1], vectors[:1], size)
        return figures
    finally:
        server.kill()


def used(folder: Path) -> float:
    """MiB that lie in a folder, without the server's own programs and logs."""
    data = folder / "data"
    return sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) / _MIB


def main() -> None:
    """Measure, and show a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 40_000])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    measured = [measure(size, options.corpus, options.work) for size in options.sizes]
    table = Table(title="An index on a Milvus server", show_header=False)
    for name in measured[0]:
        table.add_row(name, *(f"{figures[name]:,.3f}" for figures in measured))
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
