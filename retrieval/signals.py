"""What tells an answer from a passage that is merely near: the inputs of the calibration."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.reader import Reading, Weigh
from retrieval.types import Hit, Passage

_WORD = re.compile(r"\w+")
_STEM = 5
# Words that ask, but name nothing that an answer would repeat.
_ASKING = frozenset(
    (
        "who whom whose what which when where why how did does do is are was were has have had can could will would "
        "should may might the a an of in on at to for by with from and or as it its that this be been many much long"
    ).split()
)


def signals(
    question: str, hits: Sequence[Hit], best: Passage | None, reading: Reading | None, weigh: Weigh
) -> dict[str, float]:
    """Signals of one ranking, by name; the same for however many articles are then cited.

    Args:
        question: its words.
        hits: all candidates, best first.
        best: the passage of the first hit; ``None`` where nothing was found.
        reading: what the reader made of it; ``None`` without a reader.
        weigh: how rare words are.
    """
    if not hits or best is None:
        return dict.fromkeys(NAMES, 0.0) | {"found": 0.0}
    words = _content_words(question)
    weights = weigh(words)
    total = sum(weights) or 1.0
    mass = {word: weight / total for word, weight in zip(words, weights, strict=True)}
    sentence = reading.sentences[0][0].of(best.article.text) if reading else best.text
    top = hits[0].explanation
    rest = [hit.score for hit in hits if hit.article_id != hits[0].article_id]
    return {
        "found": 1.0,
        "dense": top.dense,
        "dense_best": max(hit.explanation.dense for hit in hits),
        "lexical": top.lexical / total,
        "covered": _covered(mass, f"{best.article.title} {best.text}"),
        "covered_by_sentence": _covered(mass, f"{best.article.title} {sentence}"),
        "reader": reading.score if reading else 0.0,
        "reader_sentence": reading.sentences[0][1] if reading else 0.0,
        "margin": hits[0].score - max(rest, default=0.0) if rest else 0.0,
        "agreement": float(top.dense_rank == 1) + float(top.lexical_rank == 1),
    }


NAMES = (
    "dense",
    "dense_best",
    "lexical",
    "covered",
    "covered_by_sentence",
    "reader",
    "reader_sentence",
    "margin",
    "agreement",
)


def _content_words(text: str) -> list[str]:
    words = dict.fromkeys(_WORD.findall(text.lower()))
    return [word for word in words if word not in _ASKING] or list(words)


def _covered(mass: dict[str, float], text: str) -> float:
    """The share of the question's weight whose words, cut to their first letters, occur in the text."""
    present = {word[:_STEM] for word in _WORD.findall(text.lower())}
    return sum(weight for word, weight in mass.items() if word[:_STEM] in present)
