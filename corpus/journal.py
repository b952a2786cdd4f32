"""The journal: what was asked and answered, beside the catalogue.

People appear in it as salted hashes alone, places as keys that the caller makes up. Nothing here outlives
:meth:`Journal.expire`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import and_, bindparam, delete, func, literal, select, update

from corpus import tables as t
from corpus.admissions import AdmissionRecords
from corpus.clauses import adding, replacing
from corpus.clock import utc_now, utc_text
from corpus.events import LATEST, EventRecords

_ANSWER = select(t.answers).where(t.answers.c.id == bindparam("answer"))
_THREAD = select(t.threads.c.question).where(
    t.threads.c.thread == bindparam("thread"), t.threads.c.updated >= bindparam("oldest")
)


class Verdict(StrEnum):
    """What a person thinks of an answer."""

    GOOD = "good"
    BAD = "bad"


class Reason(StrEnum):
    """What is wrong with an answer."""

    NOT_RELEVANT = "not relevant"
    OUT_OF_DATE = "out of date"
    WRONG_HIGHLIGHT = "wrong highlight"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given.

    ``asked`` is an ISO 8601 time in UTC, ``body`` the answer as JSON. ``person``, ``workspace`` and ``place``
    say for whom and where; an answer is shown again to that person, or in that place.
    """

    id: str
    asked: str
    question: str
    abstained: bool
    body: str
    person: str = ""
    workspace: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that was not answered, or whose answers were voted down; counts over the same question."""

    question: str
    unanswered: int
    voted_down: int


class Journal(EventRecords, AdmissionRecords):
    """Answers, what people thought of them, threads, events and admissions; see :class:`corpus.database.Database`."""

    # Answers

    def add_answer(self, answer: StoredAnswer) -> bool:
        """Keep an answer; ``False``, and nothing written, where the id is taken."""
        row = asdict(answer) | {"abstained": int(answer.abstained)}
        return self._write(adding(t.answers), row) == 1

    def answer(self, answer_id: str) -> StoredAnswer | None:
        """An answer by its id."""
        rows = self._rows(_ANSWER, {"answer": answer_id})
        return next(
            (StoredAnswer(i, t, q, bool(no), body, who, home, place) for i, t, q, no, body, who, home, place in rows),
            None,
        )

    # Feedback

    def add_feedback(self, answer_id: str, person: str, verdict: Verdict, reason: Reason | None) -> None:
        """Note what a person thinks of an answer, in place of what they thought before."""
        said = [person, verdict.value, reason.value if reason else "", utc_text(utc_now())]
        of_answer = select(t.answers.c.id, *map(literal, said)).where(t.answers.c.id == answer_id)
        self._write(replacing(t.feedback).from_select([column.name for column in t.feedback.c], of_answer))

    def gaps(self, workspace: str, most: int) -> list[Gap]:
        """Questions of a workspace that were not answered or whose answers were voted down, most often first."""
        bad = select(func.count()).where(
            t.feedback.c.answer == t.answers.c.id, t.feedback.c.verdict == Verdict.BAD.value
        )
        judged = (
            select(t.answers.c.question, t.answers.c.abstained, bad.scalar_subquery().label("down"))
            .where(t.answers.c.workspace == workspace)
            .subquery()
        )
        question, unanswered, down = func.max(judged.c.question), func.sum(judged.c.abstained), func.sum(judged.c.down)
        rows = self._rows(
            select(question, unanswered, down)
            .where(judged.c.abstained + judged.c.down > 0)
            .group_by(func.lower(judged.c.question))
            .order_by((unanswered + down).desc(), question)
            .limit(most)
        )
        return [Gap(*row) for row in rows]

    # Threads

    def remember_thread(self, thread: str, question: str, person: str) -> None:
        """What a thread is about: the question searched for last, and whose it was."""
        row = {"thread": thread, "question": question, "person": person, "updated": utc_text(utc_now())}
        self._write(replacing(t.threads), row)

    def thread(self, thread: str, oldest: dt.datetime) -> str | None:
        """What a thread is about, unless nothing was said in it since ``oldest``."""
        return next(iter(self._column(_THREAD, {"thread": thread, "oldest": utc_text(oldest)})), None)

    def forget_thread(self, thread: str) -> None:
        """Begin anew."""
        self._write(delete(t.threads).where(t.threads.c.thread == thread))

    # What replicas have in common

    def agreed(self, name: str, proposed: str) -> str:
        """What the replicas have in common under a name: what was proposed first."""
        self._write(adding(t.notes), {"name": name, "said": proposed})
        return str(self._column(select(t.notes.c.said).where(t.notes.c.name == name))[0])

    # Privacy

    def forget(self, person: str) -> int:
        """Delete all that a person asked and thought; returns how many answers went."""
        with self._transaction() as connection:
            connection.execute(delete(t.feedback).where(t.feedback.c.person == person))
            connection.execute(delete(t.threads).where(t.threads.c.person == person))
            connection.execute(delete(t.admissions).where(t.admissions.c.key == person))
            return connection.execute(delete(t.answers).where(t.answers.c.person == person)).rowcount

    def expire(self, oldest: dt.datetime) -> int:
        """Delete whatever is older; returns how many answers went."""
        with self._transaction() as connection:
            connection.execute(delete(t.threads).where(t.threads.c.updated < utc_text(oldest)))
            connection.execute(delete(t.events).where(t.events.c.seen < utc_text(oldest)))
            too_late = and_(t.events.c.seen < utc_text(utc_now() - LATEST), t.events.c.question != "")
            connection.execute(update(t.events).where(too_late).values(question=""))
            connection.execute(delete(t.admissions).where(t.admissions.c.at < oldest.timestamp()))
            return connection.execute(delete(t.answers).where(t.answers.c.asked < utc_text(oldest))).rowcount
