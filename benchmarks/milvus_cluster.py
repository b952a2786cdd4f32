"""What is lost, and how long answers take, where a query node of a Milvus cluster is killed under load.

    unshare --user --map-root-user --net --kill-child python -m tests.retrieval.milvus_server \
        python -m benchmarks.milvus_cluster --work FOLDER [--size 10000] [--seconds 20] [--proxy] [--json FILE]

The cluster is that of ``benchmarks/milvus_roles.py``: two query nodes, two replicas, two proxies, one of every other
role. Threads ask through the adapter, each at its pace, half of them through each proxy: so long while all runs, twice
so long from when a query node is killed, twice so long from when another is started. ``--proxy`` goes on so with a
proxy. Vectors are those of ``benchmarks/milvus.py``. Write all paths in full.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.milvus import DIMENSION, NEAREST, exact, random_vectors, write
from benchmarks.milvus_roles import MilvusCluster
from retrieval.encoders.port import Vectors
from retrieval.encoders.tokens import unit
from retrieval.errors import IndexFault
from retrieval.index.location import MilvusLocation
from retrieval.index.milvus.server import Access, MilvusServer, Shape
from retrieval.index.milvus.store import MilvusIndexStore, MilvusPlace
from retrieval.index.port import Index
from tests.retrieval.milvus_server import TOKEN

_QUERIES = 200
_THREADS, _PAUSE = 4, 0.1
_WARM = 3.0
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """A search.

    Args:
        proxy: the number of the one that was asked.
        ended: by the monotonic clock.
        took: seconds.
        recall: the share of the ten nearest that it found.
        lost: what was said instead of an answer; empty where there was one.
    """

    proxy: int
    ended: float
    took: float
    recall: float
    lost: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A time of the measurement.

    Args:
        name: what runs.
        began: by the monotonic clock.
        nodes: searches that each query node had answered by then.
        takes_part: seconds until a query node that was started answered one.
    """

    name: str
    began: float
    nodes: dict[str, int]
    takes_part: float | None = None


class Load:
    """Threads that ask, from when it is entered until it is left.

    Args:
        indexes: the index through each proxy; threads take turns with them.
        queries: float32 ``(n, 384)``, asked again and again.
        right: the ids that each should find.
        threads: how many.
        pause: seconds from one search of a thread to its next, unless the first takes longer.
    """

    def __init__(
        self, indexes: Sequence[Index], queries: Vectors, right: Sequence[set[int]], threads: int, pause: float
    ) -> None:
        self.asked: list[Asked] = []
        self._indexes = indexes
        self._queries = queries
        self._right = right
        self._pause = pause
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        proxy, at = number % len(self._indexes), number
        while not self._over.is_set():
            at = (at + 1) % len(self._queries)
            asked = self._one(proxy, at)
            self.asked.append(asked)
            self._over.wait(max(0.0, self._pause - asked.took))

    def _one(self, proxy: int, at: int) -> Asked:
        recall, lost = 0.0, ""
        began = time.monotonic()
        try:
            found = {match.passage_id for match in self._indexes[proxy].search_dense(self._queries[at], NEAREST)}
            recall = len(found & self._right[at]) / NEAREST
        except IndexFault as error:
            lost = str(error)
        ended = time.monotonic()
        return Asked(proxy + 1, ended, ended - began, recall, lost)


def opened(url: str, work: Path, replicas: int) -> MilvusIndexStore:
    """The store through one proxy, with the timeout that is the default."""
    location = MilvusLocation.parse(url)
    assert location  # noqa: S101 (it is a server's)
    place = MilvusPlace(MilvusServer(location, Access(TOKEN)), "benchmark", work / "words")
    return MilvusIndexStore(place, "e", DIMENSION, Shape(replicas=replicas), dt.timedelta(0))


def run(cluster: MilvusCluster, load: Load, seconds: float, *, proxy: bool) -> list[Phase]:
    """Let things happen; when each happened, and in the end an empty phase."""
    nodes = ["querynode-1", "querynode-2"]
    phases: list[Phase] = []

    def phase(name: str, lasts: float, waits_for: str = "") -> None:
        began = time.monotonic()
        counts = {node: cluster.answered(node) for node in nodes}
        takes_part = None
        while time.monotonic() - began < lasts:
            time.sleep(_LOOK)
            if waits_for and takes_part is None and cluster.answered(waits_for):
                takes_part = time.monotonic() - began
        phases.append(Phase(name, began, counts, takes_part))

    with load:
        time.sleep(_WARM)
        phase("all runs", seconds)
        cluster.kill(nodes.pop(0))
        phase("a query node killed", 2 * seconds)
        nodes.append("querynode-3")
        cluster.start("querynode-3")
        phase("another started", 2 * seconds, "querynode-3")
        if proxy:
            cluster.kill("proxy-1")
            phase("a proxy killed", seconds)
            cluster.start("proxy-1")
            phase("it runs again", 2 * seconds)
        phase("", 0)
    return phases


def figures(phases: Sequence[Phase], asked: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """What is to be reported of each phase; a search belongs to the one in which it ended."""
    reported: dict[str, dict[str, float]] = {}
    usual = 0.0
    for phase, following in pairwise(phases):
        these = [one for one in asked if phase.began <= one.ended < following.began]
        answered = [one for one in these if not one.lost]
        times = np.array([one.took for one in answered]) * 1000
        usual = usual or float(times.max())
        slow = [one.ended for one in these if one.lost or one.took * 1000 > usual]
        report = {"asked": len(these), "answered": len(answered), "lost": len(these) - len(answered)}
        report |= {f"lost, proxy {n}": sum(bool(o.lost) for o in these if o.proxy == n) for n in (1, 2)}
        report |= {f"p{q}, ms": float(np.percentile(times, q)) for q in (50, 95, 99)}
        report |= {"worst, ms": float(times.max()), "recall": float(np.mean([one.recall for one in answered]))}
        report["none lost, none slower than the worst of all before, after s"] = (
            max(slow, default=phase.began) - phase.began
        )
        if phase.takes_part is not None:
            report["the new one answers, after s"] = phase.takes_part
        for node, before in phase.nodes.items():
            report[f"searches at {node}"] = following.nodes.get(node, before) - before
        reported[phase.name] = report
    return reported


def measure(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Start the cluster, write a generation, and ask."""
    vectors = random_vectors(options.size, 1)
    queries = unit(vectors[:_QUERIES] + random_vectors(_QUERIES, 2))
    right = [exact(vectors, np.arange(options.size), query) for query in queries]
    folder = options.work / "cluster"
    shutil.rmtree(options.work, ignore_errors=True)
    said: Callable[[str], None] = partial(print, flush=True)
    started = time.monotonic()
    with MilvusCluster(folder) as cluster:
        said(f"the cluster is up after {time.monotonic() - started:.0f} s")
        stores = [opened(url, options.work, 2) for url in cluster.urls]
        said(f"a generation of {options.size:,} passages written after {write(stores[0], vectors, 0):.0f} s")
        load = Load([store.current() for store in stores], queries, right, options.threads, options.pause)
        phases = run(cluster, load, options.seconds, proxy=options.proxy)
        memory = cluster.memory()
        said("memory, MiB: " + ", ".join(f"{name} {used:,.0f}" for name, used in memory.items()))
        said(f"in all {sum(memory.values()):,.0f} MiB")
    for message, times in Counter(one.lost for one in load.asked if one.lost).most_common():
        said(f"{times} × {message}")
    return figures(phases, load.asked)


def main() -> None:
    """Measure, and show a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder of its own: it is emptied first")
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--threads", type=int, default=_THREADS)
    parser.add_argument("--pause", type=float, default=_PAUSE)
    parser.add_argument("--proxy", action="store_true", help="kill a proxy as well")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    measured = measure(options)
    table = Table("", *measured, title="A query node of a Milvus cluster is killed")
    for name in dict.fromkeys(name for phase in measured.values() for name in phase):
        table.add_row(
            name, *(f"{phase[name]:,.3f}".removesuffix(".000") if name in phase else "" for phase in measured.values())
        )
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
