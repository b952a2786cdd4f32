"""One re-index at a time for each data folder, across processes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from corpus.errors import IndexBusy


@contextmanager
def indexing_lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; it goes with the process, however that ends.

    Raises:
        IndexBusy: another process holds it; the message says which and since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / "indexing.json"
    lock = FileLock(folder / "indexing.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise IndexBusy(f"{folder} is being indexed already{_told(holder)}: wait until that has ended") from None
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _told(holder: Path) -> str:
    try:
        value = json.loads(holder.read_text())
        return f" by process {value['pid']} since {value['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
