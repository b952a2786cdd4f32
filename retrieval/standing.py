"""Whether a sentence of the news can be understood without those before it."""

from __future__ import annotations

import re

from retrieval.types import Span

_SHORTEST, _LONGEST = 5, 60  # words; shorter ones are captions, longer ones lists

# Captions, credits and notes of the outlet's own.
FURNITURE = re.compile(
    r"\w/(?:AP|AFP|EPA|USA|Reuters|Getty|Bloomberg|NASA|CNN|Shutterstock)\b|\b(?:AFP|Getty|AP Photo|EPA|Shutterstock|"
    r"file photo|(?:is|are) (?:pictured|seen)|pictured (?:in|on|at)|seen here|"
    r"(?:story|article|page|post|headline|version)\b.{0,20}\b(?:updated|published|corrected|adapted)|"
    r"earlier version of|incorrectly|contributed to this|all rights reserved|sign up|subscribe|newsletter|"
    r"just watched|must watch|replay more videos|"
    r"click here|read more|find out more|follow \w+ on twitter|editor['’]s note|exclusive for subscribers|"
    r"(?:contributing|correction|watch|photos|more|related):)",
    re.IGNORECASE,
)
FIRST_PERSON = re.compile(r"\b(?:I|we|We|us|our|Our|my|My|me|you|You|your|Your)\b")
QUOTED = re.compile(r"“[^”]*(?:”|$)|\"[^\"]*(?:\"|$)")
_LEANS = re.compile(
    r"^[\"“‘'(]*(?:he|she|it|they|his|her|its|their|this|that|these|those|but|and|so|however|also|such|"
    r"meanwhile|instead|then|there)\b",
    re.IGNORECASE,
)
_FRONTED = re.compile(
    r"^(?:\([A-Z]{2,}\)\s)?(?:[\"“(]*(?:on|in|at|during|by|late|early|earlier|later|last|this)\b[^,]{3,40},\s)?",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"^(?:(?:just|only|soon|shortly|hours|days|weeks|months|years|minutes|moments|earlier|later|also|still|then|again|as)\b[^,]{0,40},\s)?"
    r"(?:he|she|it|they|his|her|its|their|this|that|these|those|there|both|another|others|one|some)\b",
    re.IGNORECASE,
)
_DEFINITE = re.compile(
    r"^(?:the (?:latter|former|two|pair|move|announcement|decision|"
    r"report|statement|incident|case|letter|document|filing|bill|measure|ruling|company|group|man|woman|suspect|couple|agency|deal|order|"
    r"law|study|survey|poll|team|film|show|event|meeting|talks|visit|attack|shooting|crash|storm|accident|death|verdict|trial))\b",
    re.IGNORECASE,
)
_JOINS = re.compile(
    r"^[\"“‘'(\s]*(?:(?:or|nor|yet|moreover|furthermore|nevertheless|nonetheless|therefore|thus|hence|likewise|"
    r"similarly|additionally|consequently|accordingly|indeed|neither|either|elsewhere|"
    r"(?:in|as a) (?:addition|result|contrast|turn|response|return)|in fact|by (?:contrast|then|comparison)|"
    r"for (?:example|instance|context|that)|"
    r"(?:at|since|after|before|until|because of|following|despite) (?:that|this|these|then)|"
    r"on the other hand|even so|as such|(?:of|among) (?:those|these|them)|the (?:same|others?)|later that|"
    r"at the (?:same )?time|"
    r"(?:all|many|most|few|several|none|each|two|half|part) of (?:them|those|these|it|that|this))\b|"
    r"(?:still|besides|now|again|plus|rather|overall|finally|first|second|third|next|earlier|later|here|afterwards?),)",
    re.IGNORECASE,
)
_BOTH_NAMED = re.compile(r"^both\b[^,]{1,80}\band\b", re.IGNORECASE)
# "The company behind it" says which one; "the company said" does not.
_SAYS_WHICH = re.compile(
    r" (?:of|that|which|who|whose|for|between|in|on|by|behind|from|against|at|into|over|with|where|near|after|about|"
    r"during|known|called|named|to)\b"
)
_OPENING = re.compile(r"^(?:the|those|these) ((?:[a-z][a-z-]+|\d+)(?: [a-z][a-z-]+){0,2})", re.IGNORECASE)
_HE_OR_SHE = re.compile(r"\b(?:he|she|him|his|her|hers|himself|herself)\b", re.IGNORECASE)
_SOMEBODY = re.compile(
    r"\b(?:who|someone|anyone|man|woman|boy|girl|mother|father|parent|child|son|daughter|wife|husband|person)\b"
)
_CAPITALISED = re.compile(r"\b[A-Z][\w’'-]*")
_LONE_NAME = re.compile(r"(?:^|(?<=[a-z0-9,;:—–“\"(] )|(?<=[“\"(]))([A-Z][a-z]+[\w-]*)(?![\w-]* [A-Z])")
# Words with a capital that are no name of a person.
_NOT_NAMES = frozenset(
    "The A An I In On At For By With From As After Before When While If This That It He She His Her They We You But "
    "And So Then There However Also Such Meanwhile Instead During Since Until Because Although Though Both Its Their "
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August "
    "September October November December President Prime Minister House Senate Congress".split()
)


def without_fronted(sentence: str) -> str:
    """The sentence from its subject on: what says when or where ("On Monday, …") is taken off."""
    return _FRONTED.sub("", sentence, count=1)


def opens_with_pronoun(subject: str) -> bool:
    """Whether a sentence, without what is fronted, speaks of what was named before by a pronoun."""
    return bool(_PRONOUN.match(subject))


def opens_with_second_mention(subject: str) -> bool:
    """Whether a sentence, without what is fronted, speaks of what was named before by a common noun."""
    return bool(_DEFINITE.match(subject))


def fit_length(sentence: str) -> bool:
    """Whether a sentence is neither a caption nor a list."""
    return _SHORTEST <= len(sentence.split()) <= _LONGEST


def stands_alone(sentence: str) -> bool:
    """Whether a sentence leans on no other by its first word, and is neither a caption nor a list."""
    return fit_length(sentence) and not _LEANS.match(sentence)


def leans(text: str, span: Span) -> bool:
    """Whether a sentence of an article's text needs the one before it: "He", "But", "In response", "The two".

    A pronoun leans where it opens the sentence, or where a "he" or "she" has nobody in the sentence to stand for; "the
    company" where an earlier sentence brought up "a company", or where nothing after it says which one.
    """
    sentence = span.of(text)
    subject = without_fronted(sentence)
    if _LEANS.match(sentence) or _JOINS.match(sentence):
        return True
    if _PRONOUN.match(subject) and not _BOTH_NAMED.match(subject):
        return True
    if _HE_OR_SHE.search(sentence) and not _names_somebody(sentence):
        return True
    return _mentions_again(text[: span.start], subject)


def _names_somebody(sentence: str) -> bool:
    return bool(_SOMEBODY.search(sentence)) or any(word not in _NOT_NAMES for word in _CAPITALISED.findall(sentence))


def _mentions_again(before: str, subject: str) -> bool:
    named = _DEFINITE.match(subject)
    if named and not _SAYS_WHICH.match(subject, named.end()):
        return True
    opening = _OPENING.match(subject)
    if not opening:
        return False
    nouns = re.escape(opening[1].split()[-1]), re.escape(opening[1].split()[0])
    return any(re.search(rf"\b(?:an?|two|three|four|five) (?:[\w’'-]+ ){{0,2}}{noun}\b", before) for noun in nouns)


def names_introduced(text: str, span: Span, since: int = 0) -> frozenset[str]:
    """Surnames that stand alone in a sentence, of people whose full name the text from ``since`` to there gives."""
    lone = {name for name in _LONE_NAME.findall(span.of(text)) if name not in _NOT_NAMES}
    before = text[since : span.start]
    return frozenset(n for n in lone if re.search(rf"\b[A-Z][\w.’'-]+ (?:[A-Z][\w.’'-]* )?{re.escape(n)}\b", before))
