"""Question sets as folders of JSON lines, and data folders indexed from them."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.app import Application
from bot.settings import load_settings
from retrieval.dates import PartialDate
from retrieval.engine import Engine, ReadingBudget
from retrieval.parameters import Parameters
from retrieval.types import Article
from retrieval.verifier.port import Verifier

UNHURRIED = ReadingBudget(milliseconds=1e9)
"""What is measured must not depend on what else the machine does."""

_OTHERS = 100  # news questions of other years, for each corpus
_TELLING = 30  # characters; a shorter sentence lies inside of any quote


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """A question with the articles that answer it; ``scope`` is where to look, ``None`` for everywhere."""

    id: str
    text: str
    answerable: bool
    gold: frozenset[str]
    answers: tuple[str, ...]
    quotes: tuple[str, ...]
    scope: frozenset[str] | None
    type: str

    def answered_by(self, sentence: str) -> bool:
        """Whether a sentence holds an answer, word for word, or lies inside a quoted one."""
        said = _flat(sentence)
        quotes = [_flat(quote) for quote in self.quotes]
        inside = len(said) >= _TELLING and any(said in quote for quote in quotes)
        return inside or any(_holds(said, text) for text in [*map(_flat, self.answers), *quotes])


def read_questions(folder: Path) -> list[LabelledQuestion]:
    """The questions of a set's ``queries.jsonl``, those answerable that name an article and all others."""
    return [q for q in map(_question, _lines(folder / "queries.jsonl")) if q.gold or not q.answerable]


def scoped_questions(folder: Path) -> list[LabelledQuestion]:
    """Those of a set that are asked over the passages that they were written for."""
    return [q for q in read_questions(folder) if q.scope and q.type != "counterfactual"]


def of_other_years(train: Path) -> list[LabelledQuestion]:
    """News questions of years that the corpora do not hold, so that nothing answers them; the same ones each time."""
    return [
        LabelledQuestion(row["id"], row["question"], False, frozenset(), (), (), None, "other years")
        for row in read_passages(train / "newsquizqa_offcorpus.jsonl.gz", _OTHERS, seed=5)
    ]


def read_articles(folder: Path) -> list[Article]:
    """The articles of a set's ``corpus.jsonl``."""
    return [
        Article(
            str(row["id"]),
            row["text"],
            row.get("title") or "",
            row.get("source") or "",
            row.get("url") or "",
            PartialDate.parse(row["published"]) if row.get("published") else None,
        )
        for row in _lines(folder / "corpus.jsonl")
    ]


def read_passages(file: Path, most: int, seed: int) -> list[dict[str, Any]]:
    """A sample of the rows of a gzipped file of (question, passage) pairs."""
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    random.Random(seed).shuffle(rows)  # noqa: S311 (a sample, no secret)
    return rows[:most]


def sample(questions: list[LabelledQuestion], most: int, seed: int = 7) -> list[LabelledQuestion]:
    """At most so many questions, the same ones each time."""
    chosen = sorted(questions, key=lambda q: q.id)
    random.Random(seed).shuffle(chosen)  # noqa: S311
    return chosen[:most]


@contextmanager
def indexed(corpus: Path, work: Path) -> Iterator[Application]:
    """A data folder in ``work`` that holds a corpus, made where it is missing."""
    app = Application(load_settings(data_dir=work / corpus.parent.name))
    if app.store.current_number() is None:
        app.service.reindex([str(corpus)])
    yield app
    app.catalogue.close()


def engine_with(
    app: Application, parameters: Parameters, *, read: int | None = None, verifier: Verifier | None = None
) -> Engine:
    """An engine of the data folder under other parameters; ``read`` passages are read for each question."""
    if read is not None:
        parameters = replace(parameters, ranking=replace(parameters.ranking, read=read))
    index = app.store.current()
    return Engine(index, app.catalogue, app.encoder, app.reader, parameters, UNHURRIED, verifier=verifier)


def giving(parameters: Parameters, signal: str) -> Parameters:
    """These, with a weight of 0 for a signal that an engine computes only where it has a weight."""
    calibration = parameters.calibration
    return replace(parameters, calibration=replace(calibration, weights={**calibration.weights, signal: 0.0}))


def _holds(said: str, answer: str) -> bool:
    """Whether the words of an answer are said; marks alone, or "NA", are none."""
    if answer == "na" or not re.search(r"\w", answer):
        return False
    return re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", said) is not None


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower()


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _question(row: dict[str, Any]) -> LabelledQuestion:
    evidence = row.get("evidence") or []
    scope = row.get("candidate_doc_ids") or ([row["context_doc_id"]] if row.get("context_doc_id") else None)
    return LabelledQuestion(
        id=str(row["id"]),
        text=row["question"],
        answerable=row.get("answerable") is not False,
        gold=frozenset(e["doc_id"] for e in evidence) or frozenset(row.get("gold_doc_ids") or ()),
        answers=tuple(row.get("answers") or ()),
        quotes=tuple(e["quote"] for e in evidence if e.get("quote")),
        scope=frozenset(scope) if scope else None,
        type=str(row.get("type", "")),
    )
