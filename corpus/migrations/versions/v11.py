"""The bands of an article stand together: rows of their own were written to all over the table."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import sqlalchemy as sa
from alembic import op

revision = "11"
down_revision = "10"

_AT_ONCE = 5_000


def upgrade() -> None:
    """Gather the bands of each revision."""
    sketches = op.create_table(
        "story_sketches",
        sa.Column(
            "revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False
        ),
        sa.Column("bands", sa.LargeBinary, nullable=False),
    )
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT revision, band FROM story_bands ORDER BY revision, band"))
    rows: list[dict[str, object]] = []
    for one, pairs in groupby(found, key=lambda row: row[0]):
        rows.append({"revision": one, "bands": np.array([band for _, band in pairs], dtype="<i8").tobytes()})
        if len(rows) == _AT_ONCE:
            connection.execute(sketches.insert(), rows)
            rows = []
    if rows:
        connection.execute(sketches.insert(), rows)
    op.drop_table("story_bands")
