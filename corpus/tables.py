"""The catalogue's tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine


class Words(TypeDecorator[str]):
    """Text of any length, compared byte by byte, with "?" for what is no character, as a chat may pass on."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """What is stored; PostgreSQL has no NUL."""
        return None if value is None else value.encode("utf-8", "replace").decode().replace("\0", "?")


@compiles(Words, "postgresql")
def _words_of_postgresql(_: Words, __: object, **options: object) -> str:
    """Where a column is made, it is told not to compare by the customs of a country."""
    return 'TEXT COLLATE "C"' if options.get("type_expression") is not None else "TEXT"


_NUMBER: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
_REAL: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")
_ON_BOTH: dict[str, Any] = {"ondelete": "CASCADE", "onupdate": "CASCADE"}

metadata = MetaData()

versions = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))
"""Alembic's own: which of its revisions these tables are of."""


def _words(name: str, *more: ForeignKey, default: str | None = None, null: bool = False) -> Column[str]:
    return Column(name, Words, *more, nullable=null, server_default=None if default is None else text(f"'{default}'"))


def _number(name: str, *more: ForeignKey, default: int | None = None, null: bool = False) -> Column[int]:
    return Column(name, _NUMBER, *more, nullable=null, server_default=None if default is None else text(str(default)))


def _flag(name: str, default: int | None = None) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=None if default is None else text(str(default)))


def _id() -> Column[int]:
    """A number that is never used again."""
    return Column("id", _NUMBER, primary_key=True, autoincrement=True)


def _index_where(name: str, column: Column[Any], where: ColumnElement[bool]) -> Index:
    """An index of those rows alone."""
    return Index(name, column, sqlite_where=where, postgresql_where=where)


feeds = Table(
    "feeds",
    metadata,
    _words("name"),
    _words("location"),
    _words("added"),
    # How a feed is read, as JSON; whether the feeds file names it; and how the last refresh went.
    _words("options", default="{}"),
    _flag("declared", 0),
    _words("kind", default=""),
    _words("last_success", null=True),
    _words("last_error", null=True),
    _words("next_refresh", null=True),
    # Refreshes that failed since the last one that worked: the pauses between them grow.
    _number("failures", default=0),
    # Feeds that became known in one second are told apart by their number.
    _number("number", default=0),
    PrimaryKeyConstraint("name"),
    UniqueConstraint("location"),
)

# What an article said at one time; the text is never changed. It ended when another took its place or, if removed,
# when its article was found to be gone.
revisions = Table(
    "revisions",
    metadata,
    _id(),
    _words("article_id"),
    _words("digest"),
    _words("title"),
    _words("source"),
    _words("url"),
    _words("published", null=True),
    _words("text"),
    _words("text_hash"),
    _words("seen"),
    _words("cut_for", default=""),
    _words("ended", null=True),
    _flag("removed", 0),
    sqlite_autoincrement=True,
)
Index("revisions_by_article", revisions.c.article_id)
_index_where("revisions_by_end", revisions.c.ended, revisions.c.ended.is_not(None))
# These may be longer than PostgreSQL lets an ordered index hold.
Index("revisions_by_url", revisions.c.url, postgresql_using="hash")
Index("revisions_by_title", func.lower(revisions.c.title), postgresql_using="hash")

articles = Table(
    "articles",
    metadata,
    _words("id"),
    _words("feed", ForeignKey("feeds.name")),
    _number("revision", ForeignKey("revisions.id")),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("revision"),
)
Index("articles_by_feed", articles.c.feed)

# An index that still knows an old id must not find something else.
passages = Table(
    "passages",
    metadata,
    _id(),
    _number("revision", ForeignKey("revisions.id")),
    _number("start"),
    _number("end"),
    _words("digest"),
    _flag("current", 1),
    _number("retired", null=True),
    sqlite_autoincrement=True,
)
Index("passages_by_revision", passages.c.revision)
Index("passages_by_digest", passages.c.digest)

generations = Table(
    "generations",
    metadata,
    _number("number"),
    _words("created"),
    _words("encoder"),
    _number("passages"),
    _number("articles"),
    Column("seconds", _REAL, nullable=False),
    PrimaryKeyConstraint("number"),
)

# Generations that an index still keeps, and the state of the passages that each holds: states are numbered as they
# come, and told apart by their signature. A passage is retired with the first state that it is not in.
published = Table(
    "published",
    metadata,
    _words("index_name"),
    _number("generation"),
    _number("state"),
    _words("signature"),
    _words("created"),
    PrimaryKeyConstraint("index_name", "generation"),
)

# Who asked is known by a salted hash alone; where, by the platform's own ids.
answers = Table(
    "answers",
    metadata,
    _words("id"),
    _words("asked"),
    _words("question"),
    _flag("abstained"),
    _words("body"),
    _words("person", default=""),
    _words("workspace", default=""),
    _words("place", default=""),
    PrimaryKeyConstraint("id"),
)
Index("answers_by_asked", answers.c.asked)
Index("answers_by_person", answers.c.person)

feedback = Table(
    "feedback",
    metadata,
    _words("answer", ForeignKey("answers.id", ondelete="CASCADE")),
    _words("person"),
    _words("verdict"),
    _words("reason"),
    _words("given"),
    PrimaryKeyConstraint("answer", "person"),
)

threads = Table(
    "threads",
    metadata,
    _words("thread"),
    _words("question"),
    _words("person"),
    _words("updated"),
    PrimaryKeyConstraint("thread"),
)
Index("threads_by_person", threads.c.person)

# What a platform delivered: an event is handled once, however often it comes. Until it is done, the holder is the
# replica that is at it, and the question (JSON) is what another one needs to take it up.
events = Table(
    "events",
    metadata,
    _words("event"),
    _words("seen"),
    _flag("done", 0),
    _words("holder", default=""),
    _words("question", default=""),
    PrimaryKeyConstraint("event"),
)
_index_where("events_open", events.c.seen, events.c.done == 0)

# Replicas that serve, and when each was heard of last, in seconds by the database's clock.
replicas = Table(
    "replicas",
    metadata,
    _words("name"),
    Column("heard", _REAL, nullable=False),
    PrimaryKeyConstraint("name"),
)

# Questions that were admitted lately, for the rates: by a salted hash, in seconds by the database's clock.
admissions = Table(
    "admissions",
    metadata,
    _id(),
    _words("key"),
    Column("at", _REAL, nullable=False),
    sqlite_autoincrement=True,
)
Index("admissions_by_key", admissions.c.key, admissions.c.at)
Index("admissions_by_time", admissions.c.at)

# What replicas have in common beside all else, each by its name.
notes = Table("notes", metadata, _words("name"), _words("said"), PrimaryKeyConstraint("name"))

# What was fetched for a feed, so that it is asked for again only if it may have changed. No article: it gave none.
fetched = Table(
    "fetched",
    metadata,
    _words("feed", ForeignKey("feeds.name", **_ON_BOTH)),
    _words("url"),
    _words("article"),
    _words("etag"),
    _words("last_modified"),
    _words("stamp"),
    PrimaryKeyConstraint("feed", "url"),
    sqlite_with_rowid=False,
)
Index("fetched_by_article", fetched.c.article)

# Files as they were when they were read, with what was wrong in them (JSON), and what each said of its articles.
files = Table(
    "files",
    metadata,
    _words("feed", ForeignKey("feeds.name", **_ON_BOTH)),
    _words("path"),
    _words("stamp"),
    _words("problems"),
    PrimaryKeyConstraint("feed", "path"),
    sqlite_with_rowid=False,
)
file_articles = Table(
    "file_articles",
    metadata,
    _words("feed", ForeignKey("feeds.name", **_ON_BOTH)),
    _words("path"),
    _words("article"),
    _words("digest"),
    PrimaryKeyConstraint("feed", "path", "article"),
    sqlite_with_rowid=False,
)

# Articles as they were compared for copies: the story is named by its earliest article.
stories = Table(
    "stories",
    metadata,
    Column("revision", _NUMBER, primary_key=True, autoincrement=False),
    _words("article"),
    _words("story"),
    _words("seen"),
    _number("sketch"),
    UniqueConstraint("article"),
)
Index("stories_by_story", stories.c.story)

# What may be copies shares a band; what was found to be is kept both ways.
story_bands = Table(
    "story_bands",
    metadata,
    _number("band"),
    _number("revision"),
    PrimaryKeyConstraint("band", "revision"),
    sqlite_with_rowid=False,
)
story_copies = Table(
    "story_copies",
    metadata,
    _number("one"),
    _number("other"),
    PrimaryKeyConstraint("one", "other"),
    sqlite_with_rowid=False,
)

# What people want to hear of unasked. To reach them, the platform's own ids are needed here: the channel's, or the
# person's where they are told alone. Whose it is, is known by a salted hash.
subscriptions = Table(
    "subscriptions",
    metadata,
    _id(),
    _words("kind"),
    _words("platform"),
    _words("workspace"),
    _words("channel"),
    _words("parent"),
    _words("person"),
    _words("owner"),
    _words("topic"),
    _words("every"),
    _words("zone"),
    _words("created"),
    _number("mark"),
    _words("due", null=True),
    _words("paused", default=""),
    sqlite_autoincrement=True,
)
Index("subscriptions_by_owner", subscriptions.c.owner)

# What is sent unasked: written down before it is sent, so that a crash neither loses nor repeats it.
posts = Table(
    "posts",
    metadata,
    _id(),
    _number("subscription", ForeignKey("subscriptions.id", ondelete="CASCADE"), null=True),
    _words("answer", ForeignKey("answers.id", ondelete="CASCADE"), null=True),
    _words("platform"),
    _words("workspace"),
    _words("channel"),
    _words("parent"),
    _words("person"),
    _words("thread"),
    _words("body"),
    _words("made"),
    _words("tried", null=True),
    _number("tries", default=0),
    _words("again"),
    _flag("done", 0),
    sqlite_autoincrement=True,
)
Index("posts_by_subscription", posts.c.subscription)
Index("posts_by_answer", posts.c.answer)
# Posts are looked for every few seconds, and kept for as long as answers are.
_index_where("posts_unsent", posts.c.id, posts.c.done == 0)
Index("posts_by_place", posts.c.platform, posts.c.workspace, posts.c.channel, posts.c.person, posts.c.made)

# Articles that a subscription has found, each once; without a post they are still to be told.
findings = Table(
    "findings",
    metadata,
    _number("subscription", ForeignKey("subscriptions.id", ondelete="CASCADE")),
    _words("article"),
    _words("body"),
    _words("found"),
    _number("post", ForeignKey("posts.id"), null=True),
    # Among those that were found together.
    _number("rank", default=0),
    PrimaryKeyConstraint("subscription", "article"),
)
Index("findings_by_post", findings.c.post)

# Where an answer stands, so that those who read it can be told that what it quotes has changed.
postings = Table(
    "postings",
    metadata,
    _words("answer", ForeignKey("answers.id", ondelete="CASCADE")),
    _words("platform"),
    _words("workspace"),
    _words("channel"),
    _words("parent"),
    _words("thread"),
    PrimaryKeyConstraint("answer", "workspace", "channel"),
)

# Quotations whose change was told.
corrected = Table(
    "corrected",
    metadata,
    _words("answer", ForeignKey("answers.id", ondelete="CASCADE")),
    _words("article"),
    _number("start"),
    PrimaryKeyConstraint("answer", "article", "start"),
)
