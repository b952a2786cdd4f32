"""Sentences that report an event, with its date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from retrieval.dates import PartialDate
from retrieval.event_dates import date_of
from retrieval.segmentation import paragraphs, sentences
from retrieval.standing import (
    FIRST_PERSON,
    FURNITURE,
    QUOTED,
    opens_with_pronoun,
    opens_with_second_mention,
    stands_alone,
    without_fronted,
)
from retrieval.tenses import reports, tells_an_event, tells_the_past
from retrieval.types import Article, Span

_OPENING = 8  # sentences that tell of which day the news is
_OPENING_LENGTH = 4000
_BRIEF = 1000  # characters; a longer article that names no day is no news
_LONGEST = 450  # characters; a longer one is a list

_NOT_SO = re.compile(
    r"^(?:if|no|none|never|would|could|should|what|why|how|who|when|where)\b|\b(?:would|could|might) have\b",
    re.IGNORECASE,
)
_HABIT = re.compile(
    r"\b(?:traditionally|usually|typically|normally|often|generally|constantly|routinely|"
    r"(?:each|every) (?:year|month|day))\b",
    re.IGNORECASE,
)
# What is not of the day, in a sentence that names none.
_OF_OLD = re.compile(
    r"\b(?:already|ever|always|once|years|decades?|centur(?:y|ies)|history|used to|supposed|known|long|here|last|"
    r"for (?:days|weeks|months))\b",
    re.IGNORECASE,
)


class Origin(StrEnum):
    """Where an event's date is from."""

    TEXT = "text"
    PUBLICATION = "publication"


@dataclass(frozen=True, slots=True)
class EventSentence:
    """A sentence that reports an event.

    Args:
        article: that it stands in.
        span: in the article's text.
        date: of the event.
        origin: where the date is from.
        planned: whether the event lay ahead at publication.
        apart: whether it names what it speaks of, without "the company" or "she".
    """

    article: Article
    span: Span
    date: PartialDate
    origin: Origin
    planned: bool
    apart: bool

    @property
    def text(self) -> str:
        """The sentence, verbatim."""
        return self.span.of(self.article.text)


def event_sentences(article: Article, within: Span) -> Iterator[EventSentence]:
    """Those of a part of an article, in order, that can stand alone.

    What names no time counts as an event of the day of publication where it is the article's news: the first sentence,
    in the past tense, with what follows speaking of that day, or of none in a brief.
    """
    for span in sentences(article.text, within):
        said = span.of(article.text)
        if not _fit(said):
            continue
        dating = date_of(article.text, span, article.published)
        subject = without_fronted(said)
        if opens_with_pronoun(subject):
            continue
        apart = not opens_with_second_mention(subject)
        if dating.date is not None:
            yield EventSentence(article, span, dating.date, Origin.TEXT, dating.planned, apart)
        elif not dating.timed and article.published and article.published.day and _is_news(article, span):
            yield EventSentence(article, span, article.published, Origin.PUBLICATION, planned=False, apart=apart)


def _fit(said: str) -> bool:
    """Whether a sentence is one of news that tells an event."""
    told = QUOTED.sub(" ", said)
    return (
        len(said) <= _LONGEST
        and "\n" not in said
        and len(told) * 2 > len(said)
        and said.rstrip("\"”’')] ").endswith((".", "!"))
        and stands_alone(said)
        and said.count("“") == said.count("”")
        and tells_an_event(told)
        and not FURNITURE.search(said)
        and not FIRST_PERSON.search(told)
        and not _NOT_SO.search(said)
        and not _HABIT.search(told)
    )


def _is_news(article: Article, span: Span) -> bool:
    opening = [s for s in sentences(article.text, _opening(article.text)) if len(s.of(article.text).split()) >= 5]
    said = span.of(article.text)
    if opening[:1] != [span] or not tells_the_past(said) or not reports(said) or _OF_OLD.search(said):
        return False
    dated = [date_of(article.text, s, article.published) for s in opening[:_OPENING]]
    days = {d.date for d in dated if d.date and d.date.day and not d.planned}
    return days == {article.published} or (not days and len(article.text) <= _BRIEF)


def _opening(text: str) -> Span:
    """Whole paragraphs at the beginning."""
    end = next((p.end for p in paragraphs(text) if p.end >= _OPENING_LENGTH), len(text))
    return Span(0, end)
