"""Articles out of HTML pages: text against the truth, and dates against labels.

    python -m benchmarks.extraction --data DIR [--dates FILE.json] [--seed N]

DIR holds ``html/*.html.gz`` and ``ground-truth.json`` (``{page: {"articleBody": text}}``), as the public
article-extraction benchmark does. Text is compared by multisets of four-word shingles; precision and recall are
averaged over pages, F1 is taken of the averages. The figures of random halves show whether a change is general.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import NoArticle
from corpus.readers.pages import Page, extract_page

LABELS = Path(__file__).parents[1] / "tests" / "data" / "extraction" / "dates.json"
"""Publication dates as the pages show them, read by people: ``{file: date}``."""

_SHINGLE = 4


@dataclass(frozen=True, slots=True)
class Score:
    """Of one page's text."""

    precision: float
    recall: float


def score(text: str, truth: str) -> Score:
    """How much of a text is true, and how much of the truth is in it."""
    got, wanted = _shingles(text), _shingles(truth)
    both = (got & wanted).total()
    return Score(
        precision=both / got.total() if got else float(not both),
        recall=both / wanted.total() if wanted else 1.0,
    )


def f1(scores: Sequence[Score]) -> float:
    """Of the averages over pages."""
    precision = sum(one.precision for one in scores) / len(scores)
    recall = sum(one.recall for one in scores) / len(scores)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def halves(names: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """The pages split at random."""
    shuffled = random.Random(seed).sample(sorted(names), len(names))  # noqa: S311 (no secret)
    middle = len(shuffled) // 2
    return shuffled[:middle], shuffled[middle:]


def read_pages(folder: Path) -> dict[str, Page | None]:
    """The page of each file; ``None`` where no article was found."""
    return {file.name: _read(file) for file in sorted(folder.glob("*.html.gz"))}


def wrong_dates(pages: Mapping[str, Page | None], labels: Mapping[str, str]) -> dict[str, str]:
    """What was read where it is not the labelled date."""
    read = {name: str(page.published) if (page := pages.get(name)) else "no page" for name in labels}
    return {name: date for name, date in read.items() if date != labels[name]}


def _read(file: Path) -> Page | None:
    try:
        return extract_page(file.read_bytes())
    except NoArticle:
        return None


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1)) if words)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the set")
    parser.add_argument("--dates", type=Path, default=LABELS, help="labels of publication dates")
    parser.add_argument("--seed", type=int, default=0, help="of the first split into halves")
    options = parser.parse_args()
    truth = json.loads((options.data / "ground-truth.json").read_text(encoding="utf-8"))
    pages = read_pages(options.data / "html")
    texts = {name.split(".")[0]: page.text if page else "" for name, page in pages.items()}
    scores = {name: score(texts.get(name, ""), entry["articleBody"]) for name, entry in truth.items()}
    precision, recall = (sum(getattr(s, what) for s in scores.values()) / len(scores) for what in Score.__slots__)
    print(f"{len(scores)} pages: precision {precision:.4f}  recall {recall:.4f}  F1 {f1(list(scores.values())):.4f}")
    for seed in range(options.seed, options.seed + 3):
        parts = [f1([scores[name] for name in half]) for half in halves(list(scores), seed)]
        print(f"random halves, seed {seed}: F1 {parts[0]:.4f} and {parts[1]:.4f}")
    labels = json.loads(options.dates.read_text(encoding="utf-8"))
    wrong = wrong_dates(pages, labels)
    print(f"dates: {len(labels) - len(wrong)} of {len(labels)} right")
    for name, date in wrong.items():
        print(f"  {name[:12]}…: read {date}, labelled {labels[name]}")


if __name__ == "__main__":
    main()
