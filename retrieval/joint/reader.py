"""The joint reader: which sentence of a passage answers, and whether any does, read together with the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.joint.inputs import PassageTokens, batch, of_like_length, passage_tokens_of, question_tokens_of
from retrieval.joint.model import AT_ONCE, WIDTH_STEP, JointModel, Logits
from retrieval.joint.representations import Representations, RepresentationStore, stacked
from retrieval.mixed_reader import MixedReader
from retrieval.parameters import Parameters
from retrieval.passages import encoder_inputs
from retrieval.reader import MaxSimReader, Reading, Weigh, ranked_sentences, sentences_of
from retrieval.recent import Recent, of_passage
from retrieval.types import Passage, Span

_UNREAD = -20.0
"""Log-odds of a sentence of which no token is read: as good as no answer."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What does not depend on the question."""

    spans: list[Span]
    tokens: PassageTokens


class JointReader:
    """Reads by the joint network.

    Args:
        representations: the network, and what it made of texts lately.
        cached: how many passages' tokens to keep (about 20 KB each).
    """

    def __init__(self, representations: Representations, cached: int = 1024) -> None:
        self._representations = representations
        self._model = representations.model
        self._prepared = Recent(self._prepare, of_passage, cached)

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """Scores are log-odds: of a passage that it answers, of a sentence that the answer lies there."""
        (encoding,) = self._representations.encodings([question])
        asked = question_tokens_of(question, encoding, weigh)
        prepared = self._prepared.of(passages)
        asking = self._representations.of_question(asked.ids)
        told = self._representations.of_passages([each.tokens.ids for each in prepared])
        found: dict[int, Reading] = {}
        for chosen in of_like_length([len(each.tokens.ids) for each in prepared], AT_ONCE):
            inputs = batch([(asked, prepared[at].tokens) for at in chosen], self._model.special, width_step=WIDTH_STEP)
            states = stacked([told[at].states for at in chosen], inputs.passage_ids.shape[1])
            logits = self._model.judge(stacked([asking.states], inputs.question_ids.shape[1]), states, inputs)
            for at, tokens, null in zip(chosen, *logits, strict=True):
                found[at] = _reading(passages[at], prepared[at], tokens, float(null))
        return [found[at] for at in range(len(passages))]

    def _prepare(self, passages: Sequence[Passage]) -> list[_Prepared]:
        texts = encoder_inputs([(passage.article.title, passage.text) for passage in passages])
        prepared = []
        for passage, text, encoding in zip(passages, texts, self._representations.encodings(texts), strict=True):
            spans = sentences_of(passage)
            shift = passage.start - (len(text) - len(passage.text))
            tokens = passage_tokens_of(text, encoding, spans, shift, self._model.longest)
            prepared.append(_Prepared(spans, tokens))
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


def joint_and_maxsim(
    model: JointModel, parameters: Parameters, cached: int = 256, store: RepresentationStore | None = None
) -> MixedReader:
    """The joint network and late interaction over the same encoder's vectors, which is run once for both.

    Args:
        model: the network.
        parameters: how MaxSim's features count, and each of the two.
        cached: how many texts' representations to keep; at least as many as are read at once, else they are made twice.
        store: where they outlive the process, and are found if they were made when the passages were indexed.
    """
    representations = Representations(model, cached, store)
    # What it would keep is kept already.
    maxsim = MaxSimReader(representations, parameters.sentence, cached=0)
    return MixedReader(JointReader(representations), maxsim, parameters.mixture)
