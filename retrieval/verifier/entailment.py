"""A verifier by a model of natural language inference, by its hub name or in a folder.

Such a model tells of two texts whether the first entails the second (Bowman et al., 2015, "A large annotated corpus for
learning natural language inference"): here a sentence behind its article's title, and what the question supposes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from retrieval.encoders.models import explained
from retrieval.encoders.options import Precision
from retrieval.encoders.sentence_transformer import autocast, configuration_of
from retrieval.encoders.tokens import encodable
from retrieval.errors import EncoderError
from retrieval.passages import title_prefix

_SETTING = "BACKCHANNEL_VERIFIER"
_LONGEST = 160  # tokens of both texts; of the longer one more is cut off
_ENTAILS = "entail"  # how the name of the class begins that is wanted
_NAMED = 4  # classes that an error names
_TRIAL = ("Envoys met in Moscow.", "Talks in Moscow", "Envoys met there on 9 July.")


class EntailmentVerifier:
    """Runs a sequence classifier, one of whose classes is entailment.

    Args:
        model: hub name or folder.
        precision: in which numbers to compute.

    Raises:
        EncoderError: it cannot be loaded, is of another kind, has no class by that name, or gives no number.
    """

    def __init__(self, model: str, precision: Precision) -> None:
        config = configuration_of(model, "verifier", _SETTING)
        self._class = _class_of(model, config.architectures or [], config.id2label)
        self._autocast = autocast(precision)
        self._lock = Lock()
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        given: dict[str, Any] = {"local_files_only": Path(model).is_dir(), "trust_remote_code": False}
        with explained("verifier", model, _SETTING):
            self._tokenizer: Any = AutoTokenizer.from_pretrained(model, **given)
            loaded: Any = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.float32, **given)
            self._model = loaded.eval()
            tried = self.supports(*_TRIAL)
        if not math.isfinite(tried):
            raise EncoderError(f"the verifier {model!r} gives {tried} for an example: name another in {_SETTING}")

    def supports(self, statement: str, title: str, sentence: str) -> float:
        """See :meth:`retrieval.verifier.port.Verifier.supports`."""
        import torch

        given = self._tokenizer(
            encodable(title_prefix(title) + sentence),
            encodable(statement),
            truncation="longest_first",
            max_length=_LONGEST,
            return_tensors="pt",
        )
        with self._lock, torch.no_grad(), self._autocast():
            logits = self._model(**given).logits[0].float()
        others = torch.cat([logits[: self._class], logits[self._class + 1 :]])
        return float(logits[self._class] - others.logsumexp(0))


def _class_of(model: str, kinds: list[str], labels: Mapping[int, str]) -> int:
    """The number of the class of entailment."""
    classifies = all("ForSequenceClassification" in kind for kind in kinds) and len(labels) > 1
    found = [number for number, label in labels.items() if str(label).lower().startswith(_ENTAILS)]
    if not classifies or len(found) != 1 or found[0] >= len(labels):
        named = ", ".join([repr(label) for label in labels.values()][:_NAMED]) + ", …" * (len(labels) > _NAMED)
        raise EncoderError(
            f"the model {model!r} ({', '.join(kinds) or 'of unknown kind'}, classes {named}) does not tell whether a "
            f"text entails another: name a model of natural language inference in {_SETTING}, or unset it"
        )
    return found[0]
