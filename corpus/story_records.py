"""Stories as the catalogue keeps them: which articles are copies of one text, and where each story began.

Two articles are of one story when a chain of copies leads from one to the other. Every pair of copies is kept, so an
article that goes, or changes, takes its own pairs with it and leaves the others; in which order articles came makes no
difference (but see :data:`MOST_COMPARED`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import bindparam, delete, literal, select, update

from corpus import tables as t
from corpus.clauses import adding, among, replacing, updating
from corpus.database import Connection, Database, many, now
from corpus.revisions import date_of
from corpus.stories.minhash import Bands
from retrieval.dates import PartialDate

MOST_COMPARED = 100
"""Articles that a new one is compared with, those that share most bands first. In a story of more copies than that,
some pairs are not kept, and an article may hang on the others by some of its pairs alone."""

_BANDS = np.dtype("<i8")
_s, _k, _c = t.stories.c, t.story_sketches.c, t.story_copies.c
_one = t.stories.alias().c
_STORIES = select(_s.article, _s.story).where(among(_s.article))
_FOLDED = (
    select(_k.revision, _k.bands)
    .join(t.articles, t.articles.c.revision == _k.revision)
    .join(t.stories, _s.revision == _k.revision)
    .where(_k.revision > bindparam("after"))
    .order_by(_k.revision)
    .limit(bindparam("most"))
)


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
        return {i: i for i in asked} | dict(self._rows_among(_STORIES, asked))

    def story_articles(self, article_ids: Iterable[str]) -> dict[str, list[StoryArticle]]:
        """The articles of each one's story, earliest first: as published (undated ones last), then as first seen.

        None for an article that no index run has seen yet.
        """
        asked = list(article_ids)
        told: dict[str, list[StoryArticle]] = {}
        story_of: dict[str, str] = {}
        for story, article, source, published, seen in self._rows_among(_OF_STORIES, asked):
            story_of[article] = story
            told.setdefault(story, []).append(StoryArticle(article, source, date_of(published), seen))
        return {i: told[story_of[i]] if i in story_of else [] for i in asked}

    # Folding; see :mod:`corpus.stories.folding`

    def folded_and_gone(self) -> list[int]:
        """Revisions that are kept as parts of stories, and are current no more."""
        return self._column(select(_s.revision).where(_s.revision.not_in(select(t.articles.c.revision))))

    def unfolded(self, sketch: int) -> list[int]:
        """Current revisions that were not compared with the others, or by another version of the sketch.

        What another version sketched is forgotten.
        """
        if self._column(select(literal(1)).where(_s.sketch != sketch).limit(1)):
            with self._transaction() as connection:
                for table in (t.stories, t.story_sketches, t.story_copies):
                    connection.execute(delete(table))
        revision = t.articles.c.revision
        return self._column(select(revision).where(revision.not_in(select(_s.revision))).order_by(revision))

    def unfold(self, revisions: Collection[int]) -> None:
        """Take revisions out of their stories, in one transaction."""
        with self._transaction() as connection:
            pairs = [(i, near) for i in revisions for near in connection.scalars(_COPIES_OF, {"of": i})]
            both_ways = [*pairs, *((near, i) for i, near in pairs)]
            many(connection, _PART, [{"from": one, "to": other} for one, other in both_ways])
            each = [{"of": i} for i in revisions]
            many(connection, delete(t.story_sketches).where(_k.revision == bindparam("of")), each)
            gone = _s.article.not_in(select(t.articles.c.id))
            many(connection, delete(t.stories).where(_s.revision == bindparam("of"), gone), each)
            # A corrected article keeps when it was first seen, and stands alone until it is compared again.
            many(connection, update(t.stories).where(_s.revision == bindparam("of")).values(story=_s.article), each)
            _relabel(connection, [near for _, near in pairs if near not in revisions])

    def add_bands(self, bands: Mapping[int, Bands]) -> None:
        """Keep the band keys of revisions, int64 ``(n,)`` each, in one transaction."""
        rows = [{"revision": one, "bands": keys.astype(_BANDS).tobytes()} for one, keys in bands.items()]
        with self._transaction() as connection:
            many(connection, replacing(t.story_sketches), rows)

    def bands(self, at_once: int) -> Iterator[dict[int, Bands]]:
        """The band keys of all current revisions that are part of a story, so many revisions at a time."""
        last = 0
        while rows := self._rows(_FOLDED, {"after": last, "most": at_once}):
            yield {revision: np.frombuffer(keys, _BANDS) for revision, keys in rows}
            last = rows[-1][0]

    def fold(self, copies: Mapping[int, Iterable[int]], sketch: int) -> None:
        """Note for each revision those that are copies of it, and whose stories these now are; in one transaction."""
        with self._transaction() as connection:
            articles = t.articles.c
            alone = select(
                articles.revision, articles.id, articles.id, literal(now()), literal(sketch, _s.sketch.type)
            ).where(articles.revision == bindparam("of"))
            new = updating(t.stories, "revision", "sketch", key=["article"])
            new = new.from_select([_s.revision, _s.article, _s.story, _s.seen, _s.sketch], alone)
            many(connection, new, [{"of": revision} for revision in copies])
            pairs = [(one, other) for one, others in copies.items() for other in others]
            both_ways = [*pairs, *((other, one) for one, other in pairs)]
            rows = [{"one": one, "other": other} for one, other in both_ways]
            many(connection, adding(t.story_copies), rows)
            # One without copies is a story of its own already.
            _relabel(connection, [one for one, _ in pairs])


_EARLIEST_FIRST = (t.revisions.c.published.is_(None), t.revisions.c.published, _s.seen, _s.article)
_OF_STORIES = (
    select(_s.story, _s.article, t.revisions.c.source, t.revisions.c.published, _s.seen)
    .join(t.revisions, t.revisions.c.id == _s.revision)
    .where(_s.story.in_(select(_one.story).where(among(_one.article))))
    .order_by(*_EARLIEST_FIRST)
)
_COPIES_OF = select(_c.other).where(_c.one == bindparam("of"))
_connected = select(bindparam("of", type_=_s.revision.type).label("revision")).cte("connected", recursive=True)
_connected = _connected.union(select(_c.other).join(_connected, _c.one == _connected.c.revision))
_CONNECTED = (
    select(_s.revision, _s.article)
    .join(_connected, _s.revision == _connected.c.revision)
    .join(t.revisions, t.revisions.c.id == _s.revision)
    .order_by(*_EARLIEST_FIRST)
)
_PART = delete(t.story_copies).where(_c.one == bindparam("from"), _c.other == bindparam("to"))
_LABEL = update(t.stories).where(_s.revision == bindparam("of")).values(story=bindparam("is"))


def _relabel(connection: Connection, revisions: Iterable[int]) -> None:
    """Name the stories of these revisions, and of all that are connected with them, by their earliest articles."""
    done: set[int] = set()
    for revision in revisions:
        if revision in done:
            continue
        story = connection.execute(_CONNECTED, {"of": revision}).all()
        done.update(one for one, _ in story)
        many(connection, _LABEL, [{"of": one, "is": story[0].article} for one, _ in story])
