"""The catalogue: every article and its passages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import bindparam, delete, func, insert, select, update

from corpus import tables as t
from corpus.clauses import VALUES, among, replacing
from corpus.database import Connection, Place, many, new_id, now
from corpus.feed_records import KnownFeed
from corpus.file_records import FileRecords
from corpus.indexing import IndexingRecords
from corpus.revisions import CURRENT, SELECT_ARTICLES, RevisionRecords, article_of, date_of
from corpus.states import StateRecords
from corpus.story_records import StoryRecords
from retrieval.dates import PartialDate
from retrieval.errors import IndexDamaged
from retrieval.index.port import PassageIds
from retrieval.passages import title_prefix
from retrieval.recent import Recent
from retrieval.types import Article, Passage, Span, text_digest

__all__ = ["Arrival", "Catalogue", "KnownFeed", "Outlet", "article_digest", "input_digest"]

_a, _r, _p = t.articles.c, t.revisions.c, t.passages.c
# Files that say of an article what it says now.
_IN_FILES = (
    select(t.file_articles.c.article, t.file_articles.c.feed)
    .join(t.articles, _a.id == t.file_articles.c.article)
    .join(t.revisions, (_r.id == _a.revision) & (_r.digest == t.file_articles.c.digest))
    .where(among(t.file_articles.c.article))
)
_IN_FETCHED = select(t.fetched.c.article, t.fetched.c.feed).where(among(t.fetched.c.article))
_OWNERS = select(_a.id, _a.feed, _r.digest).select_from(CURRENT).where(among(_a.id))
_ARTICLES = SELECT_ARTICLES.select_from(CURRENT).where(among(_a.id))
_TEXTS = select(_r.article_id, _r.text_hash, _r.text).where(among(_r.article_id), among(_r.text_hash, "hashes"))
_REVISIONS = SELECT_ARTICLES.where(among(_r.id))
_PASSAGES = select(_p.id, _p.start, _p.end, _p.revision).where(among(_p.id))
_DIGESTS = select(_p.digest).distinct().where(among(_p.digest))
_OF_ARTICLE = select(_a.revision).where(_a.id == bindparam("article")).scalar_subquery()
_RETIRE = update(t.passages).where(_p.revision == _OF_ARTICLE).values(current=0)
_END = update(t.revisions).where(_r.id == _OF_ARTICLE).values(ended=bindparam("at"), removed=bindparam("gone"))
_DELETE = delete(t.articles).where(_a.id == bindparam("article"))
_UNFETCH = delete(t.fetched).where(t.fetched.c.feed == bindparam("of"), t.fetched.c.article == bindparam("of_article"))
_UNCURRENT = update(t.passages).where(_p.revision == bindparam("of")).values(current=0)
_CUT = update(t.revisions).where(_r.id == bindparam("of")).values(cut_for=bindparam("by"))
_INSERT_REVISION = insert(t.revisions)
_INSERT_PASSAGE = insert(t.passages)
_MOVE = update(t.articles).where(_a.id == bindparam("article")).values(feed=bindparam("to"))
_KEPT = 8_000_000
"""Characters of the articles that were quoted last, kept in memory."""


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


class Catalogue(FileRecords, RevisionRecords, StoryRecords, StateRecords, IndexingRecords):
    """Articles and their stories, what indexes hold of them, and their feeds; see :class:`corpus.database.Database`."""

    # What an index refers to must be on the disk before that index is.
    synchronous = "FULL"

    def __init__(self, place: Place, replica: str = "", index: str = "") -> None:
        super().__init__(place, replica, index)
        # What a revision's number stands for is never changed.
        self._quoted = Recent(self._at_revisions, int, _KEPT, lambda article: len(article.text))

    # Feeds

    def remove_feed(self, name: str) -> int:
        """Forget a feed and its articles, but for what another feed has too; returns how many those were."""
        removed = self.hand_over(name, self.absent(name, ()), {})
        self._write(delete(t.feeds).where(t.feeds.c.name == name))
        return removed

    # Articles

    def owners(self, article_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The feed that each article came from and the digest of its current revision, of those that there are."""
        rows = self._rows_among(_OWNERS, article_ids)
        return {article_id: (feed, digest) for article_id, feed, digest in rows}

    def store(self, feed: str, articles: Iterable[Article]) -> None:
        """Write new revisions of articles, of each id the last, in one transaction.

        The older ones are kept, and end; their passages cease to be current.
        """
        said = {article.id: (article, article_digest(article)) for article in articles}
        before = {article_id: digest for article_id, (_, digest) in self.owners(list(said)).items()}
        new = {i: article for i, (article, digest) in said.items() if before.get(i) != digest}
        with self._transaction() as connection:
            # The same article, from another feed.
            many(connection, _MOVE, [{"article": i, "to": feed} for i in said if i not in new])
            self._retire(connection, new)
            self._end(connection, new, removed=False)
            rows = []
            for article in new.values():
                inserted = connection.execute(_INSERT_REVISION, _revision(article, said[article.id][1]))
                rows.append({"id": article.id, "feed": feed, "revision": new_id(inserted)})
            many(connection, replacing(t.articles), rows)

    def keep_only(self, feed: str, article_ids: Iterable[str]) -> int:
        """Remove the articles of a feed that are not among these; returns how many went."""
        gone = self.absent(feed, article_ids)
        self._remove(gone)
        return len(gone)

    def absent(self, feed: str, article_ids: Iterable[str]) -> list[str]:
        """The articles of a feed that are not among these."""
        named = set(article_ids)
        return [i for i in self._column(select(_a.id).where(_a.feed == feed)) if i not in named]

    def _remove(self, article_ids: Sequence[str]) -> None:
        with self._transaction() as connection:
            self._retire(connection, article_ids)
            self._end(connection, article_ids, removed=True)
            many(connection, _DELETE, [{"article": i} for i in article_ids])

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
        handed = [{"article": i, "to": heirs[i]} for i in going if i in heirs]
        with self._transaction() as connection:
            many(connection, _MOVE, handed)
            # Else two feeds that both have let go of an article would hand it to each other for ever.
            many(connection, _UNFETCH, [{"of": feed, "of_article": i} for i in going])
        gone = [i for i in going if i not in heirs]
        self._remove(gone)
        return len(gone)

    def _other_feeds(self, feed: str, article_ids: Sequence[str]) -> dict[str, str]:
        """Of those articles that another feed was seen to hold, that feed, the first by its name."""
        found: dict[str, str] = {}
        for query in (_IN_FILES, _IN_FETCHED):
            rows = sorted(self._rows_among(query, article_ids), reverse=True)
            found |= {article: other for article, other in rows if other != feed}
        return found

    def remove_older(self, feed: str, oldest: dt.date) -> int:
        """Remove the articles of a feed that were published before a day; undated ones stay. Returns how many went."""
        rows = self._rows(select(_a.id, _r.published).select_from(CURRENT).where(_a.feed == feed))
        dates = {article_id: date_of(published) for article_id, published in rows}
        return self.keep_only(feed, [i for i, date in dates.items() if date is None or date.last >= oldest])

    def article(self, article_id: str) -> Article | None:
        """An article as it is now."""
        return next(iter(self.articles([article_id])), None)

    def articles(self, article_ids: Sequence[str]) -> list[Article]:
        """Those of some articles that are there, as they are now."""
        return [article_of(row) for row in self._rows_among(_ARTICLES, article_ids)]

    def text(self, article_id: str, text_hash: str) -> str | None:
        """What an article said when its text had this hash, if that is still kept."""
        return self.texts([(article_id, text_hash)]).get((article_id, text_hash))

    def texts(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """What articles said when their texts had these hashes, by id and hash, of what is still kept."""
        named = set(wanted)
        asked = {VALUES: [article_id for article_id, _ in named], "hashes": [text_hash for _, text_hash in named]}
        rows = self._rows(_TEXTS, asked) if named else []
        # Two articles may have had one text, of which only one was asked for it.
        return {
            (article_id, text_hash): text for article_id, text_hash, text in rows if (article_id, text_hash) in named
        }

    def count_articles(self, feed: str | None = None) -> int:
        """How many articles there are now, in all or from one feed."""
        query = select(func.count()).select_from(t.articles)
        (count,) = self._column(query if feed is None else query.where(_a.feed == feed))
        return int(count)

    def outlets(self) -> list[Outlet]:
        """Who published the articles there are now, most articles first."""
        rows = self._rows(
            select(_r.source, func.count(), func.min(_r.published), func.max(_r.published))
            .select_from(CURRENT)
            .group_by(_r.source)
            .order_by(func.count().desc(), _r.source)
        )
        return [Outlet(name, count, date_of(first), date_of(last)) for name, count, first, last in rows]

    def titles(self, part: str, most: int) -> list[tuple[str, str]]:
        """Ids and titles of articles whose title holds ``part``, letter case aside; those that begin with it first."""
        rows = self._rows(
            select(_a.id, _r.title)
            .select_from(CURRENT)
            .where(_r.title != "", _r.title.icontains(part, autoescape=True))
            .order_by(~_r.title.istartswith(part, autoescape=True), _r.published.desc().nulls_last(), _r.title)
            .limit(most)
        )
        return [(article_id, title) for article_id, title in rows]

    # Passages

    def uncut(self, cut_for: str | None) -> list[int]:
        """Current revisions whose passages were not cut for this encoder; all of them for ``None``."""
        query = select(_r.id).select_from(CURRENT).order_by(_r.id)
        return self._column(query if cut_for is None else query.where(_r.cut_for != cut_for))

    def revisions(self, revisions: Sequence[int]) -> list[tuple[int, Article]]:
        """Articles as they were at these revisions.

        Raises:
            QuotationError: the text of one is no longer what was stored.
        """
        rows = self._rows_among(_REVISIONS, revisions)
        return [(row[0], article_of(row)) for row in rows]

    def _at_revisions(self, revisions: Sequence[int]) -> list[Article]:
        articles = dict(self.revisions(revisions))
        return [articles[revision] for revision in revisions]

    def store_passages(self, cut: Iterable[tuple[int, Article, Sequence[Span]]], cut_for: str) -> None:
        """Replace the passages of revisions, in one transaction."""
        revisions: list[dict[str, object]] = []
        passages: list[dict[str, object]] = []
        for revision, article, spans in cut:
            revisions.append({"of": revision})
            for span in spans:
                digest = input_digest(article.title, span.of(article.text))
                passages.append({"revision": revision, "start": span.start, "end": span.end, "digest": digest})
        with self._transaction() as connection:
            many(connection, _UNCURRENT, revisions)
            many(connection, _INSERT_PASSAGE, passages)
            many(connection, _CUT, [revision | {"by": cut_for} for revision in revisions])

    def current_passages(self) -> PassageIds:
        """Ids of the passages that an index of now must hold, ascending, int64 ``(n,)``."""
        return np.array(self._column(select(_p.id).where(_p.current == 1).order_by(_p.id)), dtype=np.int64)

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """Passages by id, in this order.

        Raises:
            IndexDamaged: one is not in the catalogue, so the index belongs to another one.
        """
        rows = self._rows_among(_PASSAGES, [int(i) for i in ids])
        revisions = sorted({revision for *_, revision in rows})
        articles = dict(zip(revisions, self._quoted.of(revisions), strict=True))
        found = {i: Passage(i, articles[revision], start, end) for i, start, end, revision in rows}
        missing = [i for i in ids if int(i) not in found]
        if missing:
            raise IndexDamaged(
                f"passage {missing[0]} of the index is not in the catalogue {self._backend}: "
                "run `backchannel index --rebuild`"
            )
        return [found[int(i)] for i in ids]

    def encoded_texts(self, digests: Sequence[str]) -> set[str]:
        """Those digests of what the encoder is given (see :func:`input_digest`) that a passage still has."""
        rows = self._rows_among(_DIGESTS, digests)
        return {digest for (digest,) in rows}

    def lacks(self, ids: PassageIds) -> int:
        """How many of these passages are not there: a lost write, or an index that belongs to another catalogue."""
        return len(np.setdiff1d(ids, np.array(self._column(select(_p.id)), dtype=np.int64)))

    def pass_over(self, ids: PassageIds) -> None:
        """Give none of these ids to a passage to come: an index may know them, though they are not there."""
        with self._transaction() as connection:
            self._backend.pass_over(connection, t.passages, int(ids.max(initial=0)))

    # What is new

    def last_revision(self, passage: int) -> int:
        """The last revision among those of the passages up to one; 0 where there are none."""
        query = select(_p.revision).where(_p.id <= passage).order_by(_p.revision.desc()).limit(1)
        return next(iter(self._column(query)), 0)

    def arrivals(self, revision: int) -> list[Arrival]:
        """The passages of all later revisions, whether an index holds them or not."""
        rows = self._rows(
            select(_p.id, _r.article_id, _r.source, _r.published)
            .join(t.revisions, _r.id == _p.revision)
            .where(_p.revision > revision)
            .order_by(_p.id)
        )
        return [Arrival(passage, article, source, date_of(date)) for passage, article, source, date in rows]

    def _retire(self, connection: Connection, article_ids: Iterable[str]) -> None:
        many(connection, _RETIRE, [{"article": i} for i in article_ids])

    def _end(self, connection: Connection, article_ids: Iterable[str], *, removed: bool) -> None:
        """Note that what these articles say now is about to be followed by something else, or by nothing."""
        many(connection, _END, [{"article": i, "at": now(), "gone": int(removed)} for i in article_ids])


def _revision(article: Article, digest: str) -> dict[str, object]:
    return {
        "article_id": article.id,
        "digest": digest,
        "title": article.title,
        "source": article.source,
        "url": article.url,
        "published": str(article.published) if article.published else None,
        "text": article.text,
        "text_hash": article.text_hash,
        "seen": now(),
    }


def article_digest(article: Article) -> str:
    """Changes whenever anything of the article changes."""
    return text_digest(article.text, article.title, article.source, article.url, str(article.published or ""))


def input_digest(title: str, passage: str) -> str:
    """Tells apart what the encoder is given for passages; see :func:`retrieval.passages.encoder_inputs`."""
    return text_digest(title_prefix(title), passage)
