"""Which generations are being read, in whatever process.

Each reader holds a file of its own, locked for as long as it reads. The lock goes with the process, however that
ends; so a file that can be locked by another was left behind and holds nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from filelock import FileLock

logger = logging.getLogger(__name__)

_SUFFIX = ".lease"
# Taking a lease or removing a generation takes milliseconds.
_PATIENCE = 30.0


class Lease:
    """A generation in use. Released by itself when the process ends.

    Args:
        file: names the generation.

    Raises:
        OSError: the file cannot be made.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        # Released by whichever thread uses the generation last.
        self._lock = FileLock(file, timeout=0, thread_local=False)
        self._lock.acquire()

    def release(self) -> None:
        """Let the generation go; a second time does nothing."""
        if self._lock.is_locked:
            with suppress(OSError):  # Windows removes no file that is open; then it is found to hold nothing
                self._file.unlink(missing_ok=True)
            self._lock.release()


class Leases:
    """The leases of one index folder.

    Args:
        folder: where their files lie; made when the first is taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, generation: Path) -> Lease | None:
        """Hold a generation; ``None`` where the folder cannot be written, so that nothing is removed from it either."""
        try:
            with self.locked():
                return Lease(self._folder / f"{generation.name}.{os.getpid()}-{uuid4().hex[:8]}{_SUFFIX}")
        except OSError as error:
            logger.info("the generation %s is read without a lease: %s", generation.name, error)
            return None

    def held(self) -> set[str]:
        """The names of generations that somebody reads; files that were left behind are removed. Ask while locked."""
        found = set()
        for file in self._folder.glob(f"*{_SUFFIX}"):
            try:
                Lease(file).release()
            except OSError:  # also a time-out: it is locked, or another user's
                found.add(file.name.partition(".")[0])
        return found

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody takes a lease meanwhile.

        Raises:
            OSError: the folder cannot be written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / "lock", timeout=_PATIENCE):
            yield
