"""Questions written for passages of public affairs: what they answer, what only looks so, and what supposes amiss.

    python -m training.written --train TRAIN --to FOLDER

``questions.jsonl`` beside this file holds them, each with its kind, under the SHA-256 of a passage of the training
sets. The command writes those that no reader learns from as a set of questions, ``FOLDER/written``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.reader_data import NEAR, SUPPOSES, Pair, Pairs, held_out, title_of

QUESTIONS = Path(__file__).with_name("questions.jsonl")
NAME = "written"
"""What the set is called, and its folder."""
_WORDS = frozenset({"after", "how", "what", "when", "where", "which", "who", "why"})
_MOST = 4.0  # weight of a question
_KEPT_BACK = 5  # one article in so many, besides those that are held out anyway


@dataclass(frozen=True, slots=True)
class WrittenQuestion:
    """A question with the sentences that answer it, as spans of the passage; none where ``kind`` says why not."""

    kind: str
    text: str
    answers: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class WrittenPassage:
    """A passage of a training set, and what is asked of it."""

    source: str
    title: str
    text: str
    questions: tuple[WrittenQuestion, ...]

    @property
    def id(self) -> str:
        """What the questions' file calls it."""
        return passage_id(self.text)


def passage_id(text: str) -> str:
    """The first 16 digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def kept_back(title: str, text: str) -> bool:
    """Whether no reader learns from what was written for a passage, so that others can be measured and fitted by it."""
    return held_out(title, text) or held_out(title, text, _KEPT_BACK)


def read_written(train: Path, file: Path = QUESTIONS) -> list[WrittenPassage]:
    """The passages with their questions, in the file's order.

    Raises:
        LookupError: a training set does not hold a passage that is named.
    """
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    wanted: dict[str, set[str]] = {}
    for line in lines:
        wanted.setdefault(line["set"], set()).add(line["passage"])
    texts = {name: dict(_passages(train / f"{name}.jsonl.gz", ids)) for name, ids in wanted.items()}
    return [_written(line, texts[line["set"]]) for line in lines]


def _passages(file: Path, ids: set[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        for row in map(json.loads, stream):
            if (digest := passage_id(row["passage"])) in ids:
                yield digest, (title_of(row), row["passage"])


def _written(line: Mapping[str, Any], texts: Mapping[str, tuple[str, str]]) -> WrittenPassage:
    if line["passage"] not in texts:
        raise LookupError(f"the training set {line['set']!r} has no passage {line['passage']!r}")
    title, text = texts[line["passage"]]
    asked = (
        WrittenQuestion(one["kind"], one["question"], tuple((start, end) for start, end in one["answers"]))
        for one in line["questions"]
    )
    return WrittenPassage(line["set"], title, text, tuple(asked))


def pairs_of(passages: Sequence[WrittenPassage]) -> Pairs:
    """What a reader is trained on, and held against.

    Of those that begin alike ("Why", "When") the answered ones count as much in all as the others, so that how a
    question begins tells nothing.
    """
    found = Pairs()
    begin = Counter((_begins(one.text), bool(one.answers)) for passage in passages for one in passage.questions)
    for number, passage in enumerate(passages):
        found.passages.append((passage.title, passage.text))
        for one in passage.questions:
            first, answered = _begins(one.text), bool(one.answers)
            kind = "answer" if answered else NEAR if one.kind == NEAR else SUPPOSES
            alike = begin[first, True] + begin[first, False]
            weight = min(alike / 2 / begin[first, answered], _MOST)
            found.pairs.append(Pair(len(found.questions), number, NAME, kind, list(one.answers), weight))
            found.questions.append(one.text)
    return found


def _begins(question: str) -> str:
    first = question.split(maxsplit=1)[0].lower()
    return first if first in _WORDS else ""


def write_set(passages: Iterable[WrittenPassage], folder: Path) -> None:
    """A set of questions: all passages are its corpus, and those that were kept back are asked of."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "corpus.jsonl").open("w", encoding="utf-8") as corpus,
        (folder / "queries.jsonl").open("w", encoding="utf-8") as queries,
    ):
        for passage in passages:
            row = {"id": passage.id, "title": passage.title, "source": passage.source, "text": passage.text}
            corpus.write(json.dumps(row, ensure_ascii=False) + "\n")
            if kept_back(passage.title, passage.text):
                queries.writelines(json.dumps(query, ensure_ascii=False) + "\n" for query in _queries(passage))


def _queries(passage: WrittenPassage) -> Iterator[dict[str, object]]:
    for number, question in enumerate(passage.questions):
        evidence = [{"doc_id": passage.id, "quote": passage.text[start:end]} for start, end in question.answers]
        yield {
            "id": f"{passage.id}-{number}",
            "question": question.text,
            "type": question.kind,
            "answerable": bool(evidence),
            "answers": [],
            "evidence": evidence,
            "context_doc_id": passage.id,
        }


def main() -> None:
    """Write the set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("train", "to"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    write_set(read_written(options.train), options.to / NAME)


if __name__ == "__main__":
    main()
