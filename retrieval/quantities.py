"""Quantities in news: how many of what, killed or cost or counted, read out of a sentence by a small grammar.

A quantity is a number (:mod:`retrieval.numbers`) with what it counts and what is said of that: (14, people, killed). Two
can be compared where all but the number is the same; so what cannot be told for certain makes no quantity: what may
happen, what is denied, a part of a whole ("including two children"), a change ("rose by 14"), a combined count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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


# Casualties

_PREDICATES: Mapping[str, str] = {
    "killed": (
        r"killed|killing|kills?|dead|died|dies|dying|slain|perished|deaths?|fatalities|(?:lost|losing)\stheir\slives|"
        r"fatally\sshot|shot\sdead|massacred"
    ),
    "injured": r"injured|injuring|injures|injur(?:y|ies)|wounded|wounding|wounds|hurt",
    "missing": r"missing|unaccounted\sfor",
    "displaced": r"displaced|displacing|displaces|homeless",
    "arrested": r"arrested|arresting|arrests?|detained|detaining|taken\sinto\scustody",
    "evacuated": r"evacuated|evacuating|evacuations?",
    "rescued": r"rescued|rescuing|rescues?",
    "hospitalized": r"hospitali[sz]ed|hospitali[sz]ations?|(?:taken|sent|brought|rushed)\sto\s(?:the\s|a\s)?hospitals?",
    "infected": r"infected|infections?|tested\spositive",
    "stranded": r"stranded|stranding|trapped",
    "dismissed": r"dismissed|laid\soff|layoffs",
}
_HINTS: Mapping[str, tuple[str, ...]] = {
    "killed": ("kill", "dead", "die", "dying", "slain", "perish", "death", "toll", "fatal", "lives", "massacre"),
    "injured": ("injur", "wound", "hurt"),
    "missing": ("missing", "unaccounted"),
    "displaced": ("displac", "homeless"),
    "arrested": ("arrest", "detain", "custody"),
    "evacuated": ("evacuat",),
    "rescued": ("rescu",),
    "hospitalized": ("hospital",),
    "infected": ("infect", "positive"),
    "stranded": ("strand", "trap"),
    "dismissed": ("dismiss", "off"),
}
_ANY = "|".join(f"(?P<{name}>{forms})" for name, forms in _PREDICATES.items())
_WORD = r"[\w’'-]+(?:\.[\w’'-]+)*"
_NO_PART = (
    r"(?!(?:in|on|at|by|of|and|or|the|while|after|before|when|from|to|with|as|for|since|during|including|if|"
    r"was|were|is|are|have|has|had|been|be|who|that|which)\b)"
)
_NOUNS = rf"(?P<np>(?:\s{_NO_PART}{_WORD}){{0,4}}?)"
_AUXILIARY = (
    r"(?:\s(?:who|that|were|was|are|have|has|had|been|be|also|reportedly|confirmed|officially|reported|left|being|lay|"
    r"lie|all|later|now|then|still|to\shave))*"
)
_AFTER = re.compile(rf"{_NOUNS}{_AUXILIARY}\s(?:{_ANY})\b", re.IGNORECASE)
_TRANSITIVE = re.compile(
    r"\b(?:(?P<killed>kill(?:ed|ing|s)?|massacred)|(?P<injured>injur(?:ed|ing|es)|wound(?:ed|ing|s))|"
    r"(?P<displaced>displac(?:ed|ing|es))|(?P<arrested>arrest(?:ed|ing|s)|detain(?:ed|ing|s))|"
    r"(?P<evacuated>evacuat(?:ed|ing|es))|(?P<rescued>rescu(?:ed|ing|es))|(?P<hospitalized>hospitali[sz](?:ed|ing))|"
    r"(?P<infected>infect(?:ed|ing|s))|(?P<stranded>strand(?:ed|ing|s)|trapp(?:ed|ing))|"
    r"(?P<dismissed>dismiss(?:ed|ing|es)|la(?:id|ying|ys?)\soff))\s(?:a\stotal\sof\s)?$",
    re.IGNORECASE,
)
_TOLL = re.compile(
    r"\b(?:death\stoll|number\sof\s(?:deaths|dead|people\skilled|fatalities)|toll)\b(?:\s[\w’'-]+){0,7}?\s(?:to|at|of|is|"
    r"was|reached|hit|passed|surpassed|exceeded|tops|topped)\s$|\blives\sof\s$",
    re.IGNORECASE,
)
_CLAIMED = re.compile(r"\b(?:claim(?:ed|ing|s)|tak(?:en|ing|es)|took)\s$", re.IGNORECASE)
_LIVES = re.compile(r"\slives\b", re.IGNORECASE)
_ENDS = (
    r"\s?(?:[,.;:)—–”\"]|$)|\s(?:and|in|on|at|by|from|during|after|when|near|before|as|over|across|with|since|while|who|"
    r"outside|inside|dead|aboard|along)\b"
)
_COUNTED = re.compile(rf"(?P<np>(?:\s{_NO_PART}{_WORD}){{0,4}}?)(?={_ENDS})", re.IGNORECASE)
_CONJOINED = re.compile(r"^(?:\s[\w’'-]+){1,3}(?:,?\sand|,)\s$")
# "killed or wounded": neither can be told by itself.
_COMBINED = r"(?:\s\w+ly)?\s(?:injured|wounded|missing|killed|dead|hurt|displaced)\b"
_COMBINED_AFTER = re.compile(rf"\s(?:or|and){_COMBINED}", re.IGNORECASE)
_COMBINED_BEFORE = re.compile(r"\b\w+(?:ed|ing|d)\s(?:or|and)\s\w+(?:ed|ing)\s$", re.IGNORECASE)
_WITH_ATTACKER = re.compile(
    r"\b(?:including|plus|and|as\swell\sas|besides|along\swith|not\scounting|excluding)\s(?:the\s)?(?:\w+\s)?(?:gunm[ae]n|"
    r"shooters?|suspects?|attackers?|assailants?|bombers?|pilots?|drivers?|perpetrators?)\b|\b(?:himself|herself)\b",
    re.IGNORECASE,
)
_PEOPLE = frozenset("people persons person victims individuals lives".split())
_PARTIAL = frozenset("other others more additional another those".split())
_OTHERS = frozenset((" others", " other people", " more", " more people"))
_NEUTRAL = frozenset("innocent local total different separate of".split())

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
    r"an\sextra|fellow|first|last|next|further|every|each)\s(?:\w+\s)?$",
    re.IGNORECASE,
)
_SCOPES = re.compile(
    r"\b(?:(?:each|every|per|an?)\s(?:hour|day|night|week|month|quarter|year|capita|household|person)|daily|weekly|monthly|"
    r"quarterly|annual(?:ly)?|yearly|on\saverage|average|(?:this|last|past|previous|next|coming)\s(?:\w+\s)?(?:hours?|days?|"
    r"weeks?|weekend|months?|quarter|years?|decades?)|(?:first|second|third|fourth)\s(?:quarter|half|wave|week|day|month)|"
    r"(?:\d+|two|three|several|few)[\s-](?:hour|day|week|month|year|decade)s?|nationwide|worldwide|globally|overall|"
    r"total|combined|alone|decades?|century|single|since)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:—–()“”\"]\s?(?!\d{3}\b)|\s(?:while|whereas|although|but)\s")


def quantities(text: str, sentence: Span) -> Iterator[Quantity]:
    """The quantities of a sentence that can be told for certain, in order.

    Args:
        text: the article's.
        sentence: in it.
    """
    said = sentence.of(text)
    before: tuple[Number, Kind] | None = None
    for number in numbers(said):
        clause = _clause(said, number.span)
        kind = _kind(said, number, clause, before)
        before = (number, kind) if kind and kind.predicate else None
        if kind and _certain(said, number, clause):
            yield Quantity(number.span.shifted(sentence.start), clause.shifted(sentence.start), number.low, number.high, kind)


def hints(kind: Kind) -> tuple[str, ...]:
    """Parts of words, in lower case: a sentence without any of them tells no quantity of this kind."""
    return _HINTS[kind.predicate] if kind.predicate else (kind.counted.split()[-1].rstrip("…"),)


def asked(question: str) -> frozenset[str]:
    """The predicates that a question asks the number of: "How many people were killed?"."""
    if not _HOW_MANY.search(question):
        return frozenset()
    return frozenset(
        name for match in _ANY_PREDICATE.finditer(question) for name, value in match.groupdict().items() if value
    )


_HOW_MANY = re.compile(r"\bhow (?:many|much)\b|\b(?:number|toll|amount) of\b|\btoll\b", re.IGNORECASE)
_ANY_PREDICATE = re.compile(rf"\b(?:{_ANY})\b", re.IGNORECASE)


def _certain(said: str, number: Number, clause: Span) -> bool:
    near = said[clause.start : number.span.start]
    return not _NOT_SO.search(near) and not _PART.search(_ahead(said, number))


def _ahead(said: str, number: Number) -> str:
    """What stands before a number, as far as it can matter."""
    return said[max(0, number.span.start - _LOOK_BACK) : number.span.start]


def _rest(said: str, number: Number) -> str:
    """What follows a number; "dozens of people" are as "twelve people"."""
    rest = said[number.span.end :]
    return rest.removeprefix(" of") if number.vague else rest


def _clause(said: str, span: Span) -> Span:
    """The stretch between two marks that part clauses, around a number."""
    start = max((match.end() for match in _CLAUSE.finditer(said, 0, span.start)), default=0)
    after = _CLAUSE.search(said, span.end)
    return Span(start, after.start() if after else len(said))


def _kind(said: str, number: Number, clause: Span, before: tuple[Number, Kind] | None) -> Kind | None:
    scope = frozenset(match.group().lower() for match in _SCOPES.finditer(clause.of(said)))
    if number.unit:
        return _measured(said, number, scope)
    return _casualties(said, number, scope, before) or _counted(said, number, scope)


def _casualties(said: str, number: Number, scope: frozenset[str], before: tuple[Number, Kind] | None) -> Kind | None:
    found = _predicate(said, number, before)
    if found is None or (found[0] == "killed" and _WITH_ATTACKER.search(said)):
        return None
    predicate, nouns = found
    group = _group(nouns, predicate)
    return Kind(predicate, group, "", scope) if group else None


def _predicate(said: str, number: Number, before: tuple[Number, Kind] | None) -> tuple[str, str] | None:
    """What has become of those who are counted, and the words that name them."""
    rest, ahead = _rest(said, number), _ahead(said, number)
    after = _AFTER.match(rest)
    if after:
        return None if _COMBINED_AFTER.match(rest, after.end()) else (_named(after), after["np"])
    if _CLAIMED.search(ahead) and _LIVES.match(rest):
        return "killed", ""
    counted = _COUNTED.match(rest)
    if counted is None:
        return None
    if _TOLL.search(ahead):
        return "killed", counted["np"]
    verb = _TRANSITIVE.search(ahead)
    if verb:
        return None if _COMBINED_BEFORE.search(ahead) else (_named(verb), counted["np"])
    if before and counted["np"] and _CONJOINED.match(said[before[0].span.end : number.span.start]):
        return before[1].predicate, counted["np"]
    return None


def _named(match: re.Match[str]) -> str:
    return next(name for name, value in match.groupdict().items() if value and name in _PREDICATES)


def _group(nouns: str, predicate: str) -> str:
    """Who is counted, ``people`` for what says no more; empty for time, and for those beside others that were counted."""
    if predicate != "killed" and nouns.lower() in _OTHERS:
        return "people"  # "killed 10 people and injured 3 others": all of the injured
    if predicate == "dismissed":
        return "people"
    words = [word for word in nouns.split() if word.lower() not in _NEUTRAL]
    if not words:
        return "people"
    last = _stem(words[-1].lower())
    if last in _TIME or _PARTIAL.intersection(word.lower() for word in words):
        return ""
    modifiers = [word.strip("’'.-").lower() for word in words[:-1]]
    return " ".join([*modifiers, "people" if words[-1].lower() in _PEOPLE else last])


def _stem(word: str) -> str:
    word = word.strip("’'.-")
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


# Measures and other counts

_MEASURE = re.compile(
    r"[\s-](?P<unit>mph|miles\sper\shour|km/h|kph|kmh|kilomet(?:er|re)s\s(?:per|an)\shour|miles?|kilomet(?:er|re)s?|km|feet|"
    r"foot|met(?:er|re)s?|inch(?:es)?|acres?|hectares?|square\s(?:miles|feet|kilomet(?:er|re)s|met(?:er|re)s)|tons?|tonnes?|"
    r"metric\stons?|barrels?|gallons?|lit(?:er|re)s?|degrees|pounds|kilograms?|megawatts?|gigawatts?|magnitude|dollars|euros|"
    r"rupees|yuan|yen|rubles|percent|points?)\b",
    re.IGNORECASE,
)
_MAGNITUDE = re.compile(r"\bmagnitude[\s-](?:of\s)?$", re.IGNORECASE)
_OF_NOUN = re.compile(r"\sof\s(?:(?:the|all|its|their|our|his|her|eligible|registered|us|u\.s\.|american)\s)*(?P<noun>[\w’'-]+)", re.IGNORECASE)
_NOUN_AFTER = re.compile(r"(?:[\s-]a[\s-]year)?[\s-](?P<noun>(?!(?:of|in|at|to|from|by|for)\b)[a-z][a-z’'-]+(?:\s(?!(?:in|on|at|by|of|for|to|and|or|from|that|which|was|"
                         r"were|is|are|has|have|had|with|as|after)\b)[a-z][a-z’'-]+){0,2})", )
_HEADED = re.compile(
    r"\b(?P<noun>\w+)\s(?:rate\s)?(?:of|at|to|is|was|were|are|totaled|totalled|reached|hit|stands\sat|stood\sat|worth|"
    r"exceeded|topped)\s(?:(?:a|an|the|record|total|of|some|only|just|now)\s)*$",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?P<verb>paid|pays?|paying|raised|raises?|raising|costs?|costing|spent|spends?|spending|donated|donates?|pledged|"
    r"pledges?|fined(?:\s[A-Z][\w’'-]*){0,3}|lost|loses|earned|earns|awarded|sued\sfor|bought\sfor|sold\sfor|owes?|owed|borrowed|"
    r"stole|stolen|seized|invested|invests?|grossed|valued\sat|worth|approved|requested|totall?ing|covers?|covering|covered|"
    r"burned|burning|burnt|scorched|rose|fell|grew|dropped|jumped|climbed|increased|decreased|declined|surged|shrank|gained)"
    r"(?:\s(?:by|about|at|up|down|for|in|a|an|the|record|total|of|out|more|some)){0,3}\s$",
    re.IGNORECASE,
)
_FUNCTION = frozenset(
    "in on at by of for to and or from that which was were is are has have had with as after before when while during "
    "since who said says will would could may the a an it he she they we i this these those its their his her be been "
    "into over under about than more less per each every not but so if there up down out off only just also".split()
)
_LOOK_BACK = 90  # characters
_TIME = frozenset(
    "second minute hour day night week weekend month quarter year decade century time season a.m p.m am pm".split()
)
_BLAND = _TIME | frozenset(
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
    ahead, rest = _ahead(said, number), said[end:]
    after = _NOUN_AFTER.match(rest)
    if after and (noun := after["noun"].split()[-1]) not in _FUNCTION | _BLAND:
        return _stem(noun)
    verb = _VERB.search(ahead)
    if verb:
        return f"{verb['verb'].lower()[:4]}…"
    of = _OF_NOUN.match(rest)
    if of:
        return f"of {_stem(of['noun'].lower())}"
    headed = _HEADED.search(ahead)
    if headed and (noun := headed["noun"].lower()) not in _FUNCTION:
        return _stem(noun)
    return ""


def _counted(said: str, number: Number, scope: frozenset[str]) -> Kind | None:
    rest = _rest(said, number)
    if _MAGNITUDE.search(_ahead(said, number)):
        return Kind("", "magnitude", "", scope)
    measure = _MEASURE.match(rest)
    if measure:
        unit = " ".join(measure["unit"].lower().split())
        if unit == "magnitude":
            return Kind("", unit, "", scope)
        about = _about(said, number, number.span.end + measure.end())
        return Kind("", about, _stem(unit), scope) if about else None
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
            noun = _stem(words[-1].lower())
            return "" if noun in _BLAND else " ".join([*(word.lower() for word in words[:-1]), noun])
        if len(words) == _LONGEST_NOUN:
            break
    return ""
