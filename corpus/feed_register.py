"""The register of feeds: those that the feeds file names, and those that were added by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from corpus.catalogue import Catalogue
from corpus.clock import Clock, utc_now
from corpus.errors import FeedError, FeedsFileError, FetchError
from corpus.feed_options import FeedOptions
from corpus.feed_records import KnownFeed
from corpus.feeds import Feed, builtin_feed, is_on_the_web, name_feed, open_local
from corpus.feeds_file import BUILTIN, check_location, check_name, read_feeds_file
from corpus.fetching.background import Background
from corpus.webfeeds.extraction import page_article
from corpus.webfeeds.feed import WebFeed
from corpus.webfeeds.port import ExtractPage
from corpus.webfeeds.reading import WebReading

if TYPE_CHECKING:
    from corpus.fetching.client import Fetcher


@dataclass(frozen=True, slots=True)
class RegisteredFeed:
    """A feed and how it is read; ``declared`` if the feeds file names it."""

    known: KnownFeed
    options: FeedOptions
    declared: bool = False


def _new_fetcher() -> Fetcher:
    # Its libraries take long to import, and a question needs none of them.
    from corpus.fetching.client import Fetcher

    return Fetcher()


class FeedRegister:
    """What feeds there are, and how to open them.

    Args:
        records: where feeds are remembered.
        extract: takes articles out of web pages.
        find_file: finds the feeds file, each time anew; ``None`` where there is none.
        make_fetcher: makes what fetches from the web.
        clock: tells the time, in UTC.
    """

    def __init__(
        self,
        records: Catalogue,
        extract: ExtractPage = page_article,
        find_file: Callable[[], Path | None] = lambda: None,
        make_fetcher: Callable[[], Fetcher] = _new_fetcher,
        clock: Clock = utc_now,
    ) -> None:
        self._records = records
        self._extract = extract
        self._find_file = find_file
        self._make_fetcher = make_fetcher
        self._clock = clock
        self._read: tuple[object, list[RegisteredFeed] | FeedsFileError] = None, []

    def declared(self) -> list[RegisteredFeed]:
        """What the feeds file names.

        Raises:
            FeedsFileError: the file cannot be used.
        """
        file = self._find_file()
        if file is None:
            return []
        state = file, _content(file)
        if self._read[0] != state:
            try:
                self._read = state, _registered(file)
            except FeedsFileError as error:
                self._read = state, error
        if isinstance(self._read[1], FeedsFileError):
            raise FeedsFileError(str(self._read[1]))
        return self._read[1]

    def all(self) -> list[RegisteredFeed]:
        """Every feed that is refreshed: the file's, and those added by hand.

        A feed that the file once named is not among them, though its articles stay.

        Raises:
            FeedsFileError: the file cannot be used.
        """
        declared = self.declared()
        taken = {feed.known.name for feed in declared} | {feed.known.location for feed in declared}
        by_hand = [
            RegisteredFeed(KnownFeed(state.name, state.location), self._records.options(state.name))
            for state in self._records.feed_states()
            if not state.declared and not {state.name, state.location} & taken
        ]
        return [*by_hand, *declared]

    def remembered(self) -> list[RegisteredFeed]:
        """Every feed that was ever read or added, as it was then, whatever the feeds file says now."""
        return [
            RegisteredFeed(KnownFeed(state.name, state.location), self._records.options(state.name), state.declared)
            for state in self._records.feed_states()
        ]

    def differs(self, feed: RegisteredFeed) -> bool:
        """Whether a feed is another one than when it was last read, or is read in another way."""
        return feed.known not in self._records.feeds() or feed.options != self._records.options(feed.known.name)

    def find(self, locations: Sequence[str]) -> list[RegisteredFeed]:
        """The feeds at these places or of these names, known or new; without any, all of them, or else the briefs.

        Raises:
            FeedError: one does not exist or cannot be read, or the feeds file cannot be used.
        """
        feeds = self.all()
        if not locations:
            return feeds or [self._briefs()]
        found: list[RegisteredFeed] = []
        for location in locations:
            try:
                known = name_feed(location, [feed.known for feed in (*feeds, *found)])
            except FetchError as error:
                raise FeedError(str(error)) from error
            same = [feed for feed in feeds if feed.known == known]
            found.append(same[0] if same else RegisteredFeed(known, self._records.options(known.name)))
        return found

    def add(self, location: str, options: FeedOptions, name: str | None = None) -> RegisteredFeed:
        """Remember a feed, to be read with the next index run; one that was added before gets the new options.

        Raises:
            FeedError: it cannot be read, or the name or the place is another feed's.
        """
        try:
            check_location(location, options)
        except ValueError as error:
            raise FeedError(str(error)) from error
        (found,) = self.find([location])
        if found.declared:
            raise FeedError(f"the feed {found.known.name!r} is in {self._find_file()}: change it there")
        known = KnownFeed(found.known.name if name is None else name, found.known.location)
        try:
            check_name(known.name)
        except ValueError as error:
            raise FeedError(f"{error}, by --name") from error
        others = [feed.known for feed in self.all() if feed.known.location != known.location]
        if known.name == BUILTIN != known.location or known.name in {feed.name for feed in others}:
            raise FeedError(f"the name {known.name!r} is another feed's: choose another by --name")
        self._records.add_feed(known, options)
        return RegisteredFeed(known, options)

    def remove(self, name: str) -> int:
        """Forget a feed and its articles; returns how many those were.

        Raises:
            FeedError: no such feed is known, or the feeds file names it.
        """
        if name in {feed.known.name for feed in self.declared()}:
            raise FeedError(f"the feed {name!r} is in {self._find_file()}: take it out there first")
        if name not in {feed.name for feed in self._records.feeds()}:
            raise FeedError(f"no feed is named {name!r}: `backchannel feeds list` names them")
        return self._records.remove_feed(name)

    def remember(self, feed: RegisteredFeed) -> None:
        """Note a feed before it is read."""
        self._records.add_feed(feed.known, feed.options, declared=feed.declared)

    @contextmanager
    def opened(
        self, feeds: Sequence[RegisteredFeed], *, anew: bool = False, stop: Event | None = None
    ) -> Iterator[list[Feed]]:
        """Feeds ready to be read in this order; those on the web are fetched from now on, several at once.

        With ``anew`` everything is fetched and read, whatever was before, and nothing of it is noted. Once ``stop`` is
        set, reading what is fetched raises :class:`corpus.errors.IndexStopped`.
        """
        with ExitStack() as stack:
            background: Background[Fetcher] | None = None
            if any(is_on_the_web(feed.known) for feed in feeds):
                background = stack.enter_context(Background(self._make_fetcher(), stop=stop))
            yield [self._open(feed, background, anew=anew) for feed in feeds]

    def _open(self, feed: RegisteredFeed, background: Background[Fetcher] | None, *, anew: bool) -> Feed:
        if background is None or not is_on_the_web(feed.known):
            return open_local(feed.known, feed.options, None if anew else self._records)
        known = {} if anew else self._records.fetched(feed.known.name)
        reading = WebReading(feed.known, feed.options, known, self._extract, self._clock())
        return WebFeed(reading, background.stream(reading.outcomes(background.resource)))

    def _briefs(self) -> RegisteredFeed:
        return RegisteredFeed(builtin_feed().known, FeedOptions())


def _registered(file: Path) -> list[RegisteredFeed]:
    folder = file.absolute().parent
    return [RegisteredFeed(entry.known(folder), entry.options(), declared=True) for entry in read_feeds_file(file).feed]


def _content(file: Path) -> bytes | None:
    """What the file says; ``None`` where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError:
        return None


def feeds_file(data_dir: Path, named: Path | None) -> Path | None:
    """The feeds file: the one that is named, else ``feeds.toml`` in the data folder if that exists.

    Raises:
        FeedsFileError: the one that is named does not exist.
    """
    if named is not None:
        file = named.expanduser()
        if not file.is_file():
            raise FeedsFileError(f"BACKCHANNEL_FEEDS={str(named)!r} is no file: correct it, or unset it")
        return file
    file = data_dir / "feeds.toml"
    return file if file.is_file() else None
