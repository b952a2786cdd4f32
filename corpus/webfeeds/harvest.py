"""Articles out of what a feed lists: fetched from their pages, known again by their addresses."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace

from corpus.errors import CorpusError, FetchError
from corpus.faults import unforeseen
from corpus.feed_options import FeedOptions
from corpus.feed_records import PageRecord
from corpus.fetching.port import Fetched, Fetching, Request, Validators
from corpus.fetching.urls import article_address, canonical_url
from corpus.readers import BadItem
from corpus.readers.cleaning import one_line, tidy, without_controls
from corpus.readers.future import without_future
from corpus.webfeeds.port import Entry, ExtractPage, Kept, Outcome
from retrieval.types import Article

_AT_ONCE = 8


@dataclass(slots=True)
class Harvest:
    """Turns the entries of one feed into articles.

    Args:
        options: how the feed is read.
        outlet: who publishes it, for articles that do not say so themselves.
        known: what was fetched before, by address.
        today: articles of a later day are in the future.
    """

    fetcher: Fetching
    extract: ExtractPage
    options: FeedOptions
    outlet: str
    known: Mapping[str, PageRecord]
    today: dt.date
    _taken: dict[str, str | None] = field(default_factory=dict)

    async def outcomes(self, entries: Iterable[Entry]) -> AsyncIterator[Outcome]:
        """What comes of each entry, in order; several pages are fetched at once."""
        running: deque[asyncio.Task[Outcome]] = deque()
        try:
            for entry in entries:
                if not self._wanted(entry):
                    continue
                running.append(asyncio.ensure_future(self._outcome(entry)))
                if len(running) >= _AT_ONCE:
                    yield self._once(await running.popleft())
            while running:
                yield self._once(await running.popleft())
        finally:
            for task in running:
                task.cancel()

    async def page(self, got: Fetched) -> Outcome:
        """What comes of a page that was fetched already."""
        return await self._extracted(Entry(got.url), got)

    def _wanted(self, entry: Entry) -> bool:
        too_old = self.options.is_too_old(entry.published, self.today)
        return self.options.wants(entry.url or entry.id) and not too_old

    async def _outcome(self, entry: Entry) -> Outcome:
        if entry.text:
            return Outcome(self._within_limits(self._of_entry(entry)))
        record = self.known.get(entry.url)
        if record and entry.stamp and record.stamp == entry.stamp:
            return Outcome(_kept(record))
        validators = Validators(record.etag, record.last_modified) if record else Validators()
        try:
            got = await self.fetcher.get(Request(entry.url, self.options.allow_private, validators))
        except FetchError as error:
            # What cannot be fetched now may be there tomorrow; only what the server says is gone is gone.
            kept = () if error.gone or record is None else _kept(record)
            gone = PageRecord(entry.url) if error.gone else None
            return Outcome((*kept, BadItem(error.url, error.reason)), gone, failed=not error.gone)
        if got.unchanged and record:
            return Outcome(_kept(record), replace(record, stamp=entry.stamp))
        return await self._extracted(entry, got)

    async def _extracted(self, entry: Entry, got: Fetched) -> Outcome:
        validators = got.validators
        # A page without an article now, as behind a login, keeps the one that it had.
        known = self.known.get(entry.url)
        kept, before = _kept(known) if known else (), known.article if known else ""
        record = PageRecord(entry.url, before, validators.etag, validators.last_modified, entry.stamp)
        try:
            page = await asyncio.to_thread(self.extract, got.data, url=got.url, content_type=got.content_type)
        except CorpusError as error:
            return Outcome((*kept, BadItem(entry.url, str(error))), record)
        except Exception as error:
            bad = BadItem(entry.url, f"cannot be read: {unforeseen(entry.url, error)}")
            return Outcome((*kept, bad), failed=True)
        if not page.text.strip():
            return Outcome((*kept, BadItem(entry.url, "holds no article: leave it out")), record)
        url = article_address(got.url, page.url)
        article = Article(
            id=url,
            text=page.text,
            title=one_line(page.title) or entry.title,
            source=self.options.outlet.name or one_line(page.source) or entry.source or self.outlet,
            url=url,
            published=entry.published or page.published,
        )
        items = self._within_limits(article)
        return Outcome(items, replace(record, article=article.id if items else ""))

    def _of_entry(self, entry: Entry) -> Article:
        url = canonical_url(entry.url) if entry.url else ""
        return Article(
            id=url or entry.id,
            text=tidy(without_controls(entry.text)),
            title=entry.title,
            source=self.options.outlet.name or entry.source or self.outlet,
            url=url,
            published=entry.published,
        )

    def _within_limits(self, article: Article) -> tuple[Article | BadItem, ...]:
        """Nothing for an article that is too old; a complaint beside it if its date cannot be."""
        if self.options.is_too_old(article.published, self.today):
            return ()
        article, complaint = without_future(article, self.today, article.id)
        return (article, complaint) if complaint else (article,)

    def _once(self, outcome: Outcome) -> Outcome:
        """Without an article that came already under another of its addresses."""
        items: list[Article | BadItem | Kept] = []
        for item in outcome.items:
            if isinstance(item, BadItem):
                items.append(item)
                continue
            text = item.text_hash if isinstance(item, Article) else None
            if item.id not in self._taken:
                self._taken[item.id] = text
                items.append(item)
            elif text is not None and self._taken[item.id] not in {text, None}:
                items.append(BadItem(item.id, "is the address of two articles that differ: the first one was kept"))
        return replace(outcome, items=tuple(items))


def _kept(record: PageRecord) -> tuple[Kept, ...]:
    return (Kept(record.article),) if record.article else ()
