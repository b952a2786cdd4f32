"""Folders for servers that write much, in memory where there is room."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108


def new_folder(prefix: str, room: int) -> Path:
    """A folder of one's own with a short path: in memory if there are so many bytes, else on disk."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > room
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if roomy else "/tmp"))  # noqa: S108
