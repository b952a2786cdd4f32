import datetime as dt
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from corpus.catalogue import Catalogue
from corpus.database import Place
from corpus.journal import Gap, Journal, Reason, StoredAnswer, Verdict
from corpus.schema import MIGRATIONS

LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
FAR_OFF = dt.datetime(3000, 1, 1, tzinfo=dt.UTC)
ASKED = "2024-07-09T10:00:00+00:00"
FIRST = StoredAnswer("7F3K2M", ASKED, "Who met?", False, "{}", "ann", "slack:T1", "slack:T1:C1")
THREAD = "slack:T1:C1:1"


@pytest.fixture
def journal(place: Place) -> Iterator[Journal]:
    journal = Journal(place)
    yield journal
    journal.close()


def count(journal: Journal, table: str) -> int:
    (found,) = journal._column(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
    return int(found)


# Answers


def test_an_answer_is_kept_under_its_id_and_a_taken_id_is_refused(journal: Journal) -> None:
    assert journal.add_answer(FIRST) is True
    assert journal.add_answer(replace(FIRST, question="Who else?", abstained=True)) is False
    assert journal.answer("7F3K2M") == FIRST
    assert journal.answer("000000") is None


def test_what_is_no_character_is_kept_as_a_question_mark_and_finds_nothing(journal: Journal) -> None:
    assert journal.add_answer(replace(FIRST, question="Who\udcff met?\0"))
    stored = journal.answer("7F3K2M")
    assert stored is not None
    assert stored.question == "Who? met??"
    assert journal.answer("\ud800") is None


def test_the_catalogue_and_the_journal_share_a_database(journal: Journal, place: Place) -> None:
    journal.add_answer(FIRST)
    catalogue = Catalogue(place)
    assert catalogue.feeds() == []
    catalogue.close()
    again = Journal(place)
    assert again.answer(FIRST.id) == FIRST
    again.close()


def test_answers_of_the_first_version_stay_readable_and_are_nobodys(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalogue.sqlite3")
    connection.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
    connection.execute("INSERT INTO answers VALUES ('7F3K2M', ?, 'Who met?', 0, '{}')", (ASKED,))
    connection.execute("INSERT INTO feeds VALUES ('wire', '/news', ?)", (ASKED,))
    connection.commit()
    connection.close()
    journal = Journal(tmp_path / "catalogue.sqlite3")
    assert journal.answer("7F3K2M") == StoredAnswer("7F3K2M", ASKED, "Who met?", False, "{}")
    assert journal.add_answer(replace(FIRST, id="000001"))
    assert journal.gaps("", 9) == []
    journal.close()
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    assert [feed.name for feed in catalogue.feeds()] == ["wire"]
    catalogue.close()


# Feedback and gaps


def test_gaps_count_the_same_question_whoever_asked_and_most_often_first(journal: Journal) -> None:
    for number, (question, abstained) in enumerate(
        [("Who won?", True), ("who WON?", True), ("Why?", True), ("Who met?", False), ("Where?", False)]
    ):
        journal.add_answer(replace(FIRST, id=f"{number}", question=question, abstained=abstained, person=f"p{number}"))
    journal.add_feedback("3", "ann", Verdict.BAD, Reason.OUT_OF_DATE)
    journal.add_feedback("4", "ann", Verdict.GOOD, None)
    assert journal.gaps("slack:T1", 9) == [Gap("who WON?", 2, 0), Gap("Who met?", 0, 1), Gap("Why?", 1, 0)]
    assert len(journal.gaps("slack:T1", 2)) == 2


def test_gaps_are_those_of_one_workspace(journal: Journal) -> None:
    journal.add_answer(replace(FIRST, abstained=True))
    assert journal.gaps("slack:T2", 9) == []
    assert len(journal.gaps("slack:T1", 9)) == 1


def test_a_person_has_one_opinion_of_an_answer_the_last(journal: Journal) -> None:
    journal.add_answer(FIRST)
    journal.add_feedback(FIRST.id, "ann", Verdict.BAD, Reason.NOT_RELEVANT)
    journal.add_feedback(FIRST.id, "bob", Verdict.BAD, None)
    assert journal.gaps("slack:T1", 9) == [Gap("Who met?", 0, 2)]
    journal.add_feedback(FIRST.id, "ann", Verdict.GOOD, None)
    assert journal.gaps("slack:T1", 9) == [Gap("Who met?", 0, 1)]


def test_feedback_on_no_answer_is_let_go(journal: Journal) -> None:
    journal.add_feedback("000000", "ann", Verdict.BAD, None)
    assert count(journal, "feedback") == 0


# Threads


def test_a_thread_is_about_the_question_searched_for_last(journal: Journal) -> None:
    assert journal.thread(THREAD, LONG_AGO) is None
    journal.remember_thread(THREAD, "Who met?", "ann")
    journal.remember_thread(THREAD, "Who met? and where?", "bob")
    assert journal.thread(THREAD, LONG_AGO) == "Who met? and where?"
    assert journal.thread("slack:T1:C1:2", LONG_AGO) is None


def test_a_thread_in_which_nothing_was_said_for_long_is_forgotten(journal: Journal) -> None:
    journal.remember_thread(THREAD, "Who met?", "ann")
    assert journal.thread(THREAD, FAR_OFF) is None


def test_a_thread_can_begin_anew(journal: Journal) -> None:
    journal.remember_thread(THREAD, "Who met?", "ann")
    journal.forget_thread(THREAD)
    assert journal.thread(THREAD, LONG_AGO) is None


# Events


def test_an_event_is_seen_for_the_first_time_once(journal: Journal) -> None:
    assert [journal.first_sight("Ev1"), journal.first_sight("Ev1"), journal.first_sight("Ev2")] == [True, False, True]


def test_an_event_is_handled_when_that_was_noted(journal: Journal) -> None:
    journal.first_sight("Ev1")
    assert journal.take_over("Ev1") is True
    journal.handled("Ev1")
    assert journal.take_over("Ev1") is False
    assert journal.take_over("Ev2") is False


# Privacy


def test_to_forget_a_person_deletes_what_they_asked_and_thought_and_nothing_of_others(
    journal: Journal,
) -> None:
    journal.add_answer(FIRST)
    journal.add_answer(replace(FIRST, id="000001", person="bob"))
    journal.add_feedback(FIRST.id, "bob", Verdict.BAD, None)
    journal.add_feedback("000001", "ann", Verdict.BAD, None)
    journal.add_feedback("000001", "bob", Verdict.BAD, None)
    journal.remember_thread(THREAD, "Who met?", "ann")
    journal.remember_thread("other", "Who met?", "bob")
    assert journal.forget("ann") == 1
    assert journal.answer(FIRST.id) is None
    assert journal.answer("000001") is not None
    assert journal.thread(THREAD, LONG_AGO) is None
    assert journal.thread("other", LONG_AGO) == "Who met?"
    assert count(journal, "feedback") == 1
    assert journal.forget("ann") == 0


def test_what_is_older_expires_and_what_is_younger_stays(journal: Journal) -> None:
    noon = dt.datetime(2024, 7, 9, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    journal.add_answer(FIRST)
    journal.add_answer(replace(FIRST, id="000001", asked="2024-07-09T10:00:01+00:00"))
    journal.add_feedback(FIRST.id, "ann", Verdict.BAD, None)
    assert journal.expire(noon) == 0
    assert journal.expire(noon + dt.timedelta(seconds=1)) == 1
    assert journal.answer(FIRST.id) is None
    assert journal.answer("000001") is not None
    assert count(journal, "feedback") == 0


def test_threads_and_events_expire_too(journal: Journal) -> None:
    journal.remember_thread(THREAD, "Who met?", "ann")
    journal.first_sight("Ev1")
    journal.expire(LONG_AGO)
    assert (count(journal, "threads"), count(journal, "events")) == (1, 1)
    journal.expire(FAR_OFF)
    assert (count(journal, "threads"), count(journal, "events")) == (0, 0)


# Threads of the machine


def run_together(jobs: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_of_several_threads_that_want_the_same_answer_id_one_gets_it(journal: Journal) -> None:
    won: list[bool] = []

    def add() -> None:
        won.append(journal.add_answer(FIRST))
        journal.close()

    run_together([add] * 6)
    assert sorted(won) == [False] * 5 + [True]


def test_of_several_threads_that_get_the_same_event_one_sees_it_first(journal: Journal) -> None:
    first: list[bool] = []

    def see() -> None:
        first.append(journal.first_sight("Ev1"))
        journal.close()

    run_together([see] * 6)
    assert sorted(first) == [False] * 5 + [True]


def test_several_threads_write_and_read_at_once_and_nothing_is_lost(journal: Journal) -> None:
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(15):
                assert journal.add_answer(replace(FIRST, id=f"{name}-{number}"))
                journal.add_feedback(f"{name}-{number}", f"p{name}", Verdict.GOOD, None)
                journal.remember_thread(f"{name}-{number}", "Who?", f"p{name}")
                assert journal.thread(f"{name}-{number}", LONG_AGO) == "Who?"
        except BaseException as error:
            failures.append(error)
        finally:
            journal.close()

    run_together([lambda name=name: work(name) for name in range(4)])  # type: ignore[misc]
    assert failures == []
    assert [count(journal, table) for table in ("answers", "feedback", "threads")] == [60, 60, 60]


def test_a_write_comes_in_between_those_of_an_index_run(journal: Journal, place: Place) -> None:
    """Others write almost without a pause until the answer is kept, or until it never was."""
    writing, kept, after = threading.Event(), threading.Event(), 0

    def write_on() -> None:
        nonlocal after
        catalogue = Catalogue(place)
        for after in range(60):  # noqa: B007 (read by the test)
            with catalogue._transaction():
                writing.set()
                time.sleep(0.12)
            if kept.is_set():
                break
            time.sleep(0.002)
        catalogue.close()

    writer = threading.Thread(target=write_on)
    writer.start()
    writing.wait()
    assert journal.add_answer(FIRST)
    kept.set()
    writer.join()
    assert after < 40
