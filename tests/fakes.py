"""Fakes and small helpers that the tests of several packages share."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
