"""What kind of thing a question asks for, and whether a sentence holds one: numbers, dates, names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_NUMBER_ASKED = re.compile(
    r"\bhow (?:many|much|long|old|far|large|big|tall|high|often)\b"
    r"|\b(?:what|which) (?:percent|percentage|number|amount|age|share|proportion|portion|fraction|rate|price)\b",
    re.IGNORECASE,
)
_DATE_ASKED = re.compile(
    r"\bwhen\b(?! \w+ing\b)|\b(?:what|which) (?:year|date|day|month|century|decade|time)\b|\bhow long ago\b",
    re.IGNORECASE,
)
_NAME_ASKED = re.compile(
    r"\b(?:who|whose|whom)\b|\bwhere\b"
    r"|\b(?:what|which) (?:person|man|woman|president|minister|leader|king|queen|author|country|countries|city|state"
    r"|company|organi[sz]ation|party|group|team|nation|river|place|name)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|dozens?|hundreds?|thousands?|millions?|billions?|trillions?|half|third"
    r"|quarter|twice|several|many|few|no)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)s?\b|\b(?:January|February|March|April|May|June|July|August|September|October|November"
    r"|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b"
    r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|\b(?:century|decade|yesterday|today|morning|evening|night)\b"
)
_CAPITALISED = re.compile(r"\b[A-Z][\w’'-]*")


def _new_names(question: str, sentence: str) -> bool:
    """Whether the sentence names something that the question does not; its first word may be no name."""
    asked = question.casefold()
    first = len(sentence) - len(sentence.lstrip("\"“‘'([ "))
    return any(
        match.start() > first and match.group().casefold() not in asked for match in _CAPITALISED.finditer(sentence)
    )


_Holds = Callable[[str, str], bool]

_KINDS: Mapping[str, tuple[re.Pattern[str], _Holds]] = {
    "number": (_NUMBER_ASKED, lambda _, sentence: bool(_NUMBER.search(sentence))),
    "date": (_DATE_ASKED, lambda _, sentence: bool(_DATE.search(sentence))),
    "name": (_NAME_ASKED, _new_names),
}


KINDS = tuple(_KINDS)
"""``number``, ``date``, ``name``."""


def asks(kind: str, question: str) -> bool:
    """Whether the question asks for something of this kind."""
    return bool(_KINDS[kind][0].search(question))


def holds(kind: str, question: str, sentence: str) -> bool:
    """Whether the sentence holds something of this kind; of names, one that the question does not."""
    return _KINDS[kind][1](question, sentence)


def lacks(kind: str, question: str, sentence: str) -> bool:
    """Whether the question asks for something of this kind, and the sentence holds none."""
    return asks(kind, question) and not holds(kind, question, sentence)
