"""Candidates put in order: fused scores, then the reader's."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from retrieval.fusion import Candidates, Scores
from retrieval.parameters import RankingParameters, probability
from retrieval.questions import is_question
from retrieval.reader import Reading
from retrieval.types import Explanation, Hit

# Scores that lie closer together than bfloat16 rounds are equal: scaling must not pull them apart.
_NARROWEST = 1e-3
_SUPPORTING = 3  # passages of an article beside its best
_Score = TypeVar("_Score", float, Scores)
MOST_READ = 32
"""Passages that are read for a question, however short they are."""


def fuse(candidates: Candidates, parameters: RankingParameters) -> Scores:
    """The fused score of each candidate, float64 ``(n,)``, higher is better.

    A convex combination of scores scaled to [0, 1] (Bruch, Gai and Ingber, 2022, "An Analysis of Fusion
    Functions for Hybrid Retrieval"): cosines from the worst that the dense search listed to the best, BM25
    from 0 to the best. Added are what an article's other passages say for it, and, where
    the question asks for the latest, how new it is.
    """
    if not len(candidates):
        return np.empty(0)
    listed = candidates.dense[candidates.dense_rank > 0]
    low, high = (listed.min(), listed.max()) if len(listed) else (0.0, 1.0)
    dense = np.clip((candidates.dense - low) / max(high - low, _NARROWEST), 0.0, 1.0)
    lexical = candidates.lexical / max(candidates.lexical.max(), 1e-9)
    weight = parameters.dense_weight
    fused: Scores = weight * dense + (1 - weight) * lexical
    fused = fused + parameters.support_weight * _support(candidates.article_ids, fused)
    return fused + parameters.recency_weight * candidates.newness


def _support(article_ids: Sequence[str], fused: Scores) -> Scores:
    """For each passage the mean score of its article's next best ones; one that is missing counts as 0.

    So a paragraph that was cut in two gains little, and an article that tells of nothing else much.
    """
    scores: dict[str, list[float]] = {}
    for article_id, score in zip(article_ids, fused.tolist(), strict=True):
        scores.setdefault(article_id, []).append(score)
    support = {
        article_id: sum(sorted(found, reverse=True)[1 : _SUPPORTING + 1]) / _SUPPORTING
        for article_id, found in scores.items()
    }
    return np.array([support[article_id] for article_id in article_ids])


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates in their final order, with what the reader read of the first few."""

    hits: tuple[Hit, ...]
    readings: dict[int, Reading]


def to_read(lengths: Sequence[int], found: int, parameters: RankingParameters) -> int:
    """How many passages to read of those that search put first.

    Reading costs time by the length of what is read, so of short texts more are read, and of few all.

    Args:
        lengths: of the first ones, in characters.
        found: how many search found in all.
        parameters: how much may be read.
    """
    if not parameters.read:
        return 0
    if found == len(lengths) <= MOST_READ and sum(lengths) <= parameters.read_all:
        return len(lengths)
    return min(max(parameters.read, fitting(lengths, parameters.read_characters)), MOST_READ, len(lengths))


def to_read_on(question: str, fused: Sequence[float], read: Sequence[Reading], parameters: RankingParameters) -> int:
    """How many passages to read in all, so that none is left out that could come first.

    It could if, read as well as is hoped, it would come before the best that was read (after the threshold algorithm of
    Fagin, Lotem and Naor, 2003, "Optimal Aggregation Algorithms for Middleware"). Of what asks nothing no more is read,
    nor where the reader's scores are not log-odds.

    Args:
        question: its words.
        fused: scores of what search found, best first.
        read: the first of these, as they were read; at least one.
        parameters: the weights.
    """
    if not parameters.reader_in_odds or not is_question(question):
        return len(read)
    firsts = zip(fused, read, strict=False)
    best = max(_both(score, probability(reading.score), parameters.reader_weight) for score, reading in firsts)
    worth = sum(_both(score, parameters.hoped, parameters.reader_weight) > best for score in fused)
    return max(len(read), min(worth, parameters.read_on))


def fitting(lengths: Sequence[int], most: float) -> int:
    """How many of these, taken from the first on, are together no longer than ``most``."""
    return sum(total <= most for total in itertools.accumulate(lengths))


def best_first(scores: Scores, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Positions by descending score, equal scores by ascending id."""
    return np.lexsort((ids, -scores))


def rank(candidates: Candidates, fused: Scores, readings: dict[int, Reading], parameters: RankingParameters) -> Ranked:
    """Put candidates in their final order.

    The reader's scores, as probabilities or scaled to [0, 1] over what it read, are mixed into the fused ones. What was
    not read counts as read worst, so that it cannot overtake. Search chooses what is read: where that was all that it
    found, and the reader gives log-odds, only newness counts beside these. That places the articles; which of an
    article's passages comes first is decided by their best sentences.

    Args:
        candidates: what was found.
        fused: their fused scores.
        readings: by passage id, for those that were read.
        parameters: the weights.
    """
    weight = parameters.reader_weight if readings else 0.0
    scaled = _scaled(readings, in_odds=parameters.reader_in_odds)
    read = np.array([scaled.get(i, 0.0) for i in candidates.ids.tolist()])
    if parameters.reader_in_odds and len(readings) == len(candidates):
        scores = read + (1 - weight) * parameters.recency_weight * candidates.newness
    else:
        scores = _both(fused, read, weight)
    final = _best_sentence_first(candidates, readings, scores)
    hits = _hits(candidates, final, fused, readings)
    return Ranked(tuple(hits[at] for at in best_first(final, candidates.ids).tolist()), readings)


def _both(fused: _Score, read: _Score, weight: float) -> _Score:
    """The final score of the fused one and the reader's, which has the weight."""
    return (1 - weight) * fused + weight * read


def _scaled(readings: dict[int, Reading], *, in_odds: bool) -> dict[int, float]:
    """The reader's scores in [0, 1], by passage id."""
    if in_odds:
        return {i: probability(reading.score) for i, reading in readings.items()}
    read = [reading.score for reading in readings.values()]
    low, high = min(read, default=0.0), max(read, default=1.0)
    return {i: (reading.score - low) / max(high - low, _NARROWEST) for i, reading in readings.items()}


def _best_sentence_first(candidates: Candidates, readings: dict[int, Reading], scores: Scores) -> Scores:
    """The scores, with those of an article's passages that were read dealt out among them by their best sentences."""
    read: dict[str, list[int]] = {}
    for at, (passage_id, article_id) in enumerate(zip(candidates.ids.tolist(), candidates.article_ids, strict=True)):
        if passage_id in readings:
            read.setdefault(article_id, []).append(at)
    dealt = scores.copy()
    for places in read.values():
        by_sentence = sorted(places, key=lambda at: -readings[int(candidates.ids[at])].sentences[0][1])
        dealt[by_sentence] = sorted(scores[places], reverse=True)
    return dealt


def _hits(candidates: Candidates, final: Scores, fused: Scores, readings: dict[int, Reading]) -> list[Hit]:
    """The candidates as hits, in their own order."""
    ids = candidates.ids.tolist()
    scores = {i: reading.score for i, reading in readings.items()}
    ranks = {i: n for n, i in enumerate(sorted(scores, key=lambda i: (-scores[i], i)), start=1)}
    explanations = map(
        Explanation,
        candidates.dense.tolist(),
        _or_none(candidates.dense_rank),
        candidates.lexical.tolist(),
        _or_none(candidates.lexical_rank),
        fused.tolist(),
        _ranks(best_first(fused, candidates.ids)).tolist(),
        map(scores.get, ids),
        map(ranks.get, ids),
    )
    return list(map(Hit, ids, candidates.article_ids, final.tolist(), explanations))


def _or_none(ranks: npt.NDArray[np.int64]) -> list[int | None]:
    return [rank or None for rank in ranks.tolist()]


def _ranks(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


def best_of_each_article(hits: Sequence[Hit], k: int) -> list[Hit]:
    """The best hit of each of the ``k`` best articles; further ones only where there are fewer articles."""
    firsts: dict[str, Hit] = {}
    others: list[Hit] = []
    for hit in hits:
        if len(firsts) == k:
            break
        if firsts.setdefault(hit.article_id, hit) is not hit:
            others.append(hit)
    return [*firsts.values(), *others][:k]
