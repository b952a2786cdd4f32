"""Watches: whether new articles that a topic is about are found, and nothing is where none is about it.

    python -m benchmarks.watches [--corpus CORPUS.jsonl --work FOLDER] [--most N]

Over the shipped briefs, or another corpus, indexed in FOLDER. A topic is made of the names in a headline that stand in
its article too. That article is new among others that hold none of these names, drawn by chance; then the others are
new alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.asking import UNHURRIED_MS
from bot.app import Application
from bot.settings import load_settings
from retrieval.names import names
from retrieval.types import Article, Span
from training.data import indexed

_OTHERS = 19
_DRAWS = 5
_MOST = 3  # articles that a watch tells of at once
_EVERY = 10**6  # articles, more than a corpus that this is run on holds


def headline_names(article: Article) -> list[str]:
    """The names in its headline that stand in its text too."""
    found = (" ".join(name.words) for name in names(article.title, Span(0, len(article.title))))
    return [name for name in found if name in article.text]


def measured(app: Application, most: int) -> tuple[int, float, float]:
    """How many topics were watched, and how often their article was found, and anything in others alone."""
    ids = [article_id for article_id, _ in app.catalogue.titles("", _EVERY)]
    articles = app.catalogue.articles(ids)
    draw = random.Random(1)  # noqa: S311 (no secret)
    topics = [article for article in articles if headline_names(article)]
    found, mistaken = [], []
    for article in draw.sample(topics, min(most, len(topics))):
        watched = headline_names(article)
        others = [other.id for other in articles if not _holds(other, watched)]
        for _ in range(_DRAWS):
            new = draw.sample(others, min(_OTHERS, len(others)))
            found.append(article.id in _matched(app, watched, [article.id, *new]))
            mistaken.append(bool(_matched(app, watched, new)))
    return len(found) // _DRAWS, sum(found) / len(found), sum(mistaken) / len(mistaken)


def _holds(article: Article, watched: Sequence[str]) -> bool:
    return any(name in article.title or name in article.text for name in watched)


def _matched(app: Application, watched: Sequence[str], new: Sequence[str]) -> set[str]:
    with app.service.edition() as edition:
        matches = edition.matches(" ".join(watched), new, _MOST, dt.datetime.now(dt.UTC))
        return {citation.article_id for citation in matches}


@contextmanager
def _briefs() -> Iterator[Application]:
    with tempfile.TemporaryDirectory() as folder:
        app = Application(load_settings(data_dir=Path(folder), reader_budget_ms=UNHURRIED_MS))
        app.service.reindex()
        yield app
        app.close()


def main() -> None:
    """Watch, and print how it went."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--corpus", type=Path, help="watch this in place of the briefs")
    parser.add_argument("--work", type=Path, help="where it is indexed")
    parser.add_argument("--most", type=int, default=100, help="topics")
    options = parser.parse_args()
    if (options.corpus is None) != (options.work is None):
        parser.error("--corpus and --work go together")
    with indexed(options.corpus, options.work) if options.corpus else _briefs() as app:
        topics, found, mistaken = measured(app, options.most)
    print(f"{topics} topics: article found {found:.2f}, something in others alone {mistaken:.2f}")


if __name__ == "__main__":
    main()
