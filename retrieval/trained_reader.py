"""The reader that was trained for the packaged encoder."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from retrieval.encoders.port import Encoder, TokenVectors
from retrieval.errors import RetrievalError
from retrieval.passages import title_prefix
from retrieval.reader import (
    Reading,
    TokenWeights,
    Weigh,
    maxsim,
    passage_tokens,
    ranked_sentences,
    sentence_features,
    sentences_of,
    token_weights,
)
from retrieval.reader_network import PassageTokens, QuestionTokens, ReaderNetwork
from retrieval.recent import Recent
from retrieval.token_features import sentence_places, shapes, word_ids, words_of
from retrieval.types import Passage, Span

SHIPPED = Path(__file__).parent / "data" / "reader.json"
# Of a sentence where question or passage has no token to read: as good as no answer.
_UNREAD = -20.0


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """A network and the fingerprint of the encoder whose token vectors it was trained on."""

    network: ReaderNetwork
    encoder: str

    @classmethod
    def load(cls, card: Path = SHIPPED) -> Self:
        """Read a network by the JSON file that names its weights, their SHA-256, its encoder and its heads.

        Raises:
            RetrievalError: the files cannot be read, or the weights have another SHA-256.
        """
        try:
            value = json.loads(card.read_text(encoding="utf-8"))
            content = (card.parent / value["weights"]).read_bytes()
            found = hashlib.sha256(content).hexdigest()
            if found != value["sha256"]:
                raise RetrievalError(
                    f"{value['weights']} beside {card} has sha256 {found}, not {value['sha256']}: reinstall Backchannel"
                )
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                weights = {name: stored[name].astype(np.float32) for name in stored.files}
            return cls(ReaderNetwork(weights, value["heads"]), value["encoder"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RetrievalError(f"the reader in {card} cannot be read ({error}): reinstall Backchannel") from error


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What does not depend on the question."""

    spans: list[Span]
    tokens: TokenVectors
    described: PassageTokens


class TrainedReader:
    """Reads by the trained network; passages read lately are kept, so that asking again costs little.

    Args:
        encoder: gives the token vectors.
        network: trained on vectors of this encoder.
        cached: how many passages to keep (about 400 KB each at 256 tokens of 384 dimensions).
    """

    def __init__(self, encoder: Encoder, network: ReaderNetwork, cached: int = 256) -> None:
        self._encoder = encoder
        self._network = network
        self._prepared = Recent(partial(_prepare, encoder), cached)

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        """A passage's score is its MaxSim, in [-1, 1]; a sentence's is the log-odds of it against no answer at all."""
        if not passages:
            return []
        query = self._encoder.encode_query_tokens(question)
        weights = token_weights(question, query.offsets, weigh)
        described = QuestionTokens(
            query.vectors, word_ids(words_of(question, query.offsets)), weights.astype(np.float32)
        )
        return [
            self._reading(question, weights, described, passage, prepared)
            for passage, prepared in zip(passages, self._prepared.of(passages), strict=True)
        ]

    def _reading(
        self, question: str, weights: TokenWeights, query: QuestionTokens, passage: Passage, prepared: _Prepared
    ) -> Reading:
        spans, tokens = prepared.spans, prepared.tokens
        scores = dict.fromkeys(spans, _UNREAD)
        if len(query.vectors) and len(tokens.vectors):
            features = sentence_features(question, passage, spans, weights, query.vectors, tokens)
            judged = self._network.judge(query, prepared.described, features.astype(np.float32))
            scores = dict(zip(spans, (judged.sentences - judged.null).tolist(), strict=True))
        return Reading(maxsim(weights, query.vectors, tokens), ranked_sentences(passage, scores.__getitem__))


def _prepare(encoder: Encoder, passages: Sequence[Passage]) -> list[_Prepared]:
    return [
        _prepared(passage, tokens) for passage, tokens in zip(passages, passage_tokens(encoder, passages), strict=True)
    ]


def _prepared(passage: Passage, tokens: TokenVectors) -> _Prepared:
    prefix = title_prefix(passage.article.title)
    spans = sentences_of(passage)
    words = words_of(prefix + passage.text, tokens.offsets)
    places = sentence_places(tokens.offsets, spans, passage.start - len(prefix))
    return _Prepared(spans, tokens, PassageTokens(tokens.vectors, word_ids(words), shapes(words, places), places))
