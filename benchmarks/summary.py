"""Summaries: of one article by ROUGE against its first sentences, and on topics by labels that a person gave.

    python -m benchmarks.summary rouge --data EVAL/sum_cnndm
    python -m benchmarks.summary topics --data EVAL/realtimeqa_2022 --work DIR [--sets check]

``rouge``: ``docs.jsonl`` holds articles with a ``reference_summary``. Each is asked for by its id through the command
line, in three sentences, and compared as rouge-score does it, with stems; ROUGE-Lsum by sentences. Beside it stand the
first three sentences (LEAD-3), and the difference with the interval that holds 95 % of 10,000 paired bootstrap samples.

``topics``: a label names a sentence by its article and offsets, and tells how it was judged in the summary of its
topic: whether it can be understood there (``alone``: by itself or after the sentence before it), is on its topic,
repeats one before it, and comes in an order that can be followed. The sentences of ``check`` were judged before
anything was changed because of them. The topics are summarised anew, and their sentences compared with the labels
that there are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rouge_score.rouge_scorer import RougeScorer

from retrieval.questions import parse_question
from retrieval.segmentation import sentences
from retrieval.summary import Summarizer
from training.data import engine_with, indexed

DATA = Path(__file__).parent / "data"
KINDS = ("rouge1", "rouge2", "rougeLsum")
_SENTENCES = 3
_SAMPLES = 10_000
_SEED = 1

Floats = npt.NDArray[np.float64]


def by_sentences(text: str) -> str:
    """A text with a sentence on each line, as ROUGE-Lsum reads it."""
    return "\n".join(span.of(text) for span in sentences(text))


def first_sentences(text: str, count: int = _SENTENCES) -> str:
    """The first sentences of a text, one on each line."""
    return "\n".join(span.of(text) for span in sentences(text)[:count])


def rouge(summaries: Sequence[str], references: Sequence[str]) -> Floats:
    """F-measures in percent, float64 ``(n, 3)``, a column for each of ``KINDS``; higher is better."""
    scorer = RougeScorer(KINDS, use_stemmer=True)
    scores = [scorer.score(wanted, got) for wanted, got in zip(references, summaries, strict=True)]
    return 100 * np.array([[score[kind].fmeasure for kind in KINDS] for score in scores])


def interval(differences: Floats, seed: int = _SEED) -> tuple[Floats, Floats]:
    """Between what 95 % of the means of bootstrap samples lie, for each column (Efron, 1979).

    Args:
        differences: of pairs, float64 ``(n, k)``.
        seed: of the samples.
    """
    chance = np.random.default_rng(seed)
    drawn = chance.integers(0, len(differences), size=(_SAMPLES, len(differences)))
    low, high = np.percentile(differences[drawn].mean(axis=1), (2.5, 97.5), axis=0)
    return low, high


def asked_by_command(articles: Path, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The summary of each article, by the command line in a data folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        items, output = Path(folder) / "items.jsonl", Path(folder) / "summaries.jsonl"
        items.write_text("".join(json.dumps({"id": one, "query": one}) + "\n" for one in ids), encoding="utf-8")
        _backchannel("index", str(articles), folder=folder)
        _backchannel("summary", "--batch", str(items), "--output", str(output), folder=folder)
        return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def _backchannel(*arguments: str, folder: str) -> None:
    command = [sys.executable, "-m", "bot", *arguments, "--data-dir", folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def measure_rouge(folder: Path) -> None:
    """Print the figures of both, and their difference."""
    file = folder / "docs.jsonl"
    articles = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    answers = asked_by_command(file, [article["id"] for article in articles])
    references = [by_sentences(article["reference_summary"]) for article in articles]
    chosen = ["\n".join(sentence["text"] for sentence in answer["sentences"]) for answer in answers]
    ours = rouge(chosen, references)
    first = rouge([first_sentences(article["text"]) for article in articles], references)
    low, high = interval(ours - first)
    print(f"{len(articles)} articles, {_SENTENCES} sentences each")
    for column, kind in enumerate(KINDS):
        print(
            f"{kind:10} summary {ours[:, column].mean():.2f}, first sentences {first[:, column].mean():.2f}, "
            f"difference {(ours - first)[:, column].mean():+.2f} (95 %: {low[column]:+.2f} to {high[column]:+.2f})"
        )
    milliseconds = [answer["elapsed_ms"] for answer in answers]
    words = np.mean([len(text.split()) for text in chosen])
    print(
        f"{words:.0f} words a summary; p50 {np.median(milliseconds):.0f} ms, p95 {np.percentile(milliseconds, 95):.0f}"
    )


@dataclass(frozen=True, slots=True)
class Label:
    """A sentence of a summary as it was judged."""

    set: str
    topic: str
    article_id: str
    start: int
    end: int
    alone: bool
    on_topic: bool
    repeats: bool
    ordered: bool


def read_labels(file: Path = DATA / "summary_labels.jsonl") -> list[Label]:
    """All labels."""
    return [Label(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def judged(labels: Sequence[Label]) -> str:
    """How many are good in each way."""
    count = max(len(labels), 1)
    return (
        f"{len(labels)} sentences: {sum(label.alone for label in labels) / count:.3f} stand alone, "
        f"{sum(label.on_topic for label in labels) / count:.3f} on topic, "
        f"{sum(label.repeats for label in labels)} repeat another, "
        f"{sum(not label.ordered for label in labels)} out of order"
    )


def measure_topics(folder: Path, work: Path, sets: Sequence[str] | None) -> None:
    """Print how sentences were judged, and how today's compare with the labels that there are."""
    topics: Mapping[str, Sequence[str]] = json.loads((DATA / "summary_topics.json").read_text(encoding="utf-8"))
    labels = read_labels()
    now = dt.datetime.now(dt.UTC)
    with indexed(folder / "corpus.jsonl", work) as app:
        engine = engine_with(app, app.parameters)
        summarizer = Summarizer(engine, app.catalogue, app.encoder, app.parameters.summary)
        for name in sets or topics:
            own = {(one.topic, one.article_id, one.start): one for one in labels if one.set == name}
            print(f"{name}: as judged, {len({one.topic for one in own.values()})} topics, {judged(list(own.values()))}")
            made = [summarizer.topic(parse_question(topic, now), _SENTENCES) for topic in topics[name]]
            keys = [(made_of.query, one.article_id, one.start) for made_of in made for one in made_of.sentences]
            known = [own[key] for key in keys if key in own]
            elapsed = np.median([one.elapsed_ms for one in made])
            print(f"  today: {len(keys)} sentences, {elapsed:.0f} ms a summary; of these labelled: {judged(known)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    of_articles, of_topics = kinds.add_parser("rouge"), kinds.add_parser("topics")
    for one in (of_articles, of_topics):
        one.add_argument("--data", type=Path, required=True, help="folder of the set")
    of_topics.add_argument("--work", type=Path, required=True, help="folder for indexes, kept between runs")
    of_topics.add_argument("--sets", nargs="*", help="of topics; all by default")
    options = parser.parse_args()
    if options.kind == "rouge":
        measure_rouge(options.data)
    else:
        measure_topics(options.data, options.work, options.sets)


if __name__ == "__main__":
    main()
