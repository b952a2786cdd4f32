"""What tells an answer from a passage that is merely near: the inputs of the calibration."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from retrieval.answer_types import KINDS, lacks
from retrieval.ranking import Ranked
from retrieval.reader import Weigh
from retrieval.types import Horizon, Passage

OPPOSED = "opposed"
"""The signal for which the reader is asked once more; see :func:`retrieval.opposites.opposed`."""
ALONE = "alone"
"""How well the best sentence answers without the others, where only articles that were named are searched, else 0; see
:class:`retrieval.reader.SentenceReader`. Over a whole corpus it tells nothing more."""

_WORD = re.compile(r"\w+")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_FAR_AHEAD = 5.0
_NO_WORD = "qxzvkjqxzvkj"  # that no passage holds
_STEM = 5  # letters; a crude stem is enough to see whether a word is there
# Words that ask, but name nothing that an answer would repeat.
_ASKING = frozenset(
    (
        "who whom whose what which when where why how did does do is are was were has have had can could will would "
        "should may might the a an of in on at to for by with from and or as it its that this be been many much long"
    ).split()
)


def signals(
    question: str, ranked: Ranked, best: Passage, horizon: Horizon, weigh: Weigh, *, narrow: bool = False
) -> dict[str, float]:
    """Signals of one ranking, by name; the same for however many articles are then cited.

    None of them grows with the size of the corpus, so that what was fitted on one holds on another. Few of them
    have a weight; which, and what, is fitted, and what has none is there for the next fit to choose from.

    Args:
        question: its words.
        ranked: all candidates, best first, at least one; and what was read of them.
        best: the passage of the first hit.
        horizon: of the corpus.
        weigh: how rare words are.
        narrow: whether only articles that were named are searched.

    Returns:
        ``narrow``: that; ``dense``, ``dense_best``: cosine of the first hit, and the largest of all; ``lexical``:
        BM25 of the first hit, per unit of the weight of the question's words; ``covered``, ``covered_by_sentence``:
        share of that weight whose words the passage, or its best sentence, holds; ``rarest``: whether the passage
        holds the rarest word;
        ``reader``, ``reader_best``: the reader's score of the first hit, and the largest of all; ``lead``: by how much
        that lies above the best of another article, at most 5; ``sentence``: the best sentence's score; ``agreed``:
        whether dense and lexical search found the same article first; ``unknown``: share of the weight whose words no
        passage holds; ``beyond``: whether a year of the question lies outside of the horizon; ``lacks``: whether the
        kind of thing asked for is missing from the sentence.
    """
    weights = _weights(question, weigh)
    reading = ranked.readings.get(best.id)
    sentence = reading.sentences[0][0].of(best.article.text) if reading else best.text
    passage_words = _stems(f"{best.article.title} {best.text}")
    top = ranked.hits[0].explanation
    read, lead = _read(ranked)
    return {
        "narrow": float(narrow),
        "dense": top.dense,
        "dense_best": max(hit.explanation.dense for hit in ranked.hits),
        "lexical": top.lexical / max(sum(weights.values()), 1e-9),
        "covered": _covered(weights, passage_words),
        "covered_by_sentence": _covered(weights, _stems(f"{best.article.title} {sentence}")),
        "rarest": float(max(weights, key=weights.__getitem__)[:_STEM] in passage_words) if weights else 0.0,
        "reader": reading.score if reading else 0.0,
        "reader_best": read,
        "lead": lead,
        "sentence": reading.sentences[0][1] if reading else 0.0,
        "agreed": float(_first_article(ranked, dense=True) == _first_article(ranked, dense=False)),
        "unknown": _unknown(weights, weigh),
        "beyond": float(_beyond(question, horizon)),
        "lacks": float(any(lacks(kind, question, sentence) for kind in KINDS)),
    }


def _read(ranked: Ranked) -> tuple[float, float]:
    """The reader's best score, and its lead over the best of another article."""
    scores: dict[str, float] = {}
    for hit in ranked.hits:
        if reading := ranked.readings.get(hit.passage_id):
            scores[hit.article_id] = max(scores.get(hit.article_id, -math.inf), reading.score)
    first, *others = [*sorted(scores.values(), reverse=True), 0.0]
    return first, min(first - others[0], _FAR_AHEAD) if len(scores) > 1 else _FAR_AHEAD


def _first_article(ranked: Ranked, *, dense: bool) -> str | None:
    for hit in ranked.hits:
        if (hit.explanation.dense_rank if dense else hit.explanation.lexical_rank) == 1:
            return hit.article_id
    return None


def _unknown(weights: Mapping[str, float], weigh: Weigh) -> float:
    (never_seen,) = weigh([_NO_WORD])
    return sum(weight for weight in weights.values() if weight >= never_seen) / max(sum(weights.values()), 1e-9)


def _beyond(question: str, horizon: Horizon) -> bool:
    years = [int(match) for match in _YEAR.findall(question)]
    if horizon.first is None or horizon.last is None:
        return False
    return any(not horizon.first.first.year <= year <= horizon.last.last.year for year in years)


def coverage(question: str, weigh: Weigh) -> Callable[[str], float]:
    """Tells what share of a question's words, by their weight, a text holds."""
    weights = _weights(question, weigh)
    return lambda text: _covered(weights, _stems(text))


def _weights(question: str, weigh: Weigh) -> Mapping[str, float]:
    """The question's words that name something, each with its weight."""
    words = list(dict.fromkeys(_WORD.findall(question.lower())))
    naming = [word for word in words if word not in _ASKING] or words
    return dict(zip(naming, weigh(naming), strict=True))


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(text.lower()))


def _covered(weights: Mapping[str, float], stems: frozenset[str]) -> float:
    present = sum(weight for word, weight in weights.items() if word[:_STEM] in stems)
    return present / max(sum(weights.values()), 1e-9)
