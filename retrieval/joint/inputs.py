"""What the joint reader's network is given of a question and a passage, as arrays.

The network's words have no capitals and no counts; what names, numbers and rare words say stands in beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from retrieval.encoders.tokens import offsets_of
from retrieval.reader import Weigh, token_weights
from retrieval.token_features import SHAPES, Ids, Places, Shapes, sentence_places, shapes, word_ids, words_of
from retrieval.types import Span

if TYPE_CHECKING:
    from tokenizers import Encoding

QUESTION_FEATURES = 3
"""Of a token of the question: its weight, and whether its word and its stem stand in the passage."""
PASSAGE_FEATURES = len(SHAPES) + 5
"""Of a token of the passage: its shape; whether its word and its stem stand in the question, and the weight of each
there; and 1, which tells the passage from the question."""
LONGEST_QUESTION = 64
"""Tokens; what a question has more is not read."""

Tokens = npt.NDArray[np.int64]
"""int64 ``(tokens,)``: the tokenizer's numbers."""
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """A question of ``m`` tokens, special ones left out: their numbers, words, and weights, float32 ``(m,)``."""

    ids: Tokens
    words: Ids
    weights: Floats

    def __post_init__(self) -> None:
        for name in ("ids", "words", "weights"):
            object.__setattr__(self, name, getattr(self, name)[:LONGEST_QUESTION])


@dataclass(frozen=True, slots=True)
class PassageTokens:
    """A passage of ``n`` tokens behind its title, special ones left out; ``places`` names each one's sentence."""

    ids: Tokens
    words: Ids
    shapes: Shapes
    places: Places

    def part(self, chosen: npt.NDArray[np.int64]) -> PassageTokens:
        """Some of the tokens, by their positions; each is told what it was of the whole."""
        return PassageTokens(self.ids[chosen], self.words[chosen], self.shapes[chosen], self.places[chosen])


@dataclass(frozen=True, slots=True)
class Inputs:
    """A batch of ``b`` pairs, padded; in each text the first token and the one behind its last word are special.

    ``question_ids`` int64 ``(b, m)``, ``question_mask`` bool ``(b, m)``, ``question_features`` float32
    ``(b, m, QUESTION_FEATURES)``; the passage's likewise, ``(b, n, …)``.
    """

    question_ids: Tokens
    question_mask: npt.NDArray[np.bool_]
    question_features: Floats
    passage_ids: Tokens
    passage_mask: npt.NDArray[np.bool_]
    passage_features: Floats


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """The tokenizer's numbers for the beginning, the end and the filling of a text."""

    first: int
    last: int
    fill: int


def question_tokens_of(text: str, encoding: Encoding, weigh: Weigh) -> QuestionTokens:
    """A question's tokens, with their words and weights."""
    offsets = offsets_of(encoding)
    return QuestionTokens(
        np.array(encoding.ids, dtype=np.int64),
        word_ids(words_of(text, offsets)),
        token_weights(text, offsets, weigh).astype(np.float32),
    )


def passage_tokens_of(text: str, encoding: Encoding, spans: Sequence[Span], shift: int, longest: int) -> PassageTokens:
    """A passage's tokens, with their words, shapes and sentences.

    Args:
        text: the passage behind its title.
        encoding: its tokens.
        spans: its sentences.
        shift: what to add to an offset to count as ``spans`` do.
        longest: how many tokens are read.
    """
    offsets = offsets_of(encoding)[:longest]
    ids = np.array(encoding.ids[:longest], dtype=np.int64)
    words = words_of(text, offsets)
    places = sentence_places(offsets, spans, shift)
    return PassageTokens(ids, word_ids(words), shapes(words, places), places)


def in_common(question: QuestionTokens, passage: PassageTokens) -> npt.NDArray[np.bool_]:
    """Whether a token of the passage is of the word that one of the question is of, and of its stem, ``(n, m, 2)``."""
    same: npt.NDArray[np.bool_] = passage.words[:, None] == question.words[None]
    same &= (question.words != 0)[None]
    return same


def pair_features(question: QuestionTokens, passage: PassageTokens) -> tuple[Floats, Floats]:
    """Features of the question's tokens, ``(m, 3)``, and of the passage's, ``(n, PASSAGE_FEATURES)``."""
    same = in_common(question, passage)
    asked = np.concatenate([question.weights[:, None], same.any(axis=0)], axis=1)
    stands = same.any(axis=1)
    weighed = (same * question.weights[None, :, None]).max(axis=1, initial=0)
    told = np.concatenate([passage.shapes, stands, weighed, np.ones((len(passage.ids), 1))], axis=1)
    return asked.astype(np.float32), told.astype(np.float32)


def batch(
    pairs: Sequence[tuple[QuestionTokens, PassageTokens]], special: SpecialTokens, *, width_step: int = 1
) -> Inputs:
    """Pairs as the network takes them; widths are rounded up to ``width_step``."""
    question_ids, question_mask = padded([question.ids for question, _ in pairs], special, width_step)
    passage_ids, passage_mask = padded([passage.ids for _, passage in pairs], special, width_step)
    asked = np.zeros((*question_ids.shape, QUESTION_FEATURES), dtype=np.float32)
    told = np.zeros((*passage_ids.shape, PASSAGE_FEATURES), dtype=np.float32)
    for row, (question, passage) in enumerate(pairs):
        asked[row, 1 : len(question.ids) + 1], told[row, 1 : len(passage.ids) + 1] = pair_features(question, passage)
        told[row, : len(passage.ids) + 2, -1] = 1
    return Inputs(question_ids, question_mask, asked, passage_ids, passage_mask, told)


def padded(texts: Sequence[Tokens], special: SpecialTokens, width_step: int) -> tuple[Tokens, npt.NDArray[np.bool_]]:
    """Texts between their special tokens, and where they lie: int64 and bool, both ``(texts, width)``."""
    width = -(-(max(len(ids) for ids in texts) + 2) // width_step) * width_step
    shape = (len(texts), width)
    filled, mask = np.full(shape, special.fill, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
    for row, ids in enumerate(texts):
        count = len(ids)
        filled[row, 0], filled[row, 1 : count + 1], filled[row, count + 1] = special.first, ids, special.last
        mask[row, : count + 2] = True
    return filled, mask


def of_like_length(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Places of texts that are computed together: of like length, and no more than ``most`` tokens with padding.

    None is more than twice as long as another, so that little is padded.
    """
    together: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if together and ((len(together) + 1) * lengths[at] > most or lengths[at] > 2 * lengths[together[0]]):
            yield together
            together = []
        together.append(at)
    if together:
        yield together
