"""Dense and lexical search of one question, fused into one ranking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Vectors
from retrieval.index.port import Index, Match
from retrieval.recency import asks_for_the_latest, newness
from retrieval.types import Filters

Scores = npt.NDArray[np.float64]
"""float64 ``(n,)``, higher is better."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages found by either search, ``n`` in all, best first by ``fused`` once they are fused.

    ``dense`` is each one's exact cosine, ``lexical`` its BM25 score (0 where that search did not list it),
    ``newness`` in [0, 1] how new its article is, where the question asks for the latest, else 0; ranks count from 1,
    0 where a search did not list it.
    """

    ids: npt.NDArray[np.int64]
    article_ids: tuple[str, ...]
    dense: Scores
    lexical: Scores
    newness: Scores
    dense_rank: npt.NDArray[np.int64]
    lexical_rank: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


Encoded = Callable[[], Vectors]
"""Gives a question's encoding, float32 ``(d,)``, unit length."""


def search(index: Index, question: str, encoded: Encoded, depth: int, filters: Filters) -> Candidates:
    """The ``depth`` best passages of each search, both of which go on at the same time where that is worth it.

    Args:
        index: the generation to search.
        question: its words.
        encoded: its encoding; it may be asked for once the search by words has begun, which needs none.
        depth: how many of each search.
        filters: what may be found.
    """
    vector, dense, lexical = _searched(index, question, encoded, depth, filters)
    article_ids = {match.passage_id: match.article_id for match in (*dense, *lexical)}
    ids = np.array(sorted(article_ids), dtype=np.int64)
    bm25, dense_rank, lexical_rank = (np.zeros(len(ids)), *(np.zeros(len(ids), dtype=np.int64) for _ in range(2)))
    _place(ids, dense, dense_rank)
    for at, match in zip(_place(ids, lexical, lexical_rank), lexical, strict=True):
        bm25[at] = match.score
    new = np.zeros(len(ids))
    newest = index.info.horizon.last
    if newest and asks_for_the_latest(question):
        new = newness(index.published(ids.tolist()), newest.last)
    return Candidates(
        ids=ids,
        article_ids=tuple(article_ids[i] for i in ids.tolist()),
        dense=(index.vectors(ids.tolist()) @ vector).astype(np.float64),
        lexical=bm25,
        newness=new,
        dense_rank=dense_rank,
        lexical_rank=lexical_rank,
    )


def _searched(
    index: Index, question: str, encoded: Encoded, depth: int, filters: Filters
) -> tuple[Vectors, list[Match], list[Match]]:
    """The question's vector, and what the search by it and the one by words find."""
    if not index.at_once:
        vector = encoded()
        return vector, index.search_dense(vector, depth, filters), index.search_lexical(question, depth, filters)
    with ThreadPoolExecutor(1) as beside:  # which waits for it, whatever happens
        searching = beside.submit(index.search_lexical, question, depth, filters)
        vector = encoded()
        dense = index.search_dense(vector, depth, filters)
        return vector, dense, searching.result()


def _place(ids: npt.NDArray[np.int64], matches: Sequence[Match], ranks: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Write the matches' ranks; returns where they stand among the ids."""
    at: npt.NDArray[np.int64] = np.searchsorted(ids, [match.passage_id for match in matches])
    ranks[at] = np.arange(1, len(matches) + 1)
    return at
