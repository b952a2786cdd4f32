"""The catalogue: every article, its passages and what was answered from them, in one SQLite file."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from corpus.errors import CatalogueError
from corpus.schema import migrate
from retrieval.dates import PartialDate
from retrieval.errors import IndexDamaged, QuotationError
from retrieval.index.port import GenerationInfo, PassageIds
from retrieval.passages import title_prefix
from retrieval.types import Article, Passage, Span, text_digest

_BUSY_SECONDS = 30.0
_VARIABLES = 500  # values in one statement; SQLite's own limit is far higher


@dataclass(frozen=True, slots=True)
class KnownFeed:
    """A feed that the data folder knows."""

    name: str
    location: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given. ``asked`` is an ISO 8601 time in UTC, ``body`` the answer as JSON."""

    id: str
    asked: str
    question: str
    abstained: bool
    body: str


class Catalogue:
    """The one place that knows SQL. Safe to use from several threads and processes.

    Args:
        file: the database; made, with its folder, when it is missing.

    Raises:
        CatalogueError: the file cannot be opened or written, is no catalogue, or is a newer version's.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._local = threading.local()
        with self._errors():
            file.parent.mkdir(parents=True, exist_ok=True)
            # SQLite waits for nobody when it changes the journal; so processes that come together go one by one.
            with FileLock(f"{file}.lock", timeout=_BUSY_SECONDS):
                self._connection().execute("PRAGMA journal_mode = WAL")
                migrate(self._connection(), str(file))

    def close(self) -> None:
        """Close this thread's connection."""
        connection: sqlite3.Connection | None = self._local.__dict__.pop("connection", None)
        if connection:
            connection.close()

    # Feeds

    def feeds(self) -> list[KnownFeed]:
        """The known feeds, oldest first."""
        return [KnownFeed(*row) for row in self._rows("SELECT name, location FROM feeds ORDER BY added, rowid")]

    def add_feed(self, feed: KnownFeed) -> None:
        """Remember a feed; one that is known stays as it is."""
        self._write("INSERT OR IGNORE INTO feeds VALUES (?, ?, ?)", (feed.name, feed.location, _now()))

    def remove_feed(self, name: str) -> int:
        """Forget a feed and its articles; returns how many those were."""
        removed = self.keep_only(name, ())
        self._write("DELETE FROM feeds WHERE name = ?", (name,))
        return removed

    # Articles

    def owner(self, article_id: str) -> tuple[str, str] | None:
        """The feed that an article came from and the digest of its current revision."""
        rows = self._rows(
            "SELECT a.feed, r.digest FROM articles a JOIN revisions r ON r.id = a.revision WHERE a.id = ?",
            (article_id,),
        )
        return next(((feed, digest) for feed, digest in rows), None)

    def store(self, feed: str, articles: Iterable[Article]) -> None:
        """Write new revisions of articles, in one transaction; passages of older ones cease to be current."""
        with self._transaction() as connection:
            for article in articles:
                self._retire(connection, [article.id])
                cursor = connection.execute(
                    "INSERT INTO revisions (article_id, digest, title, source, url, published, text, text_hash, seen)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        article.id,
                        article_digest(article),
                        article.title,
                        article.source,
                        article.url,
                        str(article.published) if article.published else None,
                        article.text,
                        article.text_hash,
                        _now(),
                    ),
                )
                connection.execute(
                    "INSERT INTO articles VALUES (?, ?, ?)"
                    " ON CONFLICT (id) DO UPDATE SET feed = excluded.feed, revision = excluded.revision",
                    (article.id, feed, cursor.lastrowid),
                )

    def keep_only(self, feed: str, article_ids: Iterable[str]) -> int:
        """Remove the articles of a feed that are not among these; returns how many went."""
        kept = set(article_ids)
        gone = [i for (i,) in self._rows("SELECT id FROM articles WHERE feed = ?", (feed,)) if i not in kept]
        with self._transaction() as connection:
            self._retire(connection, gone)
            connection.executemany("DELETE FROM articles WHERE id = ?", [(i,) for i in gone])
        return len(gone)

    def article(self, article_id: str) -> Article | None:
        """An article as it is now."""
        rows = self._rows(f"{_ARTICLES} JOIN articles a ON a.revision = r.id WHERE a.id = ?", (article_id,))
        return next((_article(row[1:]) for row in rows), None)

    def text(self, article_id: str, text_hash: str) -> str | None:
        """What an article said when its text had this hash, if that is still kept."""
        query = "SELECT text FROM revisions WHERE article_id = ? AND text_hash = ?"
        return next((text for (text,) in self._rows(query, (article_id, text_hash))), None)

    def count_articles(self, feed: str | None = None) -> int:
        """How many articles there are now, in all or from one feed."""
        ((count,),) = self._rows("SELECT COUNT(*) FROM articles WHERE feed = coalesce(?, feed)", (feed,))
        return int(count)

    # Passages

    def uncut(self, cut_for: str | None) -> list[int]:
        """Current revisions whose passages were not cut for this encoder; all of them for ``None``."""
        query = (
            "SELECT r.id FROM revisions r JOIN articles a ON a.revision = r.id WHERE r.cut_for IS NOT ? ORDER BY r.id"
        )
        return [revision for (revision,) in self._rows(query, (cut_for,))]

    def revisions(self, revisions: Sequence[int]) -> list[tuple[int, Article]]:
        """Articles as they were at these revisions.

        Raises:
            QuotationError: the text of one is no longer what was stored.
        """
        rows = self._rows_in(f"{_ARTICLES} WHERE r.id IN", revisions)
        return [(row[0], _article(row[1:])) for row in rows]

    def store_passages(self, cut: Iterable[tuple[int, Article, Sequence[Span]]], cut_for: str) -> None:
        """Replace the passages of revisions, in one transaction."""
        with self._transaction() as connection:
            for revision, article, spans in cut:
                connection.execute("UPDATE passages SET current = 0 WHERE revision = ?", (revision,))
                connection.executemany(
                    'INSERT INTO passages (revision, start, "end", digest) VALUES (?, ?, ?, ?)',
                    [(revision, s.start, s.end, _input_digest(article, s)) for s in spans],
                )
                connection.execute("UPDATE revisions SET cut_for = ? WHERE id = ?", (cut_for, revision))

    def current_passages(self) -> PassageIds:
        """Ids of the passages that an index of now must hold, ascending, int64 ``(n,)``."""
        rows = self._rows("SELECT id FROM passages WHERE current ORDER BY id")
        return np.fromiter((i for (i,) in rows), dtype=np.int64)

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """Passages by id, in this order.

        Raises:
            IndexDamaged: one is not in the catalogue, so the index belongs to another one.
        """
        rows = self._rows_in(
            'SELECT p.id, p.start, p."end", p.revision FROM passages p WHERE p.id IN', [int(i) for i in ids]
        )
        articles = dict(self.revisions(sorted({revision for *_, revision in rows})))
        found = {i: Passage(i, articles[revision], start, end) for i, start, end, revision in rows}
        missing = [i for i in ids if int(i) not in found]
        if missing:
            raise IndexDamaged(
                f"passage {missing[0]} of the index is not in the catalogue {self._file}: "
                "run `backchannel index --rebuild`"
            )
        return [found[int(i)] for i in ids]

    def twins(self, ids: Sequence[int]) -> dict[int, list[int]]:
        """For each passage the others, current or not, that are encoded from the same text."""
        rows = self._rows_in(
            "SELECT p.id, o.id FROM passages p JOIN passages o ON o.digest = p.digest AND o.id != p.id WHERE p.id IN",
            [int(i) for i in ids],
        )
        found: dict[int, list[int]] = {}
        for passage, other in rows:
            found.setdefault(passage, []).append(other)
        return found

    # Generations

    def published(self, info: GenerationInfo, seconds: float) -> None:
        """Note a generation, and drop what neither it nor the one before it holds."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO generations VALUES (?, ?, ?, ?, ?, ?)",
                (info.number, info.created, info.encoder, info.passages, info.horizon.articles, seconds),
            )
            connection.execute("DELETE FROM passages WHERE retired < ?", (info.number,))
            connection.execute("UPDATE passages SET retired = ? WHERE NOT current AND retired IS NULL", (info.number,))
            connection.execute(
                "DELETE FROM revisions WHERE id NOT IN (SELECT revision FROM passages)"
                " AND id NOT IN (SELECT revision FROM articles)"
            )

    # Answers

    def add_answer(self, answer: StoredAnswer) -> bool:
        """Keep an answer; ``False``, and nothing written, where the id is taken."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)",
                (answer.id, answer.asked, answer.question, answer.abstained, answer.body),
            )
            return cursor.rowcount == 1

    def answer(self, answer_id: str) -> StoredAnswer | None:
        """An answer by its id."""
        rows = self._rows("SELECT id, asked, question, abstained, body FROM answers WHERE id = ?", (answer_id,))
        return next((StoredAnswer(i, asked, q, bool(no), body) for i, asked, q, no, body in rows), None)

    # Plumbing

    def _retire(self, connection: sqlite3.Connection, article_ids: Iterable[str]) -> None:
        connection.executemany(
            "UPDATE passages SET current = 0 WHERE revision IN (SELECT revision FROM articles WHERE id = ?)",
            [(i,) for i in article_ids],
        )

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._local.connection = connection
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _write(self, statement: str, values: Sequence[object]) -> None:
        with self._transaction() as connection:
            connection.execute(statement, values)

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._errors():
            return self._connection().execute(statement, values).fetchall()

    def _rows_in(self, statement: str, values: Sequence[int]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for at in range(0, len(values), _VARIABLES):
            batch = values[at : at + _VARIABLES]
            rows += self._rows(f"{statement} ({', '.join('?' * len(batch))})", batch)
        return rows

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise CatalogueError(
                f"the catalogue {self._file} cannot be used ({error}): check that its folder can be written "
                "and has space, or name another by --data-dir"
            ) from error


_ARTICLES = "SELECT r.id, r.text_hash, r.article_id, r.text, r.title, r.source, r.url, r.published FROM revisions r"


def _article(row: Sequence[Any]) -> Article:
    text_hash, article_id, text, title, source, url, published = row
    date = PartialDate.parse(published) if published else None
    article = Article(article_id, text, title, source, url, date)
    if article.text_hash != text_hash:
        raise QuotationError(
            f"the text of article {article_id!r} in the catalogue is not what was stored there: "
            "delete the catalogue and index the feeds again"
        )
    return article


def article_digest(article: Article) -> str:
    """Changes whenever anything of the article changes."""
    return text_digest(article.text, article.title, article.source, article.url, str(article.published or ""))


def _input_digest(article: Article, span: Span) -> str:
    return text_digest(title_prefix(article.title), span.of(article.text))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
