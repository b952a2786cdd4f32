"""The outbox: what is to be posted unasked, written down until it stands there; and where answers stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, insert, literal, literal_column, select, update

from corpus import tables as t
from corpus.clauses import adding
from corpus.database import Connection, Database, new_id, touched
from corpus.revisions import CURRENT

_posts, _postings, _findings = t.posts.c, t.postings.c, t.findings.c
_place = [bindparam(column.name, type_=column.type) for column in _postings if column.name != "answer"]
_STANDS = adding(t.postings).from_select(
    [column.name for column in _postings], select(t.answers.c.id, *_place).where(t.answers.c.id == bindparam("of"))
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is posted, by the platform's own ids.

    Args:
        platform: its name.
        workspace: the Slack workspace or Discord server.
        channel: empty to write to the person alone.
        parent: the channel that a channel which is a thread belongs to, where the platform sees them so.
        person: only where they are written to alone.
        thread: what is gone on with there; empty for none.
    """

    platform: str
    workspace: str
    channel: str = ""
    parent: str = ""
    person: str = ""
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """Something to be posted.

    Args:
        id: names it.
        subscription: that it is for, if any.
        to: where.
        body: what, as its writer wrote it.
        made: when it was written down.
        tried: when it was tried first; ``None`` where it was not.
        tries: how often it was tried.
    """

    id: int
    subscription: int | None
    to: Address
    body: str
    made: dt.datetime
    tried: dt.datetime | None
    tries: int


@dataclass(frozen=True, slots=True)
class Posting:
    """An answer, as JSON, and where it stands."""

    answer_id: str
    body: str
    to: Address


class Outbox(Database):
    """Posts and postings; see :class:`corpus.database.Database`."""

    def unsent(self, platforms: Collection[str], now: dt.datetime) -> list[Post]:
        """What is to be posted on these platforms and may be tried now, the oldest first."""
        rows = self._rows(
            select(
                _posts.id,
                _posts.subscription,
                _posts.platform,
                _posts.workspace,
                _posts.channel,
                _posts.parent,
                _posts.person,
                _posts.thread,
                _posts.body,
                _posts.made,
                _posts.tried,
                _posts.tries,
            )
            .where(_posts.done == literal_column("0"), _posts.again <= stored(now))
            .order_by(_posts.id)
        )
        return [
            Post(i, subscription, Address(*place), body, read(made), read(tried) if tried else None, tries)
            for i, subscription, *place, body, made, tried, tries in rows
            if place[0] in platforms
        ]

    def trying(self, post: Post, now: dt.datetime, again: dt.datetime) -> bool:
        """Note, before it is posted, that it will be; if nothing more is heard of it, it is tried ``again``.

        Returns:
            Whether it is to be posted: ``False`` where somebody else is at it, or it is not wanted any more.
        """
        changed = self._write(
            update(t.posts)
            .where(_posts.id == post.id, _posts.tries == post.tries, _posts.done == 0)
            .values(tried=func.coalesce(_posts.tried, stored(now)), tries=_posts.tries + 1, again=stored(again))
        )
        return changed == 1

    def sent(self, post: int) -> None:
        """It stands there, or never will; what it said is not kept."""
        self._write(update(t.posts).where(_posts.id == post).values(done=1, body=""))

    def made_for(self, subscription: int, since: dt.datetime) -> int:
        """How many posts were made for a subscription lately."""
        return self._count(_posts.subscription == subscription, since)

    def made_at(self, to: Address, since: dt.datetime) -> int:
        """How many posts were made for a channel, or a person alone, lately."""
        there = and_(
            _posts.platform == to.platform,
            _posts.workspace == to.workspace,
            _posts.channel == to.channel,
            _posts.person == to.person,
        )
        return self._count(there, since)

    def _count(self, which: ColumnElement[bool], since: dt.datetime) -> int:
        (count,) = self._column(select(func.count()).where(which, _posts.made > stored(since)))
        return int(count)

    # Where answers stand

    def note_posting(self, answer_id: str, to: Address) -> None:
        """Note where an answer stands: of each channel the first place; nothing where the answer was deleted."""
        place = {
            "platform": to.platform,
            "workspace": to.workspace,
            "channel": to.channel,
            "parent": to.parent,
            "thread": to.thread,
        }
        self._write(_STANDS, place | {"of": answer_id})

    def postings(self, platforms: Collection[str], oldest: dt.datetime) -> list[Posting]:
        """Where answers stand that were asked for since then, and quote an article that has another text now, or none.

        The others, which are nearly all, are never read.
        """
        article, text_hash = self._backend.cited(t.answers.c.body, "article_id", "text_hash")
        said_now = (
            select(literal(1))
            .select_from(CURRENT)
            .where(t.articles.c.id == article, t.revisions.c.text_hash == text_hash)
            .exists()
        )
        rows = self._rows(
            select(
                t.answers.c.id,
                t.answers.c.body,
                _postings.platform,
                _postings.workspace,
                _postings.channel,
                _postings.parent,
                _postings.thread,
            )
            .join(t.answers, t.answers.c.id == _postings.answer)
            .where(t.answers.c.asked >= stored(oldest), select(article).where(~said_now).exists())
            .order_by(t.answers.c.asked)
        )
        return [
            Posting(answer, body, Address(platform, workspace, channel, parent, thread=thread))
            for answer, body, platform, workspace, channel, parent, thread in rows
            if platform in platforms
        ]

    def corrected(self, answer_id: str) -> set[tuple[str, int]]:
        """Quotations of an answer whose change was told, by article and where they began."""
        told = t.corrected.c
        return set(self._rows(select(told.article, told.start).where(told.answer == answer_id)))

    def correct(
        self, answer_id: str, quotes: Iterable[tuple[str, int]], posts: Sequence[tuple[Address, str]], now: dt.datetime
    ) -> None:
        """Note changed quotations of an answer together with what is posted of it; nothing if one was noted already."""
        with self._transaction() as connection:
            rows = [{"answer": answer_id, "article": article, "start": start} for article, start in quotes]
            if sum(touched(connection, adding(t.corrected), row) for row in rows) == len(rows):
                for to, body in posts:
                    put(connection, to, body, now, answer=answer_id)

    def expire(self, oldest: dt.datetime) -> None:
        """Delete what was posted before, and what was found before and could never be told."""
        with self._transaction() as connection:
            old = and_(_posts.done == 1, _posts.made < stored(oldest))
            connection.execute(delete(t.findings).where(_findings.post.in_(select(_posts.id).where(old))))
            connection.execute(delete(t.posts).where(old))
            connection.execute(delete(t.findings).where(_findings.post.is_(None), _findings.found < stored(oldest)))


def put(
    connection: Connection,
    to: Address,
    body: str,
    now: dt.datetime,
    *,
    subscription: int | None = None,
    answer: str | None = None,
) -> int:
    """Write down a post, in the caller's transaction; returns its id."""
    row = {"subscription": subscription, "answer": answer, "body": body, "made": stored(now), "again": stored(now)}
    return new_id(connection.execute(insert(t.posts), asdict(to) | row))


def stored(time: dt.datetime) -> str:
    """An instant as it is stored: in UTC, so that texts compare as times do."""
    return time.astimezone(dt.UTC).isoformat(timespec="microseconds")


def read(text: str) -> dt.datetime:
    """An instant that was stored."""
    return dt.datetime.fromisoformat(text)
