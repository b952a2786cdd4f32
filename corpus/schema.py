"""Which version a database's tables are of, and how a file's were brought up to version 9."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, insert

from corpus.errors import CatalogueError
from corpus.tables import metadata, versions

VERSION = 11
"""Of the catalogue's tables: Alembic's last revision."""

MIGRATIONS = (
    """
    CREATE TABLE feeds (
        name TEXT PRIMARY KEY,
        location TEXT NOT NULL UNIQUE,
        added TEXT NOT NULL
    );
    -- What an article said at one time. The text is never changed.
    CREATE TABLE revisions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        article_id TEXT NOT NULL,
        digest TEXT NOT NULL,
        title TEXT NOT NULL,
        source TEXT NOT NULL,
        url TEXT NOT NULL,
        published TEXT,
        text TEXT NOT NULL,
        text_hash TEXT NOT NULL,
        seen TEXT NOT NULL,
        cut_for TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX revisions_by_article ON revisions (article_id);
    CREATE TABLE articles (
        id TEXT PRIMARY KEY,
        feed TEXT NOT NULL REFERENCES feeds (name),
        revision INTEGER NOT NULL UNIQUE REFERENCES revisions (id)
    );
    CREATE INDEX articles_by_feed ON articles (feed);
    -- Ids are never used again: an index that still knows an old one must not find something else.
    CREATE TABLE passages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        revision INTEGER NOT NULL REFERENCES revisions (id),
        start INTEGER NOT NULL,
        "end" INTEGER NOT NULL,
        digest TEXT NOT NULL,
        current INTEGER NOT NULL DEFAULT 1,
        retired INTEGER
    );
    CREATE INDEX passages_by_revision ON passages (revision);
    CREATE INDEX passages_by_digest ON passages (digest);
    CREATE TABLE generations (
        number INTEGER PRIMARY KEY,
        created TEXT NOT NULL,
        encoder TEXT NOT NULL,
        passages INTEGER NOT NULL,
        articles INTEGER NOT NULL,
        seconds REAL NOT NULL
    );
    CREATE TABLE answers (
        id TEXT PRIMARY KEY,
        asked TEXT NOT NULL,
        question TEXT NOT NULL,
        abstained INTEGER NOT NULL,
        body TEXT NOT NULL
    );
    """,
    """
    -- Who asked is known by a salted hash alone; where, by the platform's own ids.
    ALTER TABLE answers ADD COLUMN person TEXT NOT NULL DEFAULT '';
    ALTER TABLE answers ADD COLUMN workspace TEXT NOT NULL DEFAULT '';
    ALTER TABLE answers ADD COLUMN place TEXT NOT NULL DEFAULT '';
    CREATE INDEX answers_by_asked ON answers (asked);
    CREATE INDEX answers_by_person ON answers (person);
    CREATE TABLE feedback (
        answer TEXT NOT NULL REFERENCES answers (id) ON DELETE CASCADE,
        person TEXT NOT NULL,
        verdict TEXT NOT NULL,
        reason TEXT NOT NULL,
        given TEXT NOT NULL,
        PRIMARY KEY (answer, person)
    );
    CREATE TABLE threads (
        thread TEXT PRIMARY KEY,
        question TEXT NOT NULL,
        person TEXT NOT NULL,
        updated TEXT NOT NULL
    );
    CREATE INDEX threads_by_person ON threads (person);
    -- What a platform delivered: an event is handled once, however often it comes.
    CREATE TABLE events (
        event TEXT PRIMARY KEY,
        seen TEXT NOT NULL,
        done INTEGER NOT NULL DEFAULT 0
    );
    """,
    """
    -- How a feed is read, as JSON; whether the feeds file names it; and how the last refresh went.
    ALTER TABLE feeds ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE feeds ADD COLUMN declared INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE feeds ADD COLUMN kind TEXT NOT NULL DEFAULT '';
    ALTER TABLE feeds ADD COLUMN last_success TEXT;
    ALTER TABLE feeds ADD COLUMN last_error TEXT;
    ALTER TABLE feeds ADD COLUMN next_refresh TEXT;
    -- What was fetched for a feed, so that it is asked for again only if it may have changed. No article: it gave none.
    CREATE TABLE fetched (
        feed TEXT NOT NULL REFERENCES feeds (name) ON DELETE CASCADE ON UPDATE CASCADE,
        url TEXT NOT NULL,
        article TEXT NOT NULL,
        etag TEXT NOT NULL,
        last_modified TEXT NOT NULL,
        stamp TEXT NOT NULL,
        PRIMARY KEY (feed, url)
    ) WITHOUT ROWID;
    """,
    """
    -- Refreshes that failed since the last one that worked: the pauses between them grow.
    ALTER TABLE feeds ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX fetched_by_article ON fetched (article);
    """,
    """
    -- Files as they were when they were read, with what was wrong in them (JSON), and what each said of its articles.
    CREATE TABLE files (
        feed TEXT NOT NULL REFERENCES feeds (name) ON DELETE CASCADE ON UPDATE CASCADE,
        path TEXT NOT NULL,
        stamp TEXT NOT NULL,
        problems TEXT NOT NULL,
        PRIMARY KEY (feed, path)
    ) WITHOUT ROWID;
    CREATE TABLE file_articles (
        feed TEXT NOT NULL REFERENCES feeds (name) ON DELETE CASCADE ON UPDATE CASCADE,
        path TEXT NOT NULL,
        article TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (feed, path, article)
    ) WITHOUT ROWID;
    """,
    """
    -- When another revision took the place of one or, if "removed", when its article was found to be gone.
    ALTER TABLE revisions ADD COLUMN ended TEXT;
    ALTER TABLE revisions ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
    UPDATE revisions SET ended = (
        SELECT min(later.seen) FROM revisions later
        WHERE later.article_id = revisions.article_id AND later.id > revisions.id
    );
    UPDATE revisions SET ended = strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now'), removed = 1
        WHERE ended IS NULL AND id NOT IN (SELECT revision FROM articles);
    CREATE INDEX revisions_by_end ON revisions (ended) WHERE ended IS NOT NULL;
    CREATE INDEX revisions_by_url ON revisions (url);
    CREATE INDEX revisions_by_title ON revisions (title COLLATE NOCASE);
    """,
    """
    -- Articles as they were compared for copies: the story is named by its earliest article.
    CREATE TABLE stories (
        revision INTEGER PRIMARY KEY,
        article TEXT NOT NULL UNIQUE,
        story TEXT NOT NULL,
        seen TEXT NOT NULL,
        sketch INTEGER NOT NULL
    );
    CREATE INDEX stories_by_story ON stories (story);
    -- What may be copies shares a band; what was found to be is kept both ways.
    CREATE TABLE story_bands (
        band INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        PRIMARY KEY (band, revision)
    ) WITHOUT ROWID;
    CREATE TABLE story_copies (
        one INTEGER NOT NULL,
        other INTEGER NOT NULL,
        PRIMARY KEY (one, other)
    ) WITHOUT ROWID;
    """,
    """
    -- What people want to hear of unasked. To reach them, the platform's own ids are needed here: the channel's, or
    -- the person's where they are told alone. Whose it is, is known by a salted hash.
    CREATE TABLE subscriptions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        platform TEXT NOT NULL,
        workspace TEXT NOT NULL,
        channel TEXT NOT NULL,
        parent TEXT NOT NULL,
        person TEXT NOT NULL,
        owner TEXT NOT NULL,
        topic TEXT NOT NULL,
        every TEXT NOT NULL,
        zone TEXT NOT NULL,
        created TEXT NOT NULL,
        mark INTEGER NOT NULL,
        due TEXT,
        paused TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX subscriptions_by_owner ON subscriptions (owner);
    -- What is sent unasked: written down before it is sent, so that a crash neither loses nor repeats it.
    CREATE TABLE posts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        subscription INTEGER REFERENCES subscriptions (id) ON DELETE CASCADE,
        answer TEXT REFERENCES answers (id) ON DELETE CASCADE,
        platform TEXT NOT NULL,
        workspace TEXT NOT NULL,
        channel TEXT NOT NULL,
        parent TEXT NOT NULL,
        person TEXT NOT NULL,
        thread TEXT NOT NULL,
        body TEXT NOT NULL,
        made TEXT NOT NULL,
        tried TEXT,
        tries INTEGER NOT NULL DEFAULT 0,
        again TEXT NOT NULL,
        done INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX posts_by_subscription ON posts (subscription);
    CREATE INDEX posts_by_answer ON posts (answer);
    -- Articles that a subscription has found, each once; without a post they are still to be told.
    CREATE TABLE findings (
        subscription INTEGER NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
        article TEXT NOT NULL,
        body TEXT NOT NULL,
        found TEXT NOT NULL,
        post INTEGER REFERENCES posts (id),
        PRIMARY KEY (subscription, article)
    );
    CREATE INDEX findings_by_post ON findings (post);
    -- Where an answer stands, so that those who read it can be told that what it quotes has changed.
    CREATE TABLE postings (
        answer TEXT NOT NULL REFERENCES answers (id) ON DELETE CASCADE,
        platform TEXT NOT NULL,
        workspace TEXT NOT NULL,
        channel TEXT NOT NULL,
        parent TEXT NOT NULL,
        thread TEXT NOT NULL,
        PRIMARY KEY (answer, workspace, channel)
    );
    -- Quotations whose change was told.
    CREATE TABLE corrected (
        answer TEXT NOT NULL REFERENCES answers (id) ON DELETE CASCADE,
        article TEXT NOT NULL,
        start INTEGER NOT NULL,
        PRIMARY KEY (answer, article, start)
    );
    """,
    """
    -- Posts are looked for every few seconds, and kept for as long as answers are.
    CREATE INDEX posts_unsent ON posts (id) WHERE NOT done;
    CREATE INDEX posts_by_place ON posts (platform, workspace, channel, person, made);
    """,
)


@dataclass(frozen=True)
class Schema:
    """Tables, and which version these are.

    Args:
        tables: as they are now.
        version: of these.
    """

    tables: MetaData
    version: int

    def create(self, connection: Connection) -> None:
        """Make the tables, in the caller's transaction."""
        self.tables.create_all(connection, checkfirst=False)
        if versions.name in self.tables.tables:
            connection.execute(insert(versions).values(version_num=str(self.version)))

    def upgrade(self, connection: Connection, version: int) -> None:
        """Bring the catalogue's tables from a version up to this one, in the caller's transaction.

        Raises:
            SQLAlchemyError: that is impossible.
        """
        from corpus.migrations.upgrading import upgrade

        upgrade(connection, version)


CATALOGUE = Schema(metadata, VERSION)


def check_version(connection: sqlite3.Connection, where: str, schema: Schema = CATALOGUE) -> int:
    """The version of a file's tables; 0 stands for none at all.

    Raises:
        CatalogueError: a newer version wrote it.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    require_known(version, schema, where)
    return int(version)


def require_known(version: int, schema: Schema, where: str) -> None:
    """See that tables are of this version or an older one.

    Raises:
        CatalogueError: a newer version wrote them.
    """
    if version > schema.version:
        raise CatalogueError(
            f"{where} belongs to a newer version (its tables are at {version}, this version knows "
            f"{schema.version}): upgrade Backchannel, or name another folder by --data-dir"
        )


def statements(script: str) -> list[str]:
    """The statements of a script."""
    found = [""]
    for part in script.split(";")[:-1]:
        found[-1] += f"{part};"
        if sqlite3.complete_statement(found[-1]):
            found.append("")
    return found[:-1]
