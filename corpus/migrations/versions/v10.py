"""What replicas need, and in columns what stood in SQLite's row numbers and collations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from corpus.columns import Words

revision = "10"
down_revision = "9"


def upgrade() -> None:
    """Bring a file of version 9 up to version 10; PostgreSQL begins with that."""
    _order()
    op.add_column("events", sa.Column("holder", Words, nullable=False, server_default=sa.text("''")))
    op.add_column("events", sa.Column("question", Words, nullable=False, server_default=sa.text("''")))
    op.create_index("events_open", "events", ["seen"], sqlite_where=sa.text("done = 0"))
    op.create_table("replicas", sa.Column("name", Words, primary_key=True), sa.Column("heard", sa.REAL, nullable=False))
    op.create_table(
        "admissions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", Words, nullable=False),
        sa.Column("at", sa.REAL, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("admissions_by_key", "admissions", ["key", "at"])
    op.create_index("admissions_by_time", "admissions", ["at"])
    op.create_table("notes", sa.Column("name", Words, primary_key=True), sa.Column("said", Words, nullable=False))
    _states()


def _order() -> None:
    op.add_column("feeds", sa.Column("number", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE feeds SET number = rowid")
    op.add_column("findings", sa.Column("rank", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE findings SET rank = rowid")
    op.drop_index("revisions_by_title")
    op.create_index("revisions_by_title", "revisions", [sa.func.lower(sa.column("title"))])


def _states() -> None:
    """Passages were retired with the number of a generation: the last two go on as states of that number."""
    op.create_table(
        "published",
        sa.Column("index_name", Words, primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("signature", Words, nullable=False),
        sa.Column("created", Words, nullable=False),
    )
    op.execute(
        "INSERT INTO published SELECT '', number, number, '', created FROM generations ORDER BY number DESC LIMIT 2"
    )
