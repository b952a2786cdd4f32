"""Run in a process of its own: builds a generation and is killed at one file operation after another.

Usage: ``build_and_die.py FOLDER OUT STEP`` copies the index in FOLDER to OUT/1, OUT/2, … and kills a build there at
every STEP-th operation; ``build_and_die.py FOLDER`` builds until all passages are added, says so and waits.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np

from retrieval.index.embedded import EmbeddedIndexStore
from retrieval.index.port import IndexedPassage, IndexWriter

ENCODER = "build-and-die"
OLD, NEW = "armistice", "ceasefire"
_OPERATIONS = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir"}


def open_store(folder: Path) -> EmbeddedIndexStore:
    return EmbeddedIndexStore(folder, ENCODER, 2)


def change(writer: IndexWriter) -> None:
    """Replaces the passages 1 and 2 by 3, 4 and 5, which hold another word."""
    writer.delete([1, 2])
    passages = [IndexedPassage(number, f"article-{number}", "", NEW) for number in (3, 4, 5)]
    writer.add(passages, np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))


def build(folder: Path, fatal: int) -> int:
    """Publish a generation; returns the number of file operations, unless it is killed at the ``fatal`` one."""
    operations = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal operations
        if event in _OPERATIONS and str(folder) in str(arguments[0]):
            operations += 1
            if operations == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    store = open_store(folder)
    with store.begin() as writer:
        change(writer)
        writer.publish()
    store.clean_up()
    return operations


def in_a_fork(folder: Path, fatal: int) -> None:
    child = os.fork()
    if not child:
        # Says how far it came beside its folder, if it lives.
        folder.with_suffix(".lived").write_text(str(build(folder, fatal)), encoding="ascii")
        os._exit(0)
    os.waitpid(child, 0)


def main() -> None:
    folder = Path(sys.argv[1])
    if len(sys.argv) == 2:
        change(open_store(folder).begin())
        sys.stdout.write("added\n")
        sys.stdout.flush()
        time.sleep(600)
    out, step = Path(sys.argv[2]), int(sys.argv[3])
    number = 0
    while not (out / f"{number}.lived").exists():
        number += step
        shutil.copytree(folder, out / str(number))
        in_a_fork(out / str(number), number)


if __name__ == "__main__":
    main()
