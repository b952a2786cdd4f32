"""Quantities in news: how many of what, killed or cost or counted, read out of a sentence by a small grammar.

A quantity is a number (:mod:`retrieval.numbers`) with what it counts and what is said of it: (14, people, killed). Two
can be compared where all but the number is the same; so what cannot be told for certain makes no quantity: what may
happen, what is denied, a part of a whole ("including two children"), a change ("rose by 14"), a combined count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from retrieval.casualties import PARTS, TIME, casualties, stem
from retrieval.numbers import Number, numbers
from retrieval.types import Span


@dataclass(frozen=True, slots=True)
class Kind:
    """What a quantity says, but for the number; two of one kind may be compared.

    Args:
        predicate: what is said of what is counted: ``killed``, ``injured``, …; empty for other counts and measures.
        counted: what is counted or measured, as a stem: ``people``, ``children``, ``deal``.
        unit: ``$``, ``%``, ``mph``, …; empty for a count.
        scope: the stretch of time or the share that it is narrowed to, as "each year"; most have none.
    """

    predicate: str
    counted: str
    unit: str
    scope: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what it says.

    Args:
        span: the number with the words that bound it, in the article's text.
        clause: the part of its sentence that it stands in, in the article's text.
        low: the least value that the wording allows.
        high: the largest.
        kind: what is counted.
    """

    span: Span
    clause: Span
    low: float
    high: float
    kind: Kind


# What takes a quantity out of what can be compared.
_NOT_SO = re.compile(
    r"\b(?:could|would|might|may|if|unless|expect\w*|likely|potential\w*|feared|threat\w*|risks?|plan\w*|project\w*|"
    r"forecast\w*|predict\w*|aim\w*|goals?|targets?|hop(?:e|es|ed|ing)|propos\w+|shall|will|can|not|no|never|without|nor|"
    r"fewer|instead|previous(?:ly)?|earlier|initial(?:ly)?|originally|once|rumou?r\w*|false(?:ly)?|hypothetical\w*|"
    r"first\s(?:said|reported|put)|at\sfirst|deni\w+|wrong(?:ly)?|until|before|ago|compared|than|versus|enough)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:including|among\s(?:them|those|the\s\w+)|of\s(?:them|whom|those|which)|from|"
    r"(?:rose|risen|rising|fell|fallen|grew|grown|up|down|increas\w+|decreas\w+|declin\w+|dropp?\w+|jump\w+)\sby|out\sof|another|other|additional|"
    r"an\sextra|fellow|first|last|next|further|every|each),?\s(?:\w+\s)?$",
    re.IGNORECASE,
)
_SCOPES = re.compile(
    r"\b(?:(?:each|every|per|an?)\s(?:hour|day|night|week|month|quarter|year|capita|household|person)|daily|weekly|monthly|"
    r"quarterly|annual(?:ly)?|yearly|on\saverage|average|(?:this|last|past|previous|next|coming)\s(?:\w+\s)?(?:hours?|days?|"
    r"weeks?|weekend|months?|quarter|years?|decades?)|(?:first|second|third|fourth)\s(?:quarter|half|wave|week|day|month)|"
    r"(?:\d+|one|two|three|several|few|single)[\s-](?:hour|day|week|month|year|decade)s?|nationwide|worldwide|globally|overall|"
    r"total|combined|alone|decades?|century|single|since)\b",
    re.IGNORECASE,
)
_RELATIVE = re.compile(r"(?:where|which|who|whose|when)\b")
_CLAUSE = re.compile(r"[,;:—–()“”\"]\s?(?!\d{3}\b)|\s(?:while|whereas|although|but)\s")


def quantities(text: str, sentence: Span) -> Iterator[Quantity]:
    """The quantities of a sentence that can be told for certain, in order.

    Args:
        text: the article's.
        sentence: in it.
    """
    said = sentence.of(text)
    before: tuple[Number, str] | None = None
    for number in numbers(said):
        clause = _clause(said, number.span)
        kind = _kind(said, number, clause, before)
        before = (number, kind.predicate) if kind and kind.predicate else None
        if kind and _certain(said, number, clause):
            yield Quantity(
                number.span.shifted(sentence.start), clause.shifted(sentence.start), number.low, number.high, kind
            )


def may_tell(text: str, kinds: Iterable[Kind]) -> bool:
    """Whether a text may hold a quantity of one of these kinds: quick, and never wrong where it says no."""
    lower = text.lower()
    return any(part in lower for kind in kinds for part in _parts(kind))


def _parts(kind: Kind) -> tuple[str, ...]:
    """Parts of words, of which a sentence holds one if it tells a quantity of this kind."""
    if kind.predicate:
        return PARTS[kind.predicate]
    if kind.unit == "%":
        return ("%", "cent")
    return (kind.unit.lower().removesuffix("s") if kind.unit else kind.counted.split()[-1],)


def _certain(said: str, number: Number, clause: Span) -> bool:
    near = said[clause.start : number.span.start]
    return not _NOT_SO.search(near) and not _PART.search(number.ahead(said))


def _clause(said: str, span: Span) -> Span:
    """The stretch between two marks that part clauses, around a number."""
    starts = [0, *(match.end() for match in _CLAUSE.finditer(said, 0, span.start))]
    # "in Lee County, where at least 42 died"
    start = starts[-2] if len(starts) > 1 and _RELATIVE.match(said, starts[-1]) else starts[-1]
    after = _CLAUSE.search(said, span.end)
    return Span(start, after.start() if after else len(said))


def _kind(said: str, number: Number, clause: Span, before: tuple[Number, str] | None) -> Kind | None:
    scope = frozenset(match.group().lower() for match in _SCOPES.finditer(clause.of(said)))
    if number.unit:
        return _measured(said, number, scope)
    found = casualties(said, number, before)
    return Kind(*found, "", scope) if found else _counted(said, number, scope)


# Measures and other counts

_MEASURE = re.compile(
    r"[\s-](?P<unit>mph|miles\sper\shour|km/h|kph|kmh|kilomet(?:er|re)s\s(?:per|an)\shour|miles?|kilomet(?:er|re)s?|km|feet|"
    r"foot|met(?:er|re)s?|inch(?:es)?|acres?|hectares?|square\s(?:miles|feet|kilomet(?:er|re)s|met(?:er|re)s)|tons?|tonnes?|"
    r"metric\stons?|barrels?|gallons?|lit(?:er|re)s?|degrees|pounds|kilograms?|megawatts?|gigawatts?|magnitude|dollars|euros|"
    r"rupees|yuan|yen|rubles|percent|points?)\b",
    re.IGNORECASE,
)
_MAGNITUDE = re.compile(r"\bmagnitude[\s-](?:of\s)?$", re.IGNORECASE)
_OF_NOUN = re.compile(
    r"\sof\s(?:(?:the|all|its|their|our|his|her|eligible|registered|us|u\.s\.|american)\s)*(?P<noun>[\w’'-]+)",
    re.IGNORECASE,
)
_NOUN_AFTER = re.compile(
    r"(?:[\s-]a[\s-]year)?[\s-](?P<noun>(?!(?:of|in|at|to|from|by|for)\b)[a-z][a-z’'-]+(?:\s(?!(?:in|on|at|by|of|for|to|and|or|from|that|which|was|"
    r"were|is|are|has|have|had|with|as|after)\b)[a-z][a-z’'-]+){0,2})",
)
_HEAD_OF = re.compile(r"\b(?P<noun>\w+)\sof\s$")
_HEADED = re.compile(
    r"\b(?P<noun>\w+)\s(?:rate\s)?(?:of|at|to|is|was|were|are|totaled|totalled|reached|hit|stands\sat|stood\sat|worth|"
    r"exceeded|topped)\s(?:(?:a|an|the|record|total|of|some|only|just|now)\s)*$",
    re.IGNORECASE,
)
_VERBS: Mapping[str, str] = {
    "paid": "paid|pays?|paying",
    "raised": "raised|raises?|raising",
    "cost": "costs?|costing",
    "spent": "spent|spends?|spending",
    "donated": "donated|donates?",
    "pledged": "pledged|pledges?",
    "fined": r"fined(?:\s[A-Z][\w’'-]*){0,3}",
    "lost": "lost|loses?",
    "earned": "earned|earns?",
    "awarded": "awarded",
    "owed": "owed|owes?",
    "stolen": "stole|stolen",
    "seized": "seized",
    "invested": "invested|invests?",
    "worth": r"worth|valued\sat",
    "covered": "covers?|covering|covered",
    "burned": "burned|burning|burnt|scorched",
    "rose": "rose|grew|jumped|climbed|increased|surged|gained",
    "fell": "fell|dropped|decreased|declined|shrank",
}
_VERB = re.compile(
    rf"\b(?:{'|'.join(f'(?P<{name}>{forms})' for name, forms in _VERBS.items())})"
    r"(?:\s(?:by|about|at|up|down|for|in|to|a|an|the|record|total|of|out|more|some)){0,3}\s$",
    re.IGNORECASE,
)
_FUNCTION = frozenset(
    "in on at by of for to and or from that which was were is are has have had with as after before when while during "
    "since who said says will would could may the a an it he she they we i this these those its their his her be been "
    "into over under about than more less per each every not but so if there up down out off only just also".split()
)
_BLAND = TIME | frozenset(
    "people person thing way of other percent one two three part half case point step kind type year-old half place "
    "side reason item example question lot number more less woman man child".split()
)
_LONGEST_NOUN = 4  # words
_NEXT = re.compile(r"\s(?P<word>[\w’'-]+)")
_PLURAL = re.compile(r"\w[\w-]*[^s\W]s")
_IRREGULAR = frozenset("people men women children troops police members staff crew personnel".split())


def _measured(said: str, number: Number, scope: frozenset[str]) -> Kind | None:
    about = _about(said, number, number.span.end)
    return Kind("", about, number.unit, scope) if about else None


def _about(said: str, number: Number, end: int) -> str:
    """What a measure is of, by the words that hold it: "$44 billion deal", "inflation of 8 %", "paid $3 million"."""
    ahead, rest = number.ahead(said), said[end:]
    held = _HEAD_OF.search(ahead)
    if held and (noun := stem(held["noun"].lower())) not in _FUNCTION | _BLAND:
        return noun
    after = _NOUN_AFTER.match(rest)
    if after and (noun := after["noun"].split()[-1]) not in _FUNCTION | _BLAND:
        return stem(noun)
    verb = _VERB.search(ahead)
    if verb:
        return next(name for name, form in verb.groupdict().items() if form)
    of = _OF_NOUN.match(rest)
    if of:
        return f"of {stem(of['noun'].lower())}"
    headed = _HEADED.search(ahead)
    if headed and (noun := headed["noun"].lower()) not in _FUNCTION:
        return stem(noun)
    return ""


def _counted(said: str, number: Number, scope: frozenset[str]) -> Kind | None:
    rest = number.rest(said)
    if _MAGNITUDE.search(number.ahead(said)):
        return Kind("", "magnitude", "", scope)
    measure = _MEASURE.match(rest)
    if measure:
        unit = " ".join(measure["unit"].lower().split())
        if unit == "magnitude":
            return Kind("", unit, "", scope)
        about = _about(said, number, number.span.end + measure.end())
        return Kind("", about, stem(unit), scope) if about else None
    noun = _plural(rest)
    return Kind("", noun, "", scope) if noun else None


def _plural(rest: str) -> str:
    """The plural that a number counts, in the three words after it."""
    words: list[str] = []
    for match in _NEXT.finditer(rest):
        if match.start() != sum(len(word) + 1 for word in words) or match["word"].lower() in _FUNCTION:
            break
        words.append(match["word"])
        if words[-1].lower() in _IRREGULAR or _PLURAL.fullmatch(words[-1]):
            noun = stem(words[-1].lower())
            return "" if noun in _BLAND else " ".join([*(word.lower() for word in words[:-1]), noun])
        if len(words) == _LONGEST_NOUN:
            break
    return ""
