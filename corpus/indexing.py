"""One index run at a time over all replicas; who is at it says how far it is."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from sqlalchemy import select

from corpus import tables as t
from corpus.clauses import replacing
from corpus.database import Database
from corpus.errors import IndexBusy
from corpus.locking import Note, read_note
from corpus.progress import Progress, Underway, silent

_NAME = "indexing"
_SAID = select(t.notes.c.said).where(t.notes.c.name == _NAME)


class SharedNote(Note):
    """What says to other replicas who indexes and how far that is.

    Args:
        put: keeps it.
        by: what started the run.
    """

    def __init__(self, put: Callable[[str], None], by: str) -> None:
        self._put_shared = put
        super().__init__(by, host=socket.gethostname())

    def _put(self, text: str) -> None:
        self._put_shared(text)


class IndexingRecords(Database):
    """Who indexes; see :class:`corpus.database.Database`."""

    @contextmanager
    def indexing(self, by: str = "") -> Iterator[Progress]:
        """Let no other replica index meanwhile; gives what is to be told how far the run is.

        The lock goes with the process, however that ends. In a file there are no others: see
        :func:`corpus.locking.indexing_lock`.

        Raises:
            IndexBusy: another one does; the message says which, since when, by what and how far it is.
            CatalogueError: the lock was lost; also raised by what is told.
        """
        with ExitStack() as stack:
            with self._errors():
                lock = stack.enter_context(self._backend.alone())
            if lock is None:
                yield silent
            elif not lock.held:
                holder = self.indexing_underway()
                who = f" {holder}" if holder else ""
                raise IndexBusy(f"the articles are being indexed already{who}: wait until that has ended")
            else:
                yield SharedNote(partial(self._say, lock.check), by)

    def indexing_underway(self) -> Underway | None:
        """The run of a replica that is going on, if there is one."""
        with self._errors():
            if not self._backend.is_held():
                return None
        return next(map(read_note, self._column(_SAID)), None)

    def _say(self, check: Callable[[], None], text: str) -> None:
        with self._errors():
            check()
        self._write(replacing(t.notes), {"name": _NAME, "said": text})
