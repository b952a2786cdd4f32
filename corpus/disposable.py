"""Caches in files: what they hold can be made again, so one that cannot be used costs time alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from corpus.database import Database
from corpus.errors import CatalogueDamaged, CatalogueError

_C = TypeVar("_C", bound=Database)
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Disposable(Generic[_C]):
    """A cache in a file. Safe to use from several threads.

    A damaged file is put aside, with a warning, and made anew; after any other failure there is no cache.

    Args:
        file: of the cache.
        opened: opens it, or makes it where it is missing.
    """

    def __init__(self, file: Path, opened: Callable[[Path], _C]) -> None:
        self.unusable = ""
        """Why it cannot be used; empty where it can."""
        self._file = file
        self._open = opened
        self._lock = Lock()
        self._cache = self._opened(put_aside=True)

    def use(self, action: Callable[[_C], _T], otherwise: _T) -> _T:
        """What an action makes of the cache; else something else."""
        cache = self._cache
        if cache is None:
            return otherwise
        try:
            return action(cache)
        except CatalogueError as error:
            with self._lock:
                if self._cache is cache:  # no other thread was before
                    cache.close()
                    self._cache = self._recovered(error)
            return otherwise

    def close(self) -> None:
        """Close the file."""
        if self._cache is not None:
            self._cache.close()

    def _opened(self, *, put_aside: bool) -> _C | None:
        try:
            return self._open(self._file)
        except CatalogueError as error:
            return self._recovered(error) if put_aside else None

    def _recovered(self, error: CatalogueError) -> _C | None:
        """A new cache in place of a damaged one; none where the trouble is another."""
        reason = error.__cause__ or error
        if not isinstance(error, CatalogueDamaged):
            self.unusable = str(reason)
            return None
        aside = self._file.with_name(f"{self._file.name}.damaged")
        _log.warning("%s is damaged (%s): it is now %s, and a new one is made", self._file, reason, aside.name)
        try:
            self._file.replace(aside)
            for suffix in ("-wal", "-shm"):
                self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        except OSError:
            return None
        return self._opened(put_aside=False)
