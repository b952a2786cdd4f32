"""The feeds that a data folder knows: how each is read, how its last refresh went, and what was fetched for it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache

from sqlalchemy import delete, func, or_, select, update

from corpus import tables as t
from corpus.clauses import among, replacing, updating
from corpus.clock import utc_now
from corpus.database import Database, many, now
from corpus.feed_options import FeedOptions, OutletFacts, interval_words
from corpus.pauses import doubled
from corpus.revisions import CURRENT


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
class Publisher:
    """Who published an article: by its own word, empty where it does not say; and what its feed says of the outlet."""

    source: str
    facts: OutletFacts


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


_f, _fetched = t.feeds.c, t.fetched.c
_LEFT = "left: "
_PUBLISHERS = (
    select(t.articles.c.id, t.revisions.c.source, _f.options)
    .select_from(CURRENT.join(t.feeds, t.articles.c.feed == _f.name))
    .where(among(t.articles.c.id))
)
_AS_THEY_CAME = (_f.added, _f.number)

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
        return [KnownFeed(*row) for row in self._rows(select(_f.name, _f.location).order_by(*_AS_THEY_CAME))]

    def add_feed(self, feed: KnownFeed, options: FeedOptions | None = None, *, declared: bool = False) -> None:
        """Remember a feed; of one that is known, the options are replaced if any are given.

        Articles of a feed at the same location under another name are now this one's.
        """
        with self._transaction() as connection:
            others = (_f.location == feed.location, _f.name != feed.name)
            before = connection.scalars(select(_f.name).where(*others)).all()
            # Two feeds may not have one location, and an article not have none.
            connection.execute(update(t.feeds).where(*others).values(location=_LEFT + _f.location))
            last = select(func.coalesce(func.max(_f.number), 0)).scalar_subquery()
            row = {"name": feed.name, "location": feed.location, "added": now(), "number": last + 1}
            connection.execute(updating(t.feeds, "location").values(row))
            connection.execute(update(t.articles).where(t.articles.c.feed.in_(before)).values(feed=feed.name))
            connection.execute(delete(t.feeds).where(_f.name.in_(before)))
            if options is not None:
                how = {"options": json.dumps(options.stored()), "declared": int(declared)}
                connection.execute(update(t.feeds).where(_f.name == feed.name).values(how))

    def options(self, name: str) -> FeedOptions:
        """How a feed is read; the defaults for one that is not known."""
        found = self._column(select(_f.options).where(_f.name == name))
        return next(map(FeedOptions.model_validate_json, found), FeedOptions())

    def feed_states(self) -> list[FeedState]:
        """The known feeds and how they stand, oldest first."""
        articles_of = select(func.count()).where(t.articles.c.feed == _f.name).scalar_subquery()
        rows = self._rows(
            select(
                _f.name,
                _f.location,
                _f.options,
                _f.kind,
                _f.declared,
                _f.last_success,
                _f.last_error,
                _f.next_refresh,
                _f.failures,
                articles_of,
            ).order_by(*_AS_THEY_CAME)
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

    def publishers_of(self, article_ids: Iterable[str]) -> dict[str, Publisher]:
        """Who published these articles, of those that there are now."""
        rows = self._rows_among(_PUBLISHERS, list(dict.fromkeys(article_ids)))
        return {article_id: Publisher(source, _outlet(options)) for article_id, source, options in rows}

    def plans(self) -> dict[str, Plan]:
        """When each known feed is due, by its name."""
        return {name: Plan(*row) for name, *row in self._rows(select(_f.name, _f.next_refresh, _f.failures))}

    def note_success(self, name: str, kind: str, refresh: dt.timedelta) -> None:
        """Note that a feed was refreshed, and when the next time is due. An empty kind leaves what is known."""
        known = {"kind": kind} if kind else {}
        went = {"last_success": now(), "last_error": None, "next_refresh": _later(refresh), "failures": 0}
        self._write(update(t.feeds).where(_f.name == name).values(known | went))

    def note_failure(self, name: str, error: str, refresh: dt.timedelta, wait: float | None = None) -> None:
        """Note what went wrong, and when to try again: not before ``wait`` seconds, and later with each failure."""
        failures = next(iter(self._column(select(_f.failures).where(_f.name == name))), 0)
        left_alone = max(pause(refresh, failures + 1), dt.timedelta(seconds=wait or 0))
        went = {"last_error": error, "next_refresh": _later(left_alone), "failures": _f.failures + 1}
        self._write(update(t.feeds).where(_f.name == name).values(went))

    # What was fetched

    def fetched(self, feed: str) -> dict[str, PageRecord]:
        """What was fetched for a feed, by address; not what gave an article that is there no more."""
        rows = self._rows(
            select(_fetched.url, _fetched.article, _fetched.etag, _fetched.last_modified, _fetched.stamp).where(
                _fetched.feed == feed, or_(_fetched.article == "", _fetched.article.in_(select(t.articles.c.id)))
            )
        )
        return {row[0]: PageRecord(*row) for row in rows}

    def remember_fetched(self, feed: str, records: Iterable[PageRecord]) -> None:
        """Keep what was fetched; called once its articles are stored."""
        with self._transaction() as connection:
            kept = [record for record in records if len(record.url.encode()) <= self.longest_key]
            many(connection, replacing(t.fetched), [{"feed": feed} | asdict(record) for record in kept])
            connection.execute(
                delete(t.fetched).where(
                    _fetched.feed == feed,
                    _fetched.article != "",
                    _fetched.article.not_in(select(t.articles.c.id)),
                )
            )


def _later(refresh: dt.timedelta) -> str:
    return (utc_now() + refresh).isoformat(timespec="seconds")


@lru_cache(maxsize=256)
def _outlet(options: str) -> OutletFacts:
    return FeedOptions.model_validate_json(options).outlet
