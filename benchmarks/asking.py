"""A question set asked: of each question what was found, what was marked, and how confident the bot was."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import reciprocal_rank
from bot.app import Application
from bot.askers import Question
from retrieval.engine import Engine
from retrieval.opposites import asked_the_other_way
from retrieval.ranking import best_of_each_article
from retrieval.types import Answer, Filters, Hit
from training.data import LabelledQuestion, sample

FITTED_ON = {"squad2": 1200, "clapnq": 1200, "realtimeqa_2022": 1200, "rgb_en_fact": 1200}
"""How many questions of each kind ``training/fit_mixture.py``, ``fit_ranking.py`` and ``fit_calibration.py`` take."""
OPPOSITES_FITTED_ON = 240
"""How many questions of an act that has an opposite ``training/fit_opposed.py`` takes of these sets."""

NOTHING_LEFT = "parameters were fitted on all of its questions"

UNHURRIED_MS = 60_000
"""For the reader: what it reads must not depend on how busy the machine is."""

_ARTICLES = 10
_FEWEST = 3  # articles cited


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, asked.

    Args:
        id: of the question.
        answerable: from the passages that it was asked over.
        confidence: that they answer it.
        abstained: whether the bot did.
        right: whether what it shows first answers: the marked sentence where answers are known, else the article.
        marked: whether the marked sentence holds the answer; ``None`` where none is known, or nowhere to look.
        candidate: reciprocal rank of the right one among the candidates that it was asked over; ``None`` without any.
        places: for each way of ranking the whole corpus, the place of the first right article among the best ten.
        elapsed_ms: of the answer over the whole corpus; ``None`` where that was not asked.
    """

    id: str
    answerable: bool
    confidence: float
    abstained: bool
    right: bool
    marked: bool | None
    candidate: float | None
    places: dict[str, int | None]
    elapsed_ms: float | None


def question_sets(data: Path, names: Sequence[str] | None = None) -> list[Path]:
    """The folders of the sets named, or of all that are there.

    Raises:
        ValueError: one is not there, or none is.
    """
    there = {file.parent.name: file.parent for file in sorted(data.glob("*/queries.jsonl"))}
    missing = [name for name in names or () if name not in there]
    if missing or not there:
        wanted = f"the set {missing[0]}" if missing else "a question set"
        raise ValueError(
            f"{data} does not hold {wanted} (a folder with queries.jsonl): {', '.join(there) or 'nothing'}"
        )
    return [there[name] for name in names or there]


def chosen(name: str, questions: Sequence[LabelledQuestion], most: int, *, held_out: bool) -> list[LabelledQuestion]:
    """So many answerable questions of a set and so many others at most, the same ones each time.

    Counterfactual questions are left out: their passages answer, falsely.

    Args:
        name: of the set.
        questions: all of it.
        most: of each kind.
        held_out: leave out those that parameters were fitted on.
    """
    fitted = _fitted(name, questions) if held_out else frozenset()
    left = [q for q in questions if q.id not in fitted and q.type != "counterfactual"]
    return [q for kind in (True, False) for q in sample([q for q in left if q.answerable is kind], most)]


def _fitted(name: str, questions: Sequence[LabelledQuestion]) -> frozenset[str]:
    """Ids of the questions that the fitting scripts take: each samples one of these kinds."""
    if name not in FITTED_ON:
        return frozenset()
    scoped = [q for q in questions if q.scope and q.type != "counterfactual"]
    parts = [sample(kind, FITTED_ON[name]) for kind in ([q for q in questions if q.answerable], scoped, [*questions])]
    parts.append(sample([q for q in scoped if asked_the_other_way(q.text)], OPPOSITES_FITTED_ON))
    return frozenset(q.id for part in parts for q in part)


@contextmanager
def unhurried(app: Application) -> Iterator[Application]:
    """The same data folder and encoder, with time to read."""
    slow = Application(app.settings.model_copy(update={"reader_budget_ms": UNHURRIED_MS}), app.encoder)
    yield slow
    slow.close()


def ask(app: Application, engine: Engine, question: LabelledQuestion) -> Asked:
    """Ask over the whole corpus where that has an answer, and over the passages that the question was written for.

    Args:
        app: answers.
        engine: of the same data folder, reading nothing, for what each part of the search alone would rank.
        question: what is asked.
    """
    scope = question.scope
    # First over the whole corpus, so that what is timed was not read just before.
    whole = _answer(app, question.text, None, _ARTICLES) if question.answerable or not scope else None
    narrow = whole if whole and not scope else _answer(app, question.text, scope, max(_FEWEST, len(scope or ())))
    judged = bool(question.answerable and question.answers and scope)
    ranked = bool(question.answerable and not question.answers and scope)
    marked = marks_answer(question, narrow) if judged else None
    found = _articles(narrow)
    return Asked(
        id=question.id,
        answerable=question.answerable,
        confidence=narrow.confidence,
        abstained=narrow.abstained,
        right=marked if marked is not None else place_of(question.gold, found[:1]) == 0,
        marked=marked,
        candidate=reciprocal_rank(place_of(question.gold, found)) if ranked else None,
        places=_places(engine, question, whole) if question.answerable and whole else {},
        elapsed_ms=whole.elapsed_ms if whole else None,
    )


def _answer(app: Application, text: str, scope: frozenset[str] | None, articles: int) -> Answer:
    asked = Question(text, dt.datetime.now(dt.UTC))
    return app.service.ask(asked, k=articles, filters=Filters(article_ids=scope), keep=False).answer


def _places(engine: Engine, question: LabelledQuestion, answer: Answer) -> dict[str, int | None]:
    """By each part alone, by both fused, and as answered."""
    hits = engine.search(question.text, Filters()).hits
    keys: dict[str, Callable[[Hit], float]] = {
        "dense": lambda hit: -hit.explanation.dense,
        "lexical": lambda hit: hit.explanation.lexical_rank or math.inf,
        "fused": lambda hit: hit.explanation.fused_rank,
    }
    ranked = {name: best_of_each_article(sorted(hits, key=key), _ARTICLES) for name, key in keys.items()}
    found = {name: [hit.article_id for hit in best] for name, best in ranked.items()} | {"answer": _articles(answer)}
    return {name: place_of(question.gold, articles) for name, articles in found.items()}


def _articles(answer: Answer) -> list[str]:
    return [citation.article_id for citation in answer.citations]


def place_of(gold: frozenset[str], articles: Sequence[str]) -> int | None:
    """The rank, from 0, of the first article that answers."""
    return next((at for at, article in enumerate(articles) if article in gold), None)


def marks_answer(question: LabelledQuestion, answer: Answer) -> bool:
    """Whether the top highlight holds an answer, or lies inside a quoted one."""
    return bool(answer.citations) and question.answered_by(answer.citations[0].highlights[0].text)
