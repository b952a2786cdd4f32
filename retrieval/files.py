"""Files that must be whole: their checksums, and that they are on the disk."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def size_and_sha256(file: Path) -> tuple[int, str]:
    """Bytes and SHA-256, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return file.stat().st_size, digest


def sync(path: Path) -> None:
    """Have the operating system write a file or a folder's list of names to the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
