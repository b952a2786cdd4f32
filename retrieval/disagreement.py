"""Disagreement: articles that give different numbers for what seems to be one thing, side by side and never judged.

What a cited sentence counts is looked for in the other passages that were found. Two figures make a contrast where
they are of one kind (:mod:`retrieval.quantities`), of different articles, seem to be about one event, and allow no
value in common. A false contrast is worse than none: whatever speaks against one event (other names, other days, other
words) ends it, and so does an article that tells the other's figure too.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from retrieval.casualties import asked
from retrieval.dates import PartialDate
from retrieval.event_dates import date_of
from retrieval.periods import Period
from retrieval.quantities import Kind, Quantity, may_tell, quantities
from retrieval.reader import Weigh, sentences_of
from retrieval.signals import coverage
from retrieval.types import Article, Citation, Disagreement, Figure, Passage, Span

_MOST_FIGURES = 4
_MOST = 3  # disagreements of one answer
_ANCHORED = 3  # cited passages whose figures are compared, however many are asked for
_READ = 20  # passages
# Between two articles on one event that do not name its day: tolls are told for weeks, prices are soon others.
_APART, _APART_MEASURED = dt.timedelta(days=60), dt.timedelta(days=1)
_DAYS_DIFFER = dt.timedelta(days=1)
_FOLD = 10.0  # one figure this many times as large as the other counts something else
# How much of each sentence's words, by weight, stand in the other's passage and title: the lesser share and the larger.
_COVERED, _COVERED_MEASURED = (0.25, 0.4), (0.7, 0.7)
# What is counted once, and then again and again as more becomes known; other counts are of a day, and soon others.
_TOLLS = frozenset(("killed", "injured", "missing", "displaced", "arrested", "dismissed"))

_NAME = re.compile(r"\b[A-Z][\w’'-]*[\w]")
_WORD = re.compile(r"\w+")
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_POSSESSIVE = re.compile(r"['’]s\s")
# What is counted up to a day is not of that day alone.
_COUNTED_UP = re.compile(r"\b(?:rose|ris(?:en|es|ing)|climb\w+|toll|as of|so far)\b", re.IGNORECASE)
_PLACE = re.compile(
    r"\b(?:[Ii]n|[Aa]t|[Aa]cross|[Ff]rom|[Nn]ear|[Oo]utside|throughout|around|of)\s(?:the\s|\w+ern\sand\s)*"
    r"(?P<part>(?:(?:(?:north|south)?(?:east|west)|north|south|central|parts|rural)\w*\s(?:and\s|of\s)?)*)"
    r"(?P<place>[A-Z][\w’'-]*(?:\.\w+)*(?:\s[A-Z][\w’'-]*(?:\.\w+)*)*)"
)
_SOME_PLACE = re.compile(
    r"\b(?:the|this|that|his|her|its|their|our|a)\s(?:\w+\s)?(?:county|counties|state|states|city|cities|country|"
    r"province|region|district|village|town|island|islands|area|areas|elsewhere|neighbou?rhood|capital)\b"
)
_NO_NAMES = frozenset(
    (
        "A AP About According After Almost An And Apr April Around As Association At Aug August Authorities "
        "Authority BBC Before But By CNN COVID COVID-19 Center Coronavirus Covid Covid-19 Dec December Department "
        "Dozens Dr Eight Feb February Five For Four Friday From Gov He Health Her His Hospital How Human Hundreds "
        "I If In International It Its Jan January Jul July Jun June Mar March May Millions Minister Ministry "
        "Monday More Most Mr Mrs Ms National Nearly News Nine No Not Nov November Oct October Of Office Officials "
        "On One Or Over People Police President Prime Rep Reuters Rights Saturday Sen Sep Sept September Service "
        "Seven She Since Six Some Sunday TODAY Ten That The Their There These They This Those Thousands Three "
        "Thursday To Tuesday Two USA University Up We Wednesday What When Where Which While Who Why With You"
    ).split()
)
"""Capitalised words that tell no event from another."""


@dataclass(frozen=True)
class _Statement:
    """A quantity as a passage states it; ``alone`` where its sentence tells no other of that kind."""

    passage: Passage
    sentence: Span
    quantity: Quantity
    alone: bool

    @property
    def article(self) -> Article:
        return self.passage.article

    @property
    def kind(self) -> Kind:
        return self.quantity.kind

    @property
    def said(self) -> str:
        return self.sentence.of(self.article.text)

    @property
    def context(self) -> str:
        return _context(self.passage)

    @cached_property
    def names(self) -> frozenset[str]:
        """Of its clause."""
        clause = self.quantity.clause.of(self.article.text)
        opens = self.quantity.clause.start == self.sentence.start
        return _names(clause.lstrip("\"“‘'([ ").partition(" ")[2] if opens else clause)

    @cached_property
    def years(self) -> frozenset[str]:
        """That its sentence names."""
        return frozenset(_YEAR.findall(self.said))

    @cached_property
    def places(self) -> frozenset[str]:
        """Where its clause says that it was."""
        return _places(self.quantity.clause.of(self.article.text))

    @cached_property
    def places_said(self) -> frozenset[str]:
        """All places of its sentence."""
        return _places(self.said)

    @cached_property
    def names_said(self) -> frozenset[str]:
        """Of its sentence."""
        return _names(self.said)

    @cached_property
    def names_of_title(self) -> frozenset[str]:
        """Of its article's title."""
        return _names(self.article.title)

    @cached_property
    def names_around(self) -> frozenset[str]:
        """Of its passage and title."""
        return _names(self.context)

    @cached_property
    def day(self) -> PartialDate | None:
        """Of what the sentence reports, where it says so."""
        return date_of(self.article.text, self.sentence, self.article.published).date

    def allows(self, other: _Statement) -> bool:
        """Whether a value is within the wording of both."""
        return self.quantity.low <= other.quantity.high and other.quantity.low <= self.quantity.high


def disagreements(
    question: str, marked: Sequence[Span], found: Sequence[tuple[Passage, tuple[str, ...]]], weigh: Weigh
) -> tuple[Disagreement, ...]:
    """What cited sentences count and other passages count otherwise, the most important first.

    Args:
        question: what counts in it is told alone, where it asks how many.
        marked: the marked sentences of the cited passages, which come first in ``found``.
        found: passages, best first, with the ids of the articles that say the same in nearly the same words.
        weigh: how rare words are.
    """
    passages = [passage for passage, _ in found[: max(len(marked), _READ)]]
    anchors = list(_anchors(question, passages, marked[:_ANCHORED]))
    if not anchors:
        return ()
    kinds = {anchor.kind for anchor in anchors}
    others = [statement for passage in passages[:_READ] for statement in _statements(passage, kinds)]
    events = _Events(question, passages, weigh)
    copies = {passage.id: set(same) for passage, same in found}
    shown: dict[Kind, Disagreement] = {}
    for anchor in anchors:
        if anchor.kind not in shown and len(shown) < _MOST:
            same_kind = [s for s in others if s.kind == anchor.kind and s.article.id not in copies[anchor.passage.id]]
            figures = _against(anchor, same_kind, events)
            if len(figures) > 1:
                shown[anchor.kind] = _shown(figures)
    return tuple(shown.values())


def _anchors(question: str, passages: Sequence[Passage], marked: Sequence[Span]) -> Iterator[_Statement]:
    """What the question asks the number of, wherever cited passages tell it; else what their marked sentences tell."""
    wanted = asked(question)
    for passage, sentence in zip(passages, marked, strict=False):
        for statement in _told(passage, sentences_of(passage) if wanted else [sentence]):
            if statement.alone and (not wanted or statement.kind.predicate in wanted):
                yield statement


def _statements(passage: Passage, kinds: Collection[Kind]) -> Iterator[_Statement]:
    """What a passage tells of these kinds."""
    if may_tell(passage.text, kinds):
        spans = [span for span in sentences_of(passage) if may_tell(span.of(passage.article.text), kinds)]
        yield from (statement for statement in _told(passage, spans) if statement.kind in kinds)


def _told(passage: Passage, spans: Sequence[Span]) -> Iterator[_Statement]:
    for span in spans:
        found = list(quantities(passage.article.text, span))
        counts = Counter(quantity.kind for quantity in found)
        yield from (_Statement(passage, span, quantity, counts[quantity.kind] == 1) for quantity in found)


def _against(anchor: _Statement, others: Sequence[_Statement], events: _Events) -> list[_Statement]:
    """The anchor and what differs from it, each figure once and at most one of an article."""
    # Who tells this figure too knows of both, and tells them apart.
    agreeing = {anchor.article.id, *(other.article.id for other in others if other.allows(anchor))}
    figures = [anchor]
    for other in others:
        if (
            len(figures) < _MOST_FIGURES
            and other.alone
            and other.article.id not in agreeing
            and not any(other.allows(figure) or other.article.id == figure.article.id for figure in figures)
            and _comparable(anchor, other)
            and events.same(anchor, other)
        ):
            figures.append(other)
    return figures


def _comparable(one: _Statement, other: _Statement) -> bool:
    """Whether neither is so many times the other that it must count something else."""
    low, high = sorted((one.quantity, other.quantity), key=lambda q: q.low)
    return high.low <= _FOLD * max(low.low if low.high == float("inf") else low.high, 1.0)


class _Events:
    """Tells whether two statements are about one event.

    Args:
        question: its names must stand with both, if any passage has them.
        passages: all that were found.
        weigh: how rare words are.
    """

    def __init__(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> None:
        known = {word for passage in passages for word in _words(_context(passage))}
        self._names = _words(" ".join(_names(question))) & known
        self._weigh = weigh

    def same(self, one: _Statement, other: _Statement) -> bool:
        """Whether nothing speaks against it: names, days, words."""
        return _of_one_time(one, other) and self._of_one_place(one, other) and self._in_like_words(one, other)

    def _of_one_place(self, one: _Statement, other: _Statement) -> bool:
        both = ((one, other), (other, one))
        return (
            all(a.names_said & (b.names_said | b.names_of_title) for a, b in both)
            and all(self._names <= _words(statement.context) for statement in (one, other))
            and not all(a.names - b.names_around for a, b in both)
            and all(_place_fits(a, b) for a, b in both)
        )

    def _in_like_words(self, one: _Statement, other: _Statement) -> bool:
        shares = (coverage(a.said, self._weigh)(b.context) for a, b in ((one, other), (other, one)))
        least = _COVERED if one.kind.predicate in _TOLLS else _COVERED_MEASURED
        return all(share >= wanted for share, wanted in zip(sorted(shares), least, strict=True))


def _place_fits(one: _Statement, other: _Statement) -> bool:
    """Whether the places of one are the other's, or stand in its sentence or title where it counts for none."""
    if other.places:
        return not one.places or bool(one.places & other.places)
    if other.places_said:
        # "five have died: two in Velen, three in Kessab" is no count of what died in Velen
        return not one.places and not any(name in place for place in other.places_said for name in one.names_said)
    return all(place in f"{other.said} {other.article.title}" for place in one.places)


def _of_one_time(one: _Statement, other: _Statement) -> bool:
    if not (_year_fits(one, other) and _year_fits(other, one)):
        return False
    apart = _APART if one.kind.predicate in _TOLLS else _APART_MEASURED
    first, second = one.article.published, other.article.published
    if (
        one.kind.predicate not in _TOLLS
        and first
        and second
        and not _within(Period.of(first), Period.of(second), apart)
    ):
        return False
    if one.day and other.day:
        return _within(Period.of(one.day), Period.of(other.day), _DAYS_DIFFER)
    if one.day or other.day:
        day, published = (one.day, second) if one.day else (other.day, first)
        if day is None or published is None:
            return True
        told_later = day.first > published.last + _DAYS_DIFFER and not _COUNTED_UP.search(one.said + other.said)
        return not told_later and _within(Period.of(day), Period.of(published), apart)
    return first is None or second is None or _within(Period.of(first), Period.of(second), apart)


def _year_fits(one: _Statement, other: _Statement) -> bool:
    """Whether the years that a sentence names are those of the other, or of its publication."""
    published = other.article.published
    return not one.years or published is None or bool(one.years & (other.years or {str(published.year)}))


def _within(one: Period, other: Period, apart: dt.timedelta) -> bool:
    return one.first <= other.last + apart and other.first <= one.last + apart


def _context(passage: Passage) -> str:
    return f"{passage.article.title} {passage.text}"


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _places(text: str) -> frozenset[str]:
    """Names of places; a part of one ("southern Florida") is another."""
    named = (
        f"{match['part']}{place}" for match in _PLACE.finditer(text) for place in _POSSESSIVE.split(match["place"])
    )
    return frozenset((*(place for place in named if _names(place)), *_SOME_PLACE.findall(text)))


def _names(text: str) -> frozenset[str]:
    found = (re.sub(r"['’]s$", "", match.group()) for match in _NAME.finditer(text))
    return frozenset(name for name in found if name not in _NO_NAMES)


def _shown(figures: Sequence[_Statement]) -> Disagreement:
    kind = figures[0].kind
    ordered = sorted(figures, key=_in_time)
    return Disagreement(
        what=kind.predicate, counted=kind.counted, unit=kind.unit, rising=_rising(ordered),
        figures=tuple(_figure(statement) for statement in ordered),
    )  # fmt: skip


def _in_time(statement: _Statement) -> tuple[object, ...]:
    published = statement.article.published
    return (published is None, published.first if published else None, statement.article.id)


def _rising(ordered: Sequence[_Statement]) -> bool:
    pairs = list(pairwise(ordered))
    return all(
        one.article.published is not None
        and other.article.published is not None
        and one.article.published.last < other.article.published.first
        and one.quantity.low < other.quantity.low
        for one, other in pairs
    )


def _figure(statement: _Statement) -> Figure:
    span, quantity = statement.sentence, statement.quantity
    sentence = Passage(0, statement.article, span.start, span.end)
    citation = Citation.of(sentence, 1.0, [(span, 1.0)])
    high = None if quantity.high == float("inf") else quantity.high
    return Figure(citation, quantity.span.start, quantity.span.end, quantity.low, high)
