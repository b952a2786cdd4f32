"""Feeds: where articles are fetched from. Folders, files, the web, and the briefs that ship with the project."""

from __future__ import annotations

import datetime as dt
import errno
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from corpus.errors import FeedError
from corpus.faults import unforeseen
from corpus.feed_options import FeedKind, FeedOptions
from corpus.feed_records import KnownFeed, PageRecord
from corpus.feeds_file import BUILTIN, check_location
from corpus.fetching.urls import has_scheme, host_of, is_web_address, normal_url
from corpus.readers import READERS, BadItem, Origin, reader_for
from corpus.readers.cleaning import find_unstorable
from corpus.readers.future import in_future, without_future
from corpus.readers.problems import cannot_be_opened
from corpus.webfeeds.port import Kept
from retrieval.types import Article

_GIVE_ACCESS = "give access to it, or leave it out"
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
    def total(self) -> int | None:
        """How many items it will give, about; ``None`` where that is not known yet."""

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
    def total(self) -> int | None:
        """How many files there are to read, where each holds one article."""
        if not self.path.is_dir():
            return None
        files = [file.suffix.lower() for file, _ in self._wanted(lambda _: None)]
        return len(files) if ".jsonl" not in files else None

    @property
    def records(self) -> tuple[PageRecord, ...]:
        """Files are read anew each time."""
        return ()

    def items(self) -> Iterator[Article | BadItem]:
        """Everything in the feed, files in the order of their names.

        Raises:
            FeedError: the folder or file is gone, or the folder cannot be listed.
        """
        self._require()
        self.lists_all = True
        readable = 0
        unlisted: list[OSError] = []
        for file, relative in self._wanted(unlisted.append):
            readable += 1
            yield from self._read(file, relative)
        for error in unlisted:
            # What is in such a folder is not known, so nothing of the feed may count as gone.
            self.lists_all = False
            yield BadItem(str(error.filename), f"cannot be listed ({error.strerror}): {_GIVE_ACCESS}")
        if not readable and not unlisted:
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

    def _wanted(self, unlisted: Callable[[OSError], None]) -> Iterator[tuple[Path, str]]:
        """The files to read, and their paths within the feed."""
        for file in _files(self.path, unlisted):
            relative = file.name if file == self.path else file.relative_to(self.path).as_posix()
            if reader_for(file) is not None and self.options.wants(relative):
                yield file, relative

    def _read(self, file: Path, relative: str) -> Iterator[Article | BadItem]:
        reader = reader_for(file)
        closed = _closed(file)
        if closed is not None:
            # What it holds is not known, so it is not gone.
            self.lists_all = False
            yield BadItem(relative, cannot_be_opened(closed))
            return
        before = _state(file)
        try:
            for item in reader.read(Origin(self.known.name, file, relative)) if reader else ():
                yield from self._checked(item, relative)
        except Exception as error:
            self.lists_all = False
            yield BadItem(relative, f"cannot be read: {unforeseen(f'{self.known.name}: {relative}', error)}")
        if _state(file) != before:
            # What is missing now may only not have been written yet.
            self.lists_all = False
            yield BadItem(relative, "changed while it was read: index it again once it is whole")

    def _checked(self, item: Article | BadItem, relative: str) -> Iterator[Article | BadItem]:
        """The item, with its outlet, and with a complaint if it is dated in the future."""
        if isinstance(item, BadItem):
            yield item
            return
        today = dt.datetime.now(dt.UTC).date()
        if not relative.lower().endswith(".jsonl"):
            item, complaint = without_future(item, today, relative)
        elif in_future(item.published, today):
            # Its fields are kept as given; what the corpus covers is not stretched by them.
            complaint = BadItem(relative, f"{item.id!r} is dated {item.published}, which is in the future: correct it")
        else:
            complaint = None
        yield self._with_outlet(item)
        if complaint:
            yield complaint

    def _with_outlet(self, item: Article) -> Article:
        outlet = self.options.outlet.name
        if item.source or not outlet:
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


def _closed(file: Path) -> OSError | None:
    """Why a file that is there cannot be opened; ``None`` where it can, or is not there."""
    try:
        file.open("rb").close()
    except OSError as error:
        return None if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP} else error
    return None


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
