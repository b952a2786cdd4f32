"""Whether it pays to compute several waiting questions together, rather than one after the other.

    python -m benchmarks.batching [--feed FEED] [--at-once 8] [--rounds 10] [--json FILE]

What could be shared is the encoder's work: the questions' vectors, and the tokens of the passages that are read. The
upper layers of the reader take one question at a time. Each is measured question by question and all in one call, no
passage read before; whole answers one after the other and in several threads. The ways take turns, round by round.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.asked import questions_of
from benchmarks.serving import indexed, texts
from benchmarks.tables import Table, print_tables
from benchmarks.timing import milliseconds
from bot.app import Application
from bot.askers import Question
from bot.settings import load_settings
from retrieval.encoders.tokens import encode_plainly
from retrieval.joint.inputs import Tokens
from retrieval.joint.models import load_joint_model
from retrieval.joint.representations import Representations

_READ = 20
_THREADS = (1, 2, 4, 10)

Ways = dict[str, Callable[[Sequence[str], Sequence[Sequence[Tokens]]], object]]


def ways(app: Application, representations: Representations) -> Ways:
    """Of doing some questions, each with passages to read, by name."""

    def ask(text: str) -> None:
        app.service.ask(Question(text, datetime.now(UTC)), keep=False)

    def answers(threads: int) -> Callable[[Sequence[str], object], None]:
        def together(questions: Sequence[str], _: object) -> None:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(ask, questions))

        return together

    return {
        "vectors, one by one": lambda questions, _: [app.encoder.encode_queries([each]) for each in questions],
        "vectors, in one call": lambda questions, _: app.encoder.encode_queries(questions),
        "passages, by question": lambda _, passages: [representations.of_passages(each) for each in passages],
        "passages, in one call": lambda _, passages: representations.of_passages(
            [one for each in passages for one in each]
        ),
        **{f"answers, {threads} at once": answers(threads) for threads in _THREADS},
    }


def measure(app: Application, passages: Sequence[str], at_once: int, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds a question, the median and the least of the rounds, by way."""
    settings = app.settings
    model = load_joint_model(settings.precision, settings.encoder_backend, settings.data_dir / "models")
    tokens = [np.array(each.ids[: model.longest], dtype=np.int64) for each in encode_plainly(model.tokenizer, passages)]
    chance = random.Random(13)  # noqa: S311 (a sample, no secret)
    asked = questions_of(passages, chance)
    count = min(_READ, len(tokens) // at_once)
    spent: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        chosen = chance.sample(tokens, count * at_once)
        read = [chosen[start : start + count] for start in range(0, len(chosen), count)]
        # None is kept, so that each is read as if it were new.
        for name, way in ways(app, Representations(model, cached=0)).items():
            questions = list(islice(asked, at_once))
            taken = milliseconds(partial(way, questions, read)) / at_once
            if number:  # kernels are made for each width at its first use
                spent.setdefault(name, []).append(taken)
    return {name: {"median_ms": statistics.median(times), "least_ms": min(times)} for name, times in spent.items()}


def main() -> None:
    """Measure; print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--feed", help="what to index, in place of the shipped briefs")
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        indexed(folder, options.feed)
        app = Application(load_settings(data_dir=folder))
        app.service.load()
        found = measure(app, texts(folder), options.at_once, options.rounds)
        app.close()
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    table = Table(f"{options.at_once} questions, a question", ("what", "median", "least"))
    for name, times in found.items():
        table.add(name, *(f"{value:.1f} ms" for value in times.values()))
    print_tables([table], as_markdown=options.markdown)


if __name__ == "__main__":
    main()
