"""A verifier by a model of natural language inference, by its hub name or in a folder.

Such a model tells of two texts whether the first entails the second (Bowman et al., 2015, "A large annotated corpus for
learning natural language inference"): here a sentence behind its article's title, and what the question supposes.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from retrieval.encoders.models import explained, is_folder
from retrieval.encoders.options import Precision
from retrieval.encoders.sentence_transformer import autocast
from retrieval.encoders.tokens import encodable
from retrieval.errors import EncoderError
from retrieval.passages import title_prefix
from retrieval.verifier.statements import statement

_SETTING = "BACKCHANNEL_VERIFIER"
_LONGEST = 160  # tokens of both texts; of the longer one more is cut off
_ENTAILS = "entail"  # how the names of the class begin that is wanted


class EntailmentVerifier:
    """Runs a sequence classifier, one of whose classes is entailment.

    Args:
        model: hub name or folder.
        precision: in which numbers to compute.

    Raises:
        EncoderError: it cannot be loaded, or has no class by that name.
    """

    def __init__(self, model: str, precision: Precision) -> None:
        local = is_folder(model, _SETTING)
        from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        with explained("verifier", model, _SETTING):
            labels = AutoConfig.from_pretrained(model, local_files_only=local).id2label
        self._class = _class_of(model, labels)
        with explained("verifier", model, _SETTING):
            self._tokenizer: Any = AutoTokenizer.from_pretrained(model, local_files_only=local)
            self._model: Any = AutoModelForSequenceClassification.from_pretrained(model, local_files_only=local).eval()
        self._autocast = autocast(precision)
        self._lock = Lock()

    def supports(self, question: str, title: str, sentence: str) -> float:
        """See :meth:`retrieval.verifier.port.Verifier.supports`."""
        import torch

        given = self._tokenizer(
            encodable(title_prefix(title) + sentence),
            encodable(statement(question)),
            truncation="longest_first",
            max_length=_LONGEST,
            return_tensors="pt",
        )
        with self._lock, torch.no_grad(), self._autocast():
            logits = self._model(**given).logits[0].float()
        others = torch.cat([logits[: self._class], logits[self._class + 1 :]])
        return float(logits[self._class] - others.logsumexp(0))


def _class_of(model: str, labels: dict[int, str]) -> int:
    """The number of the class of entailment."""
    found = [number for number, label in labels.items() if label.lower().startswith(_ENTAILS)]
    if len(found) != 1 or len(labels) < 2:
        raise EncoderError(
            f"the model {model!r} tells {', '.join(map(repr, labels.values()))}, not whether a text entails another: "
            f"name a model of natural language inference in {_SETTING}, or unset it"
        )
    return found[0]
