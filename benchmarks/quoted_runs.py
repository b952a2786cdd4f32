"""Questions that are runs of words out of a corpus of paragraphs; what answers is the article that they stand in."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from benchmarks.growth import article_id, articles_of
from retrieval.types import Article

_QUESTIONS = 200
_WORDS = 12


def read_corpus(corpus: Path, size: int) -> list[str]:
    """The first lines of a corpus of JSON lines, gzipped or not."""
    opener: Callable[..., object] = gzip.open if corpus.suffix == ".gz" else open
    with opener(corpus, "rt", encoding="utf-8") as stream:  # type: ignore[attr-defined]
        return list(islice(stream, size))


def quoted_runs(lines: Sequence[str]) -> list[tuple[str, str]]:
    """The first twelve words of 200 paragraphs at most, the same ones each time, with the id of each one's article."""
    chance = random.Random(3)  # noqa: S311 (a sample, no secret)
    rows = [json.loads(line) for line in chance.sample(lines, min(_QUESTIONS, len(lines)))]
    words = [(article_id(row), row["text"].split()) for row in rows]
    return [(article, " ".join(run[:_WORDS])) for article, run in words if len(run) >= _WORDS]


def as_line(article: Article) -> str:
    """An article as a line of a feed of JSON lines."""
    return f"{json.dumps(asdict(article) | {'published': str(article.published or '')})}\n"


def quoting_set(corpus: Path, size: int, folder: Path) -> Path:
    """A question set, in ``folder``, of so many paragraphs of a corpus; gives the folder.

    Raises:
        OSError: the corpus cannot be read, or the set not written.
    """
    lines = read_corpus(corpus, size)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as stream:
        stream.writelines(map(as_line, articles_of(lines)))
    with (folder / "queries.jsonl").open("w", encoding="utf-8") as stream:
        for number, (article, question) in enumerate(quoted_runs(lines)):
            row = {"id": str(number), "question": question, "answerable": True, "gold_doc_ids": [article]}
            stream.write(f"{json.dumps(row)}\n")
    return folder
