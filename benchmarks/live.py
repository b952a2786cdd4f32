"""A living index: how soon a new generation answers in another process, and how slow answers get meanwhile.

    python -m benchmarks.live --corpus PARAGRAPHS.jsonl.gz [--size 2000] [--questions 150] [--swaps 10]

The corpus is that of `benchmarks.speed`. A full re-index changes every article, so that each is cut, encoded and
indexed anew; it runs in the process that answers (as `/reindex` does) and in one of its own (as `backchannel index`
does), again and again until all questions are asked. One person asks, a short while after each answer.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.speed import prepare
from benchmarks.timing import milliseconds
from bot.app import Application
from bot.askers import Question
from bot.settings import load_settings

_BETWEEN = 0.1  # seconds from an answer to the next question, on average


def change_all(feed: Path, salt: str, most: int | None = None) -> None:
    """Give every article, or the first few, another text."""
    articles = [json.loads(line) for line in feed.read_text(encoding="utf-8").splitlines()]
    for article in articles[:most]:
        article["text"] += f" {salt}"
    lines = [json.dumps(article) for article in articles]
    feed.write_text("\n".join(lines), encoding="utf-8")


def latencies(app: Application, questions: list[str], count: int) -> list[float]:
    """Milliseconds of each of so many questions, in ascending order."""
    chance = random.Random(5)  # noqa: S311 (a sample, no secret)
    times: list[float] = []
    for at in range(count):
        time.sleep(chance.expovariate(1 / _BETWEEN))
        question = Question(questions[at % len(questions)], datetime.now(UTC))
        times.append(milliseconds(lambda q=question: app.service.ask(q)))  # type: ignore[misc]
    return sorted(times)


@contextmanager
def meanwhile(again: Callable[[], object], runs: list[float]) -> Iterator[None]:
    """Do something again and again in a thread; ``runs`` gets the seconds of each that came to its end."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            runs.append(milliseconds(again) / 1000)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def figures(times: list[float]) -> dict[str, float]:
    """Of latencies in ascending order."""
    return {"p50_ms": statistics.median(times), "p99_ms": times[int(len(times) * 0.99)], "longest_ms": times[-1]}


def in_another_process(data_dir: Path) -> None:
    """`backchannel index`."""
    command = [sys.executable, "-m", "bot", "index", "--data-dir", str(data_dir)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603


def measure_asking(app: Application, feed: Path, questions: list[str], count: int) -> list[dict[str, object]]:
    """Latency alone, and under a full re-index here and in another process."""
    rows: list[dict[str, object]] = [{"meanwhile": "nothing", **figures(latencies(app, questions, count))}]

    def here() -> None:
        change_all(feed, "x")
        app.service.reindex()
        app.close()

    def elsewhere() -> None:
        change_all(feed, "x")
        in_another_process(app.settings.data_dir)

    for name, again in (("re-index, same process", here), ("re-index, another process", elsewhere)):
        alone = milliseconds(again) / 1000
        runs: list[float] = []
        with meanwhile(again, runs):
            found = figures(latencies(app, questions, count))
        rows.append({"meanwhile": name, **found, "re-index alone_s": alone, "re-index_s": statistics.mean(runs)})
    return rows


def watch(data_dir: Path, question: str) -> None:
    """Print the time at which each new generation has given its first answer, until the input ends."""
    app = Application(load_settings(data_dir=data_dir))
    app.service.load()
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    with app.service.watching():
        while True:
            known = app.service.generation
            print(time.time(), flush=True)
            while app.service.generation == known:
                time.sleep(0.002)
            app.service.ask(Question(question, datetime.now(UTC)), keep=False)


def measure_swaps(app: Application, feed: Path, question: str, count: int) -> list[float]:
    """Seconds from the change of ``CURRENT`` to the first answer of the new generation in another process."""
    current = app.index_folder / "CURRENT"
    command = [sys.executable, "-m", "benchmarks.live", "--watch", str(app.settings.data_dir), "--corpus", question]
    seconds: list[float] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watcher:  # noqa: S603
        told = watcher.stdout or sys.stdin
        told.readline()
        for _ in range(count):
            change_all(feed, "x", most=10)
            app.service.reindex()
            seconds.append(float(told.readline()) - current.stat().st_mtime)
        watcher.communicate("")
    return seconds


def main() -> None:
    """Print the figures, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--size", type=int, default=2000)
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--swaps", type=int, default=10)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--watch", type=Path, help="be the other process: watch this data folder")
    options = parser.parse_args()
    if options.watch:
        watch(options.watch, str(options.corpus))
        return
    with tempfile.TemporaryDirectory() as temporary:
        feed, questions = prepare(options.corpus, options.size, Path(temporary))
        app = Application(load_settings(data_dir=Path(temporary) / "data"))
        app.service.reindex([str(feed)])
        app.service.load()
        swaps = measure_swaps(app, feed, questions[0], options.swaps)
        with app.service.watching():
            rows = measure_asking(app, feed, questions, options.questions)
        app.close()
    if options.json:
        options.json.write_text(json.dumps({"swap_s": swaps, "asking": rows}, indent=1) + "\n", encoding="utf-8")
    table = Table("meanwhile", *list(rows[-1])[1:])
    for row in rows:
        table.add_row(*(f"{value:,.1f}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table)
    median, longest = statistics.median(swaps), max(swaps)
    print(f"swap in another process, of {len(swaps)}: median {median:.2f} s, longest {longest:.2f} s")


if __name__ == "__main__":
    main()
