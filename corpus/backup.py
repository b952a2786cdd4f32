"""A data folder's backup: one file that holds all that cannot be made again, and the way back from it.

It is a zip of the catalogue, the feeds file and the salt, with a manifest that says what each must be. The index and
the model's export are made again from the catalogue.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus import snapshots
from corpus.database import Database
from corpus.errors import BackupError
from corpus.locking import indexing_lock
from retrieval.files import size_and_sha256, sync

CATALOGUE, FEEDS, SALT = "catalogue.sqlite3", "feeds.toml", "salt"
_MANIFEST = "manifest.json"
_FORMAT = 1
_LONGEST_MANIFEST = 1_000_000
_LOCK_SECONDS = 10.0
_CHUNK = 1 << 20

FileName = Literal["catalogue.sqlite3", "feeds.toml", "salt"]


class PackedFile(BaseModel):
    """What a file of the backup must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int = Field(ge=0)
    sha256: str


class BackupManifest(BaseModel):
    """What a backup holds; ``rows`` counts those of each table, ``created`` is ISO 8601 in UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    backchannel: str
    created: str
    rows: dict[str, int]
    files: dict[FileName, PackedFile]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what was there before under the names that it has now."""

    manifest: BackupManifest
    put_aside: tuple[Path, ...]


def back_up(folder: Path, file: Path, *, force: bool = False) -> BackupManifest:
    """Write a backup of a data folder, which others may use meanwhile; readable by its owner alone.

    Args:
        folder: the data folder.
        file: the backup, whole or not there at all.
        force: write over a file of that name.

    Raises:
        BackupError: there is a file of that name, or the backup cannot be written.
        CatalogueError: there is no catalogue, or it cannot be copied.
    """
    _check_free(file, force=force)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as made:
            work = Path(made)
            snapshots.snapshot_of(folder / CATALOGUE, work / CATALOGUE)
            # After the catalogue, so that it holds nobody whom the salt does not know.
            for name in (FEEDS, SALT):
                with suppress(FileNotFoundError):
                    shutil.copyfile(folder / name, work / name)
            manifest = _described(work)
            _pack(work, manifest, work / "backup.zip")
            _check_free(file, force=force)
            (work / "backup.zip").replace(file)
            sync(file.parent)
    except OSError as error:
        raise BackupError(
            f"the backup {file} cannot be written ({error.strerror or error}): name another place that has space"
        ) from error
    return manifest


def restore(folder: Path, file: Path, withdraw_index: Callable[[], None], *, force: bool = False) -> Restored:
    """Bring a data folder to what a backup holds; nothing is changed unless all of it is sound.

    Args:
        folder: the data folder, which nobody may use meanwhile.
        file: the backup.
        withdraw_index: takes away the index, which belongs to what was there before.
        force: also where there is a catalogue already, which is put aside.

    Raises:
        BackupError: it is no backup, or is damaged; or the folder has a catalogue, or is in use.
        CatalogueError: a newer version wrote it.
        IndexBusy: another process is indexing the folder.
    """
    try:
        with _opened(file) as archive:
            manifest = _manifest(archive, file)
            folder.mkdir(parents=True, exist_ok=True)
            with indexing_lock(folder), _alone(folder):
                _check_place(folder, manifest, force=force)
                with tempfile.TemporaryDirectory(prefix=".restore.", dir=folder) as made:
                    _unpack(archive, manifest, Path(made), file)
                    _make_ready(Path(made) / CATALOGUE)
                    return Restored(manifest, tuple(_exchange(folder, Path(made), manifest, withdraw_index)))
    except OSError as error:
        raise BackupError(
            f"{file} cannot be restored to {folder} ({error.strerror or error}): check that both can be used and that "
            "there is space"
        ) from error


def _check_free(file: Path, *, force: bool) -> None:
    if file.is_dir() or (file.exists() and not force):
        raise BackupError(f"{file} is there already: name another file, or write over it with --force")


def _described(work: Path) -> BackupManifest:
    files = {}
    for name in (CATALOGUE, FEEDS, SALT):
        if (work / name).exists():
            size, digest = size_and_sha256(work / name)
            files[name] = {"bytes": size, "sha256": digest}
    return BackupManifest.model_validate(
        {
            "format": _FORMAT,
            "backchannel": version("backchannel"),
            "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "rows": snapshots.counts(work / CATALOGUE),
            "files": files,
        }
    )


def _pack(work: Path, manifest: BackupManifest, target: Path) -> None:
    # With the salt in it, whose questions they were could be found out.
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_MANIFEST, manifest.model_dump_json(indent=2))
            for name in manifest.files:
                archive.write(work / name, name)
        stream.flush()
        os.fsync(stream.fileno())
    # Read again as it will be one day.
    with _opened(target) as archive:
        for name, record in _manifest(archive, target).files.items():
            _copy(archive, name, record, None, target)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    if not file.is_file():
        raise BackupError(f"there is no backup {file}: name a file that `backchannel backup` wrote")
    with _reading(file):
        archive = zipfile.ZipFile(file)
    with archive:
        yield archive


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _damaged(file, str(error) or type(error).__name__) from error


def _manifest(archive: zipfile.ZipFile, file: Path) -> BackupManifest:
    names = archive.namelist()
    if names.count(_MANIFEST) != 1 or archive.getinfo(_MANIFEST).file_size > _LONGEST_MANIFEST:
        raise BackupError(f"{file} is no backup of Backchannel: name a file that `backchannel backup` wrote")
    with _reading(file), archive.open(_MANIFEST) as stream:
        text = stream.read(_LONGEST_MANIFEST + 1)
    try:
        manifest = BackupManifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["loc"] == ("format",) and isinstance(first["input"], int) and first["input"] > _FORMAT:
            raise BackupError(f"{file} was made by a newer version: upgrade Backchannel first") from error
        raise _damaged(file, f"its manifest: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if CATALOGUE not in manifest.files or sorted(names) != sorted([_MANIFEST, *manifest.files]):
        raise _damaged(file, "it does not hold the files that its manifest names, and no others")
    return manifest


def _check_place(folder: Path, manifest: BackupManifest, *, force: bool) -> None:
    catalogue = folder / CATALOGUE
    if catalogue.exists():
        if not force:
            raise BackupError(
                f"{folder} holds a catalogue already: name another folder by --data-dir, or put this one aside with "
                "--force"
            )
        snapshots.settle(catalogue)
    needed = sum(record.bytes for record in manifest.files.values())
    if needed > shutil.disk_usage(folder).free:
        raise BackupError(f"{folder} has no space for the {needed:,} bytes of the backup: make some, or name another")


def _unpack(archive: zipfile.ZipFile, manifest: BackupManifest, work: Path, file: Path) -> None:
    """Write the files under our own names, whatever else the archive says, and see that they are what was packed."""
    for name, record in manifest.files.items():
        descriptor = os.open(work / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if name == SALT else 0o666)
        with os.fdopen(descriptor, "wb") as stream:
            _copy(archive, name, record, stream, file)


def _copy(archive: zipfile.ZipFile, name: str, record: PackedFile, target: IO[bytes] | None, file: Path) -> None:
    """Read a file of the archive, no more of it than it may have, and write it where there is a target."""
    digest, left = hashlib.sha256(), record.bytes
    with _reading(file), archive.open(name) as stream:
        while chunk := stream.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            if target is not None:
                target.write(chunk)
    if left or digest.hexdigest() != record.sha256:
        raise _damaged(file, f"{name} is not what its manifest says")


def _make_ready(catalogue: Path) -> None:
    """See that a catalogue is sound, bring it up to this version, and leave it in a single file."""
    snapshots.check_restorable(catalogue)
    Database(catalogue).close()
    snapshots.without_index(catalogue)
    sync(catalogue)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let nobody open the catalogue meanwhile; see :class:`corpus.database.Database`."""
    lock = FileLock(f"{folder / CATALOGUE}.lock", timeout=_LOCK_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        raise BackupError(f"the catalogue in {folder} is just being opened: try again") from None
    try:
        yield
    finally:
        lock.release()


def _exchange(folder: Path, work: Path, manifest: BackupManifest, withdraw_index: Callable[[], None]) -> Iterator[Path]:
    """Put new files in the place of old ones, the catalogue last; gives where the old ones are now."""
    withdraw_index()
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    # A log that is left of a damaged catalogue would be played into the new one.
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            (folder / f"{CATALOGUE}{suffix}").rename(folder / f"before-restore-{stamp}-{CATALOGUE}{suffix}")
    for name in sorted(manifest.files, key=lambda name: name == CATALOGUE):
        old, aside = folder / name, folder / f"before-restore-{stamp}-{name}"
        if old.exists():
            # Both names for a moment, so that at none there is no catalogue.
            try:
                os.link(old, aside)
            except OSError:  # where files can have but one
                old.rename(aside)
            yield aside
        (work / name).replace(old)
    sync(folder)


def _damaged(file: Path, reason: str) -> BackupError:
    return BackupError(f"the backup {file} is damaged ({reason}): take another one")
