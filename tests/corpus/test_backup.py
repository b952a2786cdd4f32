"""Backups and the way back, with hostile ones among them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.backup import back_up, restore
from corpus.catalogue import Catalogue, KnownFeed
from corpus.errors import BackupError, CatalogueError, CorpusError, IndexBusy
from corpus.journal import Journal, StoredAnswer
from corpus.schema import VERSION
from retrieval.types import Article, Span
from tests.corpus.old_catalogues import NOW, rows, version_of, write_old_catalogue
from tests.fakes import indexing_process

OSLO = Article("oslo", "Envoys met in Oslo.", "Talks")
ANSWER = StoredAnswer("7F3K2M", "2024-07-09T00:00:00+00:00", "Who met?", False, "{}", "aa")
SALT = bytes(range(32))


def nothing() -> None:
    """There is no index to withdraw."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with all that a backup holds, and more."""
    folder = tmp_path / "data"
    catalogue = Catalogue(folder / "catalogue.sqlite3")
    catalogue.add_feed(KnownFeed("wire", "/news/wire"))
    catalogue.store("wire", [replace(OSLO, text="Nobody met.")])
    catalogue.store("wire", [OSLO, replace(OSLO, id="bergen")])
    revisions = catalogue.revisions(catalogue.uncut("encoder"))
    catalogue.store_passages(((r, a, [Span(0, len(a.text))]) for r, a in revisions), "encoder")
    catalogue.keep_only("wire", ["oslo"])
    catalogue.close()
    journal = Journal(folder / "catalogue.sqlite3")
    journal.add_answer(ANSWER)
    journal.close()
    (folder / "salt").write_bytes(SALT)
    (folder / "feeds.toml").write_text("[[feed]]\n")
    (folder / "index").mkdir()
    return folder


@pytest.fixture
def file(folder: Path, tmp_path: Path) -> Path:
    file = tmp_path / "backup.zip"
    back_up(folder, file)
    return file


def contents(folder: Path) -> dict[str, object]:
    """All files below a folder but locks; what a database holds rather than its bytes."""
    return {
        str(path.relative_to(folder)): rows(path) if path.suffix == ".sqlite3" else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock" and not path.name.endswith(("-wal", "-shm"))
    }


def repacked(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The backup with its members changed."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def resealed(file: Path, name: str, data: bytes) -> Path:
    """The backup with a member changed, and its manifest made to agree."""

    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        members |= {name: data, "manifest.json": json.dumps(manifest).encode()}

    return repacked(file, change)


# Backing up


def test_a_backup_holds_what_cannot_be_made_again_and_only_its_owner_can_read_it(folder: Path, file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == ["catalogue.sqlite3", "feeds.toml", "manifest.json", "salt"]
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.read("salt") == SALT
    assert manifest["format"] == 1
    assert (manifest["rows"]["articles"], manifest["rows"]["revisions"], manifest["rows"]["answers"]) == (1, 3, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["backup.zip", "data"]


def test_a_backup_is_whole_while_others_write(folder: Path, tmp_path: Path) -> None:
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        catalogue = Catalogue(folder / "catalogue.sqlite3")
        number = 0
        while not stop.is_set():
            catalogue.store("wire", [replace(OSLO, id=f"{number}-{part}") for part in range(7)])
            number += 1
            written.set()
        catalogue.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(30)
        made = [back_up(folder, tmp_path / f"{n}.zip") for n in range(3)]
    finally:
        stop.set()
        writer.join(30)
    # Each transaction wrote seven articles.
    assert all((manifest.rows["articles"] - 1) % 7 == 0 for manifest in made)
    assert all(manifest.rows["articles"] > 1 for manifest in made)
    restore(tmp_path / "new", tmp_path / "2.zip", nothing)


def test_a_file_that_is_there_is_not_written_over_unless_it_is_meant(folder: Path, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(BackupError, match=r"backup\.zip is there already.*--force"):
        back_up(folder, file)
    assert file.read_bytes() == before
    (folder / "salt").unlink()
    back_up(folder, file, force=True)
    with zipfile.ZipFile(file) as archive:
        assert "salt" not in archive.namelist()


def test_a_folder_without_a_catalogue_has_nothing_to_back_up_and_gets_none(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"there is no catalogue .*`backchannel index` makes one"):
        back_up(tmp_path, tmp_path / "backup.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_does_not_exist_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"cannot be written \(No such file"):
        back_up(folder, tmp_path / "nowhere" / "backup.zip")


def test_a_damaged_catalogue_is_not_backed_up(folder: Path, tmp_path: Path) -> None:
    (folder / "catalogue.sqlite3").write_text("Dear diary, " * 900)
    with pytest.raises(CorpusError, match=r"catalogue\.sqlite3"):
        back_up(folder, tmp_path / "backup.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_older_versions_catalogue_is_backed_up_as_it_is_and_migrated_when_it_is_restored(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    write_old_catalogue(old / "catalogue.sqlite3", 1)
    back_up(old, tmp_path / "backup.zip")
    assert version_of(old / "catalogue.sqlite3") == 1
    restore(new, tmp_path / "backup.zip", nothing)
    assert version_of(new / "catalogue.sqlite3") == VERSION
    catalogue = Catalogue(new / "catalogue.sqlite3")
    assert catalogue.article("oslo") == NOW
    catalogue.close()
    assert sorted(path.name for path in new.glob("*.sqlite3")) == ["catalogue.sqlite3"]


# Restoring


def test_a_restored_folder_holds_what_was_backed_up_but_nothing_of_an_index(folder: Path, file: Path) -> None:
    new = folder.parent / "new" / "folder"
    done = restore(new, file, nothing)
    assert done.put_aside == ()
    before, after = rows(folder / "catalogue.sqlite3"), rows(new / "catalogue.sqlite3")
    for name in ("feeds", "articles", "revisions", "answers"):
        assert after[name] == before[name]
    assert len(before["passages"]) == 2
    assert [row for row in before["passages"] if row[5]] == after["passages"]
    assert after["generations"] == []
    assert (new / "salt").read_bytes() == SALT
    assert stat.S_IMODE((new / "salt").stat().st_mode) == 0o600
    assert (new / "feeds.toml").read_text() == "[[feed]]\n"
    names = {path.name for path in new.iterdir()} - {"indexing.lock", "catalogue.sqlite3.lock"}
    assert names == {"catalogue.sqlite3", "salt", "feeds.toml"}


def test_a_folder_that_holds_a_catalogue_is_left_alone_unless_it_is_meant(folder: Path, file: Path) -> None:
    before = contents(folder)
    with pytest.raises(BackupError, match=r"holds a catalogue already.*--force"):
        restore(folder, file, nothing)
    assert contents(folder) == before


def test_what_was_there_before_is_put_aside_under_a_dated_name(folder: Path, file: Path) -> None:
    catalogue = Catalogue(folder / "catalogue.sqlite3")
    catalogue.store("wire", [replace(OSLO, text="Later.")])
    catalogue.close()
    (folder / "salt").write_bytes(SALT[::-1])
    later = rows(folder / "catalogue.sqlite3")
    withdrawn: list[bool] = []
    done = restore(folder, file, lambda: withdrawn.append(True), force=True)
    assert withdrawn == [True]
    aside = {path.name.partition("Z-")[2]: path for path in done.put_aside}
    assert set(aside) == {"catalogue.sqlite3", "salt", "feeds.toml"}
    assert all(path.name.startswith("before-restore-20") for path in done.put_aside)
    assert rows(aside["catalogue.sqlite3"]) == later
    assert aside["salt"].read_bytes() == SALT[::-1]
    assert (folder / "salt").read_bytes() == SALT
    catalogue = Catalogue(folder / "catalogue.sqlite3")
    assert catalogue.article("oslo") == OSLO
    catalogue.close()


def test_a_damaged_catalogue_is_put_aside_with_its_log_and_the_backup_takes_its_place(folder: Path, file: Path) -> None:
    for name in ("catalogue.sqlite3", "catalogue.sqlite3-wal"):
        (folder / name).write_text(f"Dear diary, {name} " * 400)
    restore(folder, file, nothing, force=True)
    (aside,) = folder.glob("before-restore-*-catalogue.sqlite3-wal")
    assert aside.read_text().startswith("Dear diary")
    catalogue = Catalogue(folder / "catalogue.sqlite3")
    assert catalogue.article("oslo") == OSLO
    catalogue.close()


def test_a_folder_in_use_is_refused_whatever_is_meant(folder: Path, file: Path) -> None:
    user = Catalogue(folder / "catalogue.sqlite3")
    with pytest.raises(BackupError, match=r"is in use: stop `backchannel serve`"):
        restore(folder, file, nothing, force=True)
    assert user.article("oslo") == OSLO
    user.store("wire", [replace(OSLO, text="Still at work.")])
    user.close()
    restore(folder, file, nothing, force=True)


def test_a_folder_that_is_being_indexed_is_refused(folder: Path, file: Path) -> None:
    before = contents(folder)
    with indexing_process(folder), pytest.raises(IndexBusy, match="by process"):
        restore(folder, file, nothing, force=True)
    assert {name: value for name, value in contents(folder).items() if name != "indexing.json"} == before


def test_the_salt_of_a_folder_stays_where_the_backup_has_none(folder: Path, tmp_path: Path) -> None:
    (folder / "salt").unlink()
    back_up(folder, tmp_path / "b.zip")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "salt").write_bytes(SALT)
    restore(tmp_path / "new", tmp_path / "b.zip", nothing)
    assert (tmp_path / "new" / "salt").read_bytes() == SALT


# Bad backups


@pytest.fixture
def refused(folder: Path, file: Path) -> Callable[[], str]:
    """Restores the backup over the folder and gives what was said; all is as it was then."""
    before, around = contents(folder), {path.name for path in folder.parent.iterdir()}

    def attempt() -> str:
        with pytest.raises(CorpusError) as error:
            restore(folder, file, lambda: pytest.fail("the index was withdrawn"), force=True)
        assert contents(folder) == before
        assert {path.name for path in folder.parent.iterdir()} == around
        assert "\n" not in str(error.value)
        return str(error.value)

    return attempt


def test_a_file_that_is_no_backup_is_refused(file: Path, refused: Callable[[], str]) -> None:
    file.write_text("Dear diary")
    assert "is damaged" in refused()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("letter.txt", "Dear diary")
    assert "is no backup of Backchannel" in refused()
    file.unlink()
    file.touch()
    assert "is damaged" in refused()


def test_a_missing_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"there is no backup .*none\.zip"):
        restore(tmp_path / "new", tmp_path / "none.zip", nothing)


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "index/CURRENT", "..\\outside.txt", "salt/"])
def test_a_member_of_another_name_is_refused(file: Path, refused: Callable[[], str], name: str) -> None:
    repacked(file, lambda members: members.update({name: b"x"}))
    assert "does not hold the files that its manifest names, and no others" in refused()


def test_a_manifest_that_names_other_files_is_refused(file: Path, refused: Callable[[], str]) -> None:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        manifest["files"]["../outside.txt"] = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
        members |= {"../outside.txt": b"x", "manifest.json": json.dumps(manifest).encode()}

    repacked(file, change)
    assert "its manifest" in refused()


@pytest.mark.parametrize("name", ["catalogue.sqlite3", "salt", "feeds.toml"])
def test_a_changed_member_is_refused(file: Path, refused: Callable[[], str], name: str) -> None:
    repacked(file, lambda members: members.update({name: members[name][:-1] + b"?"}))
    assert f"{name} is not what its manifest says" in refused()


@pytest.mark.parametrize("name", ["catalogue.sqlite3", "salt"])
def test_a_member_that_is_longer_than_it_says_is_not_read_to_its_end(
    file: Path, refused: Callable[[], str], name: str
) -> None:
    repacked(file, lambda members: members.update({name: members[name] + bytes(30_000_000)}))
    assert f"{name} is not what its manifest says" in refused()


def test_a_missing_catalogue_is_refused(file: Path, refused: Callable[[], str]) -> None:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        del members["catalogue.sqlite3"], manifest["files"]["catalogue.sqlite3"]
        members["manifest.json"] = json.dumps(manifest).encode()

    repacked(file, change)
    assert "is damaged" in refused()


def test_a_newer_versions_backup_is_refused(file: Path, refused: Callable[[], str]) -> None:
    def change(members: dict[str, bytes]) -> None:
        members["manifest.json"] = members["manifest.json"].replace(b'"format": 1', b'"format": 2')

    repacked(file, change)
    assert "was made by a newer version: upgrade" in refused()


@pytest.fixture
def inside(file: Path, tmp_path: Path) -> Callable[[str], None]:
    """Runs statements in the catalogue of the backup."""

    def change(script: str) -> None:
        with zipfile.ZipFile(file) as archive:
            data = archive.read("catalogue.sqlite3")
        catalogue = tmp_path / "data" / "changed.tmp"
        catalogue.write_bytes(data)
        with closing(sqlite3.connect(catalogue)) as connection:
            connection.executescript(script)
        resealed(file, "catalogue.sqlite3", catalogue.read_bytes())
        catalogue.unlink()

    return change


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (f"PRAGMA user_version = {VERSION + 1}", "belongs to a newer version"),
        ("PRAGMA user_version = 0", "but no catalogue"),
        ("CREATE TRIGGER t AFTER INSERT ON articles BEGIN DELETE FROM answers; END", "but no catalogue"),
        ("CREATE VIEW v AS SELECT 1", "but no catalogue"),
        ("DELETE FROM revisions", "refers to nothing"),
        ("PRAGMA user_version = 1", "could not be brought from version 1"),
    ],
)
def test_a_catalogue_that_is_not_sound_is_refused(
    inside: Callable[[str], None], refused: Callable[[], str], script: str, said: str
) -> None:
    inside(script)
    assert said in refused()


def test_a_member_that_is_no_database_is_refused(file: Path, refused: Callable[[], str]) -> None:
    resealed(file, "catalogue.sqlite3", b"Dear diary, " * 900)
    assert "is damaged" in refused()


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), flipped=st.integers(1, 255) | st.none())
def test_whatever_is_broken_in_a_backup_nothing_half_is_restored(
    tmp_path_factory: pytest.TempPathFactory, place: float, flipped: int | None
) -> None:
    tmp_path = tmp_path_factory.mktemp("broken")
    catalogue = Catalogue(tmp_path / "data" / "catalogue.sqlite3")
    catalogue.add_feed(KnownFeed("wire", "/news/wire"))
    catalogue.store("wire", [OSLO])
    catalogue.close()
    back_up(tmp_path / "data", tmp_path / "b.zip")
    whole = bytearray((tmp_path / "b.zip").read_bytes())
    at = int(place * len(whole))
    if flipped is None:
        del whole[at:]
    else:
        whole[at] ^= flipped
    (tmp_path / "b.zip").write_bytes(whole)
    new = tmp_path / "new"
    try:
        restore(new, tmp_path / "b.zip", nothing)
    except CorpusError:
        assert [path.name for path in new.glob("*") if path.suffix != ".lock"] == []
    else:
        assert rows(new / "catalogue.sqlite3")["articles"] == rows(tmp_path / "data" / "catalogue.sqlite3")["articles"]
