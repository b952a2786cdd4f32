"""What is noted about a finished collection, in its own properties; without it, it was never finished."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from retrieval.errors import IndexDamaged, IndexForeign
from retrieval.index.manifest import info_of
from retrieval.index.port import GenerationInfo

LAYOUT = 1
"""Of a collection; a higher number was written by a newer version."""

_KEY = "backchannel.generation"


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

    def properties(self) -> dict[str, str]:
        """The properties to note."""
        value = {"layout": LAYOUT, "info": asdict(self.info), "sources": self.sources, "written": self.written}
        return {_KEY: json.dumps(value)}

    @classmethod
    def read(cls, properties: Mapping[str, str]) -> Self | None:
        """Read properties; ``None`` where nothing was noted.

        Raises:
            IndexDamaged: what was noted cannot be read.
            IndexForeign: a newer version noted it.
        """
        text = properties.get(_KEY)
        if text is None:
            return None
        try:
            value = json.loads(text)
            layout = value["layout"]
            if layout == LAYOUT:
                return cls(info_of(value["info"]), value["sources"], value["written"])
        except (ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(
                f"what is noted about a generation cannot be read ({error}): run `backchannel index --rebuild`"
            ) from error
        raise IndexForeign(
            f"the index has layout {layout}, this version reads {LAYOUT}: use the version that made it, "
            "or run `backchannel index --rebuild` to make the index anew"
        )
