"""The journal: what was asked and answered, in the catalogue's file.

People appear in it as salted hashes alone, places as keys that the caller makes up. Nothing here outlives
:meth:`Journal.expire`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from corpus.clock import utc_now
from corpus.database import Database


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


class Journal(Database):
    """Answers, what people thought of them, threads and events; see :class:`corpus.database.Database`."""

    # Answers

    def add_answer(self, answer: StoredAnswer) -> bool:
        """Keep an answer; ``False``, and nothing written, where the id is taken."""
        values = (answer.id, answer.asked, answer.question, answer.abstained, answer.body)
        return (
            self._write(
                "INSERT OR IGNORE INTO answers (id, asked, question, abstained, body, person, workspace, place)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, answer.person, answer.workspace, answer.place),
            )
            == 1
        )

    def answer(self, answer_id: str) -> StoredAnswer | None:
        """An answer by its id."""
        rows = self._rows(
            "SELECT id, asked, question, abstained, body, person, workspace, place FROM answers WHERE id = ?",
            (answer_id,),
        )
        return next(
            (StoredAnswer(i, t, q, bool(no), body, who, home, place) for i, t, q, no, body, who, home, place in rows),
            None,
        )

    # Feedback

    def add_feedback(self, answer_id: str, person: str, verdict: Verdict, reason: Reason | None) -> None:
        """Note what a person thinks of an answer, in place of what they thought before."""
        self._write(
            "INSERT OR REPLACE INTO feedback SELECT id, ?, ?, ?, ? FROM answers WHERE id = ?",
            (person, verdict.value, reason.value if reason else "", _text(utc_now()), answer_id),
        )

    def gaps(self, workspace: str, most: int) -> list[Gap]:
        """Questions of a workspace that were not answered or whose answers were voted down, most often first."""
        rows = self._rows(
            "SELECT max(question), sum(abstained), sum(down) FROM ("
            "  SELECT a.id, a.question, a.abstained,"
            "    (SELECT count(*) FROM feedback f WHERE f.answer = a.id AND f.verdict = 'bad') AS down"
            "  FROM answers a WHERE a.workspace = ?)"
            " WHERE abstained OR down GROUP BY lower(question)"
            " ORDER BY sum(abstained) + sum(down) DESC, max(question) LIMIT ?",
            (workspace, most),
        )
        return [Gap(question, unanswered, down) for question, unanswered, down in rows]

    # Threads

    def remember_thread(self, thread: str, question: str, person: str) -> None:
        """What a thread is about: the question searched for last, and whose it was."""
        self._write("INSERT OR REPLACE INTO threads VALUES (?, ?, ?, ?)", (thread, question, person, _text(utc_now())))

    def thread(self, thread: str, oldest: dt.datetime) -> str | None:
        """What a thread is about, unless nothing was said in it since ``oldest``."""
        rows = self._rows("SELECT question FROM threads WHERE thread = ? AND updated >= ?", (thread, _text(oldest)))
        return next((question for (question,) in rows), None)

    def forget_thread(self, thread: str) -> None:
        """Begin anew."""
        self._write("DELETE FROM threads WHERE thread = ?", (thread,))

    # Events

    def first_sight(self, event: str) -> bool:
        """Note an event; ``False`` where it was noted before."""
        return self._write("INSERT OR IGNORE INTO events (event, seen) VALUES (?, ?)", (event, _text(utc_now()))) == 1

    def handled(self, event: str) -> None:
        """Note that an event needs no more work."""
        self._write("UPDATE events SET done = 1 WHERE event = ?", (event,))

    def was_handled(self, event: str) -> bool:
        """Whether an event needs no more work."""
        return bool(self._rows("SELECT 1 FROM events WHERE event = ? AND done", (event,)))

    # Privacy

    def forget(self, person: str) -> int:
        """Delete all that a person asked and thought; returns how many answers went."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM feedback WHERE person = ?", (person,))
            connection.execute("DELETE FROM threads WHERE person = ?", (person,))
            return connection.execute("DELETE FROM answers WHERE person = ?", (person,)).rowcount

    def expire(self, oldest: dt.datetime) -> int:
        """Delete whatever is older; returns how many answers went."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM threads WHERE updated < ?", (_text(oldest),))
            connection.execute("DELETE FROM events WHERE seen < ?", (_text(oldest),))
            return connection.execute("DELETE FROM answers WHERE asked < ?", (_text(oldest),)).rowcount


def _text(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat()
