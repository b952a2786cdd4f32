"""What is known about finished collections, in a collection of notes; what no note tells of was never finished.

Properties of the collections themselves would be the place for it, but Milvus 2.3 forgets those when it is restarted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from retrieval.errors import IndexDamaged, IndexForeign
from retrieval.index.manifest import info_of
from retrieval.index.milvus.rows import LONGEST, Row, in_parts
from retrieval.index.milvus.server import MilvusServer
from retrieval.index.milvus.witness import until
from retrieval.index.port import GenerationInfo

LAYOUT = 1
"""Of a collection; a higher number was written by a newer version."""

_WAY_OUT = "run `backchannel index --rebuild` to make the index anew"


@dataclass(frozen=True, slots=True)
class Record:
    """A generation on a server.

    Args:
        info: what it holds.
        sources: outlets with their numbers of articles.
        written: the server's timestamp after which nothing was written.
    """

    info: GenerationInfo
    sources: Mapping[str, int]
    written: int

    def text(self) -> str:
        """What is noted; ASCII alone."""
        value = {"layout": LAYOUT, "info": asdict(self.info), "sources": dict(self.sources), "written": self.written}
        return json.dumps(value)

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what :meth:`text` made.

        Raises:
            IndexDamaged: it cannot be read.
            IndexForeign: a newer version noted it.
        """
        try:
            value = json.loads(text)
            layout = value["layout"]
            if layout == LAYOUT:
                return cls(info_of(value["info"]), value["sources"], value["written"])
        except (ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(f"what is noted about a generation cannot be read ({error}): {_WAY_OUT}") from error
        raise IndexForeign(
            f"the index has layout {layout}, this version reads {LAYOUT}: use the version that made it, or {_WAY_OUT}"
        )


class Records:
    """The notes on all collections of one name.

    Args:
        server: that holds them.
        alias: that names the collection that answers, and begins the names of all.
    """

    def __init__(self, server: MilvusServer, alias: str) -> None:
        self._server = server
        self._alias = alias
        self._name = f"{alias}_generations"

    def prepare(self, replicas: int) -> None:
        """See that notes can be made."""
        self._server.create_notes(self._name, replicas)

    def noted(self) -> dict[str, str]:
        """The text noted about each finished collection."""
        try:
            self._server.ready(self._name)
            rows = until(self._rows, self._all, self._server.access.timeout)
        except IndexDamaged:
            return {}  # there are no notes yet
        texts: dict[str, str] = {}
        for row in sorted(rows, key=lambda row: str(row["key"])):
            collection = row["key"].partition("/")[0]
            texts[collection] = texts.get(collection, "") + row["text"]
        return texts

    def _rows(self) -> list[Row]:
        return self._server.select(self._name, 'key != ""', ["key", "text"])

    def _all(self, rows: list[Row]) -> bool:
        """Whether a query node that is ready gave them: there is a note on what answers."""
        return bool(rows) or self._server.target(self._alias) is None

    def note(self, collection: str, record: Record) -> None:
        """Note that a collection is finished, and what it holds."""
        # A field holds only so much; one request writes all parts.
        parts = enumerate(in_parts(record.text(), LONGEST))
        self._server.insert(
            self._name, [{"key": f"{collection}/{n:06}", "text": part, "vector": [1.0, 0.0]} for n, part in parts]
        )

    def forget(self, collection: str) -> None:
        """Remove what is noted about a collection."""
        try:
            rows = self._server.select(self._name, f'key like "{collection}/%"', ["key"])
        except IndexDamaged:
            return
        if rows:
            self._server.delete(self._name, f"key in {json.dumps([row['key'] for row in rows])}")
