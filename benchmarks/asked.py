"""Questions asked of the bot in a chat, at once or at a fixed rate, and what became of each."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.chats import Chat, Kind

_POLL = 0.005
_WORDS = 8


@dataclass(slots=True)
class Asked:
    """A question; times in seconds of one clock.

    Args:
        at: when it was asked.
        first_word: when its asker was first told anything.
        ended: when they were told the last there is to say.
        how: what that was; ``None`` where it was never said.
        waited: whether they were told to wait.
    """

    at: float
    first_word: float | None = None
    ended: float | None = None
    how: Kind | None = None
    waited: bool = False


@dataclass
class Asking:
    """Asks, each time as another person, and listens.

    Args:
        chat: where.
        patience: seconds in which nobody is told anything, after which those who wait are given up.
    """

    chat: Chat
    patience: float = 60.0
    _people: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _open: dict[int, Asked] = field(default_factory=dict)
    _texts: Counter[str] = field(default_factory=Counter)

    async def ask(self, text: str) -> Asked:
        """Ask something."""
        person = next(self._people)
        asked = self._open[person] = Asked(time.perf_counter())
        await self.chat.ask(person, text)
        return asked

    async def burst(self, questions: Iterable[str]) -> list[Asked]:
        """Ask all at once, and wait for all."""
        asked = asyncio.gather(*(self.ask(text) for text in questions))
        await self.heard_out(asked)
        return await asked

    async def steadily(self, questions: Iterable[str], rate: float, seconds: float) -> list[Asked]:
        """Ask so many a second, however long answers take, and wait for all at the end."""
        found: list[Asked] = []

        async def ask() -> None:
            started = time.perf_counter()
            for number, text in zip(range(int(rate * seconds)), questions, strict=False):
                await asyncio.sleep(started + number / rate - time.perf_counter())
                found.append(await self.ask(text))

        await self.heard_out(asyncio.ensure_future(ask()))
        return found

    async def heard_out(self, asking: asyncio.Future[Any]) -> None:
        """Listen until nothing is asked any more, and everybody has been told or is given up."""
        last = time.perf_counter()
        while not asking.done() or (self._open and time.perf_counter() - last < self.patience):
            await asyncio.sleep(_POLL)
            if self._listen():
                last = time.perf_counter()
        self._open.clear()

    def texts(self) -> dict[str, int]:
        """What people were told in a line since the last call, numbers as N, and how many of them."""
        found, self._texts = dict(self._texts.most_common()), Counter()
        return found

    def _listen(self) -> bool:
        """Whether anybody was told anything."""
        heard = False
        now = time.perf_counter()
        for told in self.chat.told():
            heard = True
            if told.text:
                self._texts[re.sub(r"\d[\d,]*", "N", told.text)] += 1
            asked = self._open.get(told.person)
            if asked is None:
                continue
            asked.first_word = asked.first_word or now
            if told.kind is Kind.WAIT:
                asked.waited = True
            else:
                asked.ended, asked.how = now, told.kind
                del self._open[told.person]
        return heard


def questions_of(texts: Sequence[str], chance: random.Random) -> Iterator[str]:
    """Questions without end, each of some words in a row out of a passage; two alike are rare."""
    passages = [words for words in map(str.split, texts) if len(words) > _WORDS]
    while True:
        words = chance.choice(passages)
        start = chance.randrange(len(words) - _WORDS)
        yield f"What did {' '.join(words[start : start + _WORDS]).rstrip('.,;:')}?"


def counts(asked: Sequence[Asked]) -> dict[str, int]:
    """How many were answered, and what became of the others."""
    ends = Counter(one.how for one in asked)
    return {
        "questions": len(asked),
        "answered": ends[Kind.ANSWER],
        "waited": sum(one.waited for one in asked),
        "refused": ends[Kind.REFUSED],
        "failed": ends[Kind.FAILED],
        "lost": ends[None],
    }


def latencies(asked: Sequence[Asked]) -> dict[str, float | None]:
    """Milliseconds from a question to its answer, and to the first that its asker is told; ``None`` for none."""
    answers = sorted((one.ended - one.at) * 1000 for one in asked if one.ended and one.how is Kind.ANSWER)
    words = sorted((one.first_word - one.at) * 1000 for one in asked if one.first_word)
    shares = {f"p{percent}_ms": quantile(answers, percent / 100) for percent in (50, 95, 99)}
    return shares | {"first_word_p99_ms": quantile(words, 0.99)}


def quantile(ascending: Sequence[float], share: float) -> float | None:
    """The value that so large a share of values, in ascending order, does not exceed; ``None`` of none."""
    return ascending[min(int(len(ascending) * share), len(ascending) - 1)] if ascending else None
