"""How readers say what is wrong."""

from __future__ import annotations

import reprlib


class Unreadable(Exception):
    """An item gives no article; the message is the reason. Readers turn it into a bad item, so it never leaves them.

    Args:
        reason: one line that names the offending value and the way out.
        line: the line of the file that is meant, counted from 1, where that is known.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


_ABRIDGED = reprlib.Repr()
_ABRIDGED.maxstring = _ABRIDGED.maxother = 60


def shortened(value: object) -> str:
    """A value as it may stand in a message: on one line, printable and not long."""
    return _ABRIDGED.repr(value)


def cannot_be_opened(error: OSError) -> str:
    """The reason for a file that the operating system does not hand over."""
    return f"cannot be read ({error.strerror or error}): check that it is still there and its permissions"


def not_utf8(error: UnicodeDecodeError) -> str:
    """The reason for bytes that are no UTF-8, naming the first of them."""
    byte = error.object[error.start]
    return f"is not UTF-8 at byte {error.start} (0x{byte:02x}, counted from 0): save it as UTF-8"
