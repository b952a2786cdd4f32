"""The catalogue's tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    func,
)

from corpus.columns import NUMBER, REAL_NUMBER, flag, id_column, index_where, number, words

_ON_BOTH: dict[str, Any] = {"ondelete": "CASCADE", "onupdate": "CASCADE"}

metadata = MetaData()

versions = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))
"""Alembic's own: which of its revisions these tables are of."""

feeds = Table(
    "feeds",
    metadata,
    words("name"),
    words("location"),
    words("added"),
    # How a feed is read, as JSON; whether the feeds file names it; and how the last refresh went.
    words("options", default="{}"),
    flag("declared", 0),
    words("kind", default=""),
    words("last_success", null=True),
    words("last_error", null=True),
    words("next_refresh", null=True),
    # Refreshes that failed since the last one that worked: the pauses between them grow.
    number("failures", default=0),
    # Feeds that became known in one second are told apart by their number.
    number("number", default=0),
    PrimaryKeyConstraint("name"),
    UniqueConstraint("location"),
)

# What an article said at one time; the text is never changed. It ended when another took its place or, if removed,
# when its article was found to be gone.
revisions = Table(
    "revisions",
    metadata,
    id_column(),
    words("article_id"),
    words("digest"),
    words("title"),
    words("source"),
    words("url"),
    words("published", null=True),
    words("text"),
    words("text_hash"),
    words("seen"),
    words("cut_for", default=""),
    words("ended", null=True),
    flag("removed", 0),
    sqlite_autoincrement=True,
)
Index("revisions_by_article", revisions.c.article_id)
index_where("revisions_by_end", revisions.c.ended, revisions.c.ended.is_not(None))
# These may be longer than PostgreSQL lets an ordered index hold.
Index("revisions_by_url", revisions.c.url, postgresql_using="hash")
Index("revisions_by_title", func.lower(revisions.c.title), postgresql_using="hash")

articles = Table(
    "articles",
    metadata,
    words("id"),
    words("feed", ForeignKey("feeds.name")),
    number("revision", ForeignKey("revisions.id")),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("revision"),
)
Index("articles_by_feed", articles.c.feed)

# An index that still knows an old id must not find something else.
passages = Table(
    "passages",
    metadata,
    id_column(),
    number("revision", ForeignKey("revisions.id")),
    number("start"),
    number("end"),
    words("digest"),
    flag("current", 1),
    number("retired", null=True),
    sqlite_autoincrement=True,
)
Index("passages_by_revision", passages.c.revision)
Index("passages_by_digest", passages.c.digest)

generations = Table(
    "generations",
    metadata,
    number("number"),
    words("created"),
    words("encoder"),
    number("passages"),
    number("articles"),
    Column("seconds", REAL_NUMBER, nullable=False),
    PrimaryKeyConstraint("number"),
)

# Generations that an index still keeps, and the state of the passages that each holds: states are numbered as they
# come, and told apart by their signature. A passage is retired with the first state that it is not in.
published = Table(
    "published",
    metadata,
    words("index_name"),
    number("generation"),
    number("state"),
    words("signature"),
    words("created"),
    PrimaryKeyConstraint("index_name", "generation"),
)

# Who asked is known by a salted hash alone; where, by the platform's own ids.
answers = Table(
    "answers",
    metadata,
    words("id"),
    words("asked"),
    words("question"),
    flag("abstained"),
    words("body"),
    words("person", default=""),
    words("workspace", default=""),
    words("place", default=""),
    PrimaryKeyConstraint("id"),
)
Index("answers_by_asked", answers.c.asked)
Index("answers_by_person", answers.c.person)

feedback = Table(
    "feedback",
    metadata,
    words("answer", ForeignKey("answers.id", ondelete="CASCADE")),
    words("person"),
    words("verdict"),
    words("reason"),
    words("given"),
    PrimaryKeyConstraint("answer", "person"),
)

threads = Table(
    "threads",
    metadata,
    words("thread"),
    words("question"),
    words("person"),
    words("updated"),
    PrimaryKeyConstraint("thread"),
)
Index("threads_by_person", threads.c.person)

# What a platform delivered: an event is handled once, however often it comes. Until it is done, the holder is the
# replica that is at it, and the question (JSON) is what another one needs to take it up.
events = Table(
    "events",
    metadata,
    words("event"),
    words("seen"),
    flag("done", 0),
    words("holder", default=""),
    words("question", default=""),
    PrimaryKeyConstraint("event"),
)
index_where("events_open", events.c.seen, events.c.done == 0)

# Replicas that serve, and when each was heard of last, in seconds by the database's clock.
replicas = Table(
    "replicas",
    metadata,
    words("name"),
    Column("heard", REAL_NUMBER, nullable=False),
    PrimaryKeyConstraint("name"),
)

# Questions that were admitted lately, for the rates: by a salted hash, in seconds by the database's clock.
admissions = Table(
    "admissions",
    metadata,
    id_column(),
    words("key"),
    Column("at", REAL_NUMBER, nullable=False),
    sqlite_autoincrement=True,
)
Index("admissions_by_key", admissions.c.key, admissions.c.at)
Index("admissions_by_time", admissions.c.at)

# What replicas have in common beside all else, each by its name.
notes = Table("notes", metadata, words("name"), words("said"), PrimaryKeyConstraint("name"))

# What was fetched for a feed, so that it is asked for again only if it may have changed. No article: it gave none.
fetched = Table(
    "fetched",
    metadata,
    words("feed", ForeignKey("feeds.name", **_ON_BOTH)),
    words("url"),
    words("article"),
    words("etag"),
    words("last_modified"),
    words("stamp"),
    PrimaryKeyConstraint("feed", "url"),
    sqlite_with_rowid=False,
)
Index("fetched_by_article", fetched.c.article)

# Files as they were when they were read, with what was wrong in them (JSON), and what each said of its articles.
files = Table(
    "files",
    metadata,
    words("feed", ForeignKey("feeds.name", **_ON_BOTH)),
    words("path"),
    words("stamp"),
    words("problems"),
    PrimaryKeyConstraint("feed", "path"),
    sqlite_with_rowid=False,
)
file_articles = Table(
    "file_articles",
    metadata,
    words("feed", ForeignKey("feeds.name", **_ON_BOTH)),
    words("path"),
    words("article"),
    words("digest"),
    PrimaryKeyConstraint("feed", "path", "article"),
    sqlite_with_rowid=False,
)

# Articles as they were compared for copies: the story is named by its earliest article.
stories = Table(
    "stories",
    metadata,
    Column("revision", NUMBER, primary_key=True, autoincrement=False),
    words("article"),
    words("story"),
    words("seen"),
    number("sketch"),
    UniqueConstraint("article"),
)
Index("stories_by_story", stories.c.story)

# What may be copies shares a band, int64 in a row; what was found to be is kept both ways.
story_sketches = Table(
    "story_sketches",
    metadata,
    Column("revision", NUMBER, primary_key=True, autoincrement=False),
    Column("bands", LargeBinary, nullable=False),
)
story_copies = Table(
    "story_copies",
    metadata,
    number("one"),
    number("other"),
    PrimaryKeyConstraint("one", "other"),
    sqlite_with_rowid=False,
)

# What people want to hear of unasked. To reach them, the platform's own ids are needed here: the channel's, or the
# person's where they are told alone. Whose it is, is known by a salted hash.
subscriptions = Table(
    "subscriptions",
    metadata,
    id_column(),
    words("kind"),
    words("platform"),
    words("workspace"),
    words("channel"),
    words("parent"),
    words("person"),
    words("owner"),
    words("topic"),
    words("every"),
    words("zone"),
    words("created"),
    number("mark"),
    words("due", null=True),
    words("paused", default=""),
    sqlite_autoincrement=True,
)
Index("subscriptions_by_owner", subscriptions.c.owner)

# What is sent unasked: written down before it is sent, so that a crash neither loses nor repeats it.
posts = Table(
    "posts",
    metadata,
    id_column(),
    number("subscription", ForeignKey("subscriptions.id", ondelete="CASCADE"), null=True),
    words("answer", ForeignKey("answers.id", ondelete="CASCADE"), null=True),
    words("platform"),
    words("workspace"),
    words("channel"),
    words("parent"),
    words("person"),
    words("thread"),
    words("body"),
    words("made"),
    words("tried", null=True),
    number("tries", default=0),
    words("again"),
    flag("done", 0),
    sqlite_autoincrement=True,
)
Index("posts_by_subscription", posts.c.subscription)
Index("posts_by_answer", posts.c.answer)
# Posts are looked for every few seconds, and kept for as long as answers are.
index_where("posts_unsent", posts.c.id, posts.c.done == 0)
Index("posts_by_place", posts.c.platform, posts.c.workspace, posts.c.channel, posts.c.person, posts.c.made)

# Articles that a subscription has found, each once; without a post they are still to be told.
findings = Table(
    "findings",
    metadata,
    number("subscription", ForeignKey("subscriptions.id", ondelete="CASCADE")),
    words("article"),
    words("body"),
    words("found"),
    number("post", ForeignKey("posts.id"), null=True),
    # Among those that were found together.
    number("rank", default=0),
    PrimaryKeyConstraint("subscription", "article"),
)
Index("findings_by_post", findings.c.post)

# Where an answer stands, so that those who read it can be told that what it quotes has changed.
postings = Table(
    "postings",
    metadata,
    words("answer", ForeignKey("answers.id", ondelete="CASCADE")),
    words("platform"),
    words("workspace"),
    words("channel"),
    words("parent"),
    words("thread"),
    PrimaryKeyConstraint("answer", "workspace", "channel"),
)

# Quotations whose change was told.
corrected = Table(
    "corrected",
    metadata,
    words("answer", ForeignKey("answers.id", ondelete="CASCADE")),
    words("article"),
    number("start"),
    PrimaryKeyConstraint("answer", "article", "start"),
)
