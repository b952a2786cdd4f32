"""Telling plainly that an index in a folder could not be written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.errors import IndexUnwritable


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell plainly that a generation could not be written; FAISS and tantivy have no errors of their own for it.

    Raises:
        IndexUnwritable: the folder cannot be written, or has no space left.
    """
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        # Where several files could not be copied, the first says why.
        reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error
        raise IndexUnwritable(
            f"the index in {folder} cannot be written ({reason}): see that the folder can be written and has space, "
            "then run `backchannel index` again"
        ) from error
