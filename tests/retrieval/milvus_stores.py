"""Stores on Milvus Lite, and on a real server, for tests."""

from __future__ import annotations

import atexit
import datetime as dt
import shutil
import tempfile
from functools import cache
from pathlib import Path
from uuid import uuid4

from retrieval.index.location import MilvusLocation
from retrieval.index.milvus.server import Access, MilvusServer
from retrieval.index.milvus.store import MilvusIndexStore, MilvusPlace
from tests.memory import new_folder
from tests.retrieval.milvus_server import TOKEN, URL, Server

_ROOM = 4 << 30
_PATIENCE = 60.0
AT_ONCE = dt.timedelta(0)


class Wordless(MilvusServer):
    """A server that searches no words, as before Milvus 2.5."""

    has_bm25 = False  # type: ignore[assignment]


def location(url: str) -> MilvusLocation:
    """Of a Milvus server."""
    parsed = MilvusLocation.parse(url)
    assert parsed
    return parsed


@cache
def lite(kind: type[MilvusServer] = MilvusServer) -> MilvusServer:
    """Milvus Lite within this process, over a folder that goes with it."""
    folder = _removed_at_exit(Path(tempfile.mkdtemp(prefix="milvus-")))
    return kind(location(f"milvus+lite://{folder}/lite.db"))


@cache
def real_server() -> Server:
    """A real server; it must be asked for in a network namespace of its own alone."""
    # The server gives up where its disk is kept busy by others.
    server = Server(_removed_at_exit(new_folder("milvus-", _ROOM)))
    server.start()
    atexit.register(server.kill)
    return server


def real(token: str = TOKEN) -> MilvusServer:
    """A client of the real server."""
    real_server()
    return MilvusServer(location(URL), Access(token, timeout=_PATIENCE))


def on_lite(folder: Path, encoder: str, dimension: int) -> MilvusIndexStore:
    """A store of its own for each folder."""
    return MilvusIndexStore(place(lite(), folder), encoder, dimension, grace=AT_ONCE)


def on_wordless(folder: Path, encoder: str, dimension: int) -> MilvusIndexStore:
    """A store of its own for each folder, where the lexical index lies too."""
    return MilvusIndexStore(place(lite(Wordless), folder), encoder, dimension, grace=AT_ONCE)


def on_server(folder: Path, encoder: str, dimension: int) -> MilvusIndexStore:
    """A store of its own for each folder."""
    return MilvusIndexStore(place(real(), folder), encoder, dimension, grace=AT_ONCE)


def place(server: MilvusServer, folder: Path) -> MilvusPlace:
    """A name of its own on a server, for each folder."""
    return MilvusPlace(server, f"of_{_named(folder)}", folder / "words")


@cache
def _named(folder: Path) -> str:
    return uuid4().hex[:12]


def _removed_at_exit(folder: Path) -> Path:
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
