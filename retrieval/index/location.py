"""Where an index lies, as the settings name it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

EMBEDDED = "embedded"
_PREFIX = "milvus+"
_LITE = f"{_PREFIX}lite://"
_EXPECTED = (
    "write embedded, milvus+http://host:19530, milvus+https://host:19530/database or milvus+lite:///folder/file.db"
)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class MilvusLocation:
    """A Milvus server, or a file that is used without one.

    Args:
        url: as it was set, to be named to people; it holds no password.
        uri: what the client library connects to.
        database: on the server; empty for its default one.
    """

    url: str
    uri: str
    database: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a location; ``None`` for the embedded index.

        Raises:
            ValueError: it is neither; the message says what can be written.
        """
        text = text.strip()
        if text.lower() == EMBEDDED:
            return None
        if text.startswith(_LITE):
            path = text.removeprefix(_LITE)
            if not path.startswith("/") or not path.endswith(".db"):
                raise ValueError(f"a file for Milvus Lite is named milvus+lite:///folder/file.db: {_EXPECTED}")
            return cls(text, path)
        parts = _split(text)
        database = parts.path.strip("/")
        if database and not _NAME.fullmatch(database):
            raise ValueError(f"{database!r} is no name of a database: {_EXPECTED}")
        scheme = parts.scheme.removeprefix(_PREFIX)
        return cls(text, f"{scheme}://{parts.netloc}", database)


def _split(text: str) -> SplitResult:
    parts = urlsplit(text)
    if parts.scheme not in {f"{_PREFIX}http", f"{_PREFIX}https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(_EXPECTED)
    if "@" in parts.netloc:
        raise ValueError("a password or token stands in BACKCHANNEL_MILVUS_TOKEN, not in the address")
    _ = parts.port  # raises ValueError where it is no port
    return parts
