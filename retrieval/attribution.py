"""The quotations of an article, each with who is said to have said it; what is not clear is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from retrieval.people import Gender, People, Person
from retrieval.quotations import Quotation, quotations
from retrieval.quoted_units import Unit, is_fragment, is_whole, units
from retrieval.speech import Saying, masked, reported, said_after, said_at_the_end, said_before
from retrieval.subjects import Kind, names_somebody
from retrieval.types import Span

_ENDS_SAID = re.compile(r"[,?!…—–-]$")
_DASH = re.compile(r"\s*[—–-]{1,2}\s")
_LETTER = re.compile(r"[^\W\d_]")
# What a clause may begin with before its subject.
_LEAD = re.compile(
    r"[\s\x01,]*(?:(?:And|But|So|Then|Later|Also|Meanwhile|However|Still),?\s)?"
    r"(?:(?:In|On|At|During|After|Before|Earlier|Last|Late|Early|Speaking|Asked|Following|Since|For|By|With)\b"
    r"[^,\x01]*,\s)?"
)
_PRONOUN = re.compile(r"(he|she)\s", re.IGNORECASE)
# "FDA Commissioner Robert Califf", "the city's mayor Jane Doe", but not "A friend of Donald Trump" …
_NO_SUBJECT = re.compile(r"\b(?:of|for|from|with|by|and|about|against|that|to|in|on|at)\s|[’']s?\s|,")
_NOT_ITSELF = re.compile(r"[’']s?\b|\s(?:and|or)\s[A-Z]")  # … nor "Donald Trump's friend"
_OWNED = re.compile(r"[’']s?\s(?P<whose>(?:[a-z][\w-]*\s?){1,3}?)(?=[,.]|\s(?:who|said|told)\b)")
_BEFORE_NAME = 6  # words of titles
_SIGNED = 4  # words between a dash and the name behind it
# What is asked or thanked for in part is seldom quoted from who asks or thanks.
_NOT_OWN_WORDS = frozenset("asked asks thanked accused".split())
_LISTED = 3  # words between quotations of one verb
_BACK, _PARAGRAPHS_BACK = 5, 3  # units, and paragraphs of them, in which a pronoun's person is looked for


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a person is quoted with.

    Args:
        speaker: the person.
        named: where the article names them for it; ``None`` where the quotation goes on from before.
        verb: with which it says so; empty where a colon or a dash does, or the quotation goes on.
        span: the sentences around the quotations.
        quotations: what was said, without the marks, in order.
        partial: whether they are only parts of sentences, within one of the outlet's own.
    """

    speaker: Person
    named: Span | None
    verb: str
    span: Span
    quotations: tuple[Span, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """A quotation with its speaker, who may be unclear."""

    quotation: Quotation
    whole: bool
    saying: Saying | None
    speaker: Person | None


def attributed(text: str, asked: Sequence[str] = ()) -> tuple[list[Person], list[Attribution]]:
    """The people of an article, and its quotations whose speaker is clear, in order.

    A speaker of whom the article says nothing but one name is none of its people: it may be no person.

    Args:
        text: of the article.
        asked: words of a name that is known to be a person's, as :func:`retrieval.names.name_words` gives them.
    """
    reading = _Reading(text, asked)
    return reading.people.everyone, reading.attributions()


class _Reading:
    """Reads an article from its beginning to its end; who spoke before tells who "she" is."""

    def __init__(self, text: str, asked: Sequence[str]) -> None:
        self._text = text
        quoted = quotations(text)
        self._unclosed = {q.words for q in quoted if q.goes_on}
        self._told = masked(text, [q.marked for q in quoted])
        self.people = People(self._told, asked)
        self._units = list(units(text, self._told, quoted))
        self.people.learn_genders(unit.span for unit in self._units)
        self._speakers: dict[int, Person | None] = {}
        """Of the units read so far: of the last quotation, or of what is reported."""
        self._unnamed: set[int] = set()
        """Units in which somebody without a name speaks: "a nurse told reporters"."""

    def attributions(self) -> list[Attribution]:
        found: list[Attribution] = []
        for number, unit in enumerate(self._units):
            for one in self._of_unit(number, unit):
                if found and self._goes_on(found[-1], one):
                    last = found[-1]
                    span = Span(last.span.start, one.span.end)
                    both = (*last.quotations, *one.quotations)
                    found[-1] = replace(last, span=span, quotations=both, partial=last.partial and one.partial)
                else:
                    found.append(one)
        return found

    def _goes_on(self, last: Attribution, one: Attribution) -> bool:
        """Whether both are one: nothing stands between them, and the second adds nothing about who speaks."""
        adjoins = last.span == one.span or not self._text[last.span.end : one.span.start].strip()
        adds = one.verb and last.span != one.span and last.quotations[-1] not in self._unclosed
        return last.speaker is one.speaker and adjoins and not adds

    def _of_unit(self, number: int, unit: Unit) -> list[Attribution]:
        """What is quoted in a unit, one for each speaker."""
        parts = list(self._parts(number, unit))
        speakers = list(dict.fromkeys(part.speaker for part in parts if part.speaker))
        if unit.quoted:
            self._speakers[number] = speakers[-1] if speakers else None
        return [
            _attribution(unit, speaker, [part for part in parts if part.speaker is speaker]) for speaker in speakers
        ]

    def _parts(self, number: int, unit: Unit) -> Iterable[_Part]:
        used: set[Span] = set()
        last: _Part | None = None
        for quotation in unit.quoted:
            whole = is_whole(self._text, self._told, unit, quotation)
            if not whole and not is_fragment(self._text, quotation):
                continue
            saying = self._saying(unit, quotation, whole, used, last)
            if saying is None:
                last = _Part(quotation, whole, None, self._continued(number, unit, quotation, last))
            elif whole or saying.verb not in _NOT_OWN_WORDS:
                used.add(saying.at)
                last = _Part(quotation, whole, saying, self._speaker(number, unit, saying))
                if last.speaker is None and _is_unnamed(self._told, saying):
                    self._unnamed.add(number)
            else:
                continue
            yield last

    def _saying(
        self, unit: Unit, quotation: Quotation, whole: bool, used: Iterable[Span], last: _Part | None
    ) -> Saying | None:
        """What tells who says a quotation: the words right behind it, those before, or the end of the sentence."""
        told, marked = self._told, quotation.marked
        # What ends in a period may be followed by who says it, where the comma was forgotten.
        open_ended = _ENDS_SAID.search(quotation.words.of(self._text)) or told[marked.end : marked.end + 1] == ","
        if whole or open_ended:
            saying = said_after(told, marked, unit.span)
            if saying:
                return saying
        saying = said_before(told, marked, unit.span)
        if saying and saying.at in used and not self._tells_of(saying, unit, quotation, whole, last):
            return replace(saying, kind=Kind.OTHER)
        return saying if saying or whole else said_at_the_end(told, marked, unit.span)

    def _tells_of(self, saying: Saying, unit: Unit, quotation: Quotation, whole: bool, last: _Part | None) -> bool:
        """Whether words that tell who says one quotation tell it of another behind them too."""
        between = self._told[saying.at.end : quotation.marked.start].rstrip()
        joined = between.endswith((",", ":", "—", "–", "-")) or quotation.marked.end >= unit.span.end
        if whole and joined:
            return True
        if last is None or last.quotation.marked.start < saying.at.end:
            return False
        return len(self._told[last.quotation.marked.end : quotation.marked.start].split()) <= _LISTED

    def _continued(self, number: int, unit: Unit, quotation: Quotation, last: _Part | None) -> Person | None:
        """Whose a quotation is that stands by itself: who signs it, or who spoke right before."""
        if _LETTER.search(self._told, unit.span.start, unit.span.end):
            return None
        if last is not None and last.speaker is not None:
            return last.speaker
        signed = self._signed(number)
        if signed or not number:
            return signed
        before = self._units[number - 1]
        if quotation.continued and before.quoted and before.quoted[-1].goes_on:
            return self._speakers[number - 1]
        return self._teller(number - 1) if before.paragraph >= unit.paragraph - 1 else None

    def _signed(self, number: int) -> Person | None:
        """Whose name stands below a unit, behind a dash."""
        below = self._units[number + 1].span if number + 1 < len(self._units) else Span(0, 0)
        dash = _DASH.match(self._told, below.start, below.end)
        name = self.people.first_name(Span(dash.end(), below.end)) if dash else None
        if dash is None or name is None or len(self._told[dash.end() : name.start].split()) > _SIGNED:
            return None
        return self.people.known(name)

    def _teller(self, number: int) -> Person | None:
        """Whose words a unit quotes last or, where it quotes none, reports."""
        if number not in self._speakers:
            unit = self._units[number]
            saying = reported(self._told, unit.span)
            self._speakers[number] = self._speaker(number, unit, saying) if saying else None
            if saying and _is_unnamed(self._told, saying):
                self._unnamed.add(number)
        return self._speakers[number]

    def _speaker(self, number: int, unit: Unit, saying: Saying) -> Person | None:
        match saying.kind:
            case Kind.NAME:
                return self.people.named(saying.subject)
            case Kind.HE | Kind.SHE:
                return self._meant(number, unit, saying.subject.start, Gender(saying.kind.value))
            case Kind.DESCRIPTION:
                return self.people.described(saying.subject.of(self._told).lower(), saying.subject.start)
            case Kind.SUBJECT:
                subject = self._subject(number, unit, saying.subject)
                # "Gas prices: …" announces nobody's words.
                return subject if saying.verb or subject in self.people.everyone else None
        return None

    def _subject(self, number: int, unit: Unit, within: Span) -> Person | None:
        """Whom a clause is about: what it begins with, if that is a person."""
        lead = _LEAD.match(self._told, within.start, within.end)
        start = lead.end() if lead else within.start
        pronoun = _PRONOUN.match(self._told, start, within.end)
        if pronoun:
            return self._meant(number, unit, start, Gender(pronoun[1].lower()))
        first = self.people.first_name(Span(start, within.end))
        if first is None or _NOT_ITSELF.match(self._told, first.end, within.end):
            return None
        before = self._told[start : first.start]
        far = len(before.split()) > _BEFORE_NAME or _NO_SUBJECT.search(before)
        return None if far else self.people.named(first)

    def _meant(self, number: int, unit: Unit, at: int, gender: Gender) -> Person | None:
        """Whom "he" or "she" means: the last one named whom it fits, where only one does."""
        before = Span(unit.span.start, at)
        if self.people.within(before):
            fitting = self._fitting(before, gender)
            return fitting[0] if len(fitting) == 1 else None
        for back in range(number - 1, max(number - 1 - _BACK, -1), -1):
            earlier = self._units[back]
            teller = self._teller(back)
            if earlier.paragraph < unit.paragraph - _PARAGRAPHS_BACK or back in self._unnamed:
                return None
            if self._is_of_anothers(earlier.span):
                return None
            fitting = self._fitting(earlier.span, gender)
            if teller and (teller in fitting or (earlier.quoted and teller.gender in {gender, Gender.UNKNOWN})):
                return teller
            if fitting:
                return fitting[0] if len(fitting) == 1 else None
        return None

    def _is_of_anothers(self, span: Span) -> bool:
        """Whether a part of the article tells of somebody by whose they are: "Dorn's rival, …, disagreed"."""
        ends = (mention.span.end for mention in self.people.within(span))
        behind = (_OWNED.match(self._told, end, span.end) for end in ends)
        return any(match and names_somebody(match["whose"]) for match in behind)

    def _fitting(self, span: Span, gender: Gender) -> list[Person]:
        named = (mention.person for mention in self.people.within(span))
        return list(dict.fromkeys(person for person in named if person.gender in {gender, Gender.UNKNOWN}))


def _attribution(unit: Unit, speaker: Person, parts: Sequence[_Part]) -> Attribution:
    first = parts[0].saying
    return Attribution(
        speaker=speaker,
        named=first.subject if first and first.kind is not Kind.SUBJECT else None,
        verb=next((part.saying.verb for part in parts if part.saying), ""),
        span=unit.span,
        quotations=tuple(part.quotation.words for part in parts),
        partial=not any(part.whole for part in parts),
    )


def _is_unnamed(told: str, saying: Saying) -> bool:
    return saying.kind in {Kind.OTHER, Kind.DESCRIPTION} and names_somebody(saying.subject.of(told))
