"""Readers by other models: a cross-encoder or an extractive question-answering model, by hub name or folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from retrieval.encoders.models import explained
from retrieval.encoders.options import Precision
from retrieval.encoders.sentence_transformer import autocast, configuration_of
from retrieval.encoders.tokens import encodable
from retrieval.errors import EncoderError
from retrieval.joint.inputs import LONGEST_QUESTION
from retrieval.passages import encoder_inputs, title_prefix
from retrieval.reader import Reader, Reading, Weigh, ranked_sentences, sentences_of
from retrieval.types import Passage, Span

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_SETTING = "BACKCHANNEL_READER"
_LONGEST = 384  # tokens of a question and a passage
_LONGEST_ANSWER = 30  # tokens, as is usual for SQuAD
_UNREAD = -20.0
"""Of a sentence that the model does not see: as good as no answer."""

Logits = npt.NDArray[np.float32]


def load_reader(model: str, precision: Precision) -> Reader:
    """A reader by a model of the hub or in a folder; its kind is told by its configuration.

    Raises:
        EncoderError: the model cannot be loaded, or is neither a cross-encoder with one score nor one for extractive
            question answering.
    """
    config = configuration_of(model, "reader", _SETTING)
    kinds = " ".join(config.architectures or [])
    if "ForQuestionAnswering" in kinds:
        return SpanReader(model, precision)
    if "ForSequenceClassification" in kinds and config.num_labels == 1:
        return CrossEncoderReader(model, precision)
    raise EncoderError(
        f"the model {model!r} ({kinds or 'of unknown kind'}) cannot read: name a cross-encoder with one score or a "
        f"model for extractive question answering in {_SETTING}, or unset it"
    )


class CrossEncoderReader:
    """Scores passages, and each of their sentences, by a cross-encoder.

    Args:
        model: hub name or folder.
        precision: in which numbers to compute.

    Raises:
        EncoderError: it cannot be loaded.
    """

    def __init__(self, model: str, precision: Precision) -> None:
        from sentence_transformers import CrossEncoder

        with explained("reader", model, _SETTING):
            self._model: CrossEncoder = CrossEncoder(
                model, device="cpu", local_files_only=Path(model).is_dir(), max_length=_LONGEST
            )
        self._autocast = autocast(precision)
        self._lock = Lock()

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:  # noqa: ARG002
        """Scores are the model's own logits, of the passage behind its title and of each sentence alone."""
        spans = [sentences_of(passage) for passage in passages]
        texts = encoder_inputs([(passage.article.title, passage.text) for passage in passages])
        alone = [span.of(p.article.text) for p, found in zip(passages, spans, strict=True) for span in found]
        scores = iter(self._scores(question, [*texts, *alone]))
        of_passages = [next(scores) for _ in passages]
        return [
            Reading(score, ranked_sentences(passage, {span: next(scores) for span in found}.__getitem__))
            for passage, found, score in zip(passages, spans, of_passages, strict=True)
        ]

    def _scores(self, question: str, texts: Sequence[str]) -> list[float]:
        import torch

        pairs = [(encodable(question), encodable(text)) for text in texts]
        with self._lock, self._autocast():
            scores = self._model.predict(pairs, activation_fn=torch.nn.Identity(), show_progress_bar=False)
        return [float(score) for score in scores]


class SpanReader:
    """Finds where an answer stands by a model for extractive question answering.

    Args:
        model: hub name or folder.
        precision: in which numbers to compute.

    Raises:
        EncoderError: it cannot be loaded, or has no fast tokenizer.
    """

    def __init__(self, model: str, precision: Precision) -> None:
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        local = Path(model).is_dir()
        with explained("reader", model, _SETTING):
            self._tokenizer: Any = AutoTokenizer.from_pretrained(model, local_files_only=local)
            self._model: Any = AutoModelForQuestionAnswering.from_pretrained(model, local_files_only=local).eval()
        if not self._tokenizer.is_fast:
            raise EncoderError(f"the model {model!r} has no fast tokenizer: choose one that has a tokenizer.json")
        self._autocast = autocast(precision)
        self._lock = Lock()

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:  # noqa: ARG002
        """Scores are those of the best span in a sentence, over that of no answer (Devlin et al., 2019, "BERT")."""
        if not passages:
            return []
        return [
            _by_span(passage, offsets, first, last, null)
            for passage, (offsets, first, last, null) in zip(passages, self._judged(question, passages), strict=True)
        ]

    def _asked(self, question: str) -> str:
        """The question, cut so that the passage has room beside it."""
        text = encodable(question)
        cut = {"truncation": True, "max_length": LONGEST_QUESTION}
        offsets = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, **cut)["offset_mapping"]
        return text[: offsets[-1][1]] if offsets else text

    def _judged(
        self, question: str, passages: Sequence[Passage]
    ) -> Iterator[tuple[npt.NDArray[np.int64], Logits, Logits, float]]:
        """Of each passage's tokens: offsets in the article, logits of first and last token; and that of no answer."""
        import torch

        texts = [encodable(text) for text in encoder_inputs([(p.article.title, p.text) for p in passages])]
        given = self._tokenizer(
            [self._asked(question)] * len(texts),
            texts,
            truncation="only_second",
            max_length=_LONGEST,
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = given.pop("offset_mapping").numpy()
        with self._lock, torch.no_grad(), self._autocast():
            found = self._model(**given)
        for row, passage in enumerate(passages):
            inside = np.array([part == 1 for part in given.sequence_ids(row)])
            shift = passage.start - len(title_prefix(passage.article.title))
            first, last = found.start_logits[row].float().numpy(), found.end_logits[row].float().numpy()
            yield offsets[row][inside] + shift, first[inside], last[inside], float(first[0] + last[0])


def _by_span(passage: Passage, offsets: npt.NDArray[np.int64], first: Logits, last: Logits, null: float) -> Reading:
    spans = sentences_of(passage)
    scores: dict[Span, float] = {}
    for span in spans:
        inside = (offsets[:, 0] >= span.start) & (offsets[:, 1] <= span.end)
        scores[span] = _best(first[inside], last[inside]) - null if inside.any() else _UNREAD
    return Reading(max(scores.values(), default=_UNREAD), ranked_sentences(passage, scores.__getitem__))


def _best(first: Logits, last: Logits) -> float:
    """The best sum of a first and a last token in their order, at most ``_LONGEST_ANSWER`` apart."""
    length = np.arange(len(last))[None] - np.arange(len(first))[:, None]
    allowed = (length >= 0) & (length < _LONGEST_ANSWER)
    return float(np.where(allowed, first[:, None] + last[None], -np.inf).max())
