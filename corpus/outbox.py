"""The outbox: what is to be posted unasked, written down until it stands there; and where answers stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from corpus.database import Connection, Database


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
            "SELECT id, subscription, platform, workspace, channel, parent, person, thread, body, made, tried, tries"
            " FROM posts WHERE NOT done AND again <= ? ORDER BY id",
            (stored(now),),
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
            "UPDATE posts SET tried = coalesce(tried, ?), tries = tries + 1, again = ?"
            " WHERE id = ? AND tries = ? AND NOT done",
            (stored(now), stored(again), post.id, post.tries),
        )
        return changed == 1

    def sent(self, post: int) -> None:
        """It stands there, or never will; what it said is not kept."""
        self._write("UPDATE posts SET done = 1, body = '' WHERE id = ?", (post,))

    def made_for(self, subscription: int, since: dt.datetime) -> int:
        """How many posts were made for a subscription lately."""
        ((count,),) = self._rows(
            "SELECT count(*) FROM posts WHERE subscription = ? AND made > ?", (subscription, stored(since))
        )
        return int(count)

    def made_at(self, to: Address, since: dt.datetime) -> int:
        """How many posts were made for a channel, or a person alone, lately."""
        ((count,),) = self._rows(
            "SELECT count(*) FROM posts"
            " WHERE platform = ? AND workspace = ? AND channel = ? AND person = ? AND made > ?",
            (to.platform, to.workspace, to.channel, to.person, stored(since)),
        )
        return int(count)

    # Where answers stand

    def note_posting(self, answer_id: str, to: Address) -> None:
        """Note where an answer stands: of each channel the first place; nothing where the answer was deleted."""
        self._write(
            "INSERT OR IGNORE INTO postings SELECT id, ?, ?, ?, ?, ? FROM answers WHERE id = ?",
            (to.platform, to.workspace, to.channel, to.parent, to.thread, answer_id),
        )

    def postings(self, platforms: Collection[str], oldest: dt.datetime) -> list[Posting]:
        """Where answers stand that were asked for since then, and quote an article that has another text now, or none.

        The others, which are nearly all, are never read.
        """
        rows = self._rows(
            "SELECT a.id, a.body, p.platform, p.workspace, p.channel, p.parent, p.thread"
            " FROM postings p JOIN answers a ON a.id = p.answer WHERE a.asked >= ? AND EXISTS ("
            "  SELECT 1 FROM json_each(a.body, '$.citations') c WHERE NOT EXISTS ("
            "   SELECT 1 FROM articles x JOIN revisions r ON r.id = x.revision"
            "   WHERE x.id = json_extract(c.value, '$.article_id')"
            "    AND r.text_hash = json_extract(c.value, '$.text_hash')))"
            " ORDER BY a.asked",
            (stored(oldest),),
        )
        return [
            Posting(answer, body, Address(platform, workspace, channel, parent, thread=thread))
            for answer, body, platform, workspace, channel, parent, thread in rows
            if platform in platforms
        ]

    def corrected(self, answer_id: str) -> set[tuple[str, int]]:
        """Quotations of an answer whose change was told, by article and where they began."""
        return set(self._rows("SELECT article, start FROM corrected WHERE answer = ?", (answer_id,)))

    def correct(
        self, answer_id: str, quotes: Iterable[tuple[str, int]], posts: Sequence[tuple[Address, str]], now: dt.datetime
    ) -> None:
        """Note changed quotations of an answer together with what is posted of it; nothing if one was noted already."""
        with self._transaction() as connection:
            rows = [(answer_id, article, start) for article, start in quotes]
            noted = connection.executemany("INSERT OR IGNORE INTO corrected VALUES (?, ?, ?)", rows).rowcount
            if noted == len(rows):
                for to, body in posts:
                    put(connection, to, body, now, answer=answer_id)

    def expire(self, oldest: dt.datetime) -> None:
        """Delete what was posted before, and what was found before and could never be told."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM findings WHERE post IN (SELECT id FROM posts WHERE done AND made < ?)", (stored(oldest),)
            )
            connection.execute("DELETE FROM posts WHERE done AND made < ?", (stored(oldest),))
            connection.execute("DELETE FROM findings WHERE post IS NULL AND found < ?", (stored(oldest),))


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
    row = connection.execute(
        "INSERT INTO posts"
        " (subscription, answer, platform, workspace, channel, parent, person, thread, body, made, again)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            subscription,
            answer,
            to.platform,
            to.workspace,
            to.channel,
            to.parent,
            to.person,
            to.thread,
            body,
            stored(now),
            stored(now),
        ),
    ).lastrowid
    assert row is not None  # noqa: S101 (an INSERT has one)
    return row


def stored(time: dt.datetime) -> str:
    """An instant as it is stored: in UTC, so that texts compare as times do."""
    return time.astimezone(dt.UTC).isoformat(timespec="microseconds")


def read(text: str) -> dt.datetime:
    """An instant that was stored."""
    return dt.datetime.fromisoformat(text)
