"""Who says what is quoted, by the grammar of English news: speech verbs and their subjects.

All of it reads a text in which every quotation is replaced by as many :data:`~retrieval.subjects.QUOTED` characters, so
that offsets stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.speech_verbs import FINITE, OPENING_ONLY, VERB
from retrieval.subjects import QUOTED, Kind, Subject, name_behind, names_somebody, noun_phrase, subject_before
from retrieval.types import Span

_ACCORDING = re.compile(r"\b(?P<verb>[Aa]ccording to|[Ii]n the words of)\s")
_INVERTED = re.compile(rf"[\s,]*(?:(?:also|later|once|then|recently|previously|[a-z]+ly)\s)?(?P<verb>{FINITE})\s")
_ACCORDING_NEXT = re.compile(r"[\s,]*(?P<verb>according to|in the words of)\s")
_ACCORDING_LAST = re.compile(r",\s(?P<verb>according to|said|says|wrote|writes)\s(?=\S[^,]*(?:,[^,]*){0,3}$)")
_SAID_LAST = re.compile(
    r",\s(?P<subject>[^,]{2,60}?)\s(?P<verb>said|says|wrote|writes|told|tells|tweeted|added|adds)\b[^,]*$"
)
_NOT_BEHIND = OPENING_ONLY - {"put", "puts"}
_OWN_CLAUSE = re.compile(r"^(?:and|but|which|who|that|while|when|after|before|because)\b|[;:]")
# "…," she recalled her father saying
_RETOLD = re.compile(r"\s(?!in|on|at|to|about)\w[\w’' ]{2,30}\s(?:saying|telling|asking)\b")
_SECOND_CLAUSE = re.compile(r"\s(?:and|but|while|which|that|who)\s")
_LEAD = re.compile(r"[\s,—–-]*(?:as\s)?")
_NAME_NEXT = re.compile(r"\s[A-Z]")
_LAST_WORD = re.compile(r"([\w’'-]+)\W*$")
# What was denied, might have been said, or was made up is nobody's words.
_UNSAID = re.compile(
    r"\b(?:den(?:y|ies|ied|ying)|avoid\w*|refus\w+|without|never|stop(?:ped|s)? short of)\s(?:ever\s|having\s)?$"
)
_IMAGINED = re.compile(r"\b(?:[Ii]f|[Uu]nless)\b[^,;:]*$")
_MADE_UP = re.compile(
    r"\b(?:fake[ds]?|deep-?fakes?|doctored|fabricated|manipulated|bogus|artificial intelligence|AI-generated|parody)\b"
    r"[^;]*\b(?:show|depict|portray|purport|appear|feature|quot)\w*\b[^,;]*$",
    re.IGNORECASE,
)
# "X quoted Y as saying"
_AS_SAYING = re.compile(r"\b(?:quot(?:ed|es|ing)|cit(?:ed|es|ing))\s(?P<who>[A-Z][^,;:]{1,60}?)\sas\s$")
_COMMAS, _WORDS_BETWEEN = 4, 35  # between a quotation and its verb
_DETERMINERS = frozenset("the a an his her their its my our your of so- no any these those such with for in".split())


@dataclass(frozen=True, slots=True)
class Saying:
    """That somebody says a quotation.

    Args:
        kind: how the speaker is named.
        subject: where; of a name the end is that of the name.
        verb: that says it; empty where a colon does.
        at: where that stands.
    """

    kind: Kind
    subject: Span
    verb: str
    at: Span


def masked(text: str, quoted: Sequence[Span]) -> str:
    """The text with these spans, in order, blanked out."""
    parts, at = [], 0
    for span in quoted:
        parts += [text[at : span.start], QUOTED * (span.end - span.start)]
        at = span.end
    return "".join([*parts, text[at:]])


def said_after(told: str, quoted: Span, unit: Span) -> Saying | None:
    """Who is said, right behind a quotation, to have said it: "…," said X; "…," X, who is Y, told Z."""
    clause = _clause_behind(told, quoted, unit)
    phrase = _ACCORDING_NEXT.match(clause) or _INVERTED.match(clause)
    if phrase and phrase["verb"] not in OPENING_ONLY:
        return _said_by_name(told, phrase, quoted.end, unit.end)
    for verb in VERB.finditer(clause):
        if not verb["participle"] and verb["finite"] not in _NOT_BEHIND:
            return _said_between(told, quoted.end, clause, verb)
    return None


def said_at_the_end(told: str, quoted: Span, unit: Span) -> Saying | None:
    """Who is said, at the end of a sentence, to have said a part of it: It "…" them, X wrote on Monday."""
    clause = _clause_behind(told, quoted, unit)
    if quoted.end + len(clause) < unit.end:
        return None
    phrase = _ACCORDING_LAST.search(clause)
    if phrase:
        return _said_by_name(told, phrase, quoted.end, unit.end)
    last = _SAID_LAST.search(clause)
    if last is None:
        return None
    at = _span_of(last, "verb", quoted.end)
    found = subject_before(told, Span(quoted.end + last.start("subject"), at.start))
    return Saying(*found, last["verb"], at) if found else None


def said_before(told: str, quoted: Span, unit: Span) -> Saying | None:
    """Who is said, in front of a quotation, to say it: X said: "…"; X did Y, calling it "…"; X has an idea: "…"."""
    start = told.rfind(";", unit.start, quoted.start) + 1 or unit.start
    before = told[start : quoted.start]
    verbs = [verb for verb in VERB.finditer(before) if _is_verb(before, verb)]
    according = list(_ACCORDING.finditer(before))
    if according and (not verbs or according[-1].start() > verbs[-1].start()):
        return _said_by_name(told, according[-1], start, unit.end)
    if verbs:
        return _told_as_fact(told, Span(start, quoted.start), verbs)
    if before.rstrip().endswith(":") and not _SECOND_CLAUSE.search(before):
        return Saying(Kind.SUBJECT, Span(start, quoted.start), "", Span(start, quoted.start))
    return None


def reported(told: str, unit: Span) -> Saying | None:
    """Who says what a sentence tells in the outlet's own words: the subject of its first speech verb."""
    sentence = told[unit.start : unit.end]
    for verb in VERB.finditer(sentence):
        if not verb["participle"] and _is_verb(sentence, verb):
            at = _span_of(verb, 0, unit.start)
            found = subject_before(told, Span(unit.start, at.start))
            goes_on = found is not None and found[0] is Kind.SUBJECT and at.end < unit.end
            return Saying(*found, verb.group(), at) if found and not goes_on else None
    return None


def _clause_behind(told: str, quoted: Span, unit: Span) -> str:
    return told[quoted.end : unit.end].split(QUOTED, maxsplit=1)[0]


def _span_of(match: re.Match[str], group: str | int, offset: int) -> Span:
    return Span(*match.span(group)).shifted(offset)


def _said_by_name(told: str, phrase: re.Match[str], offset: int, end: int) -> Saying:
    """A verb with its subject behind it."""
    return Saying(
        *name_behind(told, Span(offset + phrase.end(), end)), phrase["verb"], _span_of(phrase, "verb", offset)
    )


def _said_between(told: str, start: int, clause: str, verb: re.Match[str]) -> Saying | None:
    """A verb behind a quotation, with what stands between them, if that is its subject and no clause of its own."""
    lead = _LEAD.match(clause, 0, verb.start())
    begins = lead.end() if lead else 0
    between = clause[begins : verb.start()]
    far = between.count(",") > _COMMAS or len(between.split()) > _WORDS_BETWEEN
    if far or _RETOLD.match(clause, verb.end()) or _OWN_CLAUSE.search(between):
        return None
    at = _span_of(verb, 0, start)
    found = subject_before(told, Span(start + begins, at.start))
    if found is None or found[0] is Kind.SUBJECT:
        return None
    if found[0] is Kind.OTHER and "," in between:
        # "…," X, head of Y told Z: the comma behind is missing.
        named = noun_phrase(start + begins, between.split(",", maxsplit=1)[0])
        found = named if named[0] is Kind.NAME and named[1].start == start + begins else found
    return Saying(*found, verb.group(), at)


def _told_as_fact(told: str, before: Span, verbs: Sequence[re.Match[str]]) -> Saying | None:
    """Who is told to have said it; nobody where that is denied, imagined or made up."""
    last = verbs[-1]
    lead = told[before.start : before.start + last.start()]
    at = _span_of(last, 0, before.start)
    quoting = _AS_SAYING.search(lead)
    if quoting:
        return Saying(*name_behind(told, Span(before.start + quoting.start("who"), at.start)), last.group(), at)
    if any(pattern.search(lead) for pattern in (_UNSAID, _IMAGINED, _MADE_UP)):
        return Saying(Kind.OTHER, Span(before.start, at.start), last.group(), at)
    return _governed(told, before, verbs)


def _governed(told: str, before: Span, verbs: Sequence[re.Match[str]]) -> Saying | None:
    """The last verb before a quotation, with its subject: that of an earlier one where it has none of its own."""
    last = verbs[-1]
    at = _span_of(last, 0, before.start)
    for verb in reversed(verbs):
        here = _span_of(verb, 0, before.start)
        if verb["participle"]:
            found = _own_subject(told, before.start, here) if verb is last else None
        else:
            found = _subject_behind(told, here, before) or subject_before(told, Span(before.start, here.start))
            if found is None:
                return None
        if found and found[0] is not Kind.SUBJECT:
            return Saying(*found, last.group(), at)
    first = _span_of(verbs[0], 0, before.start)
    return Saying(Kind.SUBJECT, Span(before.start, first.start), last.group(), at)


def _own_subject(told: str, start: int, participle: Span) -> Subject | None:
    """The subject of a participle that has one: with X saying "…"; recalled her father saying "…"."""
    before = told[start : participle.start].rstrip()
    found = noun_phrase(start, before)
    return found if found[0] is Kind.NAME or names_somebody(before) else None


def _subject_behind(told: str, verb: Span, before: Span) -> Subject | None:
    """The subject of a verb that stands behind what it says: "A," said X, "B"; A was done, said X, adding "B"."""
    lead = told[before.start : verb.start].rstrip(" ")
    after_quotation = lead.rstrip(",").endswith(QUOTED)
    if not after_quotation and not (lead.endswith(",") and _NAME_NEXT.match(told, verb.end, before.end)):
        return None
    return name_behind(told, Span(verb.end, before.end))


def _is_verb(before: str, verb: re.Match[str]) -> bool:
    """Whether it is one here, and not a noun or an adjective: "the so-called", "her claims"."""
    previous = _LAST_WORD.search(before, 0, verb.start())
    return not (verb["finite"] and previous and previous[1].lower() in _DETERMINERS)
