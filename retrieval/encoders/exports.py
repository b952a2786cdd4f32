"""Exported models on disk: found without loading anything, checksummed, and made by one process at a time.

Each lies in a folder of its own, named by what it was made of; a manifest, written last, holds what an encoder
must know of the model and the checksum of every file. Where an export was tried in vain, the manifest says why.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from filelock import FileLock, Timeout

from retrieval.errors import ExportImpossible
from retrieval.files import size_and_sha256, sync

LAYOUT = 3
"""Of the folder, and of what the exported graph takes and gives; another number is made anew."""

_MANIFEST = "manifest.json"
_UNFINISHED = ".unfinished-"
# Longer than any export takes; who waits longer does better without.
_PATIENCE_S = 300
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What an encoder knows of its model; see :class:`retrieval.encoders.port.Encoder`.

    ``longest`` counts the tokens that the model takes, special ones included; ``pad_id`` fills up the shorter texts
    of a batch; ``prompts`` stand before a "query" and a "passage".
    """

    fingerprint: str
    dimension: int
    max_tokens: int
    longest: int
    pad_id: int
    prompts: Mapping[str, str]


Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Export(Generic[Facts]):
    """A folder whose files are what its manifest says."""

    folder: Path
    facts: Facts


class Exports(Generic[Facts]):
    """The exported models in one folder.

    Args:
        root: the folder; it is made when the first export is.
        runtime: the version of what runs the exports; those of another one are made anew.
        kind: of the facts that are kept of each; a dataclass of what JSON holds.
    """

    def __init__(self, root: Path, runtime: str, kind: type[Facts]) -> None:
        self._root = root
        self._runtime = runtime
        self._kind = kind

    def find(self, source: Mapping[str, str]) -> Export[Facts] | None:
        """The export of a model; ``None`` where there is none, or one that is damaged.

        Raises:
            ExportImpossible: it was tried, and in vain.
        """
        folder = self._folder(source)
        if not folder.exists():
            return None
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            refused = manifest["refused"]
            facts = None if refused else self._kind(**manifest["facts"])
            damaged = [name for name, expected in manifest["files"].items() if _measured(folder / name) != expected]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            damaged = [f"{_MANIFEST} ({error})"]
        if damaged:
            _log.warning("the exported model in %s is damaged: %s; it is made anew", folder, ", ".join(damaged))
            return None
        if facts is None:
            raise ExportImpossible(refused)
        return Export(folder, facts)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the one process that makes exports here.

        Raises:
            ExportImpossible: the folder cannot be written, or another process takes too long.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._root / "making.lock", timeout=_PATIENCE_S)
            lock.acquire()
        except Timeout:
            raise ExportImpossible(f"another process has been exporting into {self._root} for minutes") from None
        except OSError as error:
            raise ExportImpossible(f"the folder {self._root} cannot be written ({error.strerror})") from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def unfinished(self) -> Iterator[Path]:
        """A new folder to make an export in; it is gone afterwards, unless published. To be used while locked."""
        for left in self._root.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = self._root / f"{_UNFINISHED}{os.getpid()}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, unfinished: Path, source: Mapping[str, str], facts: Facts) -> Export[Facts]:
        """Give a finished export its manifest and its name in one step; older ones of the same model go."""
        self._put(unfinished, source, {"refused": None, "facts": asdict(cast("Any", facts))})
        return Export(self._folder(source), facts)

    def refuse(self, unfinished: Path, source: Mapping[str, str], reason: str) -> None:
        """Note that this model cannot be exported, so that it is not tried at every start."""
        for file in unfinished.iterdir():
            file.unlink()
        self._put(unfinished, source, {"refused": reason, "facts": None})

    def _put(self, unfinished: Path, source: Mapping[str, str], value: dict[str, Any]) -> None:
        files = sorted(unfinished.iterdir())
        manifest = {**self._made_of(source), **value, "files": {file.name: _measured(file) for file in files}}
        (unfinished / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        for path in [*files, unfinished / _MANIFEST, unfinished]:
            sync(path)
        final = self._folder(source)
        for old in self._root.glob(f"{_family(source)}-*"):
            shutil.rmtree(old)
        unfinished.rename(final)
        sync(self._root)

    def _folder(self, source: Mapping[str, str]) -> Path:
        return self._root / f"{_family(source)}-{_digest(self._made_of(source))[:16]}"

    def _made_of(self, source: Mapping[str, str]) -> dict[str, Any]:
        return {"layout": LAYOUT, "runtime": self._runtime, "source": dict(source)}


def _family(source: Mapping[str, str]) -> str:
    """What all versions of a model's export have in common."""
    readable = re.sub(r"[^\w.-]+", "-", source["model"], flags=re.ASCII).strip("-.")[:40]
    return f"{readable}-{_digest([source['model'], source.get('folder')])[:8]}"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _measured(file: Path) -> list[int | str]:
    return list(size_and_sha256(file))
