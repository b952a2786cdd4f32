"""The load in a chat: what is counted, whatever the bot does."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.asked import Asked, Asking, counts, latencies, quantile, questions_of
from benchmarks.chat_load import Figures, tables
from benchmarks.chats import Kind, Told, discord, slack, told_in_a_line
from benchmarks.soak import memory_figures, slope
from bot.render.words import waiting_words
from tests.bot.discord.server import BOT as DISCORD_BOT
from tests.bot.slack.server import BOT, Message

WAIT = waiting_words(3)
FAILED = "Something went wrong, and it is not your fault. An admin finds it in the log by 0a1b2c3d."


class Scripted:
    """Tells whoever asks what the question says."""

    environment: Mapping[str, str] = {}

    def __init__(self) -> None:
        self._told: list[Told] = []
        self.people: list[int] = []

    async def ask(self, person: int, text: str) -> None:
        self.people.append(person)
        words = {"wait": [WAIT, ""], "refuse": ["Ask again in 40 s."], "fail": [FAILED], "silence": []}.get(text, [""])
        self._told += [told_in_a_line(person, word) if word else Told(person, Kind.ANSWER) for word in words]

    def told(self) -> Iterator[Told]:
        told, self._told = self._told, []
        return iter(told)


async def test_what_became_of_each_question_is_counted_and_none_is_overlooked() -> None:
    asking = Asking(Scripted(), patience=0.05)
    asked = await asking.burst(["answer", "wait", "refuse", "fail", "silence", "answer"])
    assert counts(asked) == {"questions": 6, "answered": 3, "waited": 1, "refused": 1, "failed": 1, "lost": 1}
    said = {WAIT.replace("3", "N"): 1, "Ask again in N s.": 1, "Something went wrong": 1}
    assert asking.texts() == said
    assert asking.texts() == {}


async def test_every_question_is_another_persons() -> None:
    chat = Scripted()
    asking = Asking(chat)
    await asking.burst(["answer"] * 3)
    await asking.burst(["answer"] * 2)
    assert sorted(chat.people) == [1, 2, 3, 4, 5]


async def test_at_a_fixed_rate_so_many_are_asked_however_few_are_answered() -> None:
    asking = Asking(Scripted(), patience=0.05)
    asked = await asking.steadily(iter(lambda: "silence", ""), rate=100, seconds=0.2)
    assert counts(asked) == {"questions": 20, "answered": 0, "waited": 0, "refused": 0, "failed": 0, "lost": 20}


def test_latencies_are_those_of_answers_and_first_words() -> None:
    answers = [Asked(0.0, 0.001, second / 1000, Kind.ANSWER) for second in range(1, 101)]
    refused, lost = Asked(0.0, 5.0, 5.0, Kind.REFUSED), Asked(0.0)
    found = latencies([*answers, refused, lost])
    assert found == {"p50_ms": 51.0, "p95_ms": 96.0, "p99_ms": 100.0, "first_word_p99_ms": 1.0}
    assert latencies([lost])["p50_ms"] is None


def test_a_quantile_of_few() -> None:
    assert [quantile([1.0, 2.0], share) for share in (0.0, 0.5, 0.99)] == [1.0, 2.0, 2.0]


def test_questions_are_words_of_the_passages_and_differ() -> None:
    texts = ["one two three four five six seven eight nine ten " * 3, "too short"]
    asked = list(islice(questions_of(texts, random.Random(1)), 20))
    assert len(set(asked)) == 10
    assert all(question.removeprefix("What did ").removesuffix("?") in texts[0] for question in asked)


def test_a_line_is_known_by_how_it_begins() -> None:
    lines = (waiting_words(0), WAIT, FAILED, "This channel has asked 30 questions in a minute: ask again in 9 s.")
    assert [told_in_a_line(1, line).kind for line in lines] == [Kind.WAIT, Kind.WAIT, Kind.FAILED, Kind.REFUSED]


async def test_in_slack_an_answer_is_known_by_its_thread_and_a_line_by_whom_it_is_for() -> None:
    async with slack() as chat:
        server = chat._server
        message = server.write("C1", "U7", "a question")
        chat._asked[message.ts] = 7
        server.messages.append(Message("C1", server.now(), BOT, "an answer", thread=message.ts))
        server.private.append(Message("C1", server.now(), BOT, WAIT, only_for="U8"))
        assert list(chat.told()) == [Told(7, Kind.ANSWER), Told(8, Kind.WAIT, WAIT)]
        assert list(chat.told()) == []


async def test_on_discord_a_line_that_tells_somebody_to_wait_becomes_the_answer() -> None:
    async with discord() as chat:
        server = chat._server
        await chat.ask(7, "a question")
        (asked,) = server.messages
        line = {"id": "1", "author": {"id": str(DISCORD_BOT)}, "embeds": [], "content": WAIT}
        line["message_reference"] = {"message_id": int(asked)}
        server.posted.append(line)
        assert list(chat.told()) == [Told(7, Kind.WAIT, WAIT)]
        assert list(chat.told()) == []
        line |= {"embeds": [{}], "content": ""}
        assert list(chat.told()) == [Told(7, Kind.ANSWER)]
        assert list(chat.told()) == []


def test_memory_that_grows_steadily_has_that_slope() -> None:
    samples = [(10.0 * at, 500.0 + 2 * at) for at in range(21)]
    found = memory_figures(samples)
    assert (found["resident_early_mib"], found["resident_end_mib"]) == (504.0, 540.0)
    assert found["growth_mib_per_hour"] == pytest.approx(720)
    assert slope(samples[:1]) == 0.0


def test_growth_is_that_of_the_second_half_alone() -> None:
    samples = [(10.0 * at, 500.0 + 50 * min(at, 5)) for at in range(21)]
    assert memory_figures(samples)["growth_mib_per_hour"] == pytest.approx(0)


def test_figures_are_written_as_they_come_and_a_row_that_grows_once(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    figures = Figures(file)
    figures.add({"a": 1})
    figures.note({"b": 1})
    assert json.loads(file.read_text()) == [{"a": 1}, {"b": 1}]
    figures.add({"b": 2})
    assert json.loads(file.read_text()) == [{"a": 1}, {"b": 2}]


async def test_tables_show_bursts_the_soak_and_what_was_said() -> None:
    asking = Asking(Scripted(), patience=0.05)
    asked = await asking.burst(["refuse"])
    setup = {"chat": "Slack", "replicas": 2, "catalogue": "PostgreSQL", "rates": "lifted"}
    common = setup | counts(asked) | latencies(asked) | {"texts": asking.texts(), "warnings": 0}
    burst = common | {"at_once": 1, "per_second": 0.0, "resident_mib": 900.0}
    soaked = common | {"soak": True, "minutes": 30, "asked_per_second": 4.0, **memory_figures([(0.0, 1.0)])}
    bursts, soak, told = tables([burst, soaked])
    assert [len(table.rows) for table in (bursts, soak, told)] == [1, 1, 2]
    assert "–" in bursts.rows[0]
    assert told.rows[0][-2:] == ("Ask again in N s.", "1")


async def test_asking_goes_on_while_nobody_answers() -> None:
    chat = Scripted()
    task = asyncio.create_task(Asking(chat, patience=5).burst(["silence"]))
    await asyncio.sleep(0.05)
    chat._told.append(Told(1, Kind.ANSWER))
    assert counts(await task)["answered"] == 1
