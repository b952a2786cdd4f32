"""Training pairs of the reader, and what the network is told of their texts."""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from retrieval.encoders.port import Offsets
from retrieval.encoders.tokens import encode_plainly, offsets_of
from retrieval.joint.inputs import PassageTokens, QuestionTokens, passage_tokens_of, question_tokens_of
from retrieval.passages import encoder_inputs, title_prefix
from retrieval.reader import Weigh
from retrieval.segmentation import sentences
from retrieval.types import Span

# Sets that are trained on, each with how many negatives of a question are taken at most. Left out: what its terms
# or their lack forbid, single sentences, and what confidence is later judged with.
SETS = {
    "squad_train_44": 2,
    "squad_dev11_13": 1,
    "squad2cr_unans": 1,
    "squadshifts_newwiki": 1,
    "squadshifts_reddit": 1,
    "tydiqa_en": 1,
    "mlqa_en_dev": 1,
    "nq_dev": 1,
    "realtimeqa_2023_2026": 1,
    "timeqa_human": 2,
    "quoref_contrast": 1,
    "covid_qa": 1,
    "selqa": 1,
    "hotpot_musique_small": 1,
    "quotesum_dev": 1,
}
NEAR = "near"
"""The kind of a written question that the passage looks as if it answered."""
SUPPOSES = "supposes"
"""The kind of a written question that supposes what is not so."""
_JUDGED = frozenset({"human_unanswerable", "human_unanswerable_mapped", "same_article_overlap"})
_LONGEST = 1600  # characters; longer passages are cut by the encoder
_HELD_OUT = 16  # one in so many passages
_RUN = 13  # words shared with an evaluation text, and a pair is left out
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Pair:
    """A question, a passage by their numbers, and where the answers lie in the passage's own text.

    ``weight`` is how much it counts whether anything answers.
    """

    question: int
    passage: int
    source: str
    kind: str
    answers: list[tuple[int, int]]
    weight: float = 1.0


@dataclass(slots=True)
class Pairs:
    """Texts without repetition, and the pairs of them."""

    questions: list[str] = field(default_factory=list)
    passages: list[tuple[str, str]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)


def collect(train: Path, data: Path) -> Pairs:
    """The pairs of all training sets that share neither a question nor a run of words with an evaluation set."""
    asked, runs = _evaluated(data)
    found = Pairs()
    questions: dict[str, int] = {}
    passages: dict[tuple[str, str], int] = {}
    clean: dict[str, bool] = {}
    for name, most in SETS.items():
        left_out = 0
        for row in _rows(train / f"{name}.jsonl.gz", most):
            text = row["passage"]
            if text not in clean:
                clean[text] = runs.isdisjoint(_runs(text))
            if not clean[text] or _normal(row["question"]) in asked:
                left_out += 1
                continue
            key = (title_of(row), text)
            found.pairs.append(
                Pair(
                    questions.setdefault(row["question"], len(questions)),
                    passages.setdefault(key, len(passages)),
                    name,
                    "answer" if row["answer_spans"] else row.get("negative_type") or "",
                    [(start, end) for start, end in row["answer_spans"]],
                )
            )
        print(f"{name}: {len(found.pairs)} pairs so far, {left_out} left out as evaluated", flush=True)
    found.questions, found.passages = list(questions), list(passages)
    return found


def _rows(file: Path, most: int) -> Iterator[dict[str, Any]]:
    """Rows of a set: those with answers, and at most so many without for each question, judged ones first."""
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    rows = [row for row in rows if len(row["passage"]) <= _LONGEST]
    random.Random(3).shuffle(rows)  # noqa: S311 (a sample, no secret)
    rows.sort(key=lambda row: row.get("negative_type") not in _JUDGED)
    taken: dict[str, int] = {}
    for row in rows:
        if not row["answer_spans"]:
            if row["answerable"] or taken.get(row["question_id"], 0) >= most:
                continue
            taken[row["question_id"]] = taken.get(row["question_id"], 0) + 1
        yield row


def _evaluated(data: Path) -> tuple[frozenset[str], frozenset[int]]:
    asked: set[str] = set()
    runs: set[int] = set()
    for folder in sorted(data.iterdir()):
        for name in ("corpus.jsonl", "docs.jsonl", "queries.jsonl"):
            if (folder / name).exists() and folder.name != "scale":
                with (folder / name).open(encoding="utf-8") as stream:
                    for row in map(json.loads, stream):
                        asked.add(_normal(row.get("question", "")))
                        runs.update(_runs(row.get("text", "")))
    return frozenset(asked - {""}), frozenset(runs)


def _runs(text: str) -> Iterator[int]:
    words = _WORD.findall(text.lower())
    for at in range(len(words) - _RUN + 1):
        yield hash(tuple(words[at : at + _RUN]))


def _normal(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


class Texts:
    """What is kept of the pairs: texts cut into tokens once, with what the network is told of them.

    Args:
        pairs: as collected.
        tokenizer: of the encoder; neither cuts off nor pads.
        longest: tokens of a passage, its title counted.
    """

    def __init__(self, pairs: Pairs, tokenizer: Tokenizer, longest: int) -> None:
        self.pairs = pairs
        self.tokenizer = tokenizer
        self.passages: list[PassageTokens] = []
        self.offsets: list[Offsets] = []
        self.spans: list[list[Span]] = []
        encodings = encode_plainly(tokenizer, encoder_inputs(pairs.passages))
        for (title, text), encoding in zip(pairs.passages, encodings, strict=True):
            spans = sentences(text)
            prefix = title_prefix(title)
            self.passages.append(passage_tokens_of(prefix + text, encoding, spans, -len(prefix), longest))
            self.offsets.append(offsets_of(encoding)[:longest] - len(prefix))
            self.spans.append(spans)

    def question(self, text: str, weigh: Weigh) -> QuestionTokens:
        """A question's tokens."""
        (encoding,) = encode_plainly(self.tokenizer, [text])
        return question_tokens_of(text, encoding, weigh)

    def right(self, pair: Pair) -> npt.NDArray[np.bool_]:
        """Which sentences of the passage end an answer, bool ``(sentences,)``."""
        spans = self.spans[pair.passage]
        return np.array([any(s.start < end <= s.end for _, end in pair.answers) for s in spans], dtype=bool)

    def inside(self, pair: Pair) -> npt.NDArray[np.bool_]:
        """Which tokens lie in an answer, bool ``(tokens,)``."""
        offsets = self.offsets[pair.passage]
        found = np.zeros(len(offsets), dtype=bool)
        for start, end in pair.answers:
            found |= (offsets[:, 0] >= start) & (offsets[:, 1] <= end)
        return found


def title_of(row: Mapping[str, Any]) -> str:
    """The title of a row's article, empty where it has none."""
    return (row.get("title") or "").replace("_", " ")


def held_out(title: str, text: str, every: int = _HELD_OUT) -> bool:
    """Whether a passage is kept for measuring: by its title, so that an article's passages stay together."""
    return zlib.crc32((title or text).encode()) % every == 0
