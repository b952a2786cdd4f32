"""The catalogue: every article and its passages, in one SQLite file."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.database import now
from corpus.feed_records import KnownFeed
from corpus.file_records import FileRecords
from corpus.revisions import SELECT_ARTICLES, RevisionRecords, article_of, date_of
from corpus.story_records import StoryRecords
from retrieval.dates import PartialDate
from retrieval.errors import IndexDamaged
from retrieval.index.port import GenerationInfo, PassageIds
from retrieval.passages import title_prefix
from retrieval.types import Article, Passage, Span, text_digest

__all__ = ["Arrival", "Catalogue", "KnownFeed", "Outlet", "article_digest", "input_digest"]


_IN_FILES = """
    SELECT c.article, c.feed FROM file_articles c
    CROSS JOIN articles a ON a.id = c.article CROSS JOIN revisions r ON r.id = a.revision AND r.digest = c.digest
    WHERE c.article IN"""


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


class Catalogue(FileRecords, RevisionRecords, StoryRecords):
    """Articles and their stories, what indexes hold of them, and their feeds; see :class:`corpus.database.Database`."""

    # What an index refers to must be on the disk before that index is.
    synchronous = "FULL"

    # Feeds

    def remove_feed(self, name: str) -> int:
        """Forget a feed and its articles, but for what another feed has too; returns how many those were."""
        removed = self.hand_over(name, self.absent(name, ()), {})
        self._write("DELETE FROM feeds WHERE name = ?", (name,))
        return removed

    # Articles

    def owners(self, article_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The feed that each article came from and the digest of its current revision, of those that there are."""
        rows = self._rows_in(
            "SELECT a.id, a.feed, r.digest FROM articles a JOIN revisions r ON r.id = a.revision WHERE a.id IN",
            article_ids,
        )
        return {article_id: (feed, digest) for article_id, feed, digest in rows}

    def store(self, feed: str, articles: Iterable[Article]) -> None:
        """Write new revisions of articles, in one transaction.

        The older ones are kept, and end; their passages cease to be current.
        """
        with self._transaction() as connection:
            for article in articles:
                digest = article_digest(article)
                # The same article, from another feed.
                moved = connection.execute(
                    "UPDATE articles SET feed = ? WHERE id = ?"
                    " AND (SELECT digest FROM revisions r WHERE r.id = articles.revision) = ?",
                    (feed, article.id, digest),
                )
                if moved.rowcount:
                    continue
                self._retire(connection, [article.id])
                self._end(connection, [article.id], removed=False)
                cursor = connection.execute(
                    "INSERT INTO revisions (article_id, digest, title, source, url, published, text, text_hash, seen)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        article.id,
                        digest,
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
        gone = self.absent(feed, article_ids)
        self._remove(gone)
        return len(gone)

    def absent(self, feed: str, article_ids: Iterable[str]) -> list[str]:
        """The articles of a feed that are not among these."""
        named = set(article_ids)
        return [i for (i,) in self._rows("SELECT id FROM articles WHERE feed = ?", (feed,)) if i not in named]

    def _remove(self, article_ids: Sequence[str]) -> None:
        with self._transaction() as connection:
            self._retire(connection, article_ids)
            self._end(connection, article_ids, removed=True)
            connection.executemany("DELETE FROM articles WHERE id = ?", [(i,) for i in article_ids])

    def hand_over(self, feed: str, article_ids: Iterable[str], claims: Mapping[str, str]) -> int:
        """Remove articles of a feed, but give those that another feed has too to that one; returns how many went.

        Args:
            feed: whose articles they are no more.
            article_ids: of these articles.
            claims: feeds that have just been seen to hold an article, by its id; what was fetched, and files that said
                the same when they were read last, tell of others.
        """
        going = list(article_ids)
        heirs = self._other_feeds(feed, [i for i in going if i not in claims]) | dict(claims)
        handed = [(heirs[i], i) for i in going if i in heirs]
        with self._transaction() as connection:
            connection.executemany("UPDATE articles SET feed = ? WHERE id = ?", handed)
            # Else two feeds that both have let go of an article would hand it to each other for ever.
            connection.executemany("DELETE FROM fetched WHERE feed = ? AND article = ?", [(feed, i) for i in going])
        gone = [i for i in going if i not in heirs]
        self._remove(gone)
        return len(gone)

    def _other_feeds(self, feed: str, article_ids: Sequence[str]) -> dict[str, str]:
        """Of those articles that another feed was seen to hold, that feed, the first by its name."""
        found: dict[str, str] = {}
        for query in (_IN_FILES, "SELECT article, feed FROM fetched WHERE article IN"):
            rows = sorted(self._rows_in(query, article_ids), reverse=True)
            found |= {article: other for article, other in rows if other != feed}
        return found

    def remove_older(self, feed: str, oldest: dt.date) -> int:
        """Remove the articles of a feed that were published before a day; undated ones stay. Returns how many went."""
        rows = self._rows(
            "SELECT a.id, r.published FROM articles a JOIN revisions r ON r.id = a.revision WHERE a.feed = ?", (feed,)
        )
        dates = {article_id: date_of(published) for article_id, published in rows}
        return self.keep_only(feed, [i for i, date in dates.items() if date is None or date.last >= oldest])

    def article(self, article_id: str) -> Article | None:
        """An article as it is now."""
        rows = self._rows(f"{SELECT_ARTICLES} JOIN articles a ON a.revision = r.id WHERE a.id = ?", (article_id,))
        return next((article_of(row) for row in rows), None)

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
        return [Outlet(name, count, date_of(first), date_of(last)) for name, count, first, last in rows]

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
        rows = self._rows_in(f"{SELECT_ARTICLES} WHERE r.id IN", revisions)
        return [(row[0], article_of(row)) for row in rows]

    def store_passages(self, cut: Iterable[tuple[int, Article, Sequence[Span]]], cut_for: str) -> None:
        """Replace the passages of revisions, in one transaction."""
        with self._transaction() as connection:
            for revision, article, spans in cut:
                connection.execute("UPDATE passages SET current = 0 WHERE revision = ?", (revision,))
                connection.executemany(
                    'INSERT INTO passages (revision, start, "end", digest) VALUES (?, ?, ?, ?)',
                    [(revision, s.start, s.end, input_digest(article.title, s.of(article.text))) for s in spans],
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

    def encoded_texts(self, digests: Sequence[str]) -> set[str]:
        """Those digests of what the encoder is given (see :func:`input_digest`) that a passage still has."""
        rows = self._rows_in("SELECT DISTINCT digest FROM passages WHERE digest IN", digests)
        return {digest for (digest,) in rows}

    def lacks(self, ids: PassageIds) -> int:
        """How many of these passages are not there: a lost write, or an index that belongs to another catalogue."""
        rows = self._rows("SELECT id FROM passages")
        return len(np.setdiff1d(ids, np.fromiter((i for (i,) in rows), dtype=np.int64)))

    def pass_over(self, ids: PassageIds) -> None:
        """Give none of these ids to a passage to come: an index may know them, though they are not there."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT 'passages', 0"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'passages')"
            )
            connection.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'passages'", (int(ids.max(initial=0)),)
            )

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
        return [Arrival(passage, article, source, date_of(date)) for passage, article, source, date in rows]

    # Generations

    def published(self, info: GenerationInfo, seconds: float, oldest: int | None = None) -> None:
        """Note a generation, and drop the passages that no generation holds any more.

        Args:
            info: of the generation.
            seconds: that making it took.
            oldest: number of the oldest generation that is kept; the one before, if it is not said.
        """
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO generations VALUES (?, ?, ?, ?, ?, ?)",
                (info.number, info.created, info.encoder, info.passages, info.horizon.articles, seconds),
            )
            oldest = info.number - 1 if oldest is None else oldest
            connection.execute("DELETE FROM passages WHERE retired <= ?", (oldest,))
            connection.execute("UPDATE passages SET retired = ? WHERE NOT current AND retired IS NULL", (info.number,))

    def _retire(self, connection: sqlite3.Connection, article_ids: Iterable[str]) -> None:
        connection.executemany(
            "UPDATE passages SET current = 0 WHERE revision IN (SELECT revision FROM articles WHERE id = ?)",
            [(i,) for i in article_ids],
        )

    def _end(self, connection: sqlite3.Connection, article_ids: Iterable[str], *, removed: bool) -> None:
        """Note that what these articles say now is about to be followed by something else, or by nothing."""
        connection.executemany(
            "UPDATE revisions SET ended = ?, removed = ? WHERE id IN (SELECT revision FROM articles WHERE id = ?)",
            [(now(), removed, i) for i in article_ids],
        )


def article_digest(article: Article) -> str:
    """Changes whenever anything of the article changes."""
    return text_digest(article.text, article.title, article.source, article.url, str(article.published or ""))


def input_digest(title: str, passage: str) -> str:
    """Tells apart what the encoder is given for passages; see :func:`retrieval.passages.encoder_inputs`."""
    return text_digest(title_prefix(title), passage)
