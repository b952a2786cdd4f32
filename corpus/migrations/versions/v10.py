"""What stood in SQLite's row numbers and collations stands in columns that every database has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "10"
down_revision = "9"


def upgrade() -> None:
    """Number the feeds and rank the findings as they came; index titles by their small letters."""
    op.add_column("feeds", sa.Column("number", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE feeds SET number = rowid")
    op.add_column("findings", sa.Column("rank", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE findings SET rank = rowid")
    op.drop_index("revisions_by_title")
    op.create_index("revisions_by_title", "revisions", [sa.func.lower(sa.column("title"))])
