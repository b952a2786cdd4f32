"""What articles said before: their revisions, in the catalogue's file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any

from corpus.database import Database
from retrieval.dates import PartialDate
from retrieval.errors import QuotationError
from retrieval.types import Article, Citation

SELECT_ARTICLES = (
    "SELECT r.id, r.text_hash, r.article_id, r.text, r.title, r.source, r.url, r.published, r.seen, r.ended, r.removed"
    " FROM revisions r"
)
_EVER = "SELECT DISTINCT r.article_id FROM revisions r"
_NOW = f"{_EVER} JOIN articles a ON a.revision = r.id"
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
        rows = self._rows(f"{SELECT_ARTICLES} WHERE r.article_id = ? ORDER BY r.id", (article_id,))
        return [Revision(article_of(row), seen=row[-3], ended=row[-2], removed=bool(row[-1])) for row in rows]

    def ended(self, quoted: Citation) -> Ended | None:
        """When an article ceased to be as it was quoted; ``None`` where it is like that now, or never was."""
        last = self._rows(
            "SELECT r.ended FROM revisions r WHERE r.article_id = ? AND r.text_hash = ?"
            " ORDER BY (r.title = ? AND r.source = ? AND r.url = ? AND r.published IS ?) DESC,"
            " r.ended IS NOT NULL, r.id DESC LIMIT 1",
            (
                quoted.article_id,
                quoted.text_hash,
                quoted.title,
                quoted.source,
                quoted.url,
                str(quoted.published) if quoted.published else None,
            ),
        )
        when = next((ended for (ended,) in last), None)
        if when is None:
            return None
        gone = self._rows(
            "SELECT ended FROM revisions WHERE article_id = ? AND removed"
            " AND article_id NOT IN (SELECT id FROM articles) ORDER BY id DESC LIMIT 1",
            (quoted.article_id,),
        )
        return next((Ended(removed, removed=True) for (removed,) in gone), Ended(when, removed=False))

    def articles_named(self, name: str) -> list[str]:
        """Ids of the articles, removed ones too, that somebody may mean by a name, at most 6.

        They are the one of that id, else those at that address, else those of that title, letter case aside;
        each time those that are there now, else those that were.
        """
        for matches in ("r.article_id = ?", "r.url = ?", "r.title = ? COLLATE NOCASE") if name else ():
            for articles in (_NOW, _EVER):
                rows = self._rows(f"{articles} WHERE {matches} LIMIT ?", (name, _MOST_NAMED))
                if rows:
                    return [article_id for (article_id,) in rows]
        return []

    def expire_removed(self, oldest: dt.datetime) -> int:
        """Delete what is kept of articles that were removed before ``oldest``; returns how many revisions went.

        What a generation of the index may still quote stays.
        """
        limit = oldest.astimezone(dt.UTC).isoformat(timespec="seconds")
        return self._write(
            "DELETE FROM revisions WHERE ended < ? AND article_id NOT IN (SELECT id FROM articles)"
            " AND article_id NOT IN (SELECT article_id FROM revisions WHERE ended >= ?)"
            " AND NOT EXISTS (SELECT 1 FROM passages p WHERE p.revision = revisions.id)",
            (limit, limit),
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
