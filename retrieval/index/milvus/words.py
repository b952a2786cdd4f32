"""Search by words for a server that has none: a lexical index in the data folder, beside each collection."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from retrieval.index.lexical import LexicalIndex
from retrieval.index.writing import writing


class WordFolders:
    """The lexical indexes of a data folder, each named as its collection.

    Args:
        root: they lie in; it is made when the first is begun.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, collection: str) -> LexicalIndex | None:
        """The one of a collection; ``None`` where another machine made it, or it is broken."""
        folder = self._root / collection
        try:
            return LexicalIndex(folder) if folder.is_dir() else None
        except ValueError:
            return None

    def begin(self, collection: str, base: str | None) -> LexicalIndex | None:
        """One to write to, a copy of the base's; ``None`` where there is none to copy."""
        folder = self._root / collection
        with writing(self._root):
            if base is None:
                folder.mkdir(parents=True)
            elif (self._root / base).is_dir():
                shutil.copytree(self._root / base, folder)
            else:
                return None
            return LexicalIndex(folder)

    def remove(self, collection: str) -> None:
        """Remove what belongs to a collection."""
        shutil.rmtree(self._root / collection, ignore_errors=True)

    def keep(self, collections: Collection[str]) -> None:
        """Remove all but what belongs to these."""
        for folder in self._root.glob("*"):
            if folder.name not in collections:
                self.remove(folder.name)
