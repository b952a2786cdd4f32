"""The trained reader's network in plain numpy: a question and a passage in, scores of the sentences out.

A small attentive reader over token vectors that an encoder has computed and that stay as they are. Each token of
the passage looks at the question's (attention with match channels, after Seo et al., 2017, "Bidirectional Attention
Flow for Machine Comprehension"); then a few blocks of convolution, self-attention and a layer for each token (after Yu
et al., 2018, "QANet") let neighbours speak to each other. Each token gets the logit that an answer lies there; a
sentence has the log of the sum of its tokens' powers, and its features beside. ``training/reader_network.py`` is the
same network as it is trained.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Vectors
from retrieval.token_features import Ids, Places, Shapes

_EPSILON = 1e-5  # of a normalisation

Rows = npt.NDArray[np.float32]
"""float32 ``(tokens, hidden)``."""
Weights = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """A question: ``vectors`` float32 ``(q, d)`` of unit length, ``ids``, ``weights`` float32 ``(q,)`` summing to 1."""

    vectors: Vectors
    ids: Ids
    weights: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PassageTokens:
    """A passage: ``vectors`` float32 ``(n, d)`` of unit length, and of each token its ids, shape and sentence."""

    vectors: Vectors
    ids: Ids
    shapes: Shapes
    places: Places


@dataclass(frozen=True, slots=True)
class Judged:
    """``sentences`` float32 ``(s,)``: logits of each sentence; ``null``: the logit that the passage answers nothing."""

    sentences: npt.NDArray[np.float32]
    null: float


class ReaderNetwork:
    """Computes with given weights, float32 by name as PyTorch lays them out: ``(outputs, inputs)``.

    Args:
        weights: of the network.
        heads: of its attention.
    """

    def __init__(self, weights: Weights, heads: int) -> None:
        self._weights = weights
        self._heads = heads
        self._blocks = sum(name.startswith("blocks.") and name.endswith("mix.bias") for name in weights)
        self._scale = math.sqrt(weights["project.weight"].shape[1])

    def judge(self, question: QuestionTokens, passage: PassageTokens, features: npt.NDArray[np.float32]) -> Judged:
        """Score the sentences of a passage.

        Args:
            question: with at least one token.
            passage: with at least one token.
            features: of its sentences, float32 ``(s, features)``.
        """
        channels = _channels(question, passage)
        tokens, asked = self._describe(question, passage, channels)
        subject = _softmax(self._linear("summary", asked)[:, 0]) @ asked
        rows = self._join(tokens, asked, subject, channels)
        for block in range(self._blocks):
            rows = self._block(f"blocks.{block}", rows)
        rows = self._norm("norms.3", rows)
        return self._decide(rows, passage.places, subject, features / self._weights["feature_scale"])

    def _describe(self, question: QuestionTokens, passage: PassageTokens, channels: Rows) -> tuple[Rows, Rows]:
        """The passage's tokens and the question's, float32 ``(n, hidden)`` and ``(q, hidden)``."""
        matches = np.concatenate([np.maximum(channels.max(axis=1), 0), question.weights @ channels], axis=1)
        described = self._linear("describe", np.concatenate([passage.shapes, matches], axis=1))
        tokens = self._norm("norms.0", self._linear("project", passage.vectors * self._scale) + described)
        seen = np.stack([question.weights, channels[..., 1].max(axis=0)], axis=1)
        projected = self._linear("project", question.vectors * self._scale)
        return tokens, self._norm("norms.1", projected + self._linear("ask", seen))

    def _join(self, tokens: Rows, asked: Rows, subject: Rows, channels: Rows) -> Rows:
        """What each token of the passage finds in the question, joined to it."""
        key, value = np.split(self._linear("show", asked), 2, axis=1)
        bias = np.moveaxis(channels @ self._weights["channels"].T, 2, 0)
        found = self._attend(self._linear("look", tokens), key, value, bias)
        subjects = np.broadcast_to(subject, tokens.shape)
        joined = np.concatenate([found, tokens * found, tokens * subject, subjects], axis=1)
        return self._norm("norms.2", tokens + self._linear("join", joined))

    def _block(self, name: str, rows: Rows) -> Rows:
        near = self._window(f"{name}.window", self._norm(f"{name}.norms.0", rows))
        rows = rows + self._linear(f"{name}.mix", np.maximum(near, 0))
        if f"{name}.attend.weight" in self._weights:
            query, key, value = np.split(self._linear(f"{name}.attend", self._norm(f"{name}.norms.1", rows)), 3, axis=1)
            rows = rows + self._linear(f"{name}.gather", self._attend(query, key, value))
        wide = np.maximum(self._linear(f"{name}.widen", self._norm(f"{name}.norms.2", rows)), 0)
        return rows + self._linear(f"{name}.narrow", wide)

    def _decide(self, rows: Rows, places: Places, subject: Rows, features: Rows) -> Judged:
        logits = np.where(places >= 0, self._linear("answer", rows)[:, 0], np.float32(-1e4))
        member = places == np.arange(len(features))[:, None]
        best = _log_sum(np.where(member, logits, np.float32(-1e4)))
        sentences = best + self._linear("sentence", features)[:, 0]
        pooled = [subject, _softmax(logits) @ rows, rows.max(axis=0), _softmax(sentences) @ features]
        hidden = np.maximum(self._linear("decide", np.concatenate(pooled)), 0)
        return Judged(sentences, float(self._linear("null", hidden)[0]))

    def _linear(self, name: str, rows: Rows) -> Rows:
        values: Rows = rows @ self._weights[f"{name}.weight"].T
        bias = self._weights.get(f"{name}.bias")
        return values if bias is None else values + bias

    def _norm(self, name: str, rows: Rows) -> Rows:
        """Layer normalisation (Ba, Kiros and Hinton, 2016)."""
        centred = rows - rows.mean(axis=1, keepdims=True)
        spread = np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + _EPSILON)
        scaled: Rows = centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return scaled

    def _window(self, name: str, rows: Rows) -> Rows:
        """A convolution over neighbouring tokens, each dimension by itself."""
        kernel = self._weights[f"{name}.weight"][:, 0]
        reach = kernel.shape[1] // 2
        padded = np.pad(rows, ((reach, reach), (0, 0)))
        found = np.broadcast_to(self._weights[f"{name}.bias"], rows.shape).copy()
        for at in range(kernel.shape[1]):
            found += padded[at : at + len(rows)] * kernel[:, at]
        return found

    def _attend(self, query: Rows, key: Rows, value: Rows, bias: Rows | None = None) -> Rows:
        """Scaled dot-product attention (Vaswani et al., 2017); ``bias`` is ``(heads, queries, keys)``."""
        query, key, value = (np.stack(np.split(part, self._heads, axis=1)) for part in (query, key, value))
        logits = query @ key.transpose(0, 2, 1) / np.float32(math.sqrt(query.shape[2]))
        found = _softmax(logits if bias is None else logits + bias) @ value
        return np.concatenate(list(found), axis=1)


def _channels(question: QuestionTokens, passage: PassageTokens) -> Rows:
    """How each token of the passage matches each of the question's, float32 ``(n, q, 3)``: cosine, word, stem."""
    same = (passage.ids[:, None] == question.ids[None]) & (question.ids[None] != 0)
    cosine = passage.vectors @ question.vectors.T
    return np.concatenate([cosine[..., None], same.astype(np.float32)], axis=2)


def _softmax(logits: Rows) -> Rows:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    likely: Rows = powers / powers.sum(axis=-1, keepdims=True)
    return likely


def _log_sum(logits: Rows) -> Rows:
    largest = logits.max(axis=-1, keepdims=True)
    total: Rows = np.log(np.exp(logits - largest).sum(axis=-1)) + largest[..., 0]
    return total
