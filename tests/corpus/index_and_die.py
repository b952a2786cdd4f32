"""Indexes known feeds in a process of its own, and is killed at a point on the way.

usage: index_and_die.py DATA_FOLDER POINT
       index_and_die.py DATA_FOLDER OUT SEED COUNT      copies the folder to OUT/0, OUT/1, … and kills a run in each,
                                                        every other from outside; prints where
"""

from __future__ import annotations

import os
import random
import shutil
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

    def note(self, info: GenerationInfo, seconds: float) -> None:
        if self.point == "current, not noted":
            die()
        super().note(info, seconds)
        if self.point == "noted, not its passages":
            die()

    def published(self, info: GenerationInfo, oldest: int | None = None) -> None:
        super().published(info, oldest)
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


# What a run does to files, as Python tells of it; SQLite's and tantivy's own come in between.
_OPERATIONS = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "sqlite3.connect", "shutil.copytree"}


def run_until(folder: Path, fatal: int) -> int:
    """A run that is killed at its ``fatal`` operation; how many there were, if it comes to its end."""
    operations = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal operations
        if event in _OPERATIONS and str(folder) in str(arguments[0]):
            operations += 1
            if operations == fatal:
                die()

    sys.addaudithook(count)
    main(folder, "")
    return operations


def in_a_fork(folder: Path, fatal: int = 0, seconds: float | None = None) -> tuple[int, float]:
    """Run in a fork, killed after so long; returns its number of operations (0 if it was killed), and seconds."""
    started, told = time.monotonic(), os.pipe()
    child = os.fork()
    if not child:
        os.write(told[1], str(run_until(folder, fatal)).encode())
        os._exit(0)
    os.close(told[1])
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(told[0], "rb") as stream:
        return int(stream.read() or 0), time.monotonic() - started


def kill_many(folder: Path, out: Path, seed: int, count: int) -> None:
    """Kill as many runs, each in a copy of the folder, at moments out of the seed."""
    chance = random.Random(seed)
    shutil.copytree(folder, out / "whole")
    operations, seconds = in_a_fork(out / "whole")
    for number in range(count):
        copy = out / str(number)
        shutil.copytree(folder, copy)
        if number % 2:
            moment = chance.uniform(0, seconds)
            in_a_fork(copy, seconds=moment)
            print(f"{number}: after {moment:.4f} of {seconds:.4f} s")  # noqa: T201
        else:
            fatal = chance.randint(1, operations)
            in_a_fork(copy, fatal)
            print(f"{number}: at operation {fatal} of {operations}")  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(Path(sys.argv[1]), sys.argv[2])
    else:
        kill_many(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
