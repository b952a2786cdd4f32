"""Disagreement: whether figures shown as differing are of one thing, by labels given by reading; and what is found.

    python -m benchmarks.disagreement --data EVAL [--work DIR]

EVAL/realtimeqa_2022 and EVAL/rgb_en_fact hold ``corpus.jsonl``. A label names two sentences by their articles and
offsets, with the passages that they stood in; ``right`` says whether a reader of both takes their figures for ones of
the same thing (also where the later is an update of the earlier). The labels of a set were given before anything was
changed because of them; but the sets of realtimeqa share articles, so that none is independent of the first.
What is shown now tells whether a change loses what was right or brings back what was not.
The pairs of ``disagreement_pairs.jsonl`` are our own: recall by kind of wording. With ``--work``, a folder for indexes,
questions are asked about the topics of ``disagreement_topics.json``, and it is told how many answers show figures.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from retrieval.dates import PartialDate
from retrieval.disagreement import disagreements
from retrieval.questions import parse_question
from retrieval.reader import Weigh, inverse_document_frequency
from retrieval.types import Article, Passage, Span
from training.data import engine_with, indexed

DATA = Path(__file__).parent / "data"
QUESTIONS = (
    "{}",
    "How many people were killed in {}?",
    "How many people were injured in {}?",
    "How much did {} cost?",
    "What percentage was affected by {}?",
    "How many were there in {}?",
)
_WORD = re.compile(r"\w+")

Row = dict[str, Any]


def read_lines(file: Path) -> Iterator[Row]:
    """The objects of a file of JSON lines."""
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def read_articles(corpus: Path) -> dict[str, Article]:
    """The articles of a corpus, by id."""
    return {
        row["id"]: Article(
            row["id"],
            row["text"],
            row["title"] or "",
            row["source"] or "",
            published=PartialDate.parse(row["published"]) if row["published"] else None,
        )
        for row in read_lines(corpus)
    }


def weigher(texts: Sequence[str]) -> Weigh:
    """Inverse document frequencies over these texts."""
    frequencies = Counter(word for text in texts for word in set(_WORD.findall(text.lower())))
    return lambda words: [inverse_document_frequency(frequencies[word], len(texts)) for word in words]


def differ(one: tuple[Passage, Span], other: tuple[Passage, Span], weigh: Weigh) -> bool:
    """Whether the figures of two sentences are shown side by side, whichever was asked for."""
    found = [(passage, ()) for passage, _ in (one, other)]
    both = disagreements("", [one[1]], found, weigh), disagreements("", [other[1]], found[::-1], weigh)
    return any(both)


def judged_again(labels: Sequence[Row], articles: Mapping[str, Article], weigh: Weigh) -> str:
    """Of labelled pairs, how many were right, and how many of these and of the others are shown now."""
    kept: Counter[bool] = Counter()
    for number, label in enumerate(labels):
        one, other = (
            (Passage(2 * number + n, articles[f["article_id"]], *f["passage"]), Span(*f["sentence"]))
            for n, f in enumerate(label["figures"][:2])
        )
        kept[label["right"]] += differ(one, other, weigh)
    right = sum(label["right"] for label in labels)
    return (
        f"{right} of {len(labels)} right ({right / len(labels):.3f}); shown now: "
        f"{kept[True]} of these, and {kept[False]} of the {len(labels) - right} others"
    )


def recall_by_kind(pairs: Sequence[Row]) -> Iterator[str]:
    """Of our own pairs, how many that differ are shown, and how many that do not."""
    shown: Counter[tuple[str, bool]] = Counter()
    total = Counter((pair["kind"], pair["differ"]) for pair in pairs)
    day = PartialDate(2024, 5, 3)
    for pair in pairs:
        texts = [Article(name, pair[name], published=day) for name in ("one", "other")]
        one, other = ((Passage(n, a, 0, len(a.text)), Span(0, len(a.text))) for n, a in enumerate(texts))
        shown[pair["kind"], pair["differ"]] += differ(one, other, lambda words: [1.0] * len(words))
    for kind in dict.fromkeys(pair["kind"] for pair in pairs):
        found, false = shown[kind, True], shown[kind, False]
        yield f"{kind}: {found} of {total[kind, True]} that differ, {false} of {total[kind, False]} that do not"


def ask_about(topics: Sequence[str], corpus: Path, work: Path) -> str:
    """How many answers on some topics show figures that differ."""
    now, shown, answered = dt.datetime.now(dt.UTC), 0, 0
    with indexed(corpus, work) as app:
        engine = engine_with(app, app.parameters)
        for topic in topics:
            for question in QUESTIONS:
                answer = engine.answer(parse_question(question.format(topic), now))
                answered += not answer.abstained
                shown += bool(answer.disagreements)
    return f"{len(topics) * len(QUESTIONS)} questions, {answered} answered, {shown} answers show figures that differ"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--work", type=Path, help="folder for indexes; without it no question is asked")
    options = parser.parse_args()
    labels = list(read_lines(DATA / "disagreement_labels.jsonl"))
    for corpus in dict.fromkeys(label["corpus"] for label in labels):
        articles = read_articles(options.data / corpus / "corpus.jsonl")
        weigh = weigher([article.text for article in articles.values()])
        for name in dict.fromkeys(label["set"] for label in labels if label["corpus"] == corpus):
            own = [label for label in labels if label["set"] == name]
            print(f"{corpus}, {name}: {judged_again(own, articles, weigh)}")
    print("\n".join(recall_by_kind(list(read_lines(DATA / "disagreement_pairs.jsonl")))))
    if options.work:
        topics = json.loads((DATA / "disagreement_topics.json").read_text(encoding="utf-8"))
        for name, own in topics.items():
            print(f"{name}: {ask_about(own, options.data / 'realtimeqa_2022' / 'corpus.jsonl', options.work)}")


if __name__ == "__main__":
    main()
