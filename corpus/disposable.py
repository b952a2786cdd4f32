"""Caches in files: what they hold can be made again, so one that cannot be used costs time alone."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from filelock import FileLock, Timeout

from corpus.database import Database
from corpus.errors import CatalogueBusy, CatalogueDamaged, CatalogueError
from corpus.sqlite import BUSY_SECONDS

_C = TypeVar("_C", bound=Database)
_T = TypeVar("_T")
_File = tuple[int, int] | None
_log = logging.getLogger(__name__)


class Disposable(Generic[_C]):
    """A cache in a file. Safe to use from several threads, and beside other processes.

    A damaged file is put aside, with a warning, and made anew, once, whoever meets the damage; one that was deleted is
    made anew. After any other failure there is no cache for a minute.

    Args:
        file: of the cache.
        opened: opens it, or makes it where it is missing.
        pause: seconds after which one that could not be used is tried again.
    """

    def __init__(self, file: Path, opened: Callable[[Path], _C], pause: float = 60.0) -> None:
        self._pause = pause
        self.unusable = ""
        """Why it cannot be used; empty where it can."""
        self._file = file
        self._open = opened
        self._lock = Lock()
        self._is: _File = None
        self._again = math.inf
        self._cache: _C | None = None
        self._try()

    def use(self, action: Callable[[_C], _T], otherwise: _T) -> _T:
        """What an action makes of the cache; else something else, also where others keep it busy."""
        if self._cache is None and time.monotonic() >= self._again:
            with self._lock:
                if self._cache is None:
                    self._try()
        cache = self._cache
        if cache is None:
            return otherwise
        try:
            return action(cache)
        except CatalogueBusy:
            return otherwise
        except CatalogueError as error:
            with self._lock:
                if self._cache is cache:  # no other thread was before
                    cache.close()
                    self._cache = None
                    self._recover(error)
            return otherwise

    def close(self) -> None:
        """Close the file."""
        if self._cache is not None:
            self._cache.close()

    def _try(self) -> None:
        self._is = _identity(self._file)
        try:
            self._opened()
        except CatalogueError as error:
            self._recover(error)

    def _opened(self) -> None:
        self._cache = self._open(self._file)
        self._is = _identity(self._file)
        self.unusable = ""

    def _recover(self, error: CatalogueError) -> None:
        """Open a new file in place of a damaged or lost one; where the trouble is another, wait."""
        reason: object = error.__cause__ or error
        try:
            lost = self._is != _identity(self._file)  # deleted, or put aside by another process
            if lost or isinstance(error, CatalogueDamaged):
                self._put_aside(reason)
                self._opened()
                return
        except (OSError, Timeout, CatalogueError) as again:
            reason = again.__cause__ or again
        self.unusable = str(reason)
        self._again = time.monotonic() + self._pause

    def _put_aside(self, reason: object) -> None:
        with FileLock(f"{self._file}.lock", timeout=BUSY_SECONDS):
            if self._is is None or self._is != _identity(self._file):
                return  # another process has done so
            aside = self._file.with_name(f"{self._file.name}.damaged")
            _log.warning("%s is damaged (%s): it is now %s, and a new one is made", self._file, reason, aside.name)
            for suffix in ("-wal", "-shm"):
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
            self._file.replace(aside)


def _identity(file: Path) -> _File:
    """Tells a file from another one of its name; ``None`` where there is none, or an empty one.

    A connection makes an empty file in place of a deleted one, and that may be given the same number.
    """
    with suppress(OSError):
        found = file.stat()
        return (found.st_dev, found.st_ino) if found.st_size else None
    return None
