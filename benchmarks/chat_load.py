"""The bot in a chat under load: how fast it answers when many ask at once, what it needs, and what people are told.

    python -m benchmarks.chat_load [--at-once 1 10 50 200] [--replicas 1 2] [--feed FEED] [--json FILE]
    python -m benchmarks.chat_load --soak 30 [--replicas 1] [--json FILE]

Processes of `backchannel serve` with the real model are asked in the small Slack and Discord of the tests, over
loopback: one with its catalogue in a file, and so many replicas on a PostgreSQL server that is started for them. Each
question is another person's and other words of the corpus, which is the shipped briefs unless a FEED is named. The
rates are lifted but for the last row. Where a question was lost or failed, the exit status is 1.

A soak asks for so many minutes at half the highest throughput measured just before, however long answers take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.asked import Asking, counts, latencies, questions_of
from benchmarks.chats import CHATS
from benchmarks.serving import Bots, Memory, indexed, replicated, serving, texts
from benchmarks.soak import soak
from benchmarks.tables import Table, print_tables

_RATES = ("BACKCHANNEL_RATE_PER_PERSON", "BACKCHANNEL_RATE_PER_CHANNEL")
_WARMING = 20
_SAMPLED_EVERY = 0.5

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setup:
    """What is measured.

    Args:
        chat: where people ask.
        folders: a data folder for each process.
        database: the replicas' catalogue; ``None`` where it is a file in the data folder.
        lifted: whether people may ask as often as they like.
    """

    chat: str
    folders: Sequence[Path]
    database: str | None = None
    lifted: bool = True

    @property
    def figures(self) -> Row:
        """What it is, as figures begin."""
        catalogue = "PostgreSQL" if self.database else "a file"
        rates = "lifted" if self.lifted else "as shipped"
        return {"chat": self.chat, "replicas": len(self.folders), "catalogue": catalogue, "rates": rates}

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a process."""
        lifted = dict.fromkeys(_RATES, "1000000/minute") if self.lifted else {}
        return lifted | ({"BACKCHANNEL_DATABASE_URL": self.database} if self.database else {})


class Figures:
    """What was measured so far, written down each time that it grows.

    Args:
        file: where to, as JSON; ``None`` for nowhere.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Another row."""
        self.rows.append(row)
        self.note(row)

    def note(self, row: Row) -> None:
        """The last row as it stands by now."""
        if self._file:
            rows = [*(each for each in self.rows if each is not row), row]
            self._file.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


async def measure(bots: Bots, asking: Asking, questions: Iterator[str], size: int, least: int) -> Row:
    """Bursts of one size, one after the other, until so many questions at least were asked."""
    asked, spent, before = [], 0.0, bots.complaints
    memory = Memory(bots, _SAMPLED_EVERY)
    async with memory.watched():
        for _ in range(math.ceil(least / size)):
            burst = await asking.burst(islice(questions, size))
            spent += max((one.ended for one in burst if one.ended), default=burst[0].at) - burst[0].at
            asked += burst
    found = counts(asked)
    return {
        "at_once": size,
        **found,
        "warnings": bots.complaints - before,
        "per_second": found["answered"] / spent if spent else 0.0,
        **latencies(asked),
        "resident_mib": max(value for _, value in memory.samples),
        "texts": asking.texts(),
    }


async def measure_setup(setup: Setup, options: argparse.Namespace, questions: Iterator[str], figures: Figures) -> None:
    """All sizes, and the soak where one is wanted."""
    async with CHATS[setup.chat]() as chat, serving(setup.folders, {**setup.environment, **chat.environment}) as bots:
        asking = Asking(chat)
        if not setup.lifted:
            size = max(options.at_once)
            figures.add(setup.figures | await measure(bots, asking, questions, size, size))
            return
        await measure(bots, asking, questions, 2, _WARMING)
        best = 0.0
        for size in options.at_once:
            row = setup.figures | await measure(bots, asking, questions, size, max(options.questions, size))
            best = max(best, row["per_second"])
            figures.add(row)
        if options.soak:

            def note(memory: Row) -> None:
                figures.note(setup.figures | {"soak": True} | memory)

            found = await soak(bots, asking, questions, best / 2, options.soak * 60, note)
            figures.add(setup.figures | {"soak": True} | found)


def setups(options: argparse.Namespace, folder: Path, stack: ExitStack) -> Iterator[Setup]:
    """What is measured, one after the other; for a soak the first of it alone."""
    replicas = options.replicas[:1] if options.soak else options.replicas
    if 1 in replicas:
        yield Setup("Slack", [folder])
        if options.soak:
            return
        yield Setup("Discord", [folder])
    if replicas != [1]:
        url, folders = stack.enter_context(replicated(folder, options.feed, max(replicas)))
        for count in replicas:
            yield Setup("Slack", folders[:count], url)
    if not options.soak:
        yield Setup("Slack", [folder], lifted=False)


def tables(rows: Sequence[Row]) -> list[Table]:
    """Of bursts, of the soak, and of what people were told."""
    bursts = Table(
        "Asked at once",
        ("chat", "replicas", "catalogue", "rates", "at once", "questions", "answered", "told to wait", "refused",
         "failed", "lost", "answers/s", "p50", "p95", "p99", "first word, p99", "memory"),
    )  # fmt: skip
    soaked = Table(
        "A soak",
        ("chat", "replicas", "minutes", "asked/s", "questions", "answered", "failed", "lost", "warnings", "p50", "p95",
         "p99", "memory at 10 %", "at the end", "growth an hour"),
    )  # fmt: skip
    told = Table("What people were told in a line", ("chat", "replicas", "rates", "at once", "what", "times"))
    for row in rows:
        times = [milliseconds(row[name]) for name in ("p50_ms", "p95_ms", "p99_ms", "first_word_p99_ms")]
        place = [row["chat"], str(row["replicas"])]
        counted = [f"{row[name]:,}" for name in ("questions", "answered", "waited", "refused", "failed", "lost")]
        if "soak" in row:
            memory = [f"{row[name]:,.0f} MiB" for name in ("resident_early_mib", "resident_end_mib")]
            rate = [f"{row['minutes']:g}", f"{row['asked_per_second']:.1f}"]
            ends = [*counted[:2], *counted[4:], str(row["warnings"])]
            soaked.add(*place, *rate, *ends, *times[:3], *memory, f"{row['growth_mib_per_hour']:+.1f} MiB")
        else:
            throughput, memory = f"{row['per_second']:.1f}", [f"{row['resident_mib']:,.0f} MiB"]
            setup = [*place, row["catalogue"], row["rates"], str(row["at_once"])]
            bursts.add(*setup, *counted, throughput, *times, *memory)
        for text, count in row["texts"].items():
            told.add(*place, row["rates"], str(row.get("at_once", "a soak")), text, str(count))
    return [bursts, soaked, told]


def milliseconds(value: float | None) -> str:
    """As a table shows them."""
    return "–" if value is None else f"{value:,.0f} ms"


def main() -> None:
    """Measure; print tables, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 10, 50, 200])
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2])
    parser.add_argument(
        "--questions", type=int, default=200, help="so many of each size, or one burst where it is more"
    )
    parser.add_argument("--feed", help="what to index, in place of the shipped briefs")
    parser.add_argument("--soak", type=float, default=0.0, metavar="MINUTES", help="ask steadily for so long")
    parser.add_argument("--json", type=Path, help="also write the figures here, after each measurement")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    options = parser.parse_args()
    figures = Figures(options.json)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary) / "data"
        indexed(folder, options.feed)
        questions = questions_of(texts(folder), random.Random(11))  # noqa: S311 (a sample, no secret)
        for setup in setups(options, folder, stack):
            print(f"{time.strftime('%H:%M:%S')} {setup.figures}", file=sys.stderr, flush=True)
            asyncio.run(measure_setup(setup, options, questions, figures))
    print_tables(tables(figures.rows), as_markdown=options.markdown)
    sys.exit(any(row["lost"] or row["failed"] for row in figures.rows))


if __name__ == "__main__":
    main()
