import asyncio
import logging
import threading
from collections.abc import Callable

import pytest

from bot.askers import Asker, Platform
from bot.errors import UsageError
from bot.messages import Notice
from bot.metrics import Metrics
from bot.policy import Policy
from bot.reception import Reception
from corpus.errors import CatalogueError
from retrieval.errors import QuestionError

ANN = Asker(Platform.SLACK, "T1", "C1", "", "ann")
SECRET = "what people wrote"  # noqa: S105


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def reception(metrics: Metrics, workers: int = 2, rate: str = "1000/second", most_waiting: int = 300) -> Reception:
    return Reception(Policy(per_person=rate, per_channel=rate), metrics, workers, most_waiting)


class Gate:
    """Work that goes on until it is released; counts how much of it goes on at once."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self._lock = threading.Lock()
        self._now = self.most = self.done = 0

    def work(self) -> str:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        assert self.release.wait(30)
        with self._lock:
            self._now -= 1
            self.done += 1
        return "done"


def raising(error: Exception) -> Callable[[], str]:
    def work() -> str:
        raise error

    return work


# Turns


async def test_work_is_done_off_the_event_loop_and_counted(metrics: Metrics) -> None:
    desk = reception(metrics)
    assert await desk.serve(ANN, lambda: threading.current_thread().name.partition("_")[0]) == "desk"
    assert metrics.health().answered == 1
    await desk.drain(5)


async def test_no_more_than_so_many_are_served_at_once_and_all_come_to_their_turn(metrics: Metrics) -> None:
    desk, gate = reception(metrics, workers=3), Gate()
    tasks = [asyncio.create_task(desk.serve(ANN, gate.work)) for _ in range(10)]
    await asyncio.sleep(0)
    assert desk.waiting == 7
    gate.release.set()
    assert await asyncio.gather(*tasks) == ["done"] * 10
    assert (gate.most <= 3, gate.done, desk.waiting) == (True, 10, 0)
    await desk.drain(5)


async def test_who_has_to_wait_is_told_how_many_are_before_and_nobody_else_is(metrics: Metrics) -> None:
    desk, gate = reception(metrics, workers=1), Gate()
    told: list[tuple[str, int]] = []

    def ask(name: str) -> "asyncio.Task[str | Notice]":
        async def waiting(before: int) -> None:
            told.append((name, before))
            await asyncio.sleep(0)  # as a message on its way does

        return asyncio.create_task(desk.serve(ANN, gate.work, waiting=waiting))

    tasks = [ask(name) for name in ("ann", "bob", "cy")]
    await asyncio.sleep(0)
    assert told == [("bob", 0), ("cy", 1)]
    gate.release.set()
    await asyncio.gather(*tasks)
    await desk.drain(5)


async def test_who_gives_up_waiting_makes_room(metrics: Metrics) -> None:
    desk, gate = reception(metrics, workers=1), Gate()
    tasks = [asyncio.create_task(desk.serve(ANN, gate.work)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.wait([tasks[1]])
    assert desk.waiting == 1
    gate.release.set()
    assert [await tasks[0], await tasks[2]] == ["done", "done"]
    await desk.drain(5)


async def test_who_comes_while_too_many_wait_is_told_to_ask_again_and_is_not_counted(metrics: Metrics) -> None:
    desk, gate = reception(metrics, workers=1, rate="4/hour", most_waiting=2), Gate()
    tasks = [asyncio.create_task(desk.serve(ANN, gate.work)) for _ in range(3)]
    await asyncio.sleep(0)
    busy = Notice("Too many are asking just now, and 2 wait already: ask again in a minute.")
    assert await desk.serve(ANN, lambda: pytest.fail("it was done"), counted=True) == busy
    assert await desk.admit(ANN) == busy
    assert b'turned_away_total{platform="slack"} 2.0' in metrics.exposition()
    gate.release.set()
    assert await asyncio.gather(*tasks) == ["done"] * 3
    assert [await desk.serve(ANN, lambda: "done", counted=True) for _ in range(4)] == ["done"] * 4
    await desk.drain(5)


async def test_of_many_who_come_at_once_no_more_wait_than_may(metrics: Metrics) -> None:
    desk, gate = reception(metrics, workers=1, most_waiting=5), Gate()
    tasks = [asyncio.create_task(desk.serve(ANN, gate.work, counted=True)) for _ in range(20)]
    while sum(task.done() for task in tasks) < 15:
        await asyncio.sleep(0)
    gate.release.set()
    replies = await asyncio.gather(*tasks)
    assert [reply == "done" for reply in replies] == [True] * 5 + [False] * 15
    await desk.drain(5)


async def test_who_gives_up_makes_room_also_for_who_was_turned_away(metrics: Metrics) -> None:
    desk, gate = reception(metrics, workers=1, most_waiting=1), Gate()
    tasks = [asyncio.create_task(desk.serve(ANN, gate.work)) for _ in range(2)]
    await asyncio.sleep(0)
    assert isinstance(await desk.serve(ANN, lambda: "done"), Notice)
    tasks[1].cancel()
    await asyncio.wait([tasks[1]])
    last = asyncio.create_task(desk.serve(ANN, lambda: "done"))
    await asyncio.sleep(0)
    gate.release.set()
    assert [await tasks[0], await last] == ["done", "done"]
    await desk.drain(5)


async def test_questions_are_counted_under_the_rates_and_other_requests_are_not(metrics: Metrics) -> None:
    desk = reception(metrics, rate="1/hour")
    assert await desk.serve(ANN, lambda: "done", counted=True) == "done"
    refused = await desk.serve(ANN, lambda: pytest.fail("it was done"), counted=True)
    assert isinstance(refused, Notice)
    assert refused.text.startswith("You have asked 1 question in")
    assert await desk.serve(ANN, lambda: "done") == "done"
    await desk.drain(5)


# Failures


@pytest.mark.parametrize("error", [UsageError("name one of 1 to 3"), QuestionError("the question is blank: type one")])
async def test_what_a_person_did_wrong_is_told_as_a_sentence_and_counts_as_no_error(
    metrics: Metrics, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    desk = reception(metrics)
    message = str(error)
    assert await desk.serve(ANN, raising(error)) == Notice(f"{message[0].upper()}{message[1:]}.")
    assert metrics.health().errors == 0
    assert caplog.records == []
    await desk.drain(5)


async def test_what_went_wrong_with_the_corpus_is_told_and_logged_and_counted(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    desk = reception(metrics)
    assert await desk.serve(ANN, raising(CatalogueError("the disk is full"))) == Notice("The disk is full.")
    assert metrics.health().errors == 1
    assert [r.getMessage() for r in caplog.records] == ["CatalogueError: the disk is full"]
    await desk.drain(5)


async def test_a_bug_is_told_by_a_reference_under_which_the_log_says_where_it_is(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    desk = reception(metrics)
    notice = await desk.serve(ANN, raising(RuntimeError(SECRET)))
    assert isinstance(notice, Notice)
    reference = notice.text.removesuffix(".").rpartition(" ")[2]
    assert len(reference) == 8
    assert metrics.health().errors == 1
    assert f"reference {reference}: RuntimeError" in caplog.text
    assert "test_reception.py" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in notice.text
    await desk.drain(5)


async def test_what_the_corpus_refuses_outside_a_request_is_told_by_a_reference_and_logged_in_a_line(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    notice = reception(metrics).failed(ANN, CatalogueError("the disk is full: make space"))
    (line,) = caplog.messages
    assert line.endswith(": the disk is full: make space")
    assert line.split()[1].rstrip(":") in notice.text


async def test_after_a_failure_the_next_is_served(metrics: Metrics) -> None:
    desk = reception(metrics, workers=1)
    for _ in range(3):
        assert isinstance(await desk.serve(ANN, raising(RuntimeError())), Notice)
    assert await desk.serve(ANN, lambda: "done") == "done"
    await desk.drain(5)


# Draining


async def test_draining_waits_for_what_is_served_and_for_who_waits(metrics: Metrics) -> None:
    desk, gate = reception(metrics, workers=1), Gate()
    tasks = [asyncio.create_task(desk.serve(ANN, gate.work)) for _ in range(3)]
    await asyncio.sleep(0)
    draining = asyncio.create_task(desk.drain(60))
    await asyncio.sleep(0)
    assert not draining.done()
    gate.release.set()
    assert await draining is True
    assert [task.done() for task in tasks] == [True] * 3


async def test_draining_waits_until_the_reply_is_sent(metrics: Metrics) -> None:
    desk, gate = reception(metrics), Gate()
    sent: list[object] = []

    async def answer() -> None:
        reply = await desk.serve(ANN, gate.work)
        await asyncio.sleep(0.01)
        sent.append(reply)

    task = asyncio.create_task(answer())
    await asyncio.sleep(0)
    gate.release.set()
    assert await desk.drain(60) is True
    assert sent == ["done"]
    await task


async def test_what_takes_too_long_is_left_undone(metrics: Metrics) -> None:
    desk, gate = reception(metrics, workers=1), Gate()
    task = asyncio.create_task(desk.serve(ANN, gate.work))
    await asyncio.sleep(0)
    assert await desk.drain(0.01) is False
    gate.release.set()
    assert await task == "done"


async def test_where_nothing_goes_on_there_is_nothing_to_wait_for(metrics: Metrics) -> None:
    assert await reception(metrics).drain(0.5) is True
