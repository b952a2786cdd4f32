"""How likely a word of an article is told wherever its news is told.

News repeats what matters, and tells it first. For each word of an article, and each pair of neighbouring words, a
logistic regression over where it stands and how often gives the probability that another account of the same event has
it too; it was fitted on articles that several outlets wrote on one event (``training/fit_summary.py``). Words by their
probability: Hong and Nenkova, 2014, "Improving the Estimation of Word Importance for News Multi-Document
Summarization"; pairs as what a summary should cover: Gillick and Favre, 2009, "A Scalable Global Model for
Summarization".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from retrieval.parameters import Regression, SummaryParameters

_WORD = re.compile(r"\w+")
_STEM = 6  # letters; a crude stem joins "attack", "attacks" and "attacked"
# Words that name nothing; they are told everywhere.
_PLAIN = frozenset(
    (
        "the a an of in on at to for by with from and or as it its that this be been is are was were has have had he "
        "she they his her their i we you not but who which will would said says after about into over than more when "
        "what if no out up there so also one can could"
    ).split()
)
_STANDING = ("opening", "early", "late", "place", "spread", "share", "titled")
WORD_FEATURES = (*_STANDING, "plain", "plain_spread", "name", "number")
PAIR_FEATURES = (*_STANDING, "less", "more")

Term = tuple[str, ...]
"""One stem, or two that stand side by side."""
Matrix = npt.NDArray[np.float64]


@dataclass(slots=True)
class _Found:
    """Where a term stands in an article."""

    first: int
    """The first sentence that has it, counted from 0."""
    last: int = -1
    sentences: int = 0
    times: int = 0
    capitals: int = 0
    """How many times it is capitalised inside a sentence."""

    def seen(self, at: int, *, capital: bool) -> None:
        """Count one more, in the sentence of that place."""
        self.times += 1
        self.capitals += capital
        self.sentences += at != self.last
        self.last = at


def terms(text: str) -> list[Term]:
    """The terms of a text: its stems, then its pairs, each as often as it occurs."""
    stems = [word.lower()[:_STEM] for word in _WORD.findall(text)]
    return [*((stem,) for stem in stems), *pairwise(stems)]


class ArticleTerms:
    """The terms of an article, and what their probabilities are computed from.

    Args:
        sentences: in order.
        title: may be empty.
    """

    def __init__(self, sentences: Sequence[str], title: str) -> None:
        self._count = len(sentences)
        self._titled = frozenset(terms(title))
        self._found: dict[Term, _Found] = {}
        for at, sentence in enumerate(sentences):
            words = _WORD.findall(sentence)
            for place, term in enumerate(terms(sentence)):
                capital = 0 < place < len(words) and words[place][0].isupper()
                self._found.setdefault(term, _Found(at)).seen(at, capital=capital)
        self.words = [term for term in self._found if len(term) == 1]
        self.pairs = [term for term in self._found if len(term) == 2]

    def word_features(self) -> Matrix:
        """A row for each of ``words``, a column for each of ``WORD_FEATURES``."""
        standing = self._standing(self.words)
        found = [self._found[term] for term in self.words]
        plain = np.array([term[0] in _PLAIN for term in self.words], dtype=np.float64)
        name = np.array([f.capitals / f.times for f in found])
        number = np.array([term[0].isdigit() for term in self.words], dtype=np.float64)
        spread = standing[:, _STANDING.index("spread")]
        return np.column_stack([standing, plain, plain * spread, name, number])

    def pair_features(self, logits: Mapping[Term, float]) -> Matrix:
        """A row for each of ``pairs``, a column for each of ``PAIR_FEATURES``; ``logits`` are those of the words."""
        of_words = np.array([[logits[(stem,)] for stem in term] for term in self.pairs]).reshape(-1, 2)
        return np.column_stack([self._standing(self.pairs), of_words.min(axis=1), of_words.max(axis=1)])

    def _standing(self, of: Sequence[Term]) -> Matrix:
        found = [self._found[term] for term in of]
        first = np.array([f.first for f in found], dtype=np.float64)
        sentences = np.array([f.sentences for f in found], dtype=np.float64)
        titled = np.array([term in self._titled for term in of], dtype=np.float64)
        return np.column_stack(
            [
                first == 0,
                1 / (1 + first),
                np.log1p(first),
                first / self._count,
                np.log(sentences),
                sentences / self._count,
                titled,
            ]
        )


def word_logits(article: ArticleTerms, words: Regression) -> dict[Term, float]:
    """The logarithm of each single stem's odds."""
    logits = words.logits(WORD_FEATURES, article.word_features())
    return dict(zip(article.words, logits.tolist(), strict=True))


def importance(article: ArticleTerms, parameters: SummaryParameters) -> dict[Term, float]:
    """The probability of each term, in [0, 1]; higher is more important."""
    logits = word_logits(article, parameters.words)
    of_pairs = parameters.pairs.logits(PAIR_FEATURES, article.pair_features(logits))
    logits |= dict(zip(article.pairs, of_pairs.tolist(), strict=True))
    probabilities = 1 / (1 + np.exp(-np.array(list(logits.values()))))
    return dict(zip(logits, probabilities.tolist(), strict=True))
