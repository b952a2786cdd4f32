"""The folder of an embedded index: a folder for each generation, and a file that says which one answers."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from retrieval.errors import IndexDamaged

CURRENT = "CURRENT"
"""The file that names the generation that answers."""
BUILDING = ".building"
"""Ends the name of what was never finished, or is on its way out."""


def current_number(root: Path) -> int | None:
    """The number in the file ``CURRENT`` of an index folder; ``None`` where there is no such file.

    Raises:
        IndexDamaged: the file holds something else.
    """
    try:
        text = (root / CURRENT).read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    if not text.isdigit():
        raise IndexDamaged(f"{root / CURRENT} holds {text[:20]!r}, no number: run `backchannel index --rebuild`")
    return int(text)


def withdraw(root: Path) -> None:
    """Let no generation of an index folder answer any more, nor stand in; the next one is made from nothing.

    They know passages by ids that may come to mean others.
    """
    (root / CURRENT).unlink(missing_ok=True)
    for number in numbers(root):
        put_out(folder_of(root, number))


def put_out(generation: Path) -> None:
    """Take a generation out of the way in one step; the next run sweeps it away, and what a crash leaves of it."""
    generation.rename(generation.with_suffix(f".{uuid4().hex[:8]}{BUILDING}"))


def folder_of(root: Path, number: int) -> Path:
    """Where a generation lies."""
    return root / f"{number:06}"


def numbers(root: Path) -> list[int]:
    """Of the generations that lie there, ascending."""
    return sorted(int(path.name) for path in root.glob("[0-9]*") if path.name.isdigit())
