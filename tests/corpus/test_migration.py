"""Older versions' catalogues are kept beside themselves, then brought up to this version."""

import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from corpus.catalogue import Catalogue
from corpus.errors import CatalogueError
from corpus.journal import Journal
from corpus.migrations import upgrading
from corpus.schema import VERSION
from tests.corpus.old_catalogues import GONE, NOW, OLD, rows, version_of, write_old_catalogue

OLDER = range(1, VERSION)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "catalogue.sqlite3"


@pytest.mark.parametrize("version", OLDER)
def test_an_older_catalogue_is_kept_beside_itself_and_loses_no_row(
    file: Path, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = write_old_catalogue(file, version)
    catalogue, journal = Catalogue(file), Journal(file)
    kept = file.with_name(f"catalogue-v{version}.backup.sqlite3")
    assert sorted(p.name for p in file.parent.glob("*.sqlite3")) == sorted([file.name, kept.name])
    assert (version_of(kept), version_of(file)) == (version, VERSION)
    assert rows(kept) == before
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == 1
    assert f"from version {version} to {VERSION}" in told[0]
    assert kept.name in told[0]
    after = rows(file)
    for name, old in before.items():
        if name not in {"sqlite_sequence", "story_bands", "alembic_version"}:
            assert [row[: len(old[0])] for row in after[name]] == old
    assert catalogue.article("oslo") == NOW
    assert [passage.text for passage in catalogue.passages([1, 2, 3])] == [OLD.text, NOW.text, GONE.text]
    assert catalogue.feeds()[0].name == "wire"
    stored = journal.answer("7F3K2M")
    assert stored is not None
    assert (stored.question, stored.person) == ("Who met?", "aa" if version >= 2 else "")
    catalogue.close()
    journal.close()


@pytest.mark.parametrize("version", [n for n in OLDER if n < 6])
def test_what_an_older_version_kept_of_earlier_texts_becomes_their_history(file: Path, version: int) -> None:
    write_old_catalogue(file, version)
    catalogue = Catalogue(file)
    changed, current = catalogue.history("oslo")
    assert (changed.article, changed.ended, changed.removed) == (OLD, current.seen, False)
    assert (current.article, current.ended, current.removed) == (NOW, None, False)
    (gone,) = catalogue.history("bergen")
    assert (gone.article, gone.removed) == (GONE, True)
    assert gone.ended is not None
    assert gone.ended > current.seen
    catalogue.close()


@pytest.mark.parametrize("version", [n for n in OLDER if n >= 7])
def test_bands_that_stood_one_by_one_are_gathered(file: Path, version: int) -> None:
    write_old_catalogue(file, version)
    catalogue = Catalogue(file)
    ((revision, bands),) = (pair for part in catalogue.bands(10) for pair in part.items())
    assert (revision, bands.tolist()) == (2, [7, 123456789012])
    assert "story_bands" not in rows(file)
    catalogue.close()


def test_a_catalogue_of_this_version_is_not_copied(file: Path) -> None:
    for _ in range(2):
        Catalogue(file).close()
    assert [path.name for path in file.parent.glob("*.sqlite3")] == [file.name]


@pytest.mark.parametrize("version", OLDER)
def test_a_migration_that_fails_changes_nothing_and_says_so_in_one_line(file: Path, version: int) -> None:
    write_old_catalogue(file, version)
    # What the last migration adds is there already, so that all of them but that one succeed.
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE story_sketches (revision)")
    before = rows(file)
    with pytest.raises(CatalogueError) as refused:
        Catalogue(file)
    assert f"could not be brought from version {version}" in str(refused.value)
    assert "is as it was" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (rows(file), version_of(file)) == (before, version)
    assert rows(file.with_name(f"catalogue-v{version}.backup.sqlite3")) == before


FULL = """
import resource, sys
from pathlib import Path
from corpus.catalogue import Catalogue
from corpus.errors import CatalogueError
size = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    Catalogue(Path(sys.argv[1]))
except CatalogueError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
def test_on_a_full_disk_the_old_file_is_as_it_was(file: Path) -> None:
    write_old_catalogue(file, 1)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE answers SET body = ?", ("x" * 200_000,))
        connection.commit()
    before = rows(file)
    command = [sys.executable, "-c", FULL, str(file), "65536"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "could not be brought from version 1" in ran.stdout
    assert "has space" in ran.stdout
    assert (rows(file), version_of(file)) == (before, 1)
    assert [path.name for path in file.parent.glob("*.sqlite3*") if "backup" in path.name] == []


def test_a_damaged_catalogue_is_not_migrated_nor_does_it_replace_an_earlier_copy(file: Path) -> None:
    write_old_catalogue(file, 1)
    kept = file.with_name("catalogue-v1.backup.sqlite3")
    kept.write_text("an earlier copy")
    data = bytearray(file.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    file.write_bytes(data)
    with pytest.raises(CatalogueError, match=r"could not be brought|is damaged"):
        Catalogue(file)
    assert kept.read_text() == "an earlier copy"
    assert file.read_bytes() == bytes(data)


@pytest.mark.parametrize("version", OLDER)
def test_an_older_catalogue_gets_the_tables_of_a_new_one(tmp_path: Path, version: int) -> None:
    old, new = tmp_path / "old.sqlite3", tmp_path / "new.sqlite3"
    write_old_catalogue(old, version)
    for file in (old, new):
        Catalogue(file).close()
    assert described(old) == described(new)
    assert rows(old)["alembic_version"] == rows(new)["alembic_version"] == [(str(VERSION),)]


def test_the_version_is_that_of_the_last_revision() -> None:
    scripts = ScriptDirectory(str(Path(upgrading.__file__).parent))
    assert scripts.get_current_head() == str(VERSION)


def described(file: Path) -> dict[str, object]:
    """What a file's tables are, in whatever order their columns stand."""
    with closing(sqlite3.connect(file)) as connection:
        found: dict[str, object] = {}
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = connection.execute(
                f"SELECT name, type, \"notnull\" OR pk, dflt_value, pk FROM pragma_table_info('{name}')"  # noqa: S608
            )
            keys = connection.execute(
                f'SELECT "from", "table", "to", on_update, on_delete FROM pragma_foreign_key_list(\'{name}\')'  # noqa: S608
            )
            options = {word for word in ("AUTOINCREMENT", "WITHOUT ROWID") if word in sql}
            found[name] = (sorted(columns), sorted(keys), options)
        made = "SELECT name, tbl_name, coalesce(sql, '') FROM sqlite_master WHERE type = 'index'"
        for index, table, sql in connection.execute(made).fetchall():
            parts = connection.execute(f"SELECT name, \"desc\", coll FROM pragma_index_xinfo('{index}') WHERE key")  # noqa: S608
            # One that a table makes by itself is named by its place among them.
            key = index if sql else f"{table} {parts.fetchall()}"
            found[key] = sql.partition("ON")[2].replace('"', "").replace(" ", "").replace("NOTdone", "done=0")
        return found
