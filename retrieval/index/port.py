"""What an index must offer: the embedded one and any distributed engine pass one contract suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from retrieval.dates import PartialDate
from retrieval.encoders.port import Vectors
from retrieval.types import Filters, Horizon

PassageIds = npt.NDArray[np.int64]
"""int64 ``(n,)``."""
Rows = npt.NDArray[np.int64]
"""Where passages stand among all that are indexed, by ascending id, int64 ``(n,)``."""
Mask = npt.NDArray[np.bool_]
"""Which passages of all, bool ``(n,)``."""

EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """A passage with what it can be found and filtered by."""

    id: int
    article_id: str
    title: str
    text: str
    source: str = ""
    published: PartialDate | None = None


class Match(NamedTuple):
    """A passage found by one search. Scores are higher for better: cosine if dense, BM25 if lexical."""

    passage_id: int
    article_id: str
    score: float


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """What is known about a published generation. ``created`` is an ISO 8601 time in UTC."""

    number: int
    created: str
    encoder: str
    dimension: int
    passages: int
    horizon: Horizon


class Index(Protocol):
    """One published generation, read-only. Safe to search from several threads.

    Where a server holds it, any method raises ``IndexUnavailable`` while that does not answer.
    """

    @property
    def info(self) -> GenerationInfo:
        """What the generation holds."""

    @property
    def shortcoming(self) -> str:
        """What of this port the index cannot do, as one line for people; empty where it does all."""

    @property
    def at_once(self) -> bool:
        """Whether two searches take long enough that they should go on at the same time."""

    def search_dense(self, vector: Vectors, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """The ``k`` passages of the largest inner product with ``vector`` (float32 ``(d,)``, unit length).

        Nearly all of them where there are too many to compare each.
        Best first, equal scores by ascending id. Filters act before ``k`` is counted.
        """

    def search_lexical(self, query: str, k: int, filters: Filters = EVERYTHING) -> list[Match]:
        """The ``k`` passages of the highest BM25 score for the words of ``query``; those without any are left out.

        Best first, equal scores by ascending id. Filters act before ``k`` is counted.
        """

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        """In how many passages' text each word occurs (after stemming); a stop word counts as being in all of them."""

    def passage_ids(self) -> PassageIds:
        """All ids, ascending."""

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """float32 ``(n, d)``: the stored vectors of these passages, in this order.

        Raises:
            KeyError: an id is not in the index.
        """

    def published(self, ids: Sequence[int]) -> list[PartialDate | None]:
        """When the articles of these passages were published, in this order; ``None`` where that is not known.

        Raises:
            KeyError: an id is not in the index.
        """

    def sources(self) -> Mapping[str, int]:
        """The outlets, each with its number of articles."""

    def known_articles(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids that are articles of this generation."""

    def close(self) -> None:
        """Let go of the generation, so that it may be removed; the index must not be searched afterwards."""


class IndexWriter(Protocol):
    """A generation in the making. Nothing of it can be seen until it is published."""

    def add(self, passages: Sequence[IndexedPassage], vectors: Vectors) -> None:
        """Add passages with their vectors, float32 ``(n, d)``, rows L2-normalised.

        Raises:
            ValueError: an id is there already, or the shapes differ.
        """

    def delete(self, ids: Sequence[int]) -> None:
        """Take passages out; ids that are not there are passed over."""

    def publish(self) -> GenerationInfo:
        """Verify the generation, then make it the current one in one step.

        Raises:
            IndexDamaged: what was written does not read back; the current generation stays.
            IndexUnwritable: there is no space, or no permission; the current generation stays.
        """

    def abandon(self) -> None:
        """Throw the unfinished generation away."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None:
        """Abandon what was not published."""


class Generations(Protocol):
    """Published generations, of one encoder or of any.

    Where a server holds them, any method raises ``IndexUnavailable`` while that does not answer.
    """

    def current(self) -> Index:
        """Open the current generation.

        Raises:
            IndexMissing: there is none.
            IndexDamaged: its files differ from what was published.
            IndexForeign: another encoder or another version made it.
        """

    def current_number(self) -> int | None:
        """The number of the current generation, without opening it."""

    def last_good(self, before: int | None = None) -> Index | None:
        """Open the newest generation (``before`` another) that is whole and of this encoder.

        It stands in for a current one that is damaged.
        """

    def withdraw(self) -> None:
        """Let no generation answer any more, nor stand in; the next one is made from nothing.

        They know passages by ids that may come to mean others.
        """


class IndexStore(Generations, Protocol):
    """Where generations are kept, and new ones are made.

    A generation that is open, in whatever process, is not removed before it is closed or the process has ended. A
    server cannot tell what other processes have open: there it is left for a grace after another took its place.
    """

    def clean_up(self) -> int | None:
        """Remove the generations before the last two that nobody has open.

        Returns:
            The number of the oldest that is left: what it and later ones refer to must be kept.
        """

    def begin(self, *, fresh: bool = False) -> IndexWriter:
        """Start a generation as a copy of the current one, or empty when ``fresh`` or when there is none.

        Raises:
            IndexDamaged, IndexForeign: the current one cannot be built upon; start fresh.
            IndexUnwritable: there is no space, or no permission.
        """
