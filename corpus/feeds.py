"""Feeds: where articles are fetched from. Folders, files and the briefs that ship with the project."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from corpus.catalogue import KnownFeed
from corpus.errors import FeedError, FeedNotSupported
from corpus.readers import READERS, BadItem, Origin, reader_for
from corpus.readers.cleaning import find_unstorable
from retrieval.types import Article

BUILTIN = "builtin"
"""The feed of the briefs that ship with the project."""

_BRIEFS = Path(__file__).parent / "articles"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and how to read it now. ``path`` is a folder or a file."""

    known: KnownFeed
    path: Path

    def items(self) -> Iterator[Article | BadItem]:
        """Everything in the feed, files in the order of their names.

        Raises:
            FeedError: the folder or file is gone, or a folder cannot be listed.
        """
        if not self.path.exists():
            raise FeedError(f"the feed {self.known.location} is gone: put it back, or leave it out")
        for file in _files(self.path):
            reader = reader_for(file)
            if reader is not None:
                relative = file.relative_to(self.path).as_posix() if self.path.is_dir() else file.name
                yield from reader.read(Origin(self.known.name, file, relative))


def builtin_feed() -> Feed:
    """The briefs."""
    return Feed(KnownFeed(BUILTIN, BUILTIN), _BRIEFS)


def open_feed(known: KnownFeed) -> Feed:
    """A feed that the catalogue knows."""
    return builtin_feed() if known.name == BUILTIN else Feed(known, Path(known.location))


def name_feed(location: str, known: Iterable[KnownFeed]) -> Feed:
    """The feed at a place that somebody names: a known one, or a new one under a free name.

    Raises:
        FeedError: there is no such folder or file, or it is of no kind that can be read.
        FeedNotSupported: a web address.
    """
    if location == BUILTIN:
        return builtin_feed()
    if re.match(r"(?i)https?://", location):
        raise FeedNotSupported(
            f"{location}: feeds from the web are not built yet; save the articles to a folder and index that"
        )
    path = _existing(location)
    if path is None:
        raise FeedError(f"the feed {location!r} does not exist: name a folder or a file")
    if not path.is_dir() and reader_for(path) is None:
        raise FeedError(f"{location!r} cannot be read: files end in {', '.join(sorted(READERS))}")
    if find_unstorable(str(path)) is not None:
        raise FeedError(f"{location!r} has a name that is not UTF-8: rename it")
    same = [feed for feed in known if feed.location == str(path)]
    return Feed(same[0] if same else KnownFeed(_free_name(path, known), str(path)), path)


def _existing(location: str) -> Path | None:
    try:
        path = Path(os.path.abspath(Path(location).expanduser()))  # noqa: PTH100 (resolve() would follow links)
        return path if location and path.exists() else None
    except (OSError, RuntimeError):  # the name is too long, or the home folder is nobody's
        return None


def _free_name(path: Path, known: Iterable[KnownFeed]) -> str:
    taken = {feed.name for feed in known} | {BUILTIN}
    base = path.name or "feed"
    names = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=_cannot_list):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = (Path(folder, name) for name in sorted(names) if not name.startswith("."))
        # To open a pipe or a device would wait for ever.
        yield from (file for file in files if file.is_file() or not file.exists())


def _cannot_list(error: OSError) -> NoReturn:
    """What is in such a folder is not known, so nothing of its feed may count as gone."""
    raise FeedError(
        f"the folder {error.filename} cannot be listed ({error.strerror}): give access to it, or leave it out"
    ) from error
