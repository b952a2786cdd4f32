"""Speed and memory: indexing, and asking cold and warm, at several sizes of real text; and where the time goes.

    python -m benchmarks.speed --corpus PARAGRAPHS.jsonl.gz [--sizes 1000 10000 100000] [--json FILE]

The corpus is JSON lines ``{id, title, source, url, published, text}``, gzipped or not, a paragraph each.
Questions are runs of words out of its sentences. Each size is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.parts import profile
from bot.app import Application
from bot.askers import Question
from bot.settings import ReaderKind, load_settings

_QUESTIONS = 200
_COLD = 3
_MIB = 1024 * 1024


def read_corpus(corpus: Path, size: int) -> list[str]:
    """The first lines of a corpus."""
    opener: Callable[..., object] = gzip.open if corpus.suffix == ".gz" else open
    with opener(corpus, "rt", encoding="utf-8") as stream:  # type: ignore[attr-defined]
        return list(islice(stream, size))


def prepare(corpus: Path, size: int, folder: Path) -> tuple[Path, list[str]]:
    """The first paragraphs as a feed, and questions about them."""
    lines = read_corpus(corpus, size)
    feed = folder / "corpus.jsonl"
    feed.write_text("".join(lines), encoding="utf-8")
    chance = random.Random(3)  # noqa: S311 (a sample, no secret)
    texts = [json.loads(line)["text"].split() for line in chance.sample(lines, min(_QUESTIONS, len(lines)))]
    return feed, [" ".join(words[:12]) for words in texts if len(words) >= 12]


def milliseconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def asked(app: Application, questions: list[str]) -> dict[str, float]:
    """Warm latency of whole questions, from text to verified answer."""
    now = datetime.now(UTC)
    app.service.ask(Question(questions[0], now), keep=False)
    times = sorted(milliseconds(lambda q=q: app.service.ask(Question(q, now), keep=False)) for q in questions)
    return {"p50_ms": statistics.median(times), "p95_ms": times[int(len(times) * 0.95)]}


def cold(data_dir: Path, question: str) -> float:
    """Seconds of `backchannel ask` in a new process, files in the page cache: the median of a few."""
    command = [sys.executable, "-m", "bot", "ask", question, "--json", "--data-dir", str(data_dir)]
    runs = [milliseconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(_COLD)]  # noqa: S603
    return statistics.median(runs) / 1000


def measure(corpus: Path, size: int) -> dict[str, float]:
    """One size, in this process."""
    with tempfile.TemporaryDirectory() as temporary:
        feed, questions = prepare(corpus, size, Path(temporary))
        data_dir = Path(temporary) / "data"
        app = Application(load_settings(data_dir=data_dir))
        _ = app.encoder
        run = app.service.reindex([str(feed)]).run
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        plain = Application(load_settings(data_dir=data_dir, reader=ReaderKind.WORDS), app.encoder)
        found = {
            f"{name}_{key}": value
            for name, one in (("plain", plain), ("read", app))
            for key, value in asked(one, questions).items()
        }
        on_disk = sum(f.stat().st_size for f in data_dir.rglob("*") if f.is_file())
        return {
            "articles": size,
            "passages": run.passages,
            "index_s": run.seconds,
            "passages_per_s": run.passages / run.seconds,
            **found,
            **{f"{part}_ms": taken for part, taken in profile(app, questions).items()},
            "cold_s": cold(data_dir, questions[0]),
            "peak_mib": peak,
            "resident_mib": psutil.Process().memory_info().rss / _MIB,
            "disk_mib": on_disk / _MIB,
        }


def main() -> None:
    """Measure each size in a process of its own; print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--json", type=Path, help="also write the figures here, after each size")
    parser.add_argument("--one", action="store_true", help="measure the first size here and print it as JSON")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.corpus, options.sizes[0])))
        return
    rows: list[dict[str, float]] = []
    for size in options.sizes:
        command = [
            sys.executable,
            "-m",
            "benchmarks.speed",
            "--corpus",
            str(options.corpus),
            "--one",
            "--sizes",
            str(size),
        ]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
        rows.append(json.loads(done.stdout))
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    table = Table("figure", *(f"{row['passages']:,.0f} passages" for row in rows))
    for name in rows[0]:
        table.add_row(name, *(f"{row[name]:,.1f}" for row in rows))
    Console().print(table)


if __name__ == "__main__":
    main()
