"""Questions to go on with, made of the cited articles' headlines and names; never of what other people asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.types import Answer

_MOST = 3
# Two or more capitalised words in a row, "of" and the like between them: "Quad", at a sentence's start, is not one.
_NAME = re.compile(r"\b[A-Z][\w’'-]+(?:(?: (?:of|the|and|for|de|al|bin|van|von)){0,2} [A-Z][\w’'-]+)+")
_LONGEST_NAME = 60


def related_questions(answer: Answer) -> tuple[str, ...]:
    """Up to three: the headlines of other articles that were found, then names in the cited passages."""
    asked = _plain(answer.query.text)
    chosen: dict[str, str] = {}
    for question in _alternating(list(_headlines(answer)), list(_names(answer, asked))):
        if _plain(question) != asked:
            chosen.setdefault(_plain(question), question)
    return tuple(chosen.values())[:_MOST]


def _headlines(answer: Answer) -> Iterator[str]:
    first = answer.citations[0].article_id if answer.citations and not answer.abstained else None
    titles = [(c.article_id, c.title) for c in answer.citations] + [(h.article_id, h.title) for h in answer.nearest]
    yield from dict.fromkeys(" ".join(title.split()) for article, title in titles if title and article != first)


def _names(answer: Answer, asked: str) -> Iterator[str]:
    names = (match.group() for citation in answer.citations for match in _NAME.finditer(citation.text))
    for name in dict.fromkeys(names):
        if len(name) <= _LONGEST_NAME and _plain(name) not in asked:
            yield f"What is reported about {re.sub('^The ', 'the ', name)}?"


def _alternating(first: list[str], second: list[str]) -> Iterator[str]:
    for place in range(max(len(first), len(second))):
        yield from (questions[place] for questions in (first, second) if place < len(questions))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
