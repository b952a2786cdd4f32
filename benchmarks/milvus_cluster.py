"""What is lost, and how long answers take, where a query node of a Milvus cluster is killed under load.

    unshare --user --map-root-user --net --kill-child python -m tests.retrieval.milvus_server \
        python -m benchmarks.milvus_cluster --work FOLDER [--size 10000] [--proxy] [--balancer] [--json FILE]

The cluster is that of ``benchmarks/milvus_roles.py``: two query nodes, two replicas, two proxies, one of every other
role. Threads ask through the adapter, each at its pace, half of them through each proxy: 20 seconds while all runs, 40
from when a query node is killed, 40 from when another is started. ``--proxy`` goes on so with a proxy, and
``--balancer`` has all ask through a load balancer. Vectors are those of ``benchmarks/milvus.py``. Write all paths in
full; it needs the extra ``cluster``.
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
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.balancing import Balancer
from benchmarks.milvus import DIMENSION, NEAREST, exact, random_vectors, write
from benchmarks.milvus_roles import QUERY_NODES, MilvusCluster
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
        address: the number of the one by which it was asked.
        ended: by the monotonic clock.
        took: seconds.
        recall: the share of the ten nearest that it found.
        lost: what was said instead of an answer; empty where there was one.
    """

    address: int
    ended: float
    took: float
    recall: float
    lost: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A time of the measurement.

    Args:
        name: what happened when it began.
        began: by the monotonic clock.
        ended: likewise.
        searches: how many each query node answered in it.
        takes_part: seconds until a query node that was started answered one.
    """

    name: str
    began: float
    ended: float
    searches: dict[str, int]
    takes_part: float | None = None


class Load:
    """Threads that ask, from when it is entered until it is left.

    Args:
        indexes: the index by each address; threads take turns with them.
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
        address, at = number % len(self._indexes), number
        while not self._over.is_set():
            at = (at + 1) % len(self._queries)
            asked = self._one(address, at)
            self.asked.append(asked)
            self._over.wait(max(0.0, self._pause - asked.took))

    def _one(self, address: int, at: int) -> Asked:
        recall, lost = 0.0, ""
        began = time.monotonic()
        try:
            found = {match.passage_id for match in self._indexes[address].search_dense(self._queries[at], NEAREST)}
            recall = len(found & self._right[at]) / NEAREST
        except IndexFault as error:
            lost = str(error)
        ended = time.monotonic()
        return Asked(address + 1, ended, ended - began, recall, lost)


def opened(port: int, work: Path) -> MilvusIndexStore:
    """The store by this address, with the timeout that is the default."""
    location = MilvusLocation.parse(f"milvus+http://127.0.0.1:{port}")
    assert location  # noqa: S101 (it is a server's)
    place = MilvusPlace(MilvusServer(location, Access(TOKEN)), "benchmark", work / "words")
    return MilvusIndexStore(place, "e", DIMENSION, Shape(replicas=QUERY_NODES), dt.timedelta(0))


class Course:
    """What happens to a cluster, one thing after the other.

    Args:
        cluster: it happens to.
    """

    def __init__(self, cluster: MilvusCluster) -> None:
        self.phases: list[Phase] = []
        self._cluster = cluster

    def phase(self, name: str, lasts: float, happens: Callable[[], None] = lambda: None, waits_for: str = "") -> None:
        """Something happens, and so many seconds go by; a query node may be waited for meanwhile."""
        began = time.monotonic()
        happens()
        before = self._searches()
        takes_part = None
        while time.monotonic() - began < lasts:
            time.sleep(_LOOK)
            if waits_for and takes_part is None and self._cluster.answered(waits_for):
                takes_part = time.monotonic() - began
        searches = {node: count - before[node] for node, count in self._searches().items()}
        self.phases.append(Phase(name, began, time.monotonic(), searches, takes_part))

    def run(self, seconds: float, *, proxy: bool) -> None:
        """All of it; a time in which something has to recover lasts twice as long."""
        cluster = self._cluster
        self.phase("all runs", seconds)
        self.phase("a query node killed", 2 * seconds, lambda: cluster.kill("querynode-1"))
        self.phase("another started", 2 * seconds, lambda: cluster.start("querynode-3"), "querynode-3")
        if proxy:
            self.phase("a proxy killed", seconds, lambda: cluster.kill("proxy-1"))
            self.phase("it runs again", 2 * seconds, lambda: cluster.start("proxy-1"))

    def _searches(self) -> dict[str, int]:
        return {node: self._cluster.answered(node) for node in self._cluster.query_nodes}


def figures(phases: Sequence[Phase], asked: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """What is to be reported of each phase; a search belongs to the one in which it ended."""
    reported: dict[str, dict[str, float]] = {}
    usual = 0.0
    for phase in phases:
        these = [one for one in asked if phase.began <= one.ended < phase.ended]
        answered = [one for one in these if not one.lost]
        times = np.array([one.took for one in answered]) * 1000
        usual = usual or float(times.max())
        troubled = [one.ended - phase.began for one in these if one.lost or one.took * 1000 > usual]
        report: dict[str, float] = {"asked": len(these), "answered": len(answered), "lost": len(these) - len(answered)}
        report |= {f"lost, address {n}": sum(bool(one.lost) for one in these if one.address == n) for n in (1, 2)}
        report |= {f"p{q}, ms": float(np.percentile(times, q)) for q in (50, 95, 99)}
        report |= {"worst, ms": float(times.max()), "recall": float(np.mean([one.recall for one in answered]))}
        report |= {"as at first after, s": max(troubled, default=0.0)}
        if phase.takes_part is not None:
            report |= {"the new one answers after, s": phase.takes_part}
        reported[phase.name] = report | {f"searches at {node}": n for node, n in phase.searches.items()}
    return reported


def measure(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Start the cluster, write a generation, and ask."""
    vectors = random_vectors(options.size, 1)
    queries = unit(vectors[:_QUERIES] + random_vectors(_QUERIES, 2))
    right = [exact(vectors, np.arange(options.size), query) for query in queries]
    folder = options.work / "cluster"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(options.work / "words", ignore_errors=True)
    started = time.monotonic()
    with MilvusCluster(folder) as cluster, Balancer(cluster.proxy_ports) as balancer:
        tell(f"the cluster is up after {time.monotonic() - started:.0f} s")
        ports = [balancer.port] * 2 if options.balancer else cluster.proxy_ports
        stores = [opened(port, options.work) for port in ports]
        tell(f"a generation of {options.size:,} passages written after {write(stores[0], vectors, 0):.0f} s")
        course = Course(cluster)
        with Load([store.current() for store in stores], queries, right, options.threads, options.pause) as load:
            time.sleep(_WARM)
            course.run(options.seconds, proxy=options.proxy)
        memory = cluster.memory()
        tell("memory, MiB: " + ", ".join(f"{name} {used:,.0f}" for name, used in memory.items()))
        tell(f"in all {sum(memory.values()):,.0f} MiB")
    for message, times in Counter(one.lost for one in load.asked if one.lost).most_common():
        tell(f"{times} × {message}")
    return figures(course.phases, load.asked)


def tell(what: str) -> None:
    """Print it now: the whole takes minutes."""
    print(what, flush=True)


def main() -> None:
    """Measure, and show a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="a folder of its own: it is emptied first")
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--threads", type=int, default=_THREADS)
    parser.add_argument("--pause", type=float, default=_PAUSE)
    parser.add_argument("--proxy", action="store_true", help="kill a proxy as well")
    parser.add_argument("--balancer", action="store_true", help="ask through a load balancer")
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
