"""Passages that our own search would bring for a question, and that do not hold its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.encoders.loading import load_encoder
from retrieval.encoders.models import DEFAULT_MODEL
from retrieval.encoders.options import Backend, Precision
from retrieval.encoders.port import Encoder
from retrieval.passages import encoder_inputs
from training.reader_data import Pairs, held_out

Mined = npt.NDArray[np.int32]
"""int32 ``(questions, MOST)``: numbers of passages, the nearest first; -1 where there are no more."""

MOST = 8
_AMONG = 40  # nearest passages, of which those with an answer are passed over
_AT_ONCE = 512  # questions


def mine(pairs: Pairs, encoder: Encoder, kept: Callable[[str, str], bool] = held_out) -> Mined:
    """The nearest passages for each question that has an answer, from those that are trained on.

    One that holds the words of any answer of the question is passed over, since it may answer; ``kept`` tells which
    are not trained on.
    """
    seen = np.array([at for at, (title, text) in enumerate(pairs.passages) if not kept(title, text)])
    vectors = encoder.encode_passages(encoder_inputs([pairs.passages[at] for at in seen.tolist()]))
    answers = known_answers(pairs)
    asked = np.array(sorted(question for question, words in answers.items() if words))
    found = np.full((len(pairs.questions), MOST), -1, dtype=np.int32)
    lowered = [text.lower() for _, text in pairs.passages]
    for first in range(0, len(asked), _AT_ONCE):
        part = asked[first : first + _AT_ONCE].tolist()
        scores = encoder.encode_queries([pairs.questions[at] for at in part]) @ vectors.T
        nearest = np.argpartition(-scores, min(_AMONG, len(seen) - 1), axis=1)[:, :_AMONG]
        for question, row, places in zip(part, scores, nearest, strict=True):
            ordered = seen[places[np.argsort(-row[places], kind="stable")]].tolist()
            kept = [at for at in ordered if not any(answer in lowered[at] for answer in answers[question])][:MOST]
            found[question, : len(kept)] = kept
    return found


def known_answers(pairs: Pairs) -> Mapping[int, AbstractSet[str]]:
    """The words of all answers of each question, in lower case; empty for a question without any."""
    found: dict[int, set[str]] = {}
    for pair in pairs.pairs:
        text = pairs.passages[pair.passage][1]
        found.setdefault(pair.question, set()).update(text[start:end].lower() for start, end in pair.answers)
    return found


def mined(pairs: Pairs, work: Path, kept: Callable[[str, str], bool] = held_out) -> Mined:
    """As :func:`mine` by the packaged encoder, kept in ``work`` for these very passages."""
    digest = hashlib.sha256(repr((pairs.questions, pairs.passages)).encode()).hexdigest()
    file = work / f"negatives.{digest[:16]}.npy"
    if not file.exists():
        encoder = load_encoder(DEFAULT_MODEL, Precision.AUTO, Backend.AUTO, work / "models")
        np.save(file, mine(pairs, encoder, kept))
    found: Mined = np.load(file)
    return found
