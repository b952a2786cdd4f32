"""What is shown in training as flat arrays, small enough to be carried to a machine with a GPU."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.joint.inputs import QuestionTokens
from retrieval.token_features import SHAPES
from training.examples import Example
from training.reader_data import Texts

Array = npt.NDArray[Any]

EXAMPLES = "examples.npz"
"""The file of what is packed."""
SHAPE_BITS = len(SHAPES) - 1
"""How many of a token's shapes are yes or no; the last one is how late its sentence comes, which its place tells."""
MOST_SENTENCES = 63
"""Of a passage; an example that shows a later one is left out. As many have a bit of their own, and a sign is left."""
FOLDS = 3
"""Parts of the pairs, those of an article in one: what is taught on one was learned from the others."""


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of unlike length behind one another; ``starts`` has one more than there are rows."""

    values: Array
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Array], dtype: npt.DTypeLike) -> Ragged:
        """Rows put together, as numbers of ``dtype``; there may be none."""
        starts = np.cumsum([0, *(len(row) for row in rows)])
        return cls(np.concatenate(rows or [np.zeros(0)]).astype(dtype), starts)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """How long each row is."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class Packed:
    """Texts and examples.

    Args:
        passages: ``ids``, ``words`` (two numbers for each token), ``shapes`` (of ``SHAPE_BITS`` bits) and ``places``
            of each passage's tokens.
        questions: ``ids``, ``words`` and ``weights`` of each question's.
        answers: positions of a passage's tokens that lie in an answer.
        examples: a row for each, by column: numbers of ``question``, ``passage`` and ``answer`` (-1: none); which
            sentences are ``kept`` and ``right``, a bit each; ``titled``, ``seen``, ``weight``, ``fold``; ``kind`` and
            ``source`` as numbers of ``names``.
        parts: where in the examples each epoch begins; the last part is held out.
        names: of kinds and sources.
    """

    passages: dict[str, Ragged]
    questions: dict[str, Ragged]
    answers: Ragged
    examples: dict[str, Array]
    parts: npt.NDArray[np.int64]
    names: Sequence[str]

    @property
    def epochs(self) -> int:
        """How many parts are trained on; behind them is the one that is held out."""
        return len(self.parts) - 2

    def save(self, file: Path) -> None:
        """Write everything to one file."""
        stored: dict[str, Any] = {"parts": self.parts, "names": np.array(self.names)}
        for group, rows in (("p", self.passages), ("q", self.questions), ("a", {"answers": self.answers})):
            for name, one in rows.items():
                stored |= {f"{group}.{name}": one.values, f"{group}.{name}.lengths": one.lengths.astype(np.uint16)}
        np.savez_compressed(file, **stored, **{f"e.{name}": column for name, column in self.examples.items()})

    @classmethod
    def load(cls, file: Path) -> Packed:
        """Read what was written.

        Raises:
            OSError: there is no such file, or it cannot be read.
            KeyError: it was not written by :meth:`save`.
        """
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}

        def rows(group: str) -> dict[str, Ragged]:
            names = [name[2:] for name in arrays if name.startswith(group) and not name.endswith(".lengths")]
            return {
                name: Ragged(arrays[group + name], np.cumsum([0, *arrays[f"{group}{name}.lengths"].tolist()]))
                for name in names
            }

        examples = {name[2:]: column for name, column in arrays.items() if name.startswith("e.")}
        names = [str(name) for name in arrays["names"]]
        return cls(rows("p."), rows("q."), rows("a.")["answers"], examples, arrays["parts"], names)


def pack(texts: Texts, parts: Iterable[Iterable[Example]]) -> Packed:
    """Pack texts and epochs, the last part being what is held out."""
    columns = _Columns(texts)
    starts = [0]
    for part in parts:
        for example in part:
            columns.add(example)
        starts.append(len(columns.rows))
        print(f"{starts[-1]} examples, {len(columns.questions)} questions", flush=True)
    used = [each.words.ravel() for each in (*texts.passages, *columns.asked)]
    words = np.unique(np.concatenate([[0], *used]))  # 0, of marks, stays 0
    passages = {
        "ids": Ragged.of([one.ids for one in texts.passages], np.uint16),
        "words": Ragged.of([np.searchsorted(words, one.words) for one in texts.passages], np.int32),
        "shapes": Ragged.of([_bits(one.shapes) for one in texts.passages], np.uint16),
        "places": Ragged.of([np.minimum(one.places, MOST_SENTENCES) for one in texts.passages], np.int8),
    }
    questions = {
        "ids": Ragged.of([one.ids for one in columns.asked], np.uint16),
        "words": Ragged.of([np.searchsorted(words, one.words) for one in columns.asked], np.int32),
        "weights": Ragged.of([one.weights for one in columns.asked], np.float16),
    }
    answers = Ragged.of([np.array(one) for one in columns.answers], np.uint8)
    return Packed(passages, questions, answers, columns.packed(), np.array(starts), list(columns.names))


class _Columns:
    """Examples as rows of numbers, texts that come again named once."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.questions: dict[tuple[bytes, bytes], int] = {}
        self.asked: list[QuestionTokens] = []
        self.answers: dict[tuple[int, ...], int] = {}
        self.names: dict[str, int] = {}
        self.rows: list[tuple[int | float, ...]] = []

    def add(self, example: Example) -> None:
        """Add a row, unless more sentences are shown than have a bit."""
        places = self._texts.passages[example.number].places[example.chosen]
        if places.max(initial=-1) >= MOST_SENTENCES:
            return
        # In the whole and as it was cut; a sentence of which no token is read has neither.
        pairs = zip(places.tolist(), example.passage.places.tolist(), strict=True)
        both = {(old, new) for old, new in pairs if old >= 0}
        self.rows.append(
            (
                self._question(example.question),
                example.number,
                self._answer(example),
                sum(1 << old for old, _ in both),
                sum(1 << old for old, new in both if example.right[new]),
                bool((places < 0).any()),
                example.seen,
                example.weight,
                self._fold(example),
                self.names.setdefault(example.kind, len(self.names)),
                self.names.setdefault(example.source, len(self.names)),
            )
        )

    def _question(self, question: QuestionTokens) -> int:
        key = (question.ids.tobytes(), question.words.tobytes())
        number = self.questions.setdefault(key, len(self.questions))
        if number == len(self.asked):
            self.asked.append(question)
        return number

    def _answer(self, example: Example) -> int:
        inside = tuple(example.chosen[example.inside].tolist())
        return self.answers.setdefault(inside, len(self.answers)) if inside else -1

    def _fold(self, example: Example) -> int:
        """By the article of the pair that is shown, whatever other passage is shown for its question."""
        title, text = self._texts.pairs.passages[example.origin if example.origin >= 0 else example.number]
        return zlib.crc32(b"fold" + (title or text).encode()) % FOLDS

    def packed(self) -> dict[str, Array]:
        """A column for each number."""
        kinds = {
            "question": np.int32, "passage": np.int32, "answer": np.int32, "kept": np.int64, "right": np.int64,
            "titled": np.bool_, "seen": np.bool_, "weight": np.float16,
            "fold": np.uint8, "kind": np.uint8, "source": np.uint8,
        }  # fmt: skip
        columns = zip(*self.rows, strict=True)
        return {name: np.array(column, dtype=kind) for (name, kind), column in zip(kinds.items(), columns, strict=True)}


def _bits(shapes: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = (shapes[:, :SHAPE_BITS] > 0) @ (1 << np.arange(SHAPE_BITS))
    return found


def is_lower(name: str, layers: int) -> bool:
    """Whether a weight of the encoder, by its name, is the words' or of the first so many layers."""
    return not name.startswith("layers.") or int(name.split(".")[1]) < layers


def part_of(packed: Packed, number: int) -> npt.NDArray[np.int64]:
    """The rows of a part, int64 ``(rows,)``.

    Raises:
        IndexError: there is no such part.
    """
    first, last = list(pairwise(packed.parts.tolist()))[number]
    return np.arange(first, last)
