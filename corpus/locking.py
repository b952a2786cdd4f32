"""One re-index at a time for each data folder, across processes; who is at it says how far it is."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from corpus.database import now
from corpus.errors import IndexBusy
from corpus.progress import Step, Underway

# Whoever only looks whether the lock is held has it for less.
_PATIENCE = 0.5
_EVERY = 1.0


class HolderNote:
    """The file that says who holds the lock and how far that is; written at most once a second.

    Args:
        file: is replaced in one step, so that no reader sees half of it.
        by: what started the run.
        clock: tells seconds that go on evenly.
    """

    def __init__(self, file: Path, by: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._holder = {"pid": os.getpid(), "since": now(), "by": by}
        self._stage: tuple[str, str] | None = None
        self._stage_began = self._written = clock()
        self._write(None)

    def __call__(self, step: Step) -> None:
        """As :class:`corpus.progress.Progress`."""
        at = self._clock()
        if (step.stage, step.feed) != self._stage:
            self._stage, self._stage_began = (step.stage, step.feed), at
        if at - self._written >= _EVERY:
            self._written = at
            self._write(step)

    def _write(self, step: Step | None) -> None:
        said = {**self._holder}
        if step:
            said |= {"step": asdict(step), "seconds": round(self._clock() - self._stage_began, 1)}
        part = self._file.with_suffix(f".{os.getpid()}.part")
        # The run itself does not hang on what it says of itself.
        with suppress(OSError):
            part.write_text(json.dumps(said), encoding="utf-8")
            part.replace(self._file)


@contextmanager
def indexing_lock(folder: Path, by: str = "") -> Iterator[HolderNote]:
    """Hold the folder's lock; it goes with the process, however that ends.

    Args:
        folder: the data folder.
        by: what started the run, as others are told.

    Returns:
        What is to be told how far the run is.

    Raises:
        IndexBusy: another process holds it; the message says which, since when, by what and how far it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock, file = _lock(folder)
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        holder = _read(file)
        who = f" {holder}" if holder else ""
        raise IndexBusy(f"{folder} is being indexed already{who}: wait until that has ended") from None
    try:
        yield HolderNote(file, by)
    finally:
        # A folder that nobody may write any more hides neither how the run went nor that it has ended.
        with suppress(OSError):
            file.unlink(missing_ok=True)
        lock.release()


def underway(folder: Path) -> Underway | None:
    """The run that is going on in a data folder, if there is one that says who it is."""
    lock, file = _lock(folder)
    if not file.exists():
        return None
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _read(file)
    except OSError:  # where nothing may be written, the note has to be believed
        return _read(file)
    lock.release()
    return None


def _lock(folder: Path) -> tuple[FileLock, Path]:
    return FileLock(folder / "indexing.lock"), folder / "indexing.json"


def _read(file: Path) -> Underway | None:
    """What the note says; ``None`` where it cannot be read, or is no such note."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        step = Step(**said["step"]) if said.get("step") else None
        seconds = float(said.get("seconds", 0))
        holder = Underway(int(said["pid"]), str(said["since"]), str(said.get("by", "")), step, seconds)
        str(holder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return holder
