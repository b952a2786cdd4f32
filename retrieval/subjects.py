"""Subjects of speech verbs: names, pronouns and descriptions in front of them or behind them.

All of it reads a text in which quotations are replaced by :data:`QUOTED` characters.
"""

from __future__ import annotations

import re
from enum import StrEnum

from retrieval.types import Span

QUOTED = "\x01"
"""Stands for each character that is quoted."""

_ADVERB = re.compile(
    r"(?:^|\s)(?:(?P<auxiliary>has|had|have)|also|later|then|once|previously|recently|repeatedly|simply|first|still|often|even|just|again|"
    r"both|(?:on|late|early|this|last)\s(?:\w+\s)?\w*(?:day|night|week|month|year)|earlier|[a-z]+ly|went on to|"
    r"\d{1,2}:?\d* [ap]\.?m\.?)$"
)
_BLOCKED = re.compile(
    r"(?:\b(?:not|never|n[’']t|would|could|might|may|should|will|can|shall|must|to|if|be|is|are|was|were|been|being|get|got|did|does|do|"
    r"cannot|won[’']t|no one|nobody)|n[’']t|[’']d|[’']ll)$",
    re.IGNORECASE,
)
_QUOTED_AS = re.compile(r"\b(?:quoted|cited|heard|seen|recorded|caught)(?: as)?$")
_PRONOUN = re.compile(
    r"(?:^|[\s,;:(—–-])(?P<pronoun>he|she|He|She|they|They|it|It|I|we|We|you|You|one|who|which|that|this|This|some|others)$"
)
_CONJUNCTION = re.compile(r"(?:^|[\s,])(?:and|but|or|then)$")
_SOMEBODY = re.compile(
    r"\b(?:people|fans|\w+(?:man|woman|person|ist|ician|ian|er|or)|nurse|official|resident|witness|student|mother|father|mom|dad|parent|couple|"
    r"neighbou?r|friend|source|colleague|judge|teen|boy|girl|child|patient|survivor|expert|professor|chief|president|secretary|"
    r"governor|mayor|aide|guest|fan|relative|daughter|son|sister|brother|wife|husband|attorney|star|actress|coach|captain|"
    r"rival|opponent|deputy|critic|ally|counterpart)s?$"
)
_NO_APPOSITION = re.compile(
    r"\s*(?:and|but|or|if|when|while|because|as|though|although|so|yet|that|after|before|since)\b"
)
_PREPOSITION = re.compile(
    r"\b(?:for|of|from|at|with|by|to|in|on|and|about|against|near|between|than|like|including|or|over|under|after|before|"
    r"as|into|toward|towards|around|per|via|amid|versus|vs\.?|behind|alongside)\s(?:(?:the|that|this|an?|its|their|his|her)\s)?$"
)
_OFFICE = re.compile(
    r"\b(?:Secretary|Minister|Speaker|Director|Chief|Head|Department|Commissioner|Chair\w*) of (?:the )?$"
)
_NEW_CLAUSE = re.compile(rf"(?:\b[a-z]+|{QUOTED}),\s(?:and|but|or)\s$")
_DESCRIBED = re.compile(r"(?:^|[\s,(])(?:the|The)\s(?:[a-z][\w’'-]*\s){0,3}?(?P<head>[a-z][\w-]*)$")
_PHRASE_END = re.compile(
    rf"[,.;:?!({QUOTED}—–]|\s(?:in|on|at|during|when|as|who|after|before|while|via|through|about|to|by|last|this|Monday|Tuesday|"
    r"Wednesday|Thursday|Friday|Saturday|Sunday|earlier|later|following|with|and|that|regarding|if|because|adding|noting|saying|referring|speaking)\b|$"
)
_STOPS = re.compile(r"(?<![A-Z])(?<!\b(?:Mr|Ms|Dr|Lt|Jr|Sr))(?<!\b(?:Mrs|Sen|Rep|Gov|Gen|Col|Sgt|Adm|Rev))\.(?=\s)")
_PARTICLES = frozenset("de da del della di van von der den bin al el la le ter du".split())
_TITLES = "Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Lt|Gen|Col|Sgt|Capt|Adm|Rev"
_NAME_ENDS = re.compile(
    rf"(?:(?:(?:[A-Z]\.)+|(?:{_TITLES})\.|(?:al|el)-[A-Z][\w’'-]*|[^\W\d_a-z][\w’'-]*|"
    rf"(?<=\s)(?:{'|'.join(sorted(_PARTICLES))})(?=\s[A-Z]))\s?)+(?:,? (?:Jr|Sr)\.?)?$"
)
_POSSESSIVE = re.compile(r"[’']s?$")
_ABBREVIATED = re.compile(rf"\b([A-Z]|{_TITLES}|Jr|Sr|St)\.")
_OF = re.compile(r"\s(?:of|from|for)\s")
_APPOSITION = re.compile(r"\s*(?:an?|the|who|whose|one|his|her|their|\d\w*)\b.*\s\S")
_NAME_APART = re.compile(
    rf"\s*(?:an?|the|its|his|her|[A-Z]\S*[’']s)\s[^{QUOTED};]*?,\s(?P<name>[^\W\d_a-z][\w’'·-]*(?:\s[^\W\d_a-z][\w’'·-]*){{1,3}})(?=[,.]|$)"
)


class Kind(StrEnum):
    """How a speaker is named."""

    NAME = "name"
    HE = "he"
    SHE = "she"
    DESCRIPTION = "description"
    SUBJECT = "subject"
    """Whoever the sentence is about."""
    OTHER = "other"
    """Somebody else than one person, or unclear."""


Subject = tuple[Kind, Span]
"""How a speaker is named, and where; of a name the end is that of the name."""


def names_somebody(phrase: str) -> bool:
    """Whether a phrase ends in a noun for people, as "a nurse" does."""
    return bool(_SOMEBODY.search(phrase))


def subject_before(told: str, within: Span) -> Subject | None:
    """What stands as the subject in front of a verb; ``None`` where that is not told of anybody as a fact.

    Args:
        told: the masked text.
        within: from the beginning of the clause up to the verb.
    """
    seg = told[within.start : within.end].rstrip()
    while (adverb := _ADVERB.search(seg)) is not None:
        seg = seg[: adverb.start()].rstrip()
    if _QUOTED_AS.search(seg):
        return Kind.SUBJECT, within
    if _BLOCKED.search(seg):
        return None
    pronoun = _PRONOUN.search(seg)
    if pronoun:
        return _of_pronoun(within.start, seg, pronoun)
    if _CONJUNCTION.search(seg):
        return Kind.SUBJECT, within
    return _with_apposition(within.start, seg) if seg.endswith(",") else noun_phrase(within.start, seg)


def noun_phrase(start: int, seg: str) -> Subject:
    """What ends ``seg``, which begins at ``start``: a name by itself, a description, or something else."""
    seg = seg.rstrip()
    end = start + len(seg)
    name = _NAME_ENDS.search(seg)
    if name and not _POSSESSIVE.search(seg):
        span = Span(start + name.start(), end)
        before = seg[: name.start()]
        # "a spokesman for X" and "X and Y" are not X or Y; "Secretary of State X" is X, and so is "…, and X".
        apart = _OFFICE.search(before) or _NEW_CLAUSE.search(before)
        within_phrase = _PREPOSITION.search(before) and not apart
        return Kind.OTHER if within_phrase else Kind.NAME, span
    described = _DESCRIBED.search(seg)
    if described:
        return Kind.DESCRIPTION, Span(start + described.start("head"), end)
    return Kind.OTHER, Span(start, end)


def name_behind(told: str, within: Span) -> Subject:
    """The speaker named behind a verb: X; the minister X; the minister, X; X, who is Y; a spokesman for Y (nobody)."""
    rest = told[within.start : within.end]
    end = _STOPS.search(rest)
    rest = rest[: end.start()] if end else rest
    unstopped = _ABBREVIATED.sub(lambda match: f"{match[1]}·", rest)
    stop = _PHRASE_END.search(unstopped)
    head = rest[: stop.start()] if stop else rest
    for part in (head, _OF.split(head, maxsplit=1)[0]):
        found = noun_phrase(within.start, part)
        if found[0] is Kind.NAME:
            return found
    # "the bank's chief economist, Jane Doe"; "a spokesman for the bank, John Doe"
    name = _NAME_APART.match(unstopped)
    if name:
        return Kind.NAME, Span(within.start + name.start("name"), within.start + name.end("name"))
    return found


def _of_pronoun(start: int, seg: str, pronoun: re.Match[str]) -> Subject:
    word = pronoun["pronoun"].lower()
    if word == "who":
        return noun_phrase(start, seg[: pronoun.start("pronoun")].rstrip(" ,"))
    kind = {"he": Kind.HE, "she": Kind.SHE}.get(word, Kind.OTHER)
    return kind, Span(start + pronoun.start("pronoun"), start + len(seg))


def _with_apposition(start: int, seg: str) -> Subject:
    """The name in front of what is set between commas, or that which is set so: "the minister, X, said".

    Args:
        start: where ``seg`` begins.
        seg: ends in a comma.
    """
    *parts, last = seg[:-1].split(",")
    if parts and _NO_APPOSITION.match(last):
        return Kind.OTHER, Span(start, start + len(seg))
    end = len(seg) - 1 - len(last)
    for number, part in enumerate(reversed(parts)):
        found = noun_phrase(start, seg[: end - 1])
        apposed = _APPOSITION.match(part)
        if found[0] is Kind.NAME and not apposed:
            return found
        if number == 0 and (apposed or found[0] is Kind.DESCRIPTION) and _is_name(last):
            break
        end -= len(part) + 1
    return noun_phrase(start, seg[:-1]) if _is_name(last) else (Kind.OTHER, Span(start, start + len(seg)))


def _is_name(part: str) -> bool:
    return all(word[0].isupper() or word in _PARTICLES for word in part.split())
