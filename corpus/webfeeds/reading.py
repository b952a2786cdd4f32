"""Reads a feed on the web, of whatever kind it turns out to be."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from corpus.errors import FeedError, FetchError
from corpus.feed_options import FeedKind, FeedOptions
from corpus.feed_records import KnownFeed, PageRecord
from corpus.fetching.port import Fetched, Fetching, Request, Validators
from corpus.fetching.urls import host_of
from corpus.readers import BadItem
from corpus.webfeeds.harvest import Harvest
from corpus.webfeeds.port import Entry, ExtractPage, Outcome
from corpus.webfeeds.rss import read_entries
from corpus.webfeeds.sitemap import MAX_BYTES, last_change, list_pages, unpacked
from corpus.webfeeds.xml import root_of
from retrieval.types import Article, text_digest

MOST_PAGES = 5000
"""Pages of one sitemap that are read; further ones keep what was read of them before."""

_NEW = dt.timedelta(days=7)
"""How long pages that an RSS feed lists are looked at again; what is corrected is mostly corrected soon."""
_AGAIN = 6
"""Hours between two such looks."""

_ROOTS = {
    "rss": FeedKind.RSS,
    "rdf": FeedKind.RSS,
    "feed": FeedKind.RSS,
    "urlset": FeedKind.SITEMAP,
    "sitemapindex": FeedKind.SITEMAP,
}


@dataclass(slots=True)
class WebReading:
    """One reading of a feed.

    Args:
        feed: its name and address.
        options: how it is read.
        known: what was fetched for it before, by address.
        extract: takes articles out of pages.
        now: when it is read.
    """

    feed: KnownFeed
    options: FeedOptions
    known: Mapping[str, PageRecord]
    extract: ExtractPage
    now: dt.datetime
    kind: FeedKind | None = field(init=False, default=None)
    """What the feed turned out to be, once that is known."""
    lists_all: bool = field(init=False, default=False)
    """Whether what the feed did not list is gone from it."""
    listed: int | None = field(init=False, default=None)
    """How many articles it lists, once that is known."""

    async def outcomes(self, fetcher: Fetching) -> AsyncIterator[Outcome]:
        """What comes of the feed, item by item.

        Raises:
            FeedError: the feed itself cannot be had, or is not of its kind.
        """
        try:
            got = unpacked(await fetcher.get(self._request))
        except FetchError as error:
            raise FeedError(f"{self.feed.name}: {error}", wait=error.wait) from error
        if got.unchanged:
            self.kind = self.options.kind
            return
        self.kind = self._kind_of(got)
        match self.kind:
            case FeedKind.RSS:
                outcomes = self._rss(got, fetcher)
            case FeedKind.SITEMAP:
                outcomes = self._sitemap(got, fetcher)
            case FeedKind.PAGE:
                outcomes = self._page(got, fetcher)
            case FeedKind.FOLDER | FeedKind.FILE:
                raise FeedError(f"{self.feed.name}: {self.feed.location} is on the web, and no {self.kind.value}")
            case _:
                assert_never(self.kind)
        async for outcome in outcomes:
            yield outcome

    @property
    def today(self) -> dt.date:
        """The day of the reading."""
        return self.now.date()

    @property
    def _request(self) -> Request:
        record = self.known.get(self.feed.location)
        same = record is not None and record.stamp == self._stamp
        validators = Validators(record.etag, record.last_modified) if record and same else Validators()
        return Request(self.feed.location, self.options.allow_private, validators, MAX_BYTES)

    @property
    def _stamp(self) -> str:
        """Changes with the options: what was left out under others may be wanted now; and when pages are due again."""
        return text_digest(self.options.model_dump_json(), self._turn)

    @property
    def _turn(self) -> str:
        """Changes every few hours, at another one for each feed."""
        hours = int(self.now.timestamp()) // 3600 + int(text_digest(self.feed.location)[:8], 16) % _AGAIN
        return str(hours // _AGAIN)

    def _due_again(self, entry: Entry) -> Entry:
        """An entry whose page is looked at now and then while it is new: feeds list what is corrected as before."""
        new = entry.published is None or self.today - entry.published.last <= _NEW
        return replace(entry, stamp=f"{entry.stamp}:{self._turn}") if new else entry

    def _kind_of(self, got: Fetched) -> FeedKind:
        """What was fetched, which must be what was asked for."""
        root = root_of(got.data)
        found, wanted = _ROOTS.get(root), self.options.kind
        if found is None and wanted is None:
            return FeedKind.PAGE
        if wanted is FeedKind.RSS and root == "html":
            raise FeedError(
                f"{self.feed.name}: {got.url} is a web page, no RSS or Atom feed: find the feed's own address"
            )
        if wanted is None or found is None or wanted is found:
            return wanted or found or FeedKind.PAGE
        raise FeedError(
            f"{self.feed.name}: {got.url} is of kind {found.value!r}, not {wanted.value!r}: correct its kind"
        )

    async def _rss(self, got: Fetched, fetcher: Fetching) -> AsyncIterator[Outcome]:
        title, listed = await asyncio.to_thread(read_entries, got)
        entries = [self._due_again(item) for item in listed if isinstance(item, Entry)]
        self.listed = len(entries)
        yield Outcome(tuple(item for item in listed if isinstance(item, BadItem)))
        failed = False
        async for outcome in self._harvest(fetcher, title).outcomes(entries):
            failed = failed or outcome.failed
            yield outcome
        if not failed:
            validators = got.validators
            record = PageRecord(self.feed.location, "", validators.etag, validators.last_modified, self._stamp)
            yield Outcome(record=record)

    async def _sitemap(self, got: Fetched, fetcher: Fetching) -> AsyncIterator[Outcome]:
        listing = await list_pages(got, fetcher, self._request)
        # What was last changed too long ago was published no later.
        entries = [
            entry
            for entry in listing.entries
            if self.options.wants(entry.url) and not self.options.is_too_old(last_change(entry), self.today)
        ]
        self.lists_all = listing.whole and len(entries) <= MOST_PAGES
        self.listed = min(len(entries), MOST_PAGES)
        if len(entries) > MOST_PAGES:
            reason = (
                f"lists {len(entries):,} pages: the {MOST_PAGES:,} latest are read; narrow it by include or max_age"
            )
            listing.bad.append(BadItem(got.url, reason))
        yield Outcome(tuple(listing.bad))
        async for outcome in self._harvest(fetcher, host_of(got.url)).outcomes(entries[:MOST_PAGES]):
            yield outcome

    async def _page(self, got: Fetched, fetcher: Fetching) -> AsyncIterator[Outcome]:
        outcome = await self._harvest(fetcher, host_of(got.url)).page(got)
        # Without an article now, what was read before stays.
        self.lists_all = any(isinstance(item, Article) for item in outcome.items)
        if not self.lists_all:
            # It is told each time, until there is an article again.
            yield Outcome(tuple(item for item in outcome.items if isinstance(item, BadItem)))
            return
        record = outcome.record and replace(outcome.record, url=self.feed.location, stamp=self._stamp)
        yield replace(outcome, record=record)

    def _harvest(self, fetcher: Fetching, outlet: str) -> Harvest:
        return Harvest(fetcher, self.extract, self.options, outlet, self.known, self.today)
