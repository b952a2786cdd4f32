"""What tells an answer from a passage that is merely near: the inputs of the calibration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from retrieval.answer_types import lacks
from retrieval.reader import Reading, Weigh
from retrieval.types import Hit, Passage

_WORD = re.compile(r"\w+")
_STEM = 5  # letters; a crude stem is enough to see whether a word is there
# Words that ask, but name nothing that an answer would repeat.
_ASKING = frozenset(
    (
        "who whom whose what which when where why how did does do is are was were has have had can could will would "
        "should may might the a an of in on at to for by with from and or as it its that this be been many much long"
    ).split()
)


def signals(
    question: str, hits: Sequence[Hit], best: Passage, reading: Reading | None, weigh: Weigh
) -> dict[str, float]:
    """Signals of one ranking, by name; the same for however many articles are then cited.

    None of them grows with the size of the corpus, so that what was fitted on one holds on another.

    Args:
        question: its words.
        hits: all candidates, best first; at least one.
        best: the passage of the first hit.
        reading: what the reader made of it; ``None`` without a reader.
        weigh: how rare words are.

    Returns:
        ``dense``, ``dense_best``: cosine of the first hit, and the largest of all; ``lexical``: BM25 of the first
        hit, per unit of the weight of the question's words; ``covered``, ``covered_by_sentence``: share of that weight
        whose words the passage, or its best sentence, holds; ``rarest``: whether the passage holds the rarest word;
        ``reader``, ``sentence``: the reader's scores; ``lacks``: whether the kind of thing asked for is missing
        from the sentence.
    """
    weights = _weights(question, weigh)
    sentence = reading.sentences[0][0].of(best.article.text) if reading else best.text
    passage_words = _stems(f"{best.article.title} {best.text}")
    top = hits[0].explanation
    return {
        "dense": top.dense,
        "dense_best": max(hit.explanation.dense for hit in hits),
        "lexical": top.lexical / max(sum(weights.values()), 1e-9),
        "covered": _covered(weights, passage_words),
        "covered_by_sentence": _covered(weights, _stems(f"{best.article.title} {sentence}")),
        "rarest": float(max(weights, key=weights.__getitem__)[:_STEM] in passage_words) if weights else 0.0,
        "reader": reading.score if reading else 0.0,
        "sentence": reading.sentences[0][1] if reading else 0.0,
        "lacks": float(any(lacks(kind, question, sentence) for kind in ("number", "date", "name"))),
    }


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
