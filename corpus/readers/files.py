"""Files that hold one article each."""

from __future__ import annotations

from corpus.readers.cleaning import without_controls
from corpus.readers.port import Origin
from corpus.readers.problems import Unreadable, cannot_be_opened, not_utf8

MAX_FILE_BYTES = 32 * 2**20
"""The longest file that is read as one article."""


def read_text(origin: Origin) -> str:
    """The text of a file, its line breaks made one kind and its control characters removed.

    Raises:
        Unreadable: the file cannot be opened, is too long, or is not UTF-8.
    """
    try:
        return without_controls(read_bytes(origin).decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise Unreadable(not_utf8(error)) from error


def read_bytes(origin: Origin) -> bytes:
    """What a file holds.

    Raises:
        Unreadable: the file cannot be opened or is too long.
    """
    try:
        with origin.path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Unreadable(cannot_be_opened(error)) from error
    if len(data) > MAX_FILE_BYTES:
        raise Unreadable(f"is longer than {MAX_FILE_BYTES // 2**20} MiB: split it into articles")
    return data
