"""Catalogues as older versions left them, with rows in every table."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import NullPool, create_engine

from corpus.migrations.upgrading import upgrade
from corpus.schema import MIGRATIONS
from retrieval.types import Article

OLD = Article("oslo", "Envoys met in Oslo.", "Talks", "The Wire", "https://w.example/1")
NOW = Article("oslo", "Nobody met in Oslo.", "Talks", "The Wire", "https://w.example/1")
GONE = Article("bergen", "A ferry was late.", "Ferry")
_ROWS = {
    1: """
    INSERT INTO feeds (name, location, added) VALUES ('wire', '/news/wire', '2024-07-01T00:00:00+00:00');
    INSERT INTO articles VALUES ('oslo', 'wire', 2);
    INSERT INTO passages VALUES (1, 1, 0, 19, 'a', 0, 1), (2, 2, 0, 19, 'b', 1, NULL), (3, 3, 0, 17, 'c', 0, 2);
    INSERT INTO generations VALUES (2, '2024-07-03T00:00:00+00:00', 'encoder', 1, 1, 0.5);
    INSERT INTO answers (id, asked, question, abstained, body)
        VALUES ('7F3K2M', '2024-07-02T00:00:00+00:00', 'Who met?', 0, '{}');
    """,
    2: """
    UPDATE answers SET person = 'aa', workspace = 'slack:T1', place = 'slack:T1:C1';
    INSERT INTO feedback VALUES ('7F3K2M', 'aa', 'good', '', '2024-07-02T00:00:00+00:00');
    INSERT INTO threads VALUES ('slack:T1:C1:1', 'Who met?', 'aa', '2024-07-02T00:00:00+00:00');
    INSERT INTO events VALUES ('e1', '2024-07-02T00:00:00+00:00', 1);
    """,
    3: """
    UPDATE feeds SET kind = 'folder', last_success = '2024-07-03T00:00:00+00:00';
    INSERT INTO fetched VALUES ('wire', 'https://w.example/1', 'oslo', 'etag', '', '');
    """,
    4: "UPDATE feeds SET failures = 2;",
    5: """
    INSERT INTO files VALUES ('wire', 'a.md', 'stamp', '[]');
    INSERT INTO file_articles VALUES ('wire', 'a.md', 'oslo', 'digest');
    """,
    6: "UPDATE revisions SET ended = '2024-07-02T00:00:00+00:00' WHERE id = 1;",
    7: """
    INSERT INTO stories VALUES (2, 'oslo', 'oslo', '2024-07-02T00:00:00+00:00', 1);
    INSERT INTO story_bands VALUES (123456789012, 2), (7, 2), (7, 1);
    """,
    8: """
    INSERT INTO subscriptions VALUES
        (1, 'watch', 'slack', 'T1', 'C1', '', '', 'aa', 'grain', '', 'UTC', '2024-07-01', 1, NULL, '');
    INSERT INTO posts VALUES
        (1, 1, NULL, 'slack', 'T1', 'C1', '', '', '', '', '2024-07-02', NULL, 1, '2024-07-02', 1);
    INSERT INTO findings VALUES (1, 'oslo', '', '2024-07-02', 1);
    INSERT INTO postings VALUES ('7F3K2M', 'slack', 'T1', 'C1', '', '1');
    INSERT INTO corrected VALUES ('7F3K2M', 'oslo', 0);
    """,
}


def write_old_catalogue(file: Path, version: int) -> dict[str, list[tuple[object, ...]]]:
    """Make a catalogue of a version, in the journal mode that it had; returns its rows."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for number in range(1, min(version, len(MIGRATIONS)) + 1):
            connection.executescript(MIGRATIONS[number - 1])
            if number == 1:
                for revision, article in enumerate((OLD, NOW, GONE), start=1):
                    connection.execute(
                        "INSERT INTO revisions VALUES (?, ?, '', ?, ?, ?, NULL, ?, ?, ?, 'encoder')",
                        (
                            revision,
                            article.id,
                            article.title,
                            article.source,
                            article.url,
                            article.text,
                            article.text_hash,
                            f"2024-07-0{revision}T00:00:00+00:00",
                        ),
                    )
                connection.commit()
            connection.executescript(_ROWS.get(number, ""))
        connection.execute(f"PRAGMA user_version = {min(version, len(MIGRATIONS))}")
        connection.commit()
    if version > len(MIGRATIONS):
        _bring_to(file, version)
    return rows(file)


def _bring_to(file: Path, version: int) -> None:
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with engine.begin() as connection:
        upgrade(connection, len(MIGRATIONS), to=str(version))
        connection.exec_driver_sql(f"PRAGMA user_version = {version}")


def rows(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with closing(sqlite3.connect(file)) as connection:
        names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}  # noqa: S608


def version_of(file: Path) -> int:
    """The version of its tables."""
    with closing(sqlite3.connect(file)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return int(version)
