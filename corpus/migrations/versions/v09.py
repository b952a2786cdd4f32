"""What catalogues were before Alembic kept their history."""

from __future__ import annotations

from alembic import op

from corpus.schema import MIGRATIONS, statements

revision = "9"
down_revision = None


def upgrade() -> None:
    """Bring a file of an earlier version, or an empty one, up to version 9."""
    (version,) = op.get_bind().exec_driver_sql("PRAGMA user_version").one()
    for script in MIGRATIONS[version:]:
        for statement in statements(script):
            op.execute(statement)
