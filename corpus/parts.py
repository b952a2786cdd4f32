"""Parts of a corpus, for machines that share the work on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Self


@dataclass(frozen=True, slots=True)
class Part:
    """One of ``of`` parts of a corpus, from 1 on. An article is in the same part wherever that is worked out."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """A part written as ``2/8``.

        Raises:
            ValueError: it is no such part.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise ValueError(f"{text!r} is no part of a corpus: write 2/8 for the second of eight")
        return cls(int(match[1]), int(match[2]))

    def holds(self, article_id: str) -> bool:
        """Whether an article belongs to it."""
        digest = sha256(article_id.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"
