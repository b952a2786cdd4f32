"""Quotes: whether quotations bear the right speaker, and how many are found, by labels that a person gave.

    python -m benchmarks.quotes --data EVAL/realtimeqa_2022

EVAL/realtimeqa_2022 holds ``corpus.jsonl``. A label of ``quote_labels.jsonl`` names quotations by their article and
offsets, and their speaker by where the article names them; ``fault`` says what a reader found wrong: the speaker
(another person than who spoke, none, or a name with words that do not belong to it), or the extent (a part of what was
said is missing). The quotes of a set were judged before anything was changed because of them, so their share without a
fault is the honest precision; what is computed now tells whether a change loses what was right.
``quote_articles.jsonl`` holds all quotations of five words or more, by a person whom a reader can name, of whole
articles; ``shown`` says whether that speaker was found when they were judged.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.attribution import Attribution, attributed
from retrieval.names import name_words
from retrieval.people import Person
from retrieval.types import Span

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Label:
    """A quote as it was shown and judged."""

    set: str
    article_id: str
    quotations: tuple[Span, ...]
    speaker: Span | None
    """Where the article names who was shown; ``None`` where it holds no such name."""
    fault: str | None


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quotation with the right speaker."""

    article_id: str
    words: Span
    speaker: Span
    shown: bool


def read_labels(file: Path = DATA / "quote_labels.jsonl") -> list[Label]:
    """All labels of quotes."""
    return [
        Label(
            set=row["set"],
            article_id=row["article_id"],
            quotations=tuple(Span(*pair) for pair in row["quotations"]),
            speaker=Span(*row["speaker"]) if row["speaker"] else None,
            fault=row["fault"],
        )
        for row in _rows(file)
    ]


def read_articles(file: Path = DATA / "quote_articles.jsonl") -> list[Quoted]:
    """All quotations of whole articles."""
    return [
        Quoted(row["article_id"], Span(row["start"], row["end"]), Span(*row["speaker"]), row["shown"])
        for row in _rows(file)
    ]


class Corpus:
    """Articles, each attributed once.

    Args:
        texts: by article id.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._found: dict[str, list[Attribution]] = {}

    def speaker(self, article_id: str, words: Span) -> Person | None:
        """To whom a quotation is attributed today."""
        found = self._attributed(article_id)
        return next((one.speaker for one in found if words in one.quotations), None)

    def whole(self, label: Label) -> bool:
        """Whether the same quotations still stand together, perhaps with more of what was said."""
        found = self._attributed(label.article_id)
        return any(set(label.quotations) <= set(one.quotations) for one in found)

    def same(self, article_id: str, person: Person | None, name: Span | None) -> bool:
        """Whether a person is the one whom the article names there."""
        if person is None or name is None:
            return False
        words = name_words(name.of(self._texts[article_id]))
        return person.surname == words[-1] and (
            len(words) == 1 or len(person.words) == 1 or person.words[0] == words[0]
        )

    def _attributed(self, article_id: str) -> list[Attribution]:
        if article_id not in self._found:
            self._found[article_id] = attributed(self._texts[article_id])[1]
        return self._found[article_id]


def precision(labels: Sequence[Label], corpus: Corpus) -> None:
    """Print how many of a set were right, and what has become of them."""
    right = [label for label in labels if label.fault is None]
    wrong = [label for label in labels if label.fault is not None]
    faults = {kind: sum(label.fault == kind for label in wrong) for kind in ("speaker", "extent")}
    kept = sum(
        corpus.whole(label)
        and corpus.same(label.article_id, corpus.speaker(label.article_id, label.quotations[0]), label.speaker)
        for label in right
    )
    still = sum(
        label.fault == "speaker"
        and corpus.same(label.article_id, corpus.speaker(label.article_id, label.quotations[0]), label.speaker)
        for label in wrong
    )
    print(f"  as shown when judged: {len(right)} right of {len(labels)} ({len(right) / len(labels):.3f}); {faults}")
    print(f"  by today's rules: {kept} of the {len(right)} are kept; {still} wrong speakers are still shown")


def recall(quoted: Sequence[Quoted], corpus: Corpus) -> None:
    """Print how many quotations of whole articles are found with their speaker."""
    speakers = [(one, corpus.speaker(one.article_id, one.words)) for one in quoted]
    found = sum(corpus.same(one.article_id, person, one.speaker) for one, person in speakers)
    others = sum(person is not None for _, person in speakers) - found
    then = sum(one.shown for one in quoted)
    articles = len({one.article_id for one in quoted})
    print(f"{len(quoted)} quotations by known people in {articles} whole articles:")
    print(f"  found when judged: {then} ({then / len(quoted):.3f})")
    print(f"  by today's rules: {found} ({found / len(quoted):.3f}), {others} with another speaker")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the set")
    options = parser.parse_args()
    corpus = Corpus({row["id"]: row["text"] for row in _rows(options.data / "corpus.jsonl")})
    labels = read_labels()
    for name in dict.fromkeys(label.set for label in labels):
        own = [label for label in labels if label.set == name]
        print(f"{name}: {len(own)} quotes of as many articles")
        precision(own, corpus)
    recall(read_articles(), corpus)


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
