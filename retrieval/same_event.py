"""Whether two statements of a quantity seem to be about one event: by names, places, days and words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from retrieval.dates import PartialDate
from retrieval.event_dates import date_of
from retrieval.periods import Period
from retrieval.quantities import Kind, Quantity
from retrieval.reader import Weigh
from retrieval.signals import coverage
from retrieval.types import Article, Passage, Span

# Between two articles on one event that do not name its day: tolls are told for weeks, prices are soon others.
_APART, _APART_MEASURED = dt.timedelta(days=60), dt.timedelta(days=1)
_DAYS_DIFFER = dt.timedelta(days=1)
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
class Statement:
    """A quantity as a passage states it; ``alone`` where its sentence tells no other of that kind."""

    passage: Passage
    sentence: Span
    quantity: Quantity
    alone: bool

    @property
    def article(self) -> Article:
        """That it stands in."""
        return self.passage.article

    @property
    def kind(self) -> Kind:
        """What it counts."""
        return self.quantity.kind

    @property
    def said(self) -> str:
        """Its sentence, verbatim."""
        return self.sentence.of(self.article.text)

    @property
    def context(self) -> str:
        """Its passage behind its article's title."""
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

    def allows(self, other: Statement) -> bool:
        """Whether a value is within the wording of both."""
        return self.quantity.low <= other.quantity.high and other.quantity.low <= self.quantity.high


class Events:
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

    def same(self, one: Statement, other: Statement) -> bool:
        """Whether nothing speaks against it: names, days, words."""
        return _of_one_time(one, other) and self._of_one_place(one, other) and self._in_like_words(one, other)

    def _of_one_place(self, one: Statement, other: Statement) -> bool:
        both = ((one, other), (other, one))
        return (
            all(a.names_said & (b.names_said | b.names_of_title) for a, b in both)
            and all(self._names <= _words(statement.context) for statement in (one, other))
            and not all(a.names - b.names_around for a, b in both)
            and all(_place_fits(a, b) for a, b in both)
        )

    def _in_like_words(self, one: Statement, other: Statement) -> bool:
        shares = (coverage(a.said, self._weigh)(b.context) for a, b in ((one, other), (other, one)))
        least = _COVERED if one.kind.predicate in _TOLLS else _COVERED_MEASURED
        return all(share >= wanted for share, wanted in zip(sorted(shares), least, strict=True))


def _place_fits(one: Statement, other: Statement) -> bool:
    """Whether the places of one are the other's, or stand in its sentence or title where it counts for none."""
    if other.places:
        return not one.places or bool(one.places & other.places)
    if other.places_said:
        # "five have died: two in Velen, three in Kessab" is no count of what died in Velen
        return not one.places and not any(name in place for place in other.places_said for name in one.names_said)
    return all(place in f"{other.said} {other.article.title}" for place in one.places)


def _of_one_time(one: Statement, other: Statement) -> bool:
    toll = one.kind.predicate in _TOLLS
    return (
        _year_fits(one, other)
        and _year_fits(other, one)
        and (toll or _published_within(one, other, _APART_MEASURED))
        and _day_fits(one, other)
    )


def _day_fits(one: Statement, other: Statement) -> bool:
    """Whether the days that they name agree; where one names none, its publication must follow soon on the other's."""
    if one.day and other.day:
        return _within(Period.of(one.day), Period.of(other.day), _DAYS_DIFFER)
    if not one.day and not other.day:
        return _published_within(one, other, _APART)
    day, published = (one.day, other.article.published) if one.day else (other.day, one.article.published)
    if day is None or published is None:
        return True
    told_later = day.first > published.last + _DAYS_DIFFER and not _COUNTED_UP.search(f"{one.said} {other.said}")
    return not told_later and _within(Period.of(day), Period.of(published), _APART)


def _published_within(one: Statement, other: Statement, apart: dt.timedelta) -> bool:
    first, second = one.article.published, other.article.published
    return first is None or second is None or _within(Period.of(first), Period.of(second), apart)


def _year_fits(one: Statement, other: Statement) -> bool:
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
