"""Subscriptions: what people want to hear of unasked, what was found for them, and what of it was told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, literal, or_, select, update

from corpus import tables as t
from corpus.clauses import adding, updating
from corpus.database import Connection, many, new_id
from corpus.outbox import Address, Outbox, put, read, stored

_all, _findings = t.subscriptions.c, t.findings.c


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
            number = new_id(connection.execute(insert(t.subscriptions), _row(new)))
        return self._with_id(number)

    def get(self, number: int) -> Subscription | None:
        """A subscription by its number."""
        return next(iter(self._subscriptions(_all.id == number)), None)

    def of_owner(self, owner: str) -> list[Subscription]:
        """A person's own, in the order they were made."""
        return self._subscriptions(_all.owner == owner)

    def at(self, to: Address) -> list[Subscription]:
        """Those that are told in a channel, in the order they were made."""
        if not to.channel:
            return []
        return self._subscriptions(
            _all.platform == to.platform, _all.workspace == to.workspace, _all.channel == to.channel
        )

    def active(self, platforms: Collection[str]) -> list[Subscription]:
        """Those that are told something, on these platforms."""
        return [one for one in self._subscriptions(_all.paused == "") if one.to.platform in platforms]

    def remove(self, number: int) -> None:
        """End a subscription; what was still to be told for it is not."""
        with self._transaction() as connection:
            connection.execute(delete(t.findings).where(_findings.subscription == number))
            connection.execute(delete(t.subscriptions).where(_all.id == number))

    def pause(self, number: int, why: str) -> None:
        """Tell it nothing any more; what was still to be told for it is not."""
        with self._transaction() as connection:
            self._drop(connection, number)
            connection.execute(update(t.subscriptions).where(_all.id == number).values(paused=why))

    def resume(self, number: int, zone: str, mark: int, due: dt.datetime | None) -> Subscription:
        """Tell it again, of what comes from now on."""
        again = {"paused": "", "zone": zone, "mark": mark, "due": stored(due) if due else None}
        self._write(update(t.subscriptions).where(_all.id == number).values(again))
        return self._with_id(number)

    # What was found

    def found(self, watch: Subscription, mark: int, findings: Sequence[Finding], now: dt.datetime) -> bool:
        """Note what a watch found up to a revision; ``False``, and nothing written, where somebody else has done so.

        What was found before and not told yet is replaced.
        """
        with self._transaction() as connection:
            if not self._advance(connection, watch, mark):
                return False
            new = updating(t.findings, "body", where=_findings.post.is_(None))
            many(connection, new, [_finding(watch, one, now) | {"rank": rank} for rank, one in enumerate(findings)])
            return True

    def found_articles(self, number: int) -> list[str]:
        """The articles that a subscription has found, told or not."""
        return self._column(select(_findings.article).where(_findings.subscription == number))

    def waiting(self, number: int) -> list[Finding]:
        """What a watch has found and was not told yet, in the order it was found."""
        rows = self._rows(
            select(_findings.article, _findings.body)
            .where(_findings.subscription == number, _findings.post.is_(None))
            .order_by(_findings.found, _findings.rank)
        )
        return [Finding(article, body) for article, body in rows]

    def discard(self, number: int, articles: Sequence[str]) -> None:
        """Take back what was found and not told: it no longer stands."""
        with self._transaction() as connection:
            gone = delete(t.findings).where(
                _findings.subscription == number, _findings.article == bindparam("of"), _findings.post.is_(None)
            )
            many(connection, gone, [{"of": article} for article in articles])

    def tell(self, watch: Subscription, articles: Sequence[str], body: str, now: dt.datetime) -> None:
        """Write down the post that tells what a watch has found; nothing where the watch has ended meanwhile."""
        with self._transaction() as connection:
            still = select(literal(1)).where(_all.id == watch.id, _all.paused == "")
            if connection.scalar(still) is None:
                return
            post = put(connection, watch.to, body, now, subscription=watch.id)
            told = (
                update(t.findings)
                .where(_findings.subscription == watch.id, _findings.article == bindparam("of"))
                .values(post=post, body="")
            )
            many(connection, told, [{"of": article} for article in articles])

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
                rows = [_finding(digest, Finding(article, ""), now) | {"post": post} for article in articles]
                many(connection, adding(t.findings), rows)

    # Privacy

    def forget(self, owner: str) -> int:
        """Delete a person's own; returns how many there were."""
        own = self.of_owner(owner)
        for subscription in own:
            self.remove(subscription.id)
        return len(own)

    def _advance(self, connection: Connection, one: Subscription, mark: int, due: dt.datetime | None = None) -> bool:
        """Move on from where a subscription was read, unless somebody else has."""
        before = stored(one.due) if one.due else None
        changed = connection.execute(
            update(t.subscriptions)
            .where(_all.id == one.id, _all.mark == one.mark, _all.due.is_not_distinct_from(before), _all.paused == "")
            .values(mark=mark, due=stored(due) if due else None)
        )
        return changed.rowcount == 1

    @staticmethod
    def _drop(connection: Connection, number: int) -> None:
        """Take back what was not told yet."""
        unsent = select(t.posts.c.id).where(t.posts.c.done == 0)
        connection.execute(
            delete(t.findings).where(
                _findings.subscription == number, or_(_findings.post.is_(None), _findings.post.in_(unsent))
            )
        )
        connection.execute(delete(t.posts).where(t.posts.c.subscription == number, t.posts.c.done == 0))

    def _with_id(self, number: int) -> Subscription:
        (found,) = self._subscriptions(_all.id == number)
        return found

    def _subscriptions(self, *which: ColumnElement[bool]) -> list[Subscription]:
        return [_subscription(row) for row in self._rows(select(t.subscriptions).where(*which).order_by(_all.id))]


def _row(one: Subscription) -> dict[str, object]:
    to = one.to
    return {
        "kind": one.kind.value,
        "platform": to.platform,
        "workspace": to.workspace,
        "channel": to.channel,
        "parent": to.parent,
        "person": to.person,
        "owner": one.owner,
        "topic": one.topic,
        "every": one.every,
        "zone": one.zone,
        "created": stored(one.created),
        "mark": one.mark,
        "due": stored(one.due) if one.due else None,
        "paused": one.paused,
    }


def _finding(one: Subscription, finding: Finding, now: dt.datetime) -> dict[str, object]:
    return {"subscription": one.id, "found": stored(now)} | asdict(finding)


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
