"""Fakes and small helpers that the tests of several packages share."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import Vectors


class CountingEncoder(FakeEncoder):
    """Remembers every passage that it encoded."""

    def __init__(self, dimension: int = 64, max_tokens: int = 96) -> None:
        super().__init__(dimension, max_tokens)
        self.encoded: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        return super().encode_passages(texts)


class HeldEncoder(FakeEncoder):
    """Once ``hold`` is set, encodes no passage before ``release`` is; ``waiting`` says that it has come to that."""

    def __init__(self) -> None:
        super().__init__()
        self.hold, self.waiting, self.release = Event(), Event(), Event()

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if self.hold.is_set():
            self.waiting.set()
            assert self.release.wait(30), "nobody released the encoder"
        return super().encode_passages(texts)


def record(article_id: str, text: str, **fields: object) -> dict[str, object]:
    """An article as a line of a ``.jsonl`` file holds it."""
    return {"id": article_id, "text": text, **fields}


def write_jsonl(file: Path, *records: object) -> Path:
    """Write one line of JSON for each record."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(value) + "\n" for value in records), encoding="utf-8")
    return file


_HOLD_THE_LOCK = """
import sys
from pathlib import Path
from corpus.locking import indexing_lock
with indexing_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def indexing_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a data folder's lock, as one that indexes does, until its input ends."""
    command = [sys.executable, "-c", _HOLD_THE_LOCK, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()
