"""Feeds: where articles are fetched from. Folders, files, the web, and the briefs that ship with the project."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol

from corpus.errors import FeedError
from corpus.feed_options import FeedKind, FeedOptions
from corpus.feed_records import KnownFeed, PageRecord
from corpus.feeds_file import BUILTIN, check_location
from corpus.fetching.urls import has_scheme, host_of, is_web_address, normal_url
from corpus.readers import READERS, BadItem, Origin, reader_for
from corpus.readers.cleaning import find_unstorable
from corpus.webfeeds.port import Kept
from retrieval.types import Article

_BRIEFS = Path(__file__).parent / "articles"


class Feed(Protocol):
    """A feed and how to read it now."""

    @property
    def known(self) -> KnownFeed:
        """Its name and place."""

    @property
    def options(self) -> FeedOptions:
        """How it is read."""

    @property
    def kind(self) -> FeedKind | None:
        """What it is; of a feed on the web that is known once it was read."""

    @property
    def lists_all(self) -> bool:
        """After a reading: whether articles that it did not name are gone from the feed."""

    @property
    def records(self) -> Iterable[PageRecord]:
        """After a reading: what to remember of it once its articles are stored."""

    def items(self) -> Iterator[Article | BadItem | Kept]:
        """Everything in the feed.

        Raises:
            FeedError: it cannot be had; its articles stay.
        """


@dataclass(slots=True)
class LocalFeed:
    """A folder or a file."""

    known: KnownFeed
    path: Path
    options: FeedOptions = field(default_factory=FeedOptions)
    lists_all: bool = field(init=False, default=True, compare=False)

    @property
    def kind(self) -> FeedKind:
        """What stands at the path."""
        return FeedKind.FOLDER if self.path.is_dir() else FeedKind.FILE

    @property
    def records(self) -> tuple[PageRecord, ...]:
        """Files are read anew each time."""
        return ()

    def items(self) -> Iterator[Article | BadItem]:
        """Everything in the feed, files in the order of their names.

        Raises:
            FeedError: the folder or file is gone, or a folder cannot be listed.
        """
        if not self.path.exists():
            raise FeedError(f"the feed {self.known.location} is gone: put it back, or leave it out")
        self.lists_all = True
        readable = 0
        for file in _files(self.path):
            relative = file.relative_to(self.path).as_posix() if self.path.is_dir() else file.name
            if reader_for(file) is not None and self.options.wants(relative):
                readable += 1
                yield from self._read(file, relative)
        if not readable:
            yield BadItem(self.known.location, f"holds no file to read: files end in {', '.join(sorted(READERS))}")

    def _read(self, file: Path, relative: str) -> Iterator[Article | BadItem]:
        reader = reader_for(file)
        before = _state(file)
        if reader is not None:
            for item in reader.read(Origin(self.known.name, file, relative)):
                yield self._with_outlet(item)
        if _state(file) != before:
            # What is missing now may only not have been written yet.
            self.lists_all = False
            yield BadItem(relative, "changed while it was read: index it again once it is whole")

    def _with_outlet(self, item: Article | BadItem) -> Article | BadItem:
        outlet = self.options.outlet.name
        if isinstance(item, BadItem) or item.source or not outlet:
            return item
        return Article(item.id, item.text, item.title, outlet, item.url, item.published)


def builtin_feed() -> LocalFeed:
    """The briefs."""
    return LocalFeed(KnownFeed(BUILTIN, BUILTIN), _BRIEFS)


def open_local(known: KnownFeed, options: FeedOptions) -> LocalFeed:
    """A feed on disk that the catalogue knows."""
    return builtin_feed() if known.name == BUILTIN else LocalFeed(known, Path(known.location), options)


def name_feed(location: str, known: Iterable[KnownFeed]) -> KnownFeed:
    """The feed at a place that somebody names, or of that name: a known one, or a new one under a free name.

    Raises:
        FeedError: there is no such feed, or it is of no kind that can be read.
        FetchError: it is no web address.
    """
    known = list(known)
    if location == BUILTIN:
        return builtin_feed().known
    place, base = _on_the_web(location) if has_scheme(location) else _on_disk(location, known)
    same = [feed for feed in known if feed.location == place]
    return same[0] if same else KnownFeed(_free_name(base, known), place)


def _on_the_web(location: str) -> tuple[str, str]:
    """The address, and what to name the feed after."""
    try:
        check_location(location, FeedOptions())
    except ValueError as error:
        raise FeedError(str(error)) from None
    return normal_url(location), host_of(location).removeprefix("www.")


def _on_disk(location: str, known: Iterable[KnownFeed]) -> tuple[str, str]:
    """The path, and what to name the feed after; a name that is known stands for its place."""
    path = _existing(location)
    if path is None:
        for feed in known:
            if feed.name == location:
                return feed.location, feed.name
        raise FeedError(f"the feed {location!r} does not exist: name a folder or a file, a web address or a known feed")
    if not path.is_dir() and reader_for(path) is None:
        raise FeedError(f"{location!r} cannot be read: files end in {', '.join(sorted(READERS))}")
    if find_unstorable(str(path)) is not None:
        raise FeedError(f"{location!r} has a name that is not UTF-8: rename it")
    return str(path), path.name


def is_on_the_web(feed: KnownFeed) -> bool:
    """Whether a feed is fetched rather than read from disk."""
    return is_web_address(feed.location)


def _existing(location: str) -> Path | None:
    try:
        path = Path(os.path.abspath(Path(location).expanduser()))  # noqa: PTH100 (resolve() would follow links)
        return path if location and path.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long, the home folder is nobody's, or no path at all
        return None


def _free_name(base: str, known: Iterable[KnownFeed]) -> str:
    taken = {feed.name for feed in known} | {BUILTIN}
    base = base or "feed"
    names = (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _state(file: Path) -> tuple[int, int, int] | None:
    """Changes whenever a file is written."""
    try:
        state = file.stat()
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns


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
