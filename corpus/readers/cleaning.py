"""What is tidied in text that people wrote or scraped; never used where text is kept exactly as given."""

from __future__ import annotations

import re

_LINE_BREAK = re.compile(r"\r\n?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f]")
_BLANK_LINES = re.compile(r"\n{3,}")
# YAML can spell a lone surrogate; no store can keep one.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def without_controls(text: str) -> str:
    """The text with line feeds for line breaks and no other C0 control character but the tab."""
    return _CONTROLS.sub("", _LINE_BREAK.sub("\n", text))


def tidy(text: str) -> str:
    """The text without white space at line ends and around it, and with at most one blank line in a row."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def one_line(text: str) -> str:
    """A title or another field on one line, of characters that can be stored."""
    return " ".join(without_controls(_UNSTORABLE.sub("", text)).split())


def find_unstorable(text: str) -> int | None:
    """Where the first character stands that cannot be stored (NUL or a lone surrogate), ``None`` if all can."""
    match = _UNSTORABLE.search(text)
    return match.start() if match else None
