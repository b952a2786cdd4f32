"""BM25 whose every part can be changed: what the shipped lexical index fixes can be measured with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Analyze = Callable[[str], list[str]]
Scores = npt.NDArray[np.float64]


class Bm25:
    """BM25 (Robertson and Zaragoza, 2009) over texts.

    Args:
        texts: what is searched.
        analyze: turns a text into terms.
    """

    def __init__(self, texts: Sequence[str], analyze: Analyze) -> None:
        lists: dict[str, dict[int, int]] = {}
        self._lengths = np.zeros(len(texts))
        for row, text in enumerate(texts):
            terms = analyze(text)
            self._lengths[row] = len(terms)
            for term in terms:
                postings = lists.setdefault(term, {})
                postings[row] = postings.get(row, 0) + 1
        self._postings = {
            term: (np.fromiter(rows, np.int64), np.fromiter(rows.values(), np.float64)) for term, rows in lists.items()
        }

    def idf(self, term: str) -> float:
        """``ln(1 + (N - n + 0.5) / (n + 0.5))``."""
        count = len(self._postings[term][0]) if term in self._postings else 0
        return float(np.log1p((len(self._lengths) - count + 0.5) / (count + 0.5)))

    def scores(self, terms: Mapping[str, float], k1: float = 1.2, b: float = 0.75) -> Scores:
        """float64 ``(n,)``: the sum over terms, each times its weight; 0 where none of them occurs."""
        total = np.zeros(len(self._lengths))
        norms = k1 * (1 - b + b * self._lengths / max(self._lengths.mean(), 1e-9))
        for term, weight in terms.items():
            if term in self._postings:
                rows, counts = self._postings[term]
                total[rows] += weight * self.idf(term) * counts * (k1 + 1) / (counts + norms[rows])
        return total
