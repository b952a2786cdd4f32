"""Sitemaps: plain, compressed, of news, and indexes of further ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from corpus.errors import FeedError, FetchError
from corpus.fetching.bodies import Garbled, TooLong, gunzipped
from corpus.fetching.port import MIB, Fetched, Fetching, Request
from corpus.fetching.urls import joined
from corpus.readers import BadItem
from corpus.webfeeds.port import Entry
from corpus.webfeeds.xml import parse_xml, root_of
from retrieval.dates import PartialDate

MAX_BYTES = 50 * MIB
"""The longest sitemap that the protocol allows, unpacked."""

MOST_SITEMAPS = 100
MOST_LISTED = 200_000
_LINE = re.compile(r"https?://\S+", re.IGNORECASE)


@dataclass(slots=True)
class Sitemap:
    """What one sitemap lists: pages, or further sitemaps. Each stamp is the date of the last change."""

    entries: list[Entry] = field(default_factory=list)
    further: list[Entry] = field(default_factory=list)


def unpacked(got: Fetched) -> Fetched:
    """What was fetched, out of the gzip file that it may be.

    Raises:
        FetchError: it cannot be unpacked.
    """
    try:
        return replace(got, data=gunzipped(got.data, MAX_BYTES))
    except TooLong:
        raise FetchError(got.url, f"unpacks to more than {MAX_BYTES // MIB} MiB: leave it out") from None
    except Garbled as error:
        raise FetchError(got.url, str(error)) from error


def read_sitemap(got: Fetched) -> Sitemap:
    """Read one sitemap, unpacked before.

    Raises:
        FeedError: it is none.
    """
    if root_of(got.data) not in {"urlset", "sitemapindex"}:
        return _lines(got)
    reading = _Reading(got.url)
    parse_xml(got.data, got.url, reading)
    return reading.sitemap


class _Reading:
    """Collects what a sitemap lists while it is parsed."""

    def __init__(self, base: str) -> None:
        self.sitemap = Sitemap()
        self._base = base
        self._path: list[str] = []
        self._values: dict[str, str] = {}

    def start(self, name: str) -> None:
        self._path.append(name)
        if name in {"url", "sitemap"}:
            self._values = {}

    def text(self, characters: str) -> None:
        # Pictures and videos have addresses of their own inside an entry.
        if len(self._path) == 3 or "news" in self._path:
            key = self._path[-1]
            self._values[key] = self._values.get(key, "") + characters

    def end(self, name: str) -> None:
        self._path.pop()
        if name in {"url", "sitemap"} and len(self.sitemap.entries) < MOST_LISTED:
            listed = self.sitemap.entries if name == "url" else self.sitemap.further
            listed += _entry(self._base, {key: value.strip() for key, value in self._values.items()})


def _entry(base: str, values: dict[str, str]) -> list[Entry]:
    try:
        url = joined(base, values.get("loc", ""))
    except FetchError:
        return []
    return [
        Entry(
            url,
            stamp=values.get("lastmod", ""),
            title=values.get("title", ""),
            published=_date(values.get("publication_date", "")),
        )
    ]


def _lines(got: Fetched) -> Sitemap:
    """A sitemap that is a text file with an address a line."""
    lines = got.data[: 10 * MIB].decode("utf-8", "replace").removeprefix("\ufeff").split()
    if not lines or not all(_LINE.fullmatch(line) for line in lines):
        raise FeedError(f"{got.url}: is no sitemap: check the address")
    return Sitemap([entry for line in lines[:MOST_LISTED] for entry in _entry(got.url, {"loc": line})])


def last_change(entry: Entry) -> PartialDate | None:
    """When a page was last changed, as far as its sitemap says."""
    return _date(entry.stamp)


def _date(written: str) -> PartialDate | None:
    try:
        return PartialDate.parse(written) if written else None
    except ValueError:
        return None


@dataclass(slots=True)
class Listing:
    """What a sitemap and those that it leads to list, latest change first.

    ``whole`` says that every one of them could be read, so that what is not listed is gone.
    """

    entries: list[Entry] = field(default_factory=list)
    bad: list[BadItem] = field(default_factory=list)
    whole: bool = True


async def list_pages(first: Fetched, fetcher: Fetching, request: Request) -> Listing:
    """Read a sitemap that was fetched, and fetch those that it leads to.

    Raises:
        FeedError: the first one is no sitemap.
    """
    top, listing = read_sitemap(first), Listing()
    listing.entries += top.entries
    further = {entry.url: entry for entry in top.further if entry.url not in {first.url, request.url}}
    for entry in sorted(further.values(), key=lambda entry: entry.stamp, reverse=True)[:MOST_SITEMAPS]:
        try:
            got = await fetcher.get(replace(request, url=entry.url))
            listing.entries += read_sitemap(unpacked(got)).entries
        except (FetchError, FeedError) as error:
            listing.bad.append(BadItem(request.url, f"leads to a sitemap that cannot be read: {error}"))
        if len(listing.entries) > MOST_LISTED:
            break
    if len(further) > MOST_SITEMAPS or len(listing.entries) > MOST_LISTED:
        most = f"{MOST_SITEMAPS} sitemaps or {MOST_LISTED:,} pages"
        listing.bad.append(BadItem(request.url, f"leads to more than {most}: name the sitemaps that you want"))
    listing.whole = not listing.bad
    unique = {entry.url: entry for entry in reversed(listing.entries)}
    listing.entries = sorted(unique.values(), key=lambda entry: entry.stamp, reverse=True)
    return listing
