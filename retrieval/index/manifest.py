"""The manifest of a generation: what it holds, by whom it was made, and the checksum of every file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from retrieval.dates import PartialDate
from retrieval.errors import IndexDamaged, IndexForeign
from retrieval.files import size_and_sha256, sync
from retrieval.index.port import GenerationInfo
from retrieval.types import Horizon

SCHEMA = 2
"""The layout of a generation's folder; a higher number was written by a newer version."""
_READ = (1, 2)

_NAME = "manifest.json"
# How files looked when their checksums were last compared: a large index need not be read whole to be opened.
_SEEN = "seen.json"
_T = TypeVar("_T")
_WAY_OUT = "run `backchannel index --rebuild` to make the index anew"


@dataclass(frozen=True, slots=True)
class Manifest:
    """``files`` maps each file's path in the folder to its size in bytes and SHA-256."""

    info: GenerationInfo
    files: Mapping[str, tuple[int, str]]

    @classmethod
    def describe(cls, info: GenerationInfo, folder: Path) -> Self:
        """Checksum everything in the folder."""
        return cls(info, {str(f.relative_to(folder)): size_and_sha256(f) for f in _files(folder)})

    def write(self, folder: Path) -> None:
        """Write the manifest beside what it describes, and see it all safely to disk."""
        value = {"schema": SCHEMA, "info": asdict(self.info), "files": self.files}
        (folder / _NAME).write_text(json.dumps(value, indent=1, default=str), encoding="utf-8")
        for path in [*_files(folder), folder / _NAME, *(p for p in folder.rglob("*") if p.is_dir()), folder]:
            sync(path)

    @classmethod
    def read(cls, folder: Path, *, whole: bool = False) -> Self:
        """Read a manifest and hold it against the folder's files.

        Args:
            folder: of the generation.
            whole: compare all checksums, also of files that nobody has written to since that was last done here.

        Raises:
            IndexDamaged: the manifest or a file is missing, cut short or changed.
            IndexForeign: a newer version wrote it.
        """
        try:
            value = json.loads((folder / _NAME).read_text(encoding="utf-8"))
            schema = value["schema"]
            if schema in _READ:
                manifest = cls(info_of(value["info"]), {n: (b, d) for n, (b, d) in value["files"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexDamaged(f"{folder / _NAME} cannot be read ({error}): {_WAY_OUT}") from error
        if schema not in _READ:
            raise IndexForeign(
                f"the index in {folder} has layout {schema}, this version reads {SCHEMA}: "
                f"use the version that made it, or {_WAY_OUT}"
            )
        manifest._check(folder, whole=whole)
        return manifest

    def check_encoder(self, fingerprint: str) -> None:
        """Refuse an index of other vectors.

        Raises:
            IndexForeign: another model made it.
        """
        check_encoder(self.info, fingerprint)

    def _check(self, folder: Path, *, whole: bool) -> None:
        looks = {name: self._of_file(folder / name, _look) for name in self.files}
        if not whole and looks == _seen(folder):
            return
        for name, expected in self.files.items():
            if self._of_file(folder / name, size_and_sha256) != expected:
                raise IndexDamaged(f"{folder / name} has changed since it was published: {_WAY_OUT}")
        with suppress(OSError):  # where nothing can be noted, the checksums are compared again
            (folder / _SEEN).write_text(json.dumps(looks), encoding="utf-8")

    def _of_file(self, file: Path, ask: Callable[[Path], _T]) -> _T:
        try:
            return ask(file)
        except OSError as error:
            raise IndexDamaged(f"{file} cannot be read ({error}): {_WAY_OUT}") from error


def check_encoder(info: GenerationInfo, fingerprint: str) -> None:
    """Refuse a generation of other vectors.

    Raises:
        IndexForeign: another model made it.
    """
    if info.encoder != fingerprint:
        raise IndexForeign(
            f"the index was made with the model {info.encoder}, the settings name {fingerprint}: "
            f"set BACKCHANNEL_MODEL back, or {_WAY_OUT}"
        )


def info_of(value: dict[str, Any]) -> GenerationInfo:
    """What ``asdict`` made of a generation's info, read back; dates are dictionaries of their parts."""
    horizon = value.pop("horizon")
    first, last = (PartialDate(**horizon[key]) if horizon[key] else None for key in ("first", "last"))
    return GenerationInfo(**value, horizon=Horizon(horizon["articles"], first, last))


def _files(folder: Path) -> list[Path]:
    # Lock files of the lexical index are no part of it.
    return sorted(f for f in folder.rglob("*") if f.is_file() and f.name not in (_NAME, _SEEN) and f.suffix != ".lock")


def _look(file: Path) -> list[int]:
    """What changes when a file is written to, or is another one; the second time cannot be set by a program."""
    found = file.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _seen(folder: Path) -> object:
    try:
        return json.loads((folder / _SEEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
