"""What tells an answer from a passage that is merely near: the inputs of the calibration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from retrieval.answer_types import lacks
from retrieval.reader import Reading, Weigh
from retrieval.types import Hit, Passage

_WORD = re.compile(r"\w+")
_STEM = 5  # letters; a crude stem is enough to see whether a word is there
_WIDE = 10  # articles; a search among fewer says little by its margins
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

    Args:
        question: its words.
        hits: all candidates, best first; at least one.
        best: the passage of the first hit.
        reading: what the reader made of it; ``None`` without a reader.
        weigh: how rare words are.

    Returns:
        ``dense``, ``dense_best``: cosine of the first hit, and the largest of all; ``weight``: how rare the
        question's words are, together; ``lexical``: BM25 of the first hit per unit of that; ``lexical_best``: the
        largest BM25 of all; ``covered``, ``covered_by_sentence``: share of that weight whose words the passage, or its
        best sentence, holds; ``rarest``: whether the passage holds the rarest word; ``reader``, ``sentence``: the
        reader's scores; ``lacks``: whether the kind of thing asked for is missing from the sentence; ``margin``:
        lead over the next article; ``agreement``: how many of the two searches list the first hit first (both times
        ``wide``); ``wide``: 1 where ten articles or more were found, less in proportion; ``wide_…``: that times
        another.
    """
    mass = _mass(question, weigh)
    weight = sum(weigh(list(mass)))
    sentence = reading.sentences[0][0].of(best.article.text) if reading else best.text
    passage_words = _stems(f"{best.article.title} {best.text}")
    top = hits[0].explanation
    # Among a few articles chosen by the asker, to be the first of them means little.
    wide = min(len({hit.article_id for hit in hits}) / _WIDE, 1.0)
    others = [hit.score for hit in hits if hit.article_id != hits[0].article_id]
    values = {
        "dense": top.dense,
        "dense_best": max(hit.explanation.dense for hit in hits),
        "lexical": top.lexical / max(weight, 1e-9),
        "lexical_best": max(hit.explanation.lexical for hit in hits),
        "weight": weight,
        "covered": _covered(mass, passage_words),
        "covered_by_sentence": _covered(mass, _stems(f"{best.article.title} {sentence}")),
        "rarest": float(max(mass, key=mass.__getitem__)[:_STEM] in passage_words) if mass else 0.0,
        "reader": reading.score if reading else 0.0,
        "sentence": reading.sentences[0][1] if reading else 0.0,
        "lacks": float(any(lacks(kind, question, sentence) for kind in ("number", "date", "name"))),
        "margin": wide * (hits[0].score - max(others) if others else 0.0),
        "agreement": wide * (float(top.dense_rank == 1) + float(top.lexical_rank == 1)),
        "wide": wide,
    }
    return values | {f"wide_{name}": values["wide"] * values[name] for name in _WIDENED}


_WIDENED = ("dense", "lexical", "lexical_best", "weight", "covered", "reader", "sentence")


def _mass(question: str, weigh: Weigh) -> Mapping[str, float]:
    """The question's words that name something, each with its share of their weight."""
    words = list(dict.fromkeys(_WORD.findall(question.lower())))
    naming = [word for word in words if word not in _ASKING] or words
    weights = weigh(naming)
    total = sum(weights) or 1.0
    return {word: weight / total for word, weight in zip(naming, weights, strict=True)}


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(text.lower()))


def _covered(mass: Mapping[str, float], stems: frozenset[str]) -> float:
    return sum(weight for word, weight in mass.items() if word[:_STEM] in stems)
