"""One re-index at a time for each data folder, across processes; who is at it says how far it is."""

from __future__ import annotations

import json
import os
import time
from abc import ABC, abstractmethod
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


class Note(ABC):
    """What says who holds the lock and how far that is; kept at most once a second.

    Args:
        by: what started the run.
        host: the machine's name, where others look.
        clock: tells seconds that go on evenly.
    """

    def __init__(self, by: str, host: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._holder = {"pid": os.getpid(), "since": now(), "by": by, "host": host}
        self._stage: tuple[str, str] | None = None
        self._stage_began = self._written = clock()
        self._say(None)

    def __call__(self, step: Step) -> None:
        """As :class:`corpus.progress.Progress`."""
        at = self._clock()
        if (step.stage, step.feed) != self._stage:
            self._stage, self._stage_began = (step.stage, step.feed), at
        if at - self._written >= _EVERY:
            self._written = at
            self._say(step)

    def _say(self, step: Step | None) -> None:
        said = {**self._holder}
        if step:
            said |= {"step": asdict(step), "seconds": round(self._clock() - self._stage_began, 1)}
        self._put(json.dumps(said))

    @abstractmethod
    def _put(self, text: str) -> None:
        """Keep it where others read it."""


class HolderNote(Note):
    """A note in a file.

    Args:
        file: is replaced in one step, so that no reader sees half of it.
        by: what started the run.
        clock: tells seconds that go on evenly.
    """

    def __init__(self, file: Path, by: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        super().__init__(by, clock=clock)

    def _put(self, text: str) -> None:
        part = self._file.with_suffix(f".{os.getpid()}.part")
        # The run itself does not hang on what it says of itself.
        with suppress(OSError):
            part.write_text(text, encoding="utf-8")
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
        return read_note(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def read_note(text: str) -> Underway | None:
    """What a note says; ``None`` where it is no such note."""
    try:
        said = json.loads(text)
        step = Step(**said["step"]) if said.get("step") else None
        seconds = float(said.get("seconds", 0))
        by, host = str(said.get("by", "")), str(said.get("host", ""))
        holder = Underway(int(said["pid"]), str(said["since"]), by, step, seconds, host)
        str(holder)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return holder
