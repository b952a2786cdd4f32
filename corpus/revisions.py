"""What articles said before: their revisions, in the catalogue's file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any

from sqlalchemy import and_, delete, func, select

from corpus import tables as t
from corpus.database import Database
from retrieval.dates import PartialDate
from retrieval.errors import QuotationError
from retrieval.types import Article, Citation

_r = t.revisions.c
SELECT_ARTICLES = select(
    _r.id,
    _r.text_hash,
    _r.article_id,
    _r.text,
    _r.title,
    _r.source,
    _r.url,
    _r.published,
    _r.seen,
    _r.ended,
    _r.removed,
)
CURRENT = t.revisions.join(t.articles, t.articles.c.revision == _r.id)
"""Revisions that are what their articles say now."""
_EVER = select(_r.article_id).distinct()
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Revision:
    """An article as it was from one time to another.

    Times are ISO 8601, in UTC. ``ended`` is when another revision took its place or, if ``removed``, when the
    article was found to be gone from its feed; ``None`` for what the article says now.
    """

    article: Article
    seen: str
    ended: str | None
    removed: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """That an article no longer is as it was quoted: when that was seen, and whether it was removed altogether."""

    when: str
    removed: bool


class RevisionRecords(Database):
    """Revisions; see :class:`corpus.database.Database`."""

    def history(self, article_id: str) -> list[Revision]:
        """All that is kept of what an article has said, oldest first; empty where nothing is.

        Raises:
            QuotationError: the text of one is no longer what was stored.
        """
        rows = self._rows(SELECT_ARTICLES.where(_r.article_id == article_id).order_by(_r.id))
        return [Revision(article_of(row), seen=row[-3], ended=row[-2], removed=bool(row[-1])) for row in rows]

    def ended(self, quoted: Citation) -> Ended | None:
        """When an article ceased to be as it was quoted; ``None`` where it is like that now, or never was."""
        alike = and_(
            _r.title == quoted.title,
            _r.source == quoted.source,
            _r.url == quoted.url,
            _r.published.is_not_distinct_from(str(quoted.published) if quoted.published else None),
        )
        last = self._column(
            select(_r.ended)
            .where(_r.article_id == quoted.article_id, _r.text_hash == quoted.text_hash)
            .order_by(alike.desc(), _r.ended.is_not(None), _r.id.desc())
            .limit(1)
        )
        when = next(iter(last), None)
        if when is None:
            return None
        gone = self._column(
            select(_r.ended)
            .where(_r.article_id == quoted.article_id, _r.removed == 1, _r.article_id.not_in(select(t.articles.c.id)))
            .order_by(_r.id.desc())
            .limit(1)
        )
        return next((Ended(removed, removed=True) for removed in gone), Ended(when, removed=False))

    def articles_named(self, name: str) -> list[str]:
        """Ids of the articles, removed ones too, that somebody may mean by a name, at most 6.

        They are the one of that id, else those at that address, else those of that title, letter case aside;
        each time those that are there now, else those that were.
        """
        titled = func.lower(_r.title) == func.lower(name)
        for matches in (_r.article_id == name, _r.url == name, titled) if name else ():
            for articles in (_EVER.select_from(CURRENT), _EVER):
                found = self._column(articles.where(matches).limit(_MOST_NAMED))
                if found:
                    return found
        return []

    def expire_removed(self, oldest: dt.datetime) -> int:
        """Delete what is kept of articles that were removed before ``oldest``; returns how many revisions went.

        What a generation of the index may still quote stays.
        """
        limit = oldest.astimezone(dt.UTC).isoformat(timespec="seconds")
        later = t.revisions.alias()
        return self._write(
            delete(t.revisions).where(
                _r.ended < limit,
                _r.article_id.not_in(select(t.articles.c.id)),
                _r.article_id.not_in(select(later.c.article_id).where(later.c.ended >= limit)),
                ~select(t.passages.c.id).where(t.passages.c.revision == _r.id).exists(),
            )
        )


def article_of(row: Sequence[Any]) -> Article:
    """An article from a row of :data:`SELECT_ARTICLES`.

    Raises:
        QuotationError: the text is no longer what was stored.
    """
    _, text_hash, article_id, text, title, source, url, published, *_ = row
    # An index under construction keeps source and date of every article: those that are alike are one object.
    article = Article(article_id, text, title, intern(source), url, date_of(published))
    if article.text_hash != text_hash:
        raise QuotationError(
            f"the text of article {article_id!r} in the catalogue is not what was stored there: "
            "delete the catalogue and index the feeds again"
        )
    return article


@lru_cache(maxsize=4096)
def date_of(text: str | None) -> PartialDate | None:
    """A date as it is stored."""
    return PartialDate.parse(text) if text else None
