"""What files said when they were read, so that only those that changed are read again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, func, insert, select, union

from corpus import tables as t
from corpus.clauses import replacing
from corpus.database import many
from corpus.feed_records import FeedRecords

_AT_ONCE = 1000
_TABLES = (t.files, t.file_articles)
_DELETE_FILE = [
    delete(table).where(table.c.feed == bindparam("of"), table.c.path == bindparam("at")) for table in _TABLES
]
_files, _said = t.files.c, t.file_articles.c
_not_held = (
    select(_said.article)
    .outerjoin(t.articles, (t.articles.c.id == _said.article) & (t.articles.c.feed == _said.feed))
    .outerjoin(t.revisions, t.revisions.c.id == t.articles.c.revision)
    .where(_said.feed == _files.feed, _said.path == _files.path)
    .where(t.revisions.c.digest.is_distinct_from(_said.digest))
)
_PROBLEMS = select(_files.problems).where(
    _files.feed == bindparam("of"),
    _files.path == bindparam("at"),
    _files.stamp == bindparam("stamp"),
    ~_not_held.exists(),
)
_ARTICLES = (
    select(_said.article)
    .where(_said.feed == bindparam("of"), _said.path == bindparam("at"), _said.article > bindparam("after"))
    .order_by(_said.article)
    .limit(_AT_ONCE)
)


@dataclass(slots=True)
class FileRecord:
    """A file as it was read, or a part of that.

    Args:
        path: within its feed.
        first: whether no part of it came before.
        stamp: changes when the file may have, or the way in which it is read; empty if this is not all of it.
        articles: pairs of an id and the digest of the article, which changes whenever anything of it does.
        problems: pairs of a place and what is wrong there, of all parts.
    """

    path: str
    first: bool = True
    stamp: str = ""
    articles: list[tuple[str, str]] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def rest(self) -> FileRecord:
        """The record of what follows this part."""
        return FileRecord(self.path, first=False, problems=self.problems)


class FileRecords(FeedRecords):
    """What is kept of files; see :class:`corpus.database.Database`."""

    def file_problems(self, feed: str, path: str, stamp: str) -> list[tuple[str, str]] | None:
        """What was wrong in a file that need not be read again; ``None`` for one that must be.

        It must where its stamp is another, and where what it said of an article is not what the feed holds now.
        """
        found = self._column(_PROBLEMS, {"of": feed, "at": path, "stamp": stamp})
        return next(([(where, reason) for where, reason in json.loads(problems)] for problems in found), None)

    def file_articles(self, feed: str, path: str) -> Iterator[str]:
        """The ids of the articles of a file."""
        last: str | None = ""
        while last is not None:
            found = self._column(_ARTICLES, {"of": feed, "at": path, "after": last})
            yield from found
            last = found[-1] if len(found) == _AT_ONCE else None

    def remember_files(self, feed: str, records: Iterable[FileRecord]) -> None:
        """Keep what files said; it does no harm if their articles are not stored after all."""
        with self._transaction() as connection:
            for record in records:
                if len(record.path.encode()) > self.longest_key:
                    continue
                if record.first:
                    for statement in _DELETE_FILE:
                        connection.execute(statement, {"of": feed, "at": record.path})
                of_file = {"feed": feed, "path": record.path}
                said = [
                    of_file | {"article": article, "digest": digest}
                    for article, digest in record.articles
                    if len(article.encode()) <= self.longest_key
                ]
                many(connection, replacing(t.file_articles), said)
                if record.stamp:
                    read = {"stamp": record.stamp, "problems": json.dumps(record.problems)}
                    connection.execute(insert(t.files), of_file | read)

    def forget_files(self, feed: str) -> None:
        """Have all files of a feed read again."""
        for table in _TABLES:
            self._write(delete(table).where(table.c.feed == feed))

    def forget_gone_files(self, feed: str, present: Collection[str]) -> None:
        """Drop the records of a feed's files but those at these paths; looks at each only where more are known."""
        # Of a file that was read as it was written there are articles alone.
        paths = union(*(select(table.c.path).where(table.c.feed == feed) for table in _TABLES)).subquery().c.path
        (known,) = self._column(select(func.count(paths)))
        last = ""
        while known > len(present) and (
            found := self._column(select(paths).where(paths > last).order_by(paths).limit(_AT_ONCE))
        ):
            self.remember_files(feed, [FileRecord(path) for path in found if path not in present])
            last = found[-1]
