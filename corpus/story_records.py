"""Stories as the catalogue keeps them: which articles are copies of one text, and where each story began.

Two articles are of one story when a chain of copies leads from one to the other. Every pair of copies is kept, so an
article that goes, or changes, takes its own pairs with it and leaves the others; in which order articles came makes no
difference (but see :data:`MOST_COMPARED`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from corpus.database import Database, now
from retrieval.dates import PartialDate

MOST_COMPARED = 100
"""Articles that a new one is compared with, those that share most bands first. In a story of more copies than that,
some pairs are not kept, and an article may hang on the others by some of its pairs alone."""


@dataclass(frozen=True, slots=True)
class StoryArticle:
    """An article of a story. ``first_seen`` is ISO 8601 in UTC."""

    article_id: str
    source: str
    published: PartialDate | None
    first_seen: str


class StoryRecords(Database):
    """What is kept of stories; see :class:`corpus.database.Database`."""

    def story_of(self, article_ids: Iterable[str]) -> dict[str, str]:
        """The story of each article: the id of its earliest one. An article alone, or not known, is its own."""
        asked = list(article_ids)
        return {i: i for i in asked} | dict(self._rows_in("SELECT article, story FROM stories WHERE article IN", asked))

    def story_articles(self, story: str) -> list[StoryArticle]:
        """The articles of a story, earliest first: as published (undated ones last), then as first seen.

        None for an article that no index run has seen yet.
        """
        rows = self._rows(_OF_STORY, (story,))
        return [
            StoryArticle(article, source, PartialDate.parse(published) if published else None, seen)
            for article, source, published, seen in rows
        ]

    def sources_of(self, article_ids: Iterable[str]) -> dict[str, str]:
        """Who published these articles, by their own word; empty where they do not say, without those not known."""
        query = "SELECT a.id, r.source FROM articles a JOIN revisions r ON r.id = a.revision WHERE a.id IN"
        return dict(self._rows_in(query, list(article_ids)))

    # Folding; see :mod:`corpus.stories.folding`

    def folded_and_gone(self) -> list[int]:
        """Revisions that are kept as parts of stories, and are current no more."""
        rows = self._rows("SELECT revision FROM stories WHERE revision NOT IN (SELECT revision FROM articles)")
        return [revision for (revision,) in rows]

    def unfolded(self, sketch: int) -> list[int]:
        """Current revisions that were not compared with the others, or by another version of the sketch.

        What another version sketched is forgotten.
        """
        if self._rows("SELECT 1 FROM stories WHERE sketch != ? LIMIT 1", (sketch,)):
            with self._transaction() as connection:
                for statement in ("DELETE FROM stories", "DELETE FROM story_bands", "DELETE FROM story_copies"):
                    connection.execute(statement)
        rows = self._rows(
            "SELECT revision FROM articles WHERE revision NOT IN (SELECT revision FROM stories) ORDER BY revision"
        )
        return [revision for (revision,) in rows]

    def unfold(self, bands: Mapping[int, Sequence[int]]) -> None:
        """Take revisions, given with their bands, out of their stories, in one transaction."""
        with self._transaction() as connection:
            pairs: list[tuple[int, int]] = []
            for revision in bands:
                pairs += connection.execute("SELECT other, one FROM story_copies WHERE one = ?", (revision,))
            connection.executemany("DELETE FROM story_copies WHERE one = ?", [(i,) for i in bands])
            connection.executemany("DELETE FROM story_copies WHERE one = ? AND other = ?", pairs)
            connection.executemany(
                "DELETE FROM story_bands WHERE band = ? AND revision = ?",
                [(band, revision) for revision, keys in bands.items() for band in keys],
            )
            connection.executemany(
                "DELETE FROM stories WHERE revision = ? AND article NOT IN (SELECT id FROM articles)",
                [(i,) for i in bands],
            )
            # A corrected article keeps when it was first seen, and stands alone until it is compared again.
            connection.executemany("UPDATE stories SET story = article WHERE revision = ?", [(i,) for i in bands])
            _relabel(connection, [near for near, _ in pairs if near not in bands])

    def add_bands(self, bands: Mapping[int, Sequence[int]]) -> None:
        """Make revisions known by their bands, in one transaction."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO story_bands VALUES (?, ?)",
                sorted((band, revision) for revision, keys in bands.items() for band in keys),
            )

    def sharing_bands(self, revision: int, bands: Sequence[int]) -> list[int]:
        """Other current revisions that share a band with one, those that share most first."""
        rows = self._rows(_SHARING, (json.dumps(list(bands)), revision, MOST_COMPARED))
        return [other for (other,) in rows]

    def fold(self, copies: Mapping[int, Iterable[int]], sketch: int) -> None:
        """Note for each revision those that are copies of it, and whose stories these now are; in one transaction."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO stories (revision, article, story, seen, sketch)"
                " SELECT revision, id, id, ?, ? FROM articles WHERE revision = ?"
                " ON CONFLICT (article) DO UPDATE SET revision = excluded.revision, sketch = excluded.sketch",
                [(now(), sketch, revision) for revision in copies],
            )
            pairs = [(one, other) for one, others in copies.items() for other in others]
            connection.executemany(
                "INSERT OR IGNORE INTO story_copies VALUES (?, ?)", [*pairs, *((other, one) for one, other in pairs)]
            )
            _relabel(connection, list(copies))


_SHARING = """
    SELECT b.revision FROM json_each(?) band CROSS JOIN story_bands b ON b.band = band.value
    JOIN articles a ON a.revision = b.revision WHERE b.revision != ?
    GROUP BY b.revision ORDER BY count(*) DESC, b.revision LIMIT ?
"""
_OF_STORY = """
    SELECT s.article, r.source, r.published, s.seen FROM stories s JOIN revisions r ON r.id = s.revision
    WHERE s.story = ? ORDER BY r.published IS NULL, r.published, s.seen, s.article
"""
_CONNECTED = """
    WITH RECURSIVE connected (revision) AS (
        VALUES (?) UNION SELECT c.other FROM story_copies c JOIN connected ON c.one = connected.revision
    )
    SELECT s.revision, s.article FROM connected JOIN stories s ON s.revision = connected.revision
    JOIN revisions r ON r.id = s.revision ORDER BY r.published IS NULL, r.published, s.seen, s.article
"""


def _relabel(connection: sqlite3.Connection, revisions: Iterable[int]) -> None:
    """Name the stories of these revisions, and of all that are connected with them, by their earliest articles."""
    done: set[int] = set()
    for revision in revisions:
        if revision in done:
            continue
        story = connection.execute(_CONNECTED, (revision,)).fetchall()
        done.update(one for one, _ in story)
        connection.executemany(
            "UPDATE stories SET story = ? WHERE revision = ?", [(story[0][1], one) for one, _ in story]
        )
