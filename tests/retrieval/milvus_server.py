"""A real Milvus server, for tests: started, killed and started again.

It listens on every interface, so it is only ever started in a network namespace of its own, beside what asks it:
``unshare --user --map-root-user --net --kill-child python -m tests.retrieval.milvus_server COMMAND …``.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

ALONE = "BACKCHANNEL_TEST_MILVUS"
"""The variable that tells a command that it is in a namespace of its own."""
_PORT = 19530
URL = f"milvus+http://127.0.0.1:{_PORT}"
GAVE_UP = 75
"""The exit status of a command whose server has ended by itself."""
_HEALTH = 9091
TOKEN = "root:Milvus"  # noqa: S105
"""The one that a new server knows."""


def namespaced(command: list[str]) -> list[str]:
    """The command line that runs a command of this Python in a namespace of its own."""
    unshare = ["unshare", "--user", "--map-root-user", "--net", "--kill-child"]
    return [*unshare, sys.executable, "-m", "tests.retrieval.milvus_server", sys.executable, *command]


def run_beside_server(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command that exits with ``GAVE_UP`` where its server ended by itself: then once more, with a new one.

    A server gives up where the machine stands still for a minute. One that ends again is taken for broken.
    """
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != GAVE_UP:
        return ran
    return subprocess.run(command, capture_output=True, text=True, check=False)


def prepare(folder: Path, settings: Mapping[str, str]) -> None:
    """Lay the server's programs into ``bin`` of a folder, and what is set into ``configs``."""
    import milvus

    config = milvus.MilvusServerConfig(data_dir=str(folder))
    config.extra_configs |= {"common.security.authorizationEnabled": "true", **settings}
    config.resolve()
    milvus._initialize_data_files(str(folder))


class Server:
    """A server over a folder, made ready by the package ``milvus``.

    Args:
        folder: everything that it keeps.
    """

    def __init__(self, folder: Path) -> None:
        # It gives up where the machine stands still for longer; and so long the next one waits after one was killed.
        # The port is set for where a server that was killed listened just now.
        prepare(folder, {"common.session.ttl": "60", "proxy.port": str(_PORT)})
        self._folder = folder
        self._log = folder / "said.log"
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = {"DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(_HEALTH), "MILVUS_RUN_DIR": str(self._folder)}
        with self._log.open("wb") as log:
            self._running = subprocess.Popen(
                [self._folder / "bin" / "milvus", "run", "standalone"],
                cwd=self._folder,
                env={**os.environ, **environment, "LD_LIBRARY_PATH": str(self._folder / "bin")},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while not self._healthy():
            assert self._running.poll() is None, self.last_words()
            time.sleep(0.1)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The server, once it was started."""
        assert self._running
        return self._running

    def last_words(self) -> str:
        """How it ended, and what it said at last."""
        return f"the server ended with status {self.process.poll()}: {self._log.read_text(errors='replace')[-4000:]}"

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def _healthy(self) -> bool:
        try:
            # It may say that it is well before it listens.
            socket.create_connection(("127.0.0.1", _PORT), timeout=10).close()
            with urllib.request.urlopen(f"http://127.0.0.1:{_HEALTH}/healthz", timeout=10) as answer:
                return b"OK" in answer.read()
        except OSError:
            return False


if __name__ == "__main__":
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607
    assert [name for _, name in socket.if_nameindex()] == ["lo"], "this is no network namespace of its own"
    os.execve(sys.argv[1], sys.argv[1:], {**os.environ, ALONE: "yes"})  # noqa: S606
