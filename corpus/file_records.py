"""What files said when they were read, so that only those that changed are read again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from corpus.feed_records import FeedRecords

_AT_ONCE = 1000
_TABLES = ("files", "file_articles")


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
        rows = self._rows(
            "SELECT problems FROM files f WHERE feed = ? AND path = ? AND stamp = ? AND NOT EXISTS ("
            " SELECT 1 FROM file_articles c LEFT JOIN articles a ON a.id = c.article AND a.feed = c.feed"
            " LEFT JOIN revisions r ON r.id = a.revision"
            " WHERE c.feed = f.feed AND c.path = f.path AND r.digest IS NOT c.digest)",
            (feed, path, stamp),
        )
        return next(([(where, reason) for where, reason in json.loads(problems)] for (problems,) in rows), None)

    def file_articles(self, feed: str, path: str) -> Iterator[str]:
        """The ids of the articles of a file."""
        query = "SELECT article FROM file_articles WHERE feed = ? AND path = ? AND article > ? ORDER BY article LIMIT ?"
        rows: list[tuple[str]] = [("",)]
        while rows:
            found = self._rows(query, (feed, path, rows[-1][0], _AT_ONCE))
            yield from (article for (article,) in found)
            rows = found if len(found) == _AT_ONCE else []

    def remember_files(self, feed: str, records: Iterable[FileRecord]) -> None:
        """Keep what files said; it does no harm if their articles are not stored after all."""
        with self._transaction() as connection:
            for record in records:
                if record.first:
                    for table in _TABLES:
                        statement = f"DELETE FROM {table} WHERE feed = ? AND path = ?"  # noqa: S608 (a name of ours)
                        connection.execute(statement, (feed, record.path))
                connection.executemany(
                    "INSERT OR REPLACE INTO file_articles VALUES (?, ?, ?, ?)",
                    [(feed, record.path, article, digest) for article, digest in record.articles],
                )
                if record.stamp:
                    problems = json.dumps(record.problems)
                    connection.execute(
                        "INSERT INTO files VALUES (?, ?, ?, ?)", (feed, record.path, record.stamp, problems)
                    )

    def forget_files(self, feed: str) -> None:
        """Have all files of a feed read again."""
        for table in _TABLES:
            self._write(f"DELETE FROM {table} WHERE feed = ?", (feed,))  # noqa: S608 (a name of ours)

    def forget_gone_files(self, feed: str, present: Collection[str]) -> None:
        """Drop the records of a feed's files but those at these paths; looks at each only where more are known."""
        # Of a file that was read as it was written there are articles alone.
        after = " UNION ".join(f"SELECT path FROM {table} WHERE feed = ? AND path > ?" for table in _TABLES)  # noqa: S608
        ((known,),) = self._rows(f"SELECT count(*) FROM ({after})", (feed, "", feed, ""))  # noqa: S608 (names of ours)
        last = ""
        while known > len(present) and (
            rows := self._rows(f"{after} ORDER BY path LIMIT ?", (feed, last, feed, last, _AT_ONCE))
        ):
            self.remember_files(feed, [FileRecord(path) for (path,) in rows if path not in present])
            last = rows[-1][0]
