"""Third parties' parsers, kept from ending a run and from writing between our lines."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from corpus.readers.problems import Unreadable, shortened

_T = TypeVar("_T")


def parsed_by(library: str, call: Callable[[], _T]) -> _T:
    """What a call of a library gives; what the library logs of a file is ours to say.

    Raises:
        Unreadable: it failed, in whatever way; the reason is the library's own.
    """
    logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        return call()
    except Unreadable:
        raise
    # Files are broken in more ways than their parsers foresee, and one file must not end a run.
    except Exception as error:
        raise Unreadable(shortened(str(error) or type(error).__name__)) from error
