"""Questions out of a corpus of paragraphs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from benchmarks.quoted_runs import quoted_runs, quoting_set, read_corpus
from training.data import read_articles, read_questions

PARAGRAPHS = [
    {"id": f"p{n}", "doc_id": f"speech {n // 2}", "text": " ".join(f"word{n}-{at}" for at in range(8 + n))}
    for n in range(12)
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "paragraphs.jsonl.gz"
    with gzip.open(file, "wt", encoding="utf-8") as stream:
        stream.writelines(f"{json.dumps(paragraph)}\n" for paragraph in PARAGRAPHS)
    return file


def test_questions_are_the_first_words_of_paragraphs_long_enough(corpus: Path) -> None:
    runs = quoted_runs(read_corpus(corpus, 12))
    assert runs == quoted_runs(read_corpus(corpus, 12))
    assert dict(runs).keys() == {"speech 2", "speech 3", "speech 4", "speech 5"}  # others have fewer than twelve words
    assert len(runs) == 8
    assert all(len(question.split()) == 12 for _, question in runs)


def test_a_set_holds_so_many_paragraphs_and_the_articles_that_answer(corpus: Path, tmp_path: Path) -> None:
    folder = quoting_set(corpus, 7, tmp_path / "made")
    articles = {article.id: article.text for article in read_articles(folder)}
    assert list(articles) == ["speech 0", "speech 1", "speech 2", "speech 3"]
    questions = read_questions(folder)
    assert len(questions) == 3
    for question in questions:
        (answers,) = question.gold
        assert question.answerable
        assert question.text in articles[answers]
