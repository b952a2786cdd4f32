"""Indexes by the command line in a process of its own that may not write what it needs.

usage: index_in_trouble.py DATA_DIR full BYTES      no file may grow beyond so many bytes, as on a disk that is full
       index_in_trouble.py DATA_DIR filling BYTES   the same from when the new generation is begun
       index_in_trouble.py DATA_DIR readonly USER   as a user to whom the folder does not belong
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path

from bot.app import Application
from bot.cli import run
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application


def make(settings: Settings) -> Application:
    return application(settings, FakeEncoder(), threshold=0)


def index(data_dir: Path) -> int:
    return run(["index", "--json", "--data-dir", str(data_dir)], make_application=make)


def fill_disk_when_begun(size: int) -> None:
    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "os.mkdir" and str(arguments[0]).endswith(".building"):
            fill_disk(size)

    sys.addaudithook(hook)


def fill_disk(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def main(data_dir: Path, trouble: str, value: int) -> int:
    if trouble == "full":
        fill_disk(value)
    elif trouble == "filling":
        fill_disk_when_begun(value)
    else:
        # What the command imports may lie where that user cannot read, so it is run once before.
        with tempfile.TemporaryDirectory() as folder:
            index(Path(shutil.copytree(data_dir, Path(folder) / "data")))
        sys.stderr.write("now\n")
        os.setuid(value)
    return index(data_dir)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
