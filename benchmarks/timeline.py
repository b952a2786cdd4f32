"""Timelines: whether events bear the right date, and are on their topic, by labels that a person gave.

    python -m benchmarks.timeline --data EVAL/realtimeqa_2022 [--work DIR] [--sets "third check"]

EVAL/realtimeqa_2022 holds ``corpus.jsonl``. A label names a sentence by its article and offsets; ``judged`` is the date
that a reader of the sentence and of the day of publication gives to what the sentence mainly reports (null: none),
``shown`` the one that the timeline gave when it was judged, ``on_topic`` whether it belongs there. The events of a set
were judged before anything was changed because of them; so ``shown`` against ``judged`` is the honest precision, and
what is computed now tells whether a change loses what was right. With ``--work``, a folder for indexes, the timelines
are made anew, and their events compared with the labels that there are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.dates import PartialDate
from retrieval.event_dates import date_of
from retrieval.questions import parse_question
from retrieval.timeline import Chronicler
from retrieval.types import Span
from training.data import engine_with, indexed

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Label:
    """An event as it was shown and judged."""

    set: str
    topic: str
    article_id: str
    start: int
    end: int
    judged: str | None
    shown: str
    on_topic: bool

    @property
    def sentence(self) -> tuple[str, int]:
        """Names it."""
        return self.article_id, self.start


@dataclass(frozen=True, slots=True)
class Dated:
    """How the dates of some sentences compare with the judged ones."""

    right: int
    wrong: int
    abstained: int
    """Not dated, and rightly so."""
    lost: int
    """Not dated, though they have a date."""

    def __str__(self) -> str:
        shown = max(self.right + self.wrong, 1)
        return (
            f"{self.right} right, {self.wrong} wrong ({self.right / shown:.3f}), "
            f"{self.abstained} left out rightly, {self.lost} lost"
        )


def read_labels(file: Path = DATA / "timeline_labels.jsonl") -> list[Label]:
    """All labels."""
    return [Label(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def compared(pairs: Iterable[tuple[str | None, str | None]]) -> Dated:
    """Counts (date given, date judged)."""
    kinds = [
        "right" if given == judged and given else "abstained" if given == judged else "wrong" if given else "lost"
        for given, judged in pairs
    ]
    return Dated(*(kinds.count(kind) for kind in ("right", "wrong", "abstained", "lost")))


def dated_now(labels: Sequence[Label], articles: Mapping[str, Mapping[str, str]]) -> Dated:
    """The dates that the sentences' own words give today."""
    pairs = []
    for label in labels:
        article = articles[label.article_id]
        found = date_of(article["text"], Span(label.start, label.end), PartialDate.parse(article["published"]))
        pairs.append((str(found.date) if found.date else None, label.judged))
    return compared(pairs)


def made_anew(work: Path, corpus: Path, topics: Sequence[str], labels: Sequence[Label]) -> None:
    """Print how today's timelines compare with the labels that there are."""
    judged = {label.sentence: label for label in labels}
    shown, events, seconds = [], 0, 0.0
    now = dt.datetime.now(dt.UTC)
    with indexed(corpus, work) as app:
        chronicler = Chronicler(engine_with(app, app.parameters), app.catalogue, app.encoder)
        for topic in topics:
            timeline = chronicler.topic(parse_question(topic, now))
            events, seconds = events + len(timeline.events), seconds + timeline.elapsed_ms / 1000
            for event in timeline.events:
                label = judged.get((event.citation.article_id, event.citation.start))
                if label:
                    shown.append((str(event.date), label.judged))
    print(f"{len(topics)} timelines of {events} events, {seconds / len(topics):.2f} s each; {len(shown)} are labelled:")
    print(f"  {compared(shown)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the set")
    parser.add_argument("--work", type=Path, help="folder for indexes; without it only dates are compared")
    parser.add_argument("--sets", nargs="*", help="of labels; all by default")
    options = parser.parse_args()
    corpus = options.data / "corpus.jsonl"
    articles = {row["id"]: row for row in map(json.loads, corpus.read_text(encoding="utf-8").splitlines())}
    labels = read_labels()
    topics = json.loads((DATA / "timeline_topics.json").read_text(encoding="utf-8"))
    for name in options.sets or topics:
        own = [label for label in labels if label.set == name]
        print(f"{name}: {len(own)} events, {sum(label.on_topic for label in own)} of them on their topic")
        print(f"  as shown when judged: {compared((label.shown, label.judged) for label in own)}")
        print(f"  by today's grammar:   {dated_now(own, articles)}")
        if options.work:
            made_anew(options.work, corpus, topics[name], own)


if __name__ == "__main__":
    main()
