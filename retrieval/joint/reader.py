"""The joint reader: which sentence of a passage answers, and whether any does, read together with the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.encoders.port import RepresentingEncoder
from retrieval.joint.focus import Focus, likeliest
from retrieval.joint.inputs import PassageTokens, batch, of_like_length, passage_tokens_of, question_tokens_of
from retrieval.joint.model import AT_ONCE, WIDTH_STEP, JointModel, Logits, States
from retrieval.joint.packing import RoundedRows
from retrieval.joint.representations import Representations, RepresentationStore, stacked
from retrieval.mixed_reader import MixedReader, level
from retrieval.parameters import Parameters
from retrieval.passages import encoder_inputs
from retrieval.reader import MaxSimReader, Reading, Weigh, best_first, sentences_of
from retrieval.recent import Recent, of_passage
from retrieval.token_features import Places
from retrieval.types import Passage, Span

_UNREAD = -20.0
"""Log-odds of a sentence of which no token is read: as good as no answer."""
_ONE_SENTENCE = Focus(likely=0, others=0)  # which is read in any case


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What does not depend on the question."""

    spans: list[Span]
    tokens: PassageTokens


@dataclass(frozen=True, slots=True)
class _Part:
    """What is read of a passage: its tokens, and their states, those of the special ones around it among them."""

    tokens: PassageTokens
    states: States

    @classmethod
    def of(cls, whole: _Prepared, states: RoundedRows, ranked: Reading | None = None, most: int = 0) -> _Part:
        if ranked is None:
            return cls(whole.tokens, states.floats())
        places = {span: place for place, span in enumerate(whole.spans)}
        chosen = likeliest(whole.tokens.places, [places[span] for span, _ in ranked.sentences], most)
        return cls(
            whole.tokens.part(chosen), states.floats(np.concatenate([[0], chosen + 1, [len(states.values) - 1]]))
        )


class JointReader:
    """Reads by the joint network.

    Args:
        representations: the network, and what it made of texts lately.
        cached: how many passages' tokens to keep (about 20 KB each).
        focus: how much of a passage is read where its likeliest sentences are known; the default, if none is given.
    """

    def __init__(self, representations: Representations, cached: int = 1024, focus: Focus | None = None) -> None:
        self._focus = focus or Focus()
        self._representations = representations
        self._model = representations.model
        self._prepared = Recent(self._prepare, of_passage, cached)

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """Scores are log-odds: of a passage that it answers, of a sentence that the answer lies there."""
        return self._read(question, passages, weigh, None)

    def read_likeliest(
        self, question: str, passages: Sequence[Passage], weigh: Weigh, ranked: Sequence[Reading]
    ) -> list[Reading]:
        """The same, of a long passage by those sentences that another reader ranks first; others are not the answer."""
        return self._read(question, passages, weigh, ranked)

    def read_sentence(self, question: str, passage: Passage, sentence: Span, weigh: Weigh) -> float:
        """Log-odds that a sentence answers, by itself behind its title."""
        (reading,) = self._read(question, [passage], weigh, [Reading(0.0, ((sentence, 0.0),))], _ONE_SENTENCE)
        return reading.score

    def _read(
        self,
        question: str,
        passages: Sequence[Passage],
        weigh: Weigh,
        ranked: Sequence[Reading] | None,
        focus: Focus | None = None,
    ) -> list[Reading]:
        (encoding,) = self._representations.encodings([question])
        asked = question_tokens_of(question, encoding, weigh)
        prepared = self._prepared.of(passages)
        asking = self._representations.of_question(question, asked.ids)
        told = self._representations.of_passages([each.tokens.ids for each in prepared])
        most = (focus or self._focus).of([level(reading) for reading in ranked or ()])
        parts = [
            _Part.of(each, one.states, *((ranked[at], most[at]) if ranked else ()))
            for at, (each, one) in enumerate(zip(prepared, told, strict=True))
        ]
        found: dict[int, Reading] = {}
        for chosen in of_like_length([len(each.tokens.ids) for each in parts], AT_ONCE):
            inputs = batch([(asked, parts[at].tokens) for at in chosen], self._model.special, width_step=WIDTH_STEP)
            states = stacked([parts[at].states for at in chosen], inputs.passage_ids.shape[1])
            logits = self._model.judge(stacked([asking.states], inputs.question_ids.shape[1]), states, inputs)
            for at, tokens, null in zip(chosen, *logits, strict=True):
                found[at] = _reading(prepared[at].spans, parts[at].tokens.places, tokens, float(null))
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


def _reading(spans: Sequence[Span], places: Places, logits: Logits, null: float) -> Reading:
    """A sentence's logit is the log of the sum of its tokens' exponentials, a passage's that of its sentences'."""
    # The first token of the row is special.
    read = logits[1 : len(places) + 1].astype(np.float64)
    scores = dict.fromkeys(spans, _UNREAD)
    for place, span in enumerate(spans):
        inside = read[places == place]
        if len(inside):
            scores[span] = float(np.logaddexp.reduce(inside)) - null
    answers = float(np.logaddexp.reduce(list(scores.values()))) if scores else _UNREAD
    return Reading(answers, best_first(scores.items()))


def joint_and_maxsim(
    model: JointModel,
    parameters: Parameters,
    cached: int = 256,
    store: RepresentationStore | None = None,
    focus: Focus | None = None,
    encoder: RepresentingEncoder | None = None,
) -> MixedReader:
    """The joint network and late interaction over the same encoder's vectors, which is run once for both.

    Args:
        model: the network.
        parameters: how MaxSim's features count, and each of the two.
        cached: how many texts' representations to keep; at least as many as are read at once, else they are made twice.
        store: where they outlive the process, and are found if they were made when the passages were indexed.
        focus: how much of a passage the network reads; the default, if none is given.
        encoder: that has encoded the question, where it is the network's.
    """
    representations = Representations(model, cached, store, encoder)
    # What it would keep is kept already.
    maxsim = MaxSimReader(representations, parameters.sentence, cached=0)
    return MixedReader(JointReader(representations, focus=focus), maxsim, parameters.mixture)
