"""The feeds that a data folder knows: how each is read, how its last refresh went, and what was fetched for it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass

from corpus.clock import utc_now
from corpus.database import Database, now
from corpus.feed_options import FeedOptions, OutletFacts, interval_words
from corpus.pauses import doubled


@dataclass(frozen=True, slots=True)
class KnownFeed:
    """A feed that the data folder knows."""

    name: str
    location: str


@dataclass(frozen=True, slots=True)
class FeedState(KnownFeed):
    """A feed and how it stands. Times are ISO 8601 in UTC; ``last_error`` is ``None`` once a refresh worked.

    ``declared`` says that the feeds file names it, or did.
    """

    kind: str
    refresh: str
    declared: bool
    articles: int
    last_success: str | None
    last_error: str | None
    next_refresh: str | None
    failures: int = 0
    """Refreshes that failed since the last one that worked."""


@dataclass(frozen=True, slots=True)
class Plan:
    """When a feed is due next, ISO 8601 in UTC, and how often it has failed since it last worked."""

    next_refresh: str | None = None
    failures: int = 0

    def due(self, refresh: dt.timedelta, at: dt.datetime) -> bool:
        """Whether it is time. A time further ahead than was ever planned comes of a clock that was set back."""
        if self.next_refresh is None:
            return True
        left = dt.datetime.fromisoformat(self.next_refresh) - at
        return not dt.timedelta() < left <= (max(refresh, LONGEST_WAIT) if self.failures else refresh)


@dataclass(frozen=True, slots=True)
class PageRecord:
    """What was fetched: the id of its article (empty if it gave none), the server's validators, and our own stamp."""

    url: str
    article: str = ""
    etag: str = ""
    last_modified: str = ""
    stamp: str = ""


LONGEST_PAUSE = dt.timedelta(hours=6)
"""Between tries of a feed that goes on failing, unless it is refreshed less often anyway."""

LONGEST_WAIT = dt.timedelta(days=7)
"""That a server may ask for before the next try."""


def pause(refresh: dt.timedelta, failures: int) -> dt.timedelta:
    """How long a feed is left alone after so many failures in a row: twice as long each time, up to a limit."""
    return max(refresh, doubled(refresh, failures, LONGEST_PAUSE))


class FeedRecords(Database):
    """What is kept of feeds; see :class:`corpus.database.Database`."""

    def feeds(self) -> list[KnownFeed]:
        """The known feeds, oldest first."""
        return [KnownFeed(*row) for row in self._rows("SELECT name, location FROM feeds ORDER BY added, rowid")]

    def add_feed(self, feed: KnownFeed, options: FeedOptions | None = None, *, declared: bool = False) -> None:
        """Remember a feed; of one that is known, the options are replaced if any are given.

        Articles of a feed at the same location under another name are now this one's.
        """
        with self._transaction() as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            connection.execute(
                "UPDATE articles SET feed = ? WHERE feed IN (SELECT name FROM feeds WHERE location = ?)",
                (feed.name, feed.location),
            )
            connection.execute("DELETE FROM feeds WHERE location = ? AND name != ?", (feed.location, feed.name))
            connection.execute(
                "INSERT INTO feeds (name, location, added) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET location = excluded.location",
                (feed.name, feed.location, now()),
            )
            if options is not None:
                connection.execute(
                    "UPDATE feeds SET options = ?, declared = ? WHERE name = ?",
                    (json.dumps(options.stored()), declared, feed.name),
                )

    def options(self, name: str) -> FeedOptions:
        """How a feed is read; the defaults for one that is not known."""
        rows = self._rows("SELECT options FROM feeds WHERE name = ?", (name,))
        return next((FeedOptions.model_validate_json(options) for (options,) in rows), FeedOptions())

    def feed_states(self) -> list[FeedState]:
        """The known feeds and how they stand, oldest first."""
        rows = self._rows(
            "SELECT name, location, options, kind, declared, last_success, last_error, next_refresh, failures,"
            " (SELECT count(*) FROM articles a WHERE a.feed = f.name) FROM feeds f ORDER BY added, rowid"
        )
        return [
            FeedState(
                name=name,
                location=location,
                kind=kind,
                refresh=interval_words(FeedOptions.model_validate_json(options).refresh),
                declared=bool(declared),
                articles=articles,
                last_success=last_success,
                last_error=last_error,
                next_refresh=next_refresh,
                failures=failures,
            )
            for (
                name,
                location,
                options,
                kind,
                declared,
                last_success,
                last_error,
                next_refresh,
                failures,
                articles,
            ) in rows
        ]

    def outlet_facts(self, article_ids: Iterable[str]) -> dict[str, OutletFacts]:
        """Who publishes these articles, for those of which their feed says anything."""
        query = "SELECT a.id, f.options FROM feeds f JOIN articles a ON a.feed = f.name WHERE a.id IN"
        rows = self._rows_in(query, list(article_ids))
        outlets = {options: FeedOptions.model_validate_json(options).outlet for options in {o for _, o in rows}}
        return {article_id: outlets[options] for article_id, options in rows if outlets[options] != OutletFacts()}

    def plans(self) -> dict[str, Plan]:
        """When each known feed is due, by its name."""
        return {name: Plan(*row) for name, *row in self._rows("SELECT name, next_refresh, failures FROM feeds")}

    def note_success(self, name: str, kind: str, refresh: dt.timedelta) -> None:
        """Note that a feed was refreshed, and when the next time is due. An empty kind leaves what is known."""
        self._write(
            "UPDATE feeds SET kind = coalesce(nullif(?, ''), kind),"
            " last_success = ?, last_error = NULL, next_refresh = ?, failures = 0 WHERE name = ?",
            (kind, now(), _later(refresh), name),
        )

    def note_failure(self, name: str, error: str, refresh: dt.timedelta, wait: float | None = None) -> None:
        """Note what went wrong, and when to try again: not before ``wait`` seconds, and later with each failure."""
        failures = next((failed for (failed,) in self._rows("SELECT failures FROM feeds WHERE name = ?", (name,))), 0)
        left_alone = max(pause(refresh, failures + 1), dt.timedelta(seconds=wait or 0))
        self._write(
            "UPDATE feeds SET last_error = ?, next_refresh = ?, failures = failures + 1 WHERE name = ?",
            (error, _later(left_alone), name),
        )

    # What was fetched

    def fetched(self, feed: str) -> dict[str, PageRecord]:
        """What was fetched for a feed, by address; not what gave an article that is there no more."""
        rows = self._rows(
            "SELECT url, article, etag, last_modified, stamp FROM fetched WHERE feed = ?"
            " AND (article = '' OR article IN (SELECT id FROM articles))",
            (feed,),
        )
        return {row[0]: PageRecord(*row) for row in rows}

    def remember_fetched(self, feed: str, records: Iterable[PageRecord]) -> None:
        """Keep what was fetched; called once its articles are stored."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO fetched (feed, url, article, etag, last_modified, stamp)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [(feed, r.url, r.article, r.etag, r.last_modified, r.stamp) for r in records],
            )
            connection.execute(
                "DELETE FROM fetched WHERE feed = ? AND article != '' AND article NOT IN (SELECT id FROM articles)",
                (feed,),
            )


def _later(refresh: dt.timedelta) -> str:
    return (utc_now() + refresh).isoformat(timespec="seconds")
