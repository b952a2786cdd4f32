"""Feeds: where articles are fetched from. Folders, files, the web, and the briefs that ship with the project."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from corpus.catalogue import article_digest
from corpus.errors import FeedError
from corpus.faults import unforeseen
from corpus.feed_options import FeedKind, FeedOptions
from corpus.feed_records import KnownFeed, PageRecord
from corpus.feeds_file import BUILTIN, check_location
from corpus.fetching.urls import has_scheme, host_of, is_web_address, normal_url
from corpus.file_records import FileRecord, FileRecords
from corpus.readers import READERS, READING, BadItem, Origin, reader_for
from corpus.readers.cleaning import find_unstorable
from corpus.readers.future import in_future, without_future
from corpus.readers.problems import cannot_be_opened
from corpus.webfeeds.port import Kept
from retrieval.types import Article, text_digest

_GIVE_ACCESS = "give access to it, or leave it out"
_BRIEFS = Path(__file__).parent / "articles"
# A file may change again without another time of change, if the file system's clock is as coarse as this.
_COARSEST_CLOCK = 2_000_000_000
_AT_ONCE = 1000  # articles, and files, whose records are written together
FeedItem = Article | BadItem | Kept
"""What a feed is read as."""


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
    def total(self) -> int | None:
        """How many items it will give, about; ``None`` where that is not known yet."""

    @property
    def records(self) -> Iterable[PageRecord]:
        """After a reading: what to remember of it once its articles are stored."""

    def items(self) -> Iterator[FeedItem]:
        """Everything in the feed.

        Raises:
            FeedError: it cannot be had; its articles stay.
        """


@dataclass(slots=True)
class LocalFeed:
    """A folder or a file.

    Args:
        known: its name and place.
        path: where it is.
        options: how it is read.
        memory: what its files said before; those that have not changed since are not read. Without, all are.
            It must know the feed.
    """

    known: KnownFeed
    path: Path
    options: FeedOptions = field(default_factory=FeedOptions)
    memory: FileRecords | None = field(default=None, compare=False, repr=False)
    lists_all: bool = field(init=False, default=True, compare=False)
    total: int | None = field(init=False, default=None, compare=False)
    _unsaved: list[FileRecord] = field(init=False, default_factory=list, compare=False, repr=False)

    @property
    def kind(self) -> FeedKind:
        """What stands at the path."""
        return FeedKind.FOLDER if self.path.is_dir() else FeedKind.FILE

    @property
    def records(self) -> tuple[PageRecord, ...]:
        """Nothing was fetched; what files said goes to the memory at once."""
        return ()

    def items(self) -> Iterator[FeedItem]:
        """Everything in the feed, files in the order of their names.

        Raises:
            FeedError: the folder or file is gone, or the folder cannot be listed.
        """
        self._require()
        self.lists_all = True
        way = self._way()
        is_folder = self.path.is_dir()
        unlisted: list[OSError] = []
        listed = [relative for relative in self._relative(unlisted.append) if self._wants(relative)]
        # Where each file holds one article.
        self.total = len(listed) if is_folder and not any(map(_holds_many, listed)) else None
        for relative in listed:
            yield from self._items(self.path / relative if is_folder else self.path, relative, way)
        if self.memory is not None:
            self._save(self.memory)
            if not unlisted:
                self.memory.forget_gone_files(self.known.name, set(listed))
        for error in unlisted:
            # What is in such a folder is not known, so nothing of the feed may count as gone.
            self.lists_all = False
            yield BadItem(str(error.filename), f"cannot be listed ({error.strerror}): {_GIVE_ACCESS}")
        if not listed and not unlisted:
            yield BadItem(self.known.location, f"holds no file to read: files end in {', '.join(sorted(READERS))}")

    def _require(self) -> None:
        try:
            if not self.path.exists():
                raise FeedError(f"the feed {self.known.location} is gone: put it back, or leave it out")
            if self.path.is_dir():
                os.scandir(self.path).close()
        except OSError as error:
            reason = error.strerror or error
            raise FeedError(f"the feed {self.known.location} cannot be read ({reason}): {_GIVE_ACCESS}") from error

    def _relative(self, unlisted: Callable[[OSError], None]) -> Iterator[str]:
        """The files' paths within the feed."""
        for file in _files(self.path, unlisted):
            yield file.name if file == self.path else file.relative_to(self.path).as_posix()

    def _items(self, file: Path, relative: str, way: str) -> Iterator[FeedItem]:
        closed = _closed(file)
        if closed is not None:
            # What it holds is not known, so it is not gone.
            self.lists_all = False
            yield BadItem(relative, cannot_be_opened(closed))
            return
        now, before = time.time_ns(), _state(file)
        stamp = ":".join([way, *map(str, before or ())])
        problems = self.memory.file_problems(self.known.name, relative, stamp) if self.memory else None
        if self.memory is None or problems is None:
            settled = before is not None and before.modified < now - _COARSEST_CLOCK
            yield from self._read(file, relative, before, stamp if settled else "")
            return
        yield from (BadItem(where, reason) for where, reason in problems)
        yield from (Kept(article) for article in self.memory.file_articles(self.known.name, relative))

    def _read(self, file: Path, relative: str, before: _State | None, stamp: str) -> Iterator[Article | BadItem]:
        # Whether this file can be read, whatever became of those before it.
        listed, self.lists_all = self.lists_all, True
        record = FileRecord(relative)
        today = dt.datetime.now(dt.UTC).date()
        for item in self._checked(file, relative, today):
            if isinstance(item, BadItem):
                record.problems.append((item.where, item.reason))
                yield item
            elif not self.options.is_too_old(item.published, today):
                record.articles.append((item.id, article_digest(item)))
                yield item
            if len(record.articles) >= _AT_ONCE:
                self._note(record)
                record = record.rest()
        if _state(file) == before and self.lists_all:
            record.stamp = stamp
        elif _state(file) != before:
            # What is missing now may only not have been written yet.
            self.lists_all = False
            yield BadItem(relative, "changed while it was read: index it again once it is whole")
        self.lists_all = self.lists_all and listed
        self._note(record)

    def _checked(self, file: Path, relative: str, today: dt.date) -> Iterator[Article | BadItem]:
        """What a reader makes of a file, with the outlet, and with complaints of dates in the future."""
        reader = reader_for(file)
        try:
            for item in reader.read(Origin(self.known.name, file, relative)) if reader else ():
                yield from self._dated(item, relative, today)
        except Exception as error:
            self.lists_all = False
            yield BadItem(relative, f"cannot be read: {unforeseen(f'{self.known.name}: {relative}', error)}")

    def _dated(self, item: Article | BadItem, relative: str, today: dt.date) -> Iterator[Article | BadItem]:
        if isinstance(item, BadItem):
            yield item
            return
        if not _holds_many(relative):
            item, complaint = without_future(item, today, relative)
        elif in_future(item.published, today):
            # Its fields are kept as given; what the corpus covers is not stretched by them.
            complaint = BadItem(relative, f"{item.id!r} is dated {item.published}, which is in the future: correct it")
        else:
            complaint = None
        yield self._with_outlet(item)
        if complaint:
            yield complaint

    def _note(self, record: FileRecord) -> None:
        if self.memory is None or find_unstorable(record.path) is not None:
            return
        self._unsaved.append(record)
        if len(self._unsaved) >= _AT_ONCE or len(record.articles) >= _AT_ONCE:
            self._save(self.memory)

    def _save(self, memory: FileRecords) -> None:
        memory.remember_files(self.known.name, self._unsaved)
        self._unsaved.clear()

    def _way(self) -> str:
        """Changes whenever the same file may give other articles."""
        options = {name: value for name, value in self.options.stored().items() if name != "refresh"}
        return f"{READING}:{text_digest(json.dumps(options, sort_keys=True))[:16]}"

    def _wants(self, relative: str) -> bool:
        return reader_for(Path(relative)) is not None and self.options.wants(relative)

    def _with_outlet(self, article: Article) -> Article:
        outlet = self.options.outlet.name
        if article.source or not outlet:
            return article
        return Article(article.id, article.text, article.title, outlet, article.url, article.published)


def builtin_feed(memory: FileRecords | None = None) -> LocalFeed:
    """The briefs."""
    return LocalFeed(KnownFeed(BUILTIN, BUILTIN), _BRIEFS, memory=memory)


def open_local(known: KnownFeed, options: FeedOptions, memory: FileRecords | None = None) -> LocalFeed:
    """A feed on disk that the catalogue knows; see :class:`LocalFeed`."""
    return builtin_feed(memory) if known.name == BUILTIN else LocalFeed(known, Path(known.location), options, memory)


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


class _State(NamedTuple):
    """Changes whenever a file is written. Times are in nanoseconds."""

    inode: int
    size: int
    modified: int
    changed: int
    """Also by what sets the time of modification back."""


def _state(file: Path) -> _State | None:
    try:
        state = file.stat()
    except OSError:
        return None
    return _State(state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def _closed(file: Path) -> OSError | None:
    """Why a file that is there cannot be opened; ``None`` where it can, or is not there."""
    try:
        file.open("rb").close()
    except OSError as error:
        return None if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP} else error
    return None


def _holds_many(relative: str) -> bool:
    return relative.lower().endswith(".jsonl")


def _files(path: Path, unlisted: Callable[[OSError], None]) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=unlisted):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = (Path(folder, name) for name in sorted(names) if not name.startswith("."))
        # To open a pipe or a device would wait for ever.
        yield from (file for file in files if _may_open(file))


def _may_open(file: Path) -> bool:
    """Whether it is a file, or nothing that can be looked at, which the one who opens it tells."""
    try:
        return file.is_file() or not file.exists()
    except OSError:
        return True
