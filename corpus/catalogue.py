"""The catalogue: every article and its passages, in one SQLite file."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from corpus.database import now
from corpus.feed_records import FeedRecords, KnownFeed
from retrieval.dates import PartialDate
from retrieval.errors import IndexDamaged, QuotationError
from retrieval.index.port import GenerationInfo, PassageIds
from retrieval.passages import title_prefix
from retrieval.types import Article, Passage, Span, text_digest

__all__ = ["Arrival", "Catalogue", "KnownFeed", "Outlet", "article_digest"]


@dataclass(frozen=True, slots=True)
class Outlet:
    """What the corpus holds of one source; an empty name stands for articles without one."""

    name: str
    articles: int
    first: PartialDate | None
    last: PartialDate | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article that is new or has changed, by one of its passages."""

    passage: int
    article_id: str
    source: str
    published: PartialDate | None


class Catalogue(FeedRecords):
    """Articles, what indexes hold of them, and the feeds they come from; see :class:`corpus.database.Database`."""

    # Feeds

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
                        now(),
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

    def remove_older(self, feed: str, oldest: dt.date) -> int:
        """Remove the articles of a feed that were published before a day; undated ones stay. Returns how many went."""
        rows = self._rows(
            "SELECT a.id, r.published FROM articles a JOIN revisions r ON r.id = a.revision WHERE a.feed = ?", (feed,)
        )
        dates = {article_id: _date(published) for article_id, published in rows}
        return self.keep_only(feed, [i for i, date in dates.items() if date is None or date.last >= oldest])

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

    def outlets(self) -> list[Outlet]:
        """Who published the articles there are now, most articles first."""
        rows = self._rows(
            "SELECT r.source, count(*), min(r.published), max(r.published)"
            " FROM revisions r JOIN articles a ON a.revision = r.id GROUP BY r.source ORDER BY count(*) DESC, r.source"
        )
        return [Outlet(name, count, _date(first), _date(last)) for name, count, first, last in rows]

    def titles(self, part: str, most: int) -> list[tuple[str, str]]:
        """Ids and titles of articles whose title holds ``part``, letter case aside; those that begin with it first."""
        like = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return self._rows(
            "SELECT a.id, r.title FROM revisions r JOIN articles a ON a.revision = r.id"
            " WHERE r.title != '' AND r.title LIKE ? ESCAPE '\\'"
            " ORDER BY r.title NOT LIKE ? ESCAPE '\\', r.published DESC, r.title LIMIT ?",
            (f"%{like}%", f"{like}%", most),
        )

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

    # What is new

    def last_revision(self, passage: int) -> int:
        """The last revision among those of the passages up to one; 0 where there are none."""
        rows = self._rows("SELECT revision FROM passages WHERE id <= ? ORDER BY revision DESC LIMIT 1", (passage,))
        return next((revision for (revision,) in rows), 0)

    def arrivals(self, revision: int) -> list[Arrival]:
        """The passages of all later revisions, whether an index holds them or not."""
        rows = self._rows(
            "SELECT p.id, r.article_id, r.source, r.published FROM passages p JOIN revisions r ON r.id = p.revision"
            " WHERE p.revision > ? ORDER BY p.id",
            (revision,),
        )
        return [Arrival(passage, article, source, _date(date)) for passage, article, source, date in rows]

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

    def _retire(self, connection: sqlite3.Connection, article_ids: Iterable[str]) -> None:
        connection.executemany(
            "UPDATE passages SET current = 0 WHERE revision IN (SELECT revision FROM articles WHERE id = ?)",
            [(i,) for i in article_ids],
        )


_ARTICLES = "SELECT r.id, r.text_hash, r.article_id, r.text, r.title, r.source, r.url, r.published FROM revisions r"


def _article(row: Sequence[Any]) -> Article:
    text_hash, article_id, text, title, source, url, published = row
    article = Article(article_id, text, title, source, url, _date(published))
    if article.text_hash != text_hash:
        raise QuotationError(
            f"the text of article {article_id!r} in the catalogue is not what was stored there: "
            "delete the catalogue and index the feeds again"
        )
    return article


def _date(text: str | None) -> PartialDate | None:
    return PartialDate.parse(text) if text else None


def article_digest(article: Article) -> str:
    """Changes whenever anything of the article changes."""
    return text_digest(article.text, article.title, article.source, article.url, str(article.published or ""))


def _input_digest(article: Article, span: Span) -> str:
    return text_digest(title_prefix(article.title), span.of(article.text))
