"""What an index on a Milvus server costs: time, memory and disk, and what its graph finds.

    unshare --user --map-root-user --net --kill-child python -m tests.retrieval.milvus_server \
        python -m benchmarks.milvus --work FOLDER [--sizes 20000 40000] [--json FILE]

The server is that of the package ``milvus``, in a network namespace of its own. Vectors point in random directions, the
hardest case for a graph; queries are such vectors moved by as much as they are long. Write all paths in full.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import statistics
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.timing import milliseconds, resident_mib, size_mib
from retrieval.encoders.port import Vectors
from retrieval.encoders.tokens import unit
from retrieval.index.location import MilvusLocation
from retrieval.index.milvus.server import Access, MilvusServer
from retrieval.index.milvus.store import MilvusIndexStore, MilvusPlace
from retrieval.index.port import Index, IndexedPassage
from retrieval.types import Filters
from tests.retrieval.milvus_server import TOKEN, URL, Server

DIMENSION = 384
_AT_ONCE = 512  # as the indexer adds them
_QUERIES = 100
NEAREST, _FUSED = 10, 200
# Of a hundred outlets, so many are kept by a filter.
_KEPT = {"recall": 100, "recall at 50 %": 50, "recall at 5 %": 5}


def random_vectors(count: int, seed: int) -> Vectors:
    """float32 ``(count, 384)``, of unit length."""
    return unit(np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32))


def write(store: MilvusIndexStore, vectors: Vectors, first: int) -> float:
    """Publish a generation with so many passages more; how many seconds that takes."""
    started = time.perf_counter()
    with store.begin() as writer:
        for at in range(0, len(vectors), _AT_ONCE):
            part = vectors[at : at + _AT_ONCE]
            passages = [
                IndexedPassage(n, f"https://news.example/{n // 5}", "", "", f"outlet {n % 100}")
                for n in range(first + at, first + at + len(part))
            ]
            writer.add(passages, part)
        writer.publish()
    return time.perf_counter() - started


def recall(index: Index, vectors: Vectors, queries: Vectors, outlets: int) -> float:
    """The share of the ten nearest that are found, among the passages of so many of a hundred outlets."""
    passing = np.flatnonzero(np.arange(len(vectors)) % 100 < outlets)
    filters = Filters() if outlets == 100 else Filters(sources=frozenset(f"outlet {n}" for n in range(outlets)))
    right = 0
    for query in queries:
        found = {match.passage_id for match in index.search_dense(query, NEAREST, filters)}
        right += len(found & exact(vectors, passing, query))
    return right / (len(queries) * NEAREST)


def exact(vectors: Vectors, passing: npt.NDArray[np.int64], query: Vectors) -> set[int]:
    """The ids of the ten nearest among those that pass: a passage's id is its row."""
    return set(passing[np.argsort(-(vectors[passing] @ query), kind="stable")[:NEAREST]].tolist())


def measure(size: int, work: Path) -> dict[str, float]:
    """One size, on a server of its own."""
    vectors = random_vectors(size, 1)
    queries = unit(vectors[:_QUERIES] + random_vectors(_QUERIES, 2))
    folder = work / "server"
    shutil.rmtree(folder, ignore_errors=True)
    server = Server(folder)
    server.start()
    try:
        location = MilvusLocation.parse(URL)
        assert location  # noqa: S101 (it is a server's)
        place = MilvusPlace(MilvusServer(location, Access(TOKEN)), "benchmark", work / "words")
        store = MilvusIndexStore(place, "e", DIMENSION, grace=dt.timedelta(0))
        write(store, vectors[:1], 0)  # what the first collections cost is not counted
        process = psutil.Process(server.process.pid)
        memory, disk = resident_mib(process), stored(folder)
        figures = {"passages": float(size), "written, s": write(store, vectors[1:], 1)}
        figures |= {"memory, MiB": resident_mib(process) - memory, "disk, MiB": stored(folder) - disk}
        index = store.current()
        figures["all ids, s"] = milliseconds(index.passage_ids) / 1000
        times = [milliseconds(lambda query=query: index.search_dense(query, _FUSED)) for query in queries]
        figures |= {"search p50, ms": statistics.median(times), "search p95, ms": statistics.quantiles(times, n=20)[-1]}
        ids = [match.passage_id for match in index.search_dense(queries[0], _FUSED)]
        figures["200 vectors, ms"] = statistics.median(milliseconds(lambda: index.vectors(ids)) for _ in range(20))
        figures |= {name: recall(index, vectors, queries, kept) for name, kept in _KEPT.items()}
        figures["one more, s"] = write(store, vectors[:1], size)
        return figures
    finally:
        server.kill()


def stored(folder: Path) -> float:
    """MiB of what a server keeps, its logs left out."""
    return size_mib(folder / "data")


def main() -> None:
    """Measure, and show a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 40_000])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    measured = []
    for size in options.sizes:
        measured.append(measure(size, options.work))
        print(json.dumps(measured[-1]), flush=True)
    table = Table(title="An index on a Milvus server", show_header=False)
    for name in measured[0]:
        table.add_row(name, *(f"{figures[name]:,.3f}" for figures in measured))
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
