"""What has become of people, and of how many: killed, injured, missing, arrested.

Only a number that is tied to its verb by the grammar counts: "killed 14 people", "14 people were killed", "a death
toll of 14". What combines two ("killed or wounded"), or leaves out someone who was counted before ("two others"),
does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from retrieval.numbers import Number

TIME = frozenset(
    "second minute hour day night week weekend month quarter year decade century time season a.m p.m am pm".split()
)
"""Nouns that only count time."""

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
PARTS: Mapping[str, tuple[str, ...]] = {
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
    r"\b(?:death\stoll|number\sof\s(?:deaths|dead|people\skilled|fatalities)|toll)\b(?:\s[\w’'-]+){0,10}?\s(?:to|at|of|is|"
    r"was|reached|hit|passed|surpassed|exceeded|tops|topped)\s$|\blives\sof\s$",
    re.IGNORECASE,
)
_CLAIMED = re.compile(r"\b(?:claim(?:ed|ing|s)|tak(?:en|ing|es)|took)\s$", re.IGNORECASE)
_LIVES = re.compile(r"\slives\b", re.IGNORECASE)
_ENDS = (
    r"\s?(?:[,.;:)—–”\"]|$)|\s(?:and|in|on|at|by|from|during|after|when|near|before|as|over|across|with|since|while|who|"
    r"outside|inside|dead|aboard|along|a|an|the|this|last|each|every|per)\b"
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
_PARTIAL = frozenset("other others more new additional another those".split())
_OTHERS = frozenset((" others", " other people"))
_NEUTRAL = frozenset("innocent local total different separate of".split())

_HOW_MANY = re.compile(r"\bhow (?:many|much)\b|\b(?:number|toll|amount) of\b|\btoll\b", re.IGNORECASE)
_HOW_MANY_OF = re.compile(r"\bhow many (?P<noun>[a-z]+)", re.IGNORECASE)
_ANY_PREDICATE = re.compile(rf"\b(?:{_ANY})\b", re.IGNORECASE)


def stem(word: str) -> str:
    """A noun in the singular, roughly."""
    word = word.strip("’'.-")
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def asked(question: str) -> frozenset[str]:
    """The predicates that a question asks the number of: "How many people were killed?"."""
    if not _HOW_MANY.search(question):
        return frozenset()
    return frozenset(
        name for match in _ANY_PREDICATE.finditer(question) for name, value in match.groupdict().items() if value
    )


def asked_of(question: str) -> str:
    """The noun, in the singular, that a question asks the number of: "How many homes"; empty where there is none."""
    found = _HOW_MANY_OF.search(question)
    return stem(found["noun"].lower()) if found else ""


def casualties(said: str, number: Number, before: tuple[Number, str] | None) -> tuple[str, str] | None:
    """The predicate of a number (``killed``) and who is counted (``people``, ``soldier``); ``None`` for other numbers.

    Args:
        said: the sentence.
        number: in it.
        before: the number before, with its predicate: "19 children" in "killed 19 children and two teachers".
    """
    found = _predicate(said, number, before)
    if found is None or (found[0] == "killed" and _WITH_ATTACKER.search(said)):
        return None
    predicate, nouns = found
    group = _group(nouns, predicate)
    return (predicate, group) if group else None


def _predicate(said: str, number: Number, before: tuple[Number, str] | None) -> tuple[str, str] | None:
    """What has become of those who are counted, and the words that name them."""
    rest, ahead = number.rest(said), number.ahead(said)
    after = _AFTER.match(rest)
    if after:
        return None if _COMBINED_AFTER.match(rest, after.end()) else (_named(after), after["np"])
    if _CLAIMED.search(ahead) and _LIVES.match(rest):
        return "killed", ""
    counted = _COUNTED.match(rest)
    verb = _TRANSITIVE.search(ahead)
    if counted is None or (verb and _COMBINED_BEFORE.search(ahead)):
        return None
    named = _named(verb) if verb else "killed" if _TOLL.search(ahead) else ""
    if not named and before and counted["np"] and _CONJOINED.match(said[before[0].span.end : number.span.start]):
        named = before[1]
    return (named, counted["np"]) if named else None


def _named(match: re.Match[str]) -> str:
    return next(name for name, value in match.groupdict().items() if value and name in _PREDICATES)


def _group(nouns: str, predicate: str) -> str:
    """Who is counted, ``people`` for what says no more; empty for time, and for those beside others counted before."""
    if predicate != "killed" and nouns.lower() in _OTHERS:
        return "people"  # "killed 10 people and injured 3 others": all of the injured
    if predicate == "dismissed":
        return "people"
    words = [word for word in nouns.split() if word.lower() not in _NEUTRAL]
    if not words:
        return "people"
    last = stem(words[-1].lower())
    if last in TIME or _PARTIAL.intersection(word.lower() for word in words):
        return ""
    modifiers = [word.strip("’'.-").lower() for word in words[:-1]]
    return " ".join([*modifiers, "people" if words[-1].lower() in _PEOPLE else last])
