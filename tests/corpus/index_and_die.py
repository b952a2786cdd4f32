"""Indexes known feeds in a process of its own, and is killed at a point on the way.

usage: index_and_die.py DATA_FOLDER POINT
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from corpus.catalogue import Catalogue
from corpus.indexer import Indexer
from corpus.progress import Step
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import Vectors
from retrieval.index.embedded import EmbeddedIndexStore
from retrieval.index.port import GenerationInfo


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed processes do not go on")


class DyingStore(EmbeddedIndexStore):
    """Dies while a finished generation is being published."""

    point = ""

    def make_current(self, built: Path, number: int) -> None:
        if self.point == "built, not named":
            die()
        if self.point == "named, not current":
            built.rename(self.folder_of(number))
            die()
        super().make_current(built, number)


class DyingCatalogue(Catalogue):
    """Dies when a generation is current and the catalogue does not know it yet."""

    point = ""

    def published(self, info: GenerationInfo, seconds: float) -> None:
        if self.point == "current, not noted":
            die()
        super().published(info, seconds)
        if self.point == "noted":
            die()


class SlowEncoder(FakeEncoder):
    """Says that it has begun to encode passages, and takes very long over it."""

    slow = False

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if self.slow:
            print("encoding", flush=True)  # noqa: T201
            time.sleep(60)
        return super().encode_passages(texts)


def dying_progress(point: str) -> Callable[[Step], None]:
    """Progress that dies when a stage has come as far as ``point`` says, such as ``reading 450``."""

    def progress(step: Step) -> None:
        if point == f"{step.stage} {step.done}":
            die()

    return progress


def main(folder: Path, point: str) -> None:
    encoder, catalogue = SlowEncoder(), DyingCatalogue(folder / "catalogue.sqlite3")
    store = DyingStore(folder / "index", encoder.fingerprint, encoder.dimension)
    store.point = catalogue.point = point
    encoder.slow = point == "slow"
    Indexer(catalogue, store, encoder, folder).run(progress=dying_progress(point))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
