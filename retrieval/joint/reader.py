"""The joint reader: which sentence of a passage answers, and whether any does, read together with the question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from retrieval.encoders.tokens import encodable
from retrieval.joint.inputs import Inputs, PassageTokens, SpecialTokens, batch, passage_tokens_of, question_tokens_of
from retrieval.passages import title_prefix
from retrieval.reader import Reading, Weigh, ranked_sentences, sentences_of
from retrieval.recent import Recent
from retrieval.types import Passage, Span

# Tokens of the passages computed at once, padding counted; larger batches pad more than they spare.
_AT_ONCE = 512
# Kernels are made for each width anew; with few widths they are found ready-made.
_WIDTH_STEP = 16
_UNREAD = -20.0
"""Log-odds of a sentence of which no token is read: as good as no answer."""

Logits = npt.NDArray[np.float32]


class JointModel(Protocol):
    """A network with its tokenizer. Safe to call from several threads."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Neither cuts off nor pads."""

    @property
    def special(self) -> SpecialTokens:
        """The tokenizer's numbers of the tokens that stand around a text."""

    @property
    def longest(self) -> int:
        """Tokens of a passage that are read, its title counted."""

    def judge(self, inputs: Inputs) -> tuple[Logits, Logits]:
        """Logits that an answer lies at each token of a passage, ``(b, n)``, and that none does, ``(b,)``."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What does not depend on the question."""

    spans: list[Span]
    tokens: PassageTokens


class JointReader:
    """Reads by the joint network.

    Args:
        model: the network.
        cached: how many passages' tokens to keep (about 20 KB each).
    """

    def __init__(self, model: JointModel, cached: int = 1024) -> None:
        self._model = model
        self._prepared = Recent(partial(_prepare, model), cached)

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """Scores are log-odds: of a passage that it answers, of a sentence that the answer lies there."""
        encoding = self._model.tokenizer.encode(encodable(question), add_special_tokens=False)
        asked = question_tokens_of(question, encoding, weigh)
        prepared = self._prepared.of(passages)
        found: dict[int, Reading] = {}
        for chosen in _batches([len(each.tokens.ids) for each in prepared]):
            inputs = batch([(asked, prepared[at].tokens) for at in chosen], self._model.special, width_step=_WIDTH_STEP)
            for at, tokens, null in zip(chosen, *self._model.judge(inputs), strict=True):
                found[at] = _reading(passages[at], prepared[at], tokens, float(null))
        return [found[at] for at in range(len(passages))]


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of passages that are computed together: those of like length, at least one."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[at] > _AT_ONCE:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def _prepare(model: JointModel, passages: Sequence[Passage]) -> list[_Prepared]:
    texts = [title_prefix(passage.article.title) + passage.text for passage in passages]
    encodings = model.tokenizer.encode_batch([encodable(text) for text in texts], add_special_tokens=False)
    prepared = []
    for passage, text, encoding in zip(passages, texts, encodings, strict=True):
        spans = sentences_of(passage)
        offsets = np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)[: model.longest]
        ids = np.array(encoding.ids, dtype=np.int64)[: model.longest]
        shift = passage.start - (len(text) - len(passage.text))
        prepared.append(_Prepared(spans, passage_tokens_of(text, ids, offsets, spans, shift)))
    return prepared


def _reading(passage: Passage, prepared: _Prepared, logits: Logits, null: float) -> Reading:
    """A sentence's logit is the log of the sum of its tokens' exponentials, a passage's that of its sentences'."""
    places = prepared.tokens.places
    # The first token of the row is special.
    read = logits[1 : len(places) + 1].astype(np.float64)
    scores = dict.fromkeys(prepared.spans, _UNREAD)
    for place, span in enumerate(prepared.spans):
        inside = read[places == place]
        if len(inside):
            scores[span] = float(np.logaddexp.reduce(inside)) - null
    answers = float(np.logaddexp.reduce(list(scores.values()))) if scores else _UNREAD
    return Reading(answers, ranked_sentences(passage, scores.__getitem__))
