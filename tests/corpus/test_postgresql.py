"""What is PostgreSQL's alone; all else is in the suites that run on both."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from corpus.catalogue import Catalogue, KnownFeed
from corpus.errors import CatalogueError
from corpus.feed_records import PageRecord
from corpus.file_records import FileRecord
from corpus.indexer import Indexer
from corpus.journal import Journal
from corpus.postgresql import url_of
from corpus.schema import VERSION
from corpus.tables import metadata
from retrieval.encoders.fake import FakeEncoder
from retrieval.index.embedded import EmbeddedIndexStore
from retrieval.types import Article
from tests.fakes import record, write_jsonl
from tests.postgresql import PostgresServer

OSLO = Article("oslo", "Envoys met in Oslo.", "Talks", "The Wire", "https://w.example/1")


@pytest.fixture
def catalogue(database: str) -> Iterator[Catalogue]:
    catalogue = Catalogue(database)
    catalogue.add_feed(KnownFeed("wire", "/news/wire"))
    yield catalogue
    catalogue.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://bot:hush@db.example/news",
        "postgresql+asyncpg://bot:hush@db.example/news",
        "postgresql://bot:hush@db.example",
        "hush",
        "postgresql://bot:hush@db.example:port/news",
        "",
    ],
)
def test_another_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(
        CatalogueError, match=r"BACKCHANNEL_DATABASE_URL cannot be used: write postgresql\+psycopg://"
    ) as no:
        Catalogue(url)
    assert "hush" not in str(no.value)


def test_the_drivers_name_may_be_left_out() -> None:
    assert url_of("postgresql://bot@db.example/news").drivername == "postgresql+psycopg"


def test_a_server_that_is_not_there_is_told_in_one_line_without_the_password(tmp_path: object) -> None:
    with pytest.raises(
        CatalogueError, match=r"the catalogue news on .* cannot be used .*check that PostgreSQL runs"
    ) as no:
        Catalogue(f"postgresql+psycopg://bot:hush@/news?host={tmp_path}")
    assert "hush" not in str(no.value)
    assert "\n" not in str(no.value)


def test_a_newer_versions_tables_are_refused_with_the_way_out(catalogue: Catalogue, database: str) -> None:
    catalogue._write(text("UPDATE alembic_version SET version_num = :new").bindparams(new=str(VERSION + 1)))
    with pytest.raises(CatalogueError, match=r"belongs to a newer version.*upgrade Backchannel"):
        Journal(database)


def test_the_tables_are_those_that_the_metadata_describes(catalogue: Catalogue) -> None:
    with catalogue._backend.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "another"})
        assert compare_metadata(context, metadata) == []


def test_text_is_ordered_by_its_bytes_whatever_the_server_would_do(catalogue: Catalogue) -> None:
    names = ["a", "B", "é", "Z", "b"]
    catalogue.store("wire", [replace(OSLO, id=name, source=name) for name in names])
    assert [outlet.name for outlet in catalogue.outlets()] == ["B", "Z", "a", "b", "é"]


def test_titles_and_addresses_may_be_of_any_length(catalogue: Catalogue) -> None:
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 8000)))
    catalogue.store("wire", [replace(OSLO, title=long, url=long)])
    assert catalogue.articles_named(long) == ["oslo"]


def test_those_that_write_go_one_by_one(catalogue: Catalogue, database: str) -> None:
    journal, seen = Journal(database), []
    inside, let_go = threading.Event(), threading.Event()

    def write_long() -> None:
        with catalogue._transaction():
            inside.set()
            let_go.wait(30)
            seen.append("first")

    def write() -> None:
        journal.first_sight("Ev1")
        seen.append("second")

    threads = [threading.Thread(target=write_long), threading.Thread(target=write)]
    threads[0].start()
    inside.wait(30)
    threads[1].start()
    assert journal.answer("7F3K2M") is None  # who reads waits for nobody
    let_go.set()
    for thread in threads:
        thread.join(30)
    journal.close()
    assert seen == ["first", "second"]


def test_a_server_that_was_started_again_is_used_again(catalogue: Catalogue, postgresql: PostgresServer) -> None:
    catalogue.store("wire", [OSLO])
    postgresql.kill()
    with pytest.raises(CatalogueError, match="check that PostgreSQL runs"):
        catalogue.article("oslo")
    postgresql.start()
    assert catalogue.article("oslo") == OSLO


def test_what_an_index_of_the_server_cannot_hold_costs_no_run(catalogue: Catalogue, tmp_path: Path) -> None:
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))
    feed = write_jsonl(
        tmp_path / "news.jsonl", record(long, "Envoys met in Oslo."), record("bergen", "A ferry was late.")
    )
    encoder = FakeEncoder()
    store = EmbeddedIndexStore(tmp_path / "index", encoder.fingerprint, encoder.dimension)
    run = Indexer(catalogue, store, encoder, tmp_path).run([str(feed)])
    assert (run.added, len(run.errors)) == (1, 1)
    assert "has more than the 1,000 bytes that the database takes" in run.errors[0]
    catalogue.remember_fetched("wire", [PageRecord(long), PageRecord("https://w.example/1")])
    assert list(catalogue.fetched("wire")) == ["https://w.example/1"]
    catalogue.remember_files("wire", [FileRecord(long, stamp="1"), FileRecord("a.md", stamp="1")])
    assert catalogue.file_problems("wire", "a.md", "1") == []
    assert catalogue.file_problems("wire", long, "1") is None
