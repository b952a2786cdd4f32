"""Answers of a query node that is not ready yet, told from true ones.

A query node that takes the place of another answers, for some seconds, as if nothing were stored, and says nothing of
it (Milvus 2.3 and most of 2.4: https://github.com/milvus-io/milvus/issues/36242). Nothing found must not be taken for
nothing there, so something is asked for that is known to be there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeVar

from retrieval.encoders.port import Vectors
from retrieval.index.milvus.rows import Row, among, date_of, expression_of
from retrieval.index.milvus.server import MOST_FOUND, MilvusServer
from retrieval.types import Filters

_T = TypeVar("_T")
_LOOK = 0.1


def until(ask: Callable[[], _T], ready: Callable[[_T], bool], seconds: float) -> _T:
    """Ask again until the answer is one that a ready query node gives, at most so long; the last answer."""
    end = time.monotonic() + seconds
    while not ready(answer := ask()) and time.monotonic() < end:
        time.sleep(_LOOK)
    return answer


class Witness:
    """A passage of a collection, asked for beside what is wanted: where it is missing, the query node is not ready.

    Every method raises ``IndexUnavailable`` where none is ready within the server's timeout.

    Args:
        server: that holds the collection.
        collection: its name; it holds a passage at least.
        written: the server's timestamp after which nothing was written.
    """

    def __init__(self, server: MilvusServer, collection: str, written: int) -> None:
        self._server = server
        self._collection = collection
        self._written = written

    def rows(self, ids: Sequence[int], fields: Sequence[str]) -> dict[int, Row]:
        """Rows by their ids, the witness's among them; those that are not there are left out."""
        asked = [*ids, self._id]
        return self.ready(
            lambda: self._server.rows(self._collection, asked, fields, self._written), lambda rows: self._id in rows
        )

    def select(self, expression: str, fields: Sequence[str]) -> list[Row]:
        """All rows that pass, and the witness's, whether it passes or not."""
        widened = f"({expression}) or {among([self._id])}"
        return self.ready(
            lambda: self._server.select(self._collection, widened, ["id", *fields], self._written),
            lambda rows: any(row["id"] == self._id for row in rows),
        )

    def nearest(self, vector: Vectors, k: int, filters: Filters) -> list[tuple[int, float, str]]:
        """As :meth:`MilvusServer.nearest`; the witness is asked for only where nothing is found without."""
        expression = expression_of(filters)
        if expression is None:
            return []
        found = self._server.nearest(self._collection, vector, k, expression, self._written)
        if found:
            return found
        passes = filters.keep(self._row["article_id"], self._row["source"], date_of(self._row))
        if not passes:
            expression, k = f"({expression}) or {among([self._id])}", min(k + 1, MOST_FOUND)
        found = self.ready(lambda: self._server.nearest(self._collection, vector, k, expression, self._written), bool)
        return [hit for hit in found if passes or hit[0] != self._id]

    def ready(self, ask: Callable[[], _T], ready: Callable[[_T], bool]) -> _T:
        """The answer of a ready query node."""
        answer = until(ask, ready, self._server.access.timeout)
        if not ready(answer):
            raise self._server.unavailable(f"no query node has all of {self._collection}")
        return answer

    @property
    def _id(self) -> int:
        return int(self._row["id"])

    @cached_property
    def _row(self) -> Row:
        fields = ["id", "article_id", "source", "first_day", "last_day"]
        (row,) = self.ready(lambda: self._server.select(self._collection, "", fields, self._written, most=1), bool)
        return row
