"""Training pairs of the reader: token vectors of questions and passages, computed once and kept on disk."""

from __future__ import annotations

import gzip
import json
import random
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.encoders.port import Encoder, TokenVectors
from retrieval.passages import encoder_inputs, title_prefix
from retrieval.reader import FEATURES, Weigh, sentence_features, token_weights
from retrieval.segmentation import sentences
from retrieval.token_features import SHAPES, sentence_places, shapes, word_ids, words_of
from retrieval.types import Article, Passage, Span
from training.data import engine_with, indexed

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
_JUDGED = frozenset({"human_unanswerable", "human_unanswerable_mapped", "same_article_overlap"})
_LONGEST = 1600  # characters; longer passages are cut by the encoder
_HELD_OUT = 16  # one in so many passages
_RUN = 13  # words shared with an evaluation text, and a pair is left out
_WORD = re.compile(r"\w+")
_BATCH = 256

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Pair:
    """A question, a passage by their numbers, and where the answers lie in the passage's own text."""

    question: int
    passage: int
    source: str
    kind: str
    answers: list[tuple[int, int]]


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
            key = ((row.get("title") or "").replace("_", " "), text)
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


class Ragged:
    """Rows of many texts in one file, each text's behind the other's."""

    def __init__(self, file: Path) -> None:
        self._rows = np.load(file, mmap_mode="r")
        self.starts: Ints = np.load(file.with_suffix(".starts.npy"))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, at: int) -> npt.NDArray[Any]:
        return self._rows[self.starts[at] : self.starts[at + 1]]

    @staticmethod
    def write(file: Path, parts: Iterable[npt.NDArray[Any]]) -> None:
        """Write the rows of each text."""
        parts = list(parts)
        np.save(file.with_suffix(".starts.npy"), np.cumsum([0, *map(len, parts)]))
        rows = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
            file, mode="w+", dtype=parts[0].dtype, shape=(sum(map(len, parts)), *parts[0].shape[1:])
        )
        at = 0
        for part in parts:
            rows[at : at + len(part)] = part
            at += len(part)
        rows.flush()


def prepare(train: Path, data: Path, work: Path) -> Path:
    """Compute what training needs, where it is missing; gives its folder."""
    folder = work / "reader"
    if (folder / "done").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    pairs = collect(train, data)
    with indexed(data / "realtimeqa_2022" / "corpus.jsonl", work) as app:
        weigh = _remembered(engine_with(app, app.parameters).weigh)
        # The packaged encoder reads questions and passages alike; in batches it is ten times as fast.
        question_tokens = _tokens(app.encoder, pairs.questions)
        print(f"{len(question_tokens)} questions encoded", flush=True)
        passage_tokens = _tokens(app.encoder, encoder_inputs(pairs.passages))
        print(f"{len(passage_tokens)} passages encoded", flush=True)
        (folder / "encoder").write_text(app.encoder.fingerprint, encoding="utf-8")
    _write_texts(folder, pairs, question_tokens, passage_tokens, weigh)
    _write_pairs(folder, pairs, question_tokens, passage_tokens, weigh)
    (folder / "done").touch()
    return folder


def _remembered(weigh: Weigh) -> Weigh:
    known: dict[str, float] = {}

    def weighed(words: Sequence[str]) -> list[float]:
        for word in words:
            if word not in known:
                known[word] = weigh([word])[0]
        return [known[word] for word in words]

    return weighed


def _tokens(encoder: Encoder, texts: Sequence[str]) -> list[TokenVectors]:
    """Token vectors as float16; similar lengths together, since the shorter ones of a batch are padded."""
    found: list[TokenVectors | None] = [None] * len(texts)
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    for first in range(0, len(texts), _BATCH):
        chosen = order[first : first + _BATCH]
        for at, tokens in zip(chosen, encoder.encode_passage_tokens([texts[at] for at in chosen]), strict=True):
            found[at] = TokenVectors(tokens.vectors.astype(np.float16), tokens.offsets)  # type: ignore[arg-type]
        if first % (_BATCH * 20) == 0:
            print(f"{first} of {len(texts)} texts encoded", flush=True)
    return [tokens for tokens in found if tokens is not None]


def _write_texts(
    folder: Path, pairs: Pairs, questions: list[TokenVectors], passages: list[TokenVectors], weigh: Weigh
) -> None:
    asked = list(zip(pairs.questions, questions, strict=True))
    Ragged.write(folder / "question.vectors.npy", [tokens.vectors.astype(np.float16) for tokens in questions])
    Ragged.write(folder / "question.ids.npy", [word_ids(words_of(text, tokens.offsets)) for text, tokens in asked])
    Ragged.write(
        folder / "question.weights.npy",
        [token_weights(text, tokens.offsets, weigh).astype(np.float32) for text, tokens in asked],
    )
    Ragged.write(folder / "passage.vectors.npy", [tokens.vectors for tokens in passages])
    ids, shaped, places = [], [], []
    for (title, text), tokens in zip(pairs.passages, passages, strict=True):
        words = words_of(title_prefix(title) + text, tokens.offsets)
        ids.append(word_ids(words))
        places.append(sentence_places(tokens.offsets, sentences(text), -len(title_prefix(title))))
        shaped.append(shapes(words, places[-1]).astype(np.float16))
    Ragged.write(folder / "passage.ids.npy", ids)
    Ragged.write(folder / "passage.places.npy", places)
    Ragged.write(folder / "passage.shapes.npy", shaped)


def _write_pairs(
    folder: Path, pairs: Pairs, questions: list[TokenVectors], passages: list[TokenVectors], weigh: Weigh
) -> None:
    """Features of the sentences, which of them answer, and which tokens; pairs whose answer is not seen are dropped."""
    features, right, inside, rows = [], [], [], []
    spans_of: dict[int, tuple[Passage, list[Span]]] = {}
    for pair in pairs.pairs:
        title, text = pairs.passages[pair.passage]
        if pair.passage not in spans_of:
            passage = Passage(1, Article("passage", text, title), 0, len(text))
            spans_of[pair.passage] = (passage, sentences(text))
        passage, spans = spans_of[pair.passage]
        tokens = passages[pair.passage]
        answering = _answering(tokens, pair.answers, len(title_prefix(title)))
        marked = [any(span.start < end <= span.end for _, end in pair.answers) for span in spans]
        if pair.answers and not (answering.any() and any(marked)):
            continue
        question = pairs.questions[pair.question]
        asked = questions[pair.question]
        features.append(
            sentence_features(
                question,
                passage,
                spans,
                token_weights(question, asked.offsets, weigh),
                _single(asked).vectors,
                _single(tokens),
            ).astype(np.float32)
        )
        right.append(np.array(marked, dtype=bool))
        inside.append(answering)
        rows.append(
            {
                "question": pair.question,
                "passage": pair.passage,
                "source": pair.source,
                "kind": pair.kind,
                "held_out": held_out(title, text),
            }
        )
    Ragged.write(folder / "pair.features.npy", features)
    Ragged.write(folder / "pair.right.npy", right)
    Ragged.write(folder / "pair.inside.npy", inside)
    (folder / "pairs.json").write_text(json.dumps(rows), encoding="utf-8")
    print(f"{len(rows)} pairs, {len(FEATURES)} features of a sentence, {len(SHAPES)} of a token", flush=True)


def _single(tokens: TokenVectors) -> TokenVectors:
    return TokenVectors(tokens.vectors.astype(np.float32), tokens.offsets)


def _answering(tokens: TokenVectors, answers: Sequence[tuple[int, int]], prefix: int) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(tokens.offsets), dtype=bool)
    for start, end in answers:
        found |= (tokens.offsets[:, 0] >= start + prefix) & (tokens.offsets[:, 1] <= end + prefix)
    return found


def held_out(title: str, text: str) -> bool:
    """Whether a passage is kept for measuring: by its title, so that an article's passages stay together."""
    return zlib.crc32((title or text).encode()) % _HELD_OUT == 0
