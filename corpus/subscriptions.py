"""Subscriptions: what people want to hear of unasked, what was found for them, and what of it was told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from corpus.database import Connection
from corpus.outbox import Address, Outbox, put, read, stored


class Kind(StrEnum):
    """What a subscription is."""

    WATCH = "watch"
    """Told of each match, soon."""
    DIGEST = "digest"
    """Told at a set hour of what came since the last time."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What somebody wants to hear of.

    Args:
        id: its number; 0 before it has one.
        kind: a watch or a digest.
        to: where it is told.
        owner: whose it is, as a salted hash.
        topic: a question or a few words; a digest may be without.
        every: how often a digest comes; empty for a watch.
        zone: the IANA name of the time zone that its hours are meant in.
        created: when it was made.
        mark: the last revision of an article that was looked at for it.
        due: when a digest comes next.
        paused: why it is told nothing any more; empty while it is.
    """

    id: int
    kind: Kind
    to: Address
    owner: str
    topic: str
    every: str
    zone: str
    created: dt.datetime
    mark: int
    due: dt.datetime | None = None
    paused: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """An article that was found for a subscription; ``body`` is what is told of it, as its writer wrote it."""

    article: str
    body: str


class Subscriptions(Outbox):
    """Subscriptions, what they found, and the outbox; see :class:`corpus.database.Database`."""

    # What there is

    def add(self, new: Subscription) -> Subscription:
        """Keep a subscription; returns it with its number."""
        with self._transaction() as connection:
            number = connection.execute(
                "INSERT INTO subscriptions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(new)
            ).lastrowid
        return self._with_id(number or 0)

    def get(self, number: int) -> Subscription | None:
        """A subscription by its number."""
        return next(iter(self._subscriptions("WHERE id = ?", (number,))), None)

    def of_owner(self, owner: str) -> list[Subscription]:
        """A person's own, in the order they were made."""
        return self._subscriptions("WHERE owner = ? ORDER BY id", (owner,))

    def at(self, to: Address) -> list[Subscription]:
        """Those that are told in a channel, in the order they were made."""
        return self._subscriptions(
            "WHERE platform = ? AND workspace = ? AND channel = ? AND channel != '' ORDER BY id",
            (to.platform, to.workspace, to.channel),
        )

    def active(self, platforms: Collection[str]) -> list[Subscription]:
        """Those that are told something, on these platforms."""
        return [one for one in self._subscriptions("WHERE paused = '' ORDER BY id") if one.to.platform in platforms]

    def remove(self, number: int) -> None:
        """End a subscription; what was still to be told for it is not."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM findings WHERE subscription = ?", (number,))
            connection.execute("DELETE FROM subscriptions WHERE id = ?", (number,))

    def pause(self, number: int, why: str) -> None:
        """Tell it nothing any more; what was still to be told for it is not."""
        with self._transaction() as connection:
            self._drop(connection, number)
            connection.execute("UPDATE subscriptions SET paused = ? WHERE id = ?", (why, number))

    def resume(self, number: int, zone: str, mark: int, due: dt.datetime | None) -> Subscription:
        """Tell it again, of what comes from now on."""
        self._write(
            "UPDATE subscriptions SET paused = '', zone = ?, mark = ?, due = ? WHERE id = ?",
            (zone, mark, stored(due) if due else None, number),
        )
        return self._with_id(number)

    # What was found

    def found(self, watch: Subscription, mark: int, findings: Sequence[Finding], now: dt.datetime) -> bool:
        """Note what a watch found up to a revision; ``False``, and nothing written, where somebody else has done so.

        What was found before and not told yet is replaced.
        """
        with self._transaction() as connection:
            if not self._advance(connection, watch, mark):
                return False
            connection.executemany(
                "INSERT INTO findings VALUES (?, ?, ?, ?, NULL) ON CONFLICT (subscription, article) DO UPDATE"
                " SET body = excluded.body WHERE post IS NULL",
                [(watch.id, finding.article, finding.body, stored(now)) for finding in findings],
            )
            return True

    def found_articles(self, number: int) -> list[str]:
        """The articles that a subscription has found, told or not."""
        return [article for (article,) in self._rows("SELECT article FROM findings WHERE subscription = ?", (number,))]

    def waiting(self, number: int) -> list[Finding]:
        """What a watch has found and was not told yet, in the order it was found."""
        rows = self._rows(
            "SELECT article, body FROM findings WHERE subscription = ? AND post IS NULL ORDER BY found, rowid",
            (number,),
        )
        return [Finding(article, body) for article, body in rows]

    def discard(self, number: int, articles: Sequence[str]) -> None:
        """Take back what was found and not told: it no longer stands."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM findings WHERE subscription = ? AND article = ? AND post IS NULL",
                [(number, article) for article in articles],
            )

    def tell(self, watch: Subscription, articles: Sequence[str], body: str, now: dt.datetime) -> None:
        """Write down the post that tells what a watch has found; nothing where the watch has ended meanwhile."""
        with self._transaction() as connection:
            still = "SELECT 1 FROM subscriptions WHERE id = ? AND paused = ''"
            if not connection.execute(still, (watch.id,)).fetchone():
                return
            post = put(connection, watch.to, body, now, subscription=watch.id)
            connection.executemany(
                "UPDATE findings SET post = ?, body = '' WHERE subscription = ? AND article = ?",
                [(post, watch.id, article) for article in articles],
            )

    def digested(
        self,
        digest: Subscription,
        mark: int,
        due: dt.datetime,
        articles: Sequence[str],
        body: str | None,
        now: dt.datetime,
    ) -> None:
        """Write down a digest, if it says anything, and when the next one is due; nothing where somebody else has."""
        with self._transaction() as connection:
            if digest.due is None or not self._advance(connection, digest, mark, due):
                return
            if body is not None:
                post = put(connection, digest.to, body, now, subscription=digest.id)
                connection.executemany(
                    "INSERT OR IGNORE INTO findings VALUES (?, ?, '', ?, ?)",
                    [(digest.id, article, stored(now), post) for article in articles],
                )

    # Privacy

    def forget(self, owner: str) -> int:
        """Delete a person's own; returns how many there were."""
        own = self.of_owner(owner)
        for subscription in own:
            self.remove(subscription.id)
        return len(own)

    def _advance(self, connection: Connection, one: Subscription, mark: int, due: dt.datetime | None = None) -> bool:
        """Move on from where a subscription was read, unless somebody else has."""
        changed: int = connection.execute(
            "UPDATE subscriptions SET mark = ?, due = ? WHERE id = ? AND mark = ? AND due IS ? AND paused = ''",
            (mark, stored(due) if due else None, one.id, one.mark, stored(one.due) if one.due else None),
        ).rowcount
        return changed == 1

    @staticmethod
    def _drop(connection: Connection, number: int) -> None:
        """Take back what was not told yet."""
        connection.execute(
            "DELETE FROM findings WHERE subscription = ?"
            " AND (post IS NULL OR post IN (SELECT id FROM posts WHERE NOT done))",
            (number,),
        )
        connection.execute("DELETE FROM posts WHERE subscription = ? AND NOT done", (number,))

    def _with_id(self, number: int) -> Subscription:
        (found,) = self._subscriptions("WHERE id = ?", (number,))
        return found

    def _subscriptions(self, which: str, values: Sequence[object] = ()) -> list[Subscription]:
        return [_subscription(row) for row in self._rows(f"{_ALL} {which}", values)]


_ALL = (
    "SELECT id, kind, platform, workspace, channel, parent, person,"
    " owner, topic, every, zone, created, mark, due, paused FROM subscriptions"
)


def _row(one: Subscription) -> tuple[object, ...]:
    to = one.to
    return (
        one.kind.value,
        *(to.platform, to.workspace, to.channel, to.parent, to.person),
        *(one.owner, one.topic, one.every, one.zone, stored(one.created), one.mark),
        *(stored(one.due) if one.due else None, one.paused),
    )


def _subscription(row: Sequence[Any]) -> Subscription:
    number, kind, *place, owner, topic, every, zone, created, mark, due, paused = row
    return Subscription(
        number,
        Kind(kind),
        Address(*place),
        owner,
        topic,
        every,
        zone,
        read(created),
        mark,
        read(due) if due else None,
        paused,
    )
