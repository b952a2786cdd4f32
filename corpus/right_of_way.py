"""Questions go before a re-index.

Between small steps it waits while one is answered, in its own process or in another, which shows by the time of a file;
and a process that only indexes steps back behind all others.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import numpy as np

from retrieval.encoders.port import Encoder, Offsets, TokenVectors, Vectors

_AT_MOST = 0.5
"""Seconds that one step waits: so however much is asked, a re-index goes on."""
_WORK = 0.02
"""Seconds of work for which it does not wait again."""
_LOOK = 0.01
"""Seconds between looks at whether another process still answers."""
_STEP = 16
"""Texts encoded between two looks: an encoder's batch, a twentieth of a second or less."""

_NICE = 15
"""Of 19: a process that answers gets all but a thirtieth of the processor where both want it."""

_T = TypeVar("_T")


class RightOfWay:
    """Counts the questions that are being answered. Safe to use from several threads.

    Args:
        file: its time is when a question was begun by some process, long ago where none is being answered; nothing
            depends on it but courtesy, so a process that was killed meanwhile does no harm.
        at_most: seconds that :meth:`give` waits.
    """

    def __init__(self, file: Path, at_most: float = _AT_MOST) -> None:
        self._file = file
        self._at_most = at_most
        self._asked = 0
        self._given = -math.inf
        self._changed = threading.Condition()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """While a question is answered."""
        with self._changed:
            self._asked += 1
        self._show(time.time())
        try:
            yield
        finally:
            with self._changed:
                self._asked -= 1
                self._changed.notify_all()
            if not self._asked:
                self._show(0)

    def give(self) -> None:
        """Wait until no question is being answered, but never for long, nor again after hardly any work."""
        started = time.monotonic()
        if started - self._given <= _WORK:
            return
        with self._changed:
            self._changed.wait_for(lambda: not self._asked, self._at_most)
        while self._asked_elsewhere() and time.monotonic() - started < self._at_most:
            time.sleep(_LOOK)
        self._given = time.monotonic()

    def _asked_elsewhere(self) -> bool:
        try:
            return abs(time.time() - self._file.stat().st_mtime) < self._at_most
        except OSError:
            return False

    def _show(self, when: float) -> None:
        with suppress(OSError):
            self._file.touch()
            os.utime(self._file, (when, when))


class GivingWay:
    """An encoder that lets questions go first; see :class:`retrieval.encoders.port.Encoder`.

    Args:
        encoder: does the work.
        way: where questions are.
        encode: makes the vectors of passages in its place.
    """

    def __init__(
        self, encoder: Encoder, way: RightOfWay, encode: Callable[[Sequence[str]], Vectors] | None = None
    ) -> None:
        self.fingerprint, self.dimension, self.max_tokens = encoder.fingerprint, encoder.dimension, encoder.max_tokens
        self._encoder = encoder
        self._encode = encode or encoder.encode_passages
        self._way = way

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        return self._encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 ``(n, d)``, rows L2-normalised."""
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        # Texts of about one length together, as little as possible is padded.
        order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        for places in self._steps(order):
            rows[places] = self._encode([texts[at] for at in places])
        return rows

    def encode_query_tokens(self, text: str) -> TokenVectors:
        """The question's tokens, each read in its context."""
        return self._encoder.encode_query_tokens(text)

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each passage's tokens, read in their context."""
        return [found for step in self._steps(texts) for found in self._encoder.encode_passage_tokens(step)]

    def token_spans(self, texts: Sequence[str]) -> list[Offsets]:
        """Where the tokens of each text lie, int32 ``(tokens, 2)``."""
        return [found for step in self._steps(texts) for found in self._encoder.token_spans(step)]

    def _steps(self, items: Sequence[_T]) -> Iterator[list[_T]]:
        for at in range(0, len(items), _STEP):
            self._way.give()
            yield list(items[at : at + _STEP])


def step_back() -> None:
    """Let every other process go before this one, for good, where the platform can do so."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
