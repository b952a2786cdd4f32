"""Numbers in a sentence of news, as digits or words, and the values that their wording allows.

"more than 100" allows 100 and all above, "about 50" what rounds to it, "$44 billion" half a billion to either side.
Years, times of day, ages and what only names something ("Article 5", "9/11") are no numbers here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.types import Span

_UNITS = "one two three four five six seven eight nine ten eleven twelve".split()
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = (
    {word: value for value, word in enumerate(_UNITS + _TEENS, start=1)}
    | {word: 10 * value for value, word in enumerate(_TENS, start=2)}
    | {"a": 1, "an": 1, "half": 0.5}
)
_SCALES = {
    "dozen": 12.0,
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "mn": 1e6,
    "m": 1e6,
    "bn": 1e9,
    "b": 1e9,
    "tn": 1e12,
    "k": 1e3,
}
# Said of no exact number: what it is at least, and what nobody would call so any more.
_VAGUE = {
    "dozens": (24.0, 240.0),
    "scores": (40.0, 400.0),
    "hundreds": (200.0, 5e3),
    "thousands": (2e3, 1e5),
    "tens of thousands": (2e4, 5e5),
    "hundreds of thousands": (2e5, 3e6),
    "millions": (2e6, math.inf),
    "tens of millions": (2e7, math.inf),
    "billions": (2e9, math.inf),
}
_ROUNDED = 0.499  # of the last digit that is given, to either side: less than one half, so that neighbours stay apart
_ABOUT = 0.15  # to either side of "about 50"
_HUNDRED = 100  # from which on zeros at the end may come from rounding: "20 killed" is no rounded 21
_ROUND = 10
_LOOK_BACK = 90  # characters

_SMALL = "|".join((*_TEENS, *_TENS, *_UNITS))
_SCALE = "dozen|hundred|thousand|million|billion|trillion"
_ONE = (
    r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"(?:[\s-](?:{_SCALE}|mn|bn|tn)\b|(?:mn|bn|tn|m|b|k)\b)?"
    rf"|(?:half\s)?an?\s(?:{_SCALE})\b"
    rf"|(?:{'|'.join(_TENS)})-(?:{'|'.join(_UNITS[:9])})\b(?:\s(?:{_SCALE})\b)?"
    rf"|(?:{_SMALL})\b(?:\s(?:{_SCALE})\b)?"
)
_VAGUE_WORDS = "|".join(sorted(_VAGUE, key=len, reverse=True)).replace(" ", r"\s")
_LOWER = r"at\sleast|no\s(?:fewer|less)\sthan|not\sless\sthan"
_ABOVE = r"(?:well\s)?(?:more\sthan|over|above)|upwards\sof|in\sexcess\sof|greater\sthan|exceeding"
_UPPER = r"up\sto|as\smany\sas|at\smost|no\smore\sthan|a\smaximum\sof|fewer\sthan|less\sthan|under|below"
_NEARLY = r"nearly|almost|close\sto|just\s(?:under|below|shy\sof)|approaching"
_OVER = r"just\s(?:over|above)"
_SOME = r"about|around|roughly|approximately|some|(?:an\s)?estimated|circa"
_CURRENCY = r"(?:US|A|C|NZ|HK|S)?\$|[£€¥₹]"
_NUMBER = re.compile(
    rf"""
    (?<![\w.,/:–$£€¥₹-])
    (?:\b(?:(?P<lower>{_LOWER})|(?P<over>{_OVER})|(?P<above>{_ABOVE})|(?P<nearly>{_NEARLY})|(?P<upper>{_UPPER})
      |(?P<some>{_SOME})|(?P<between>between))\s)?
    (?:(?P<currency>{_CURRENCY})\s?)?
    (?:
      (?P<vague>(?:{_VAGUE_WORDS})\b)
      |(?P<first>{_ONE})
       (?:\s?(?P<joint>(?(between)and|(?:to|or|-|–)))\s?(?:{_CURRENCY}\s?)?(?P<second>{_ONE}))?
    )
    (?P<percent>\s?%|\s(?:percent|per\scent|percentage\spoints?)\b)?
    (?P<plus>\+|\sor\smore\b)?
    (?![\w/:]|[.,]\d|['’]s\b|-(?!\w*\s?(?:magnitude)))
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
# What a number stands behind that is no count: dates, names, scores.
_NAMES_BEFORE = re.compile(
    rf"(?:\b{_MONTH}|\b(?:article|section|chapter|title|no|number|phase|stage|class|flight|room|page|act|week|day|grade|"
    r"level|category|type|version|covid|top|route|interstate|apollo|artemis|highway|ages?|aged|season|round|group|area|"
    r"proposition|game|lot|tier|step|super\sbowl|pier|suite|channel|world\swar|boeing|unit)\.?|#|:)\s?$",
    re.IGNORECASE,
)
_NO_COUNT_AFTER = re.compile(
    rf"\s?(?:a\.?m\b|p\.?m\b|o['’]clock|[AP]M\b|GMT|ET\b|{_MONTH}|of\s(?:{_MONTH})|degrees\s(?:north|"
    r"south|east|west)|th\b|st\b|nd\b|rd\b|years?[\s-]olds?\b|years?\sof\sage)",
)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
# A number of several words ("one hundred and fifty") is read as none: a part of it would be another number.
_BEGUN_BEFORE = re.compile(rf"\b(?:{_SCALE})\s(?:and\s)?$", re.IGNORECASE)
_GOES_ON = re.compile(rf"\s(?:(?:and\s)?(?:{_SMALL})|(?:{_SCALE}))\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written.

    Args:
        span: with the words that bound it ("at least 14") and its currency or per cent, in the sentence.
        core: the same without the words that bound it.
        low: the least value that the wording allows.
        high: the largest.
        unit: a currency as it is written, ``%``, ``points`` (of per cent), or empty.
        vague: whether it is a word such as "dozens", which "of" follows.
    """

    span: Span
    core: Span
    low: float
    high: float
    unit: str
    vague: bool

    def ahead(self, sentence: str) -> str:
        """What stands before it, as far as it can matter."""
        return sentence[max(0, self.span.start - _LOOK_BACK) : self.span.start]

    def rest(self, sentence: str) -> str:
        """What follows it; "dozens of people" are as "twelve people"."""
        rest = sentence[self.span.end :]
        return rest.removeprefix(" of") if self.vague else rest


def numbers(sentence: str) -> Iterator[Number]:
    """The numbers of a sentence, in order; what is a date, an age, a time of day or a name is left out."""
    for match in _NUMBER.finditer(sentence):
        if not _is_count(sentence, match):
            continue
        bounds = _bounds(match)
        if bounds:
            start = (
                match.start("currency") if match["currency"] else match.start("vague" if match["vague"] else "first")
            )
            yield Number(Span(*match.span()), Span(start, match.end()), *bounds, _unit(match), bool(match["vague"]))


def _is_count(sentence: str, match: re.Match[str]) -> bool:
    before, after = sentence[: match.start()], sentence[match.end() :]
    if _NO_COUNT_AFTER.match(after) or (not match["currency"] and _NAMES_BEFORE.search(before)):
        return False
    if _BEGUN_BEFORE.search(before) or (_scale_of(match[0]) and _GOES_ON.match(after)):
        return False
    plain = match["first"] and not (match["currency"] or match["percent"] or match["second"])
    return not (plain and _YEAR.fullmatch(match["first"]))


def _bounds(match: re.Match[str]) -> tuple[float, float] | None:
    if match["vague"]:
        low, high = _VAGUE[" ".join(match["vague"].lower().split())]
        return low, (math.inf if match["above"] or match["lower"] else high)
    if match["second"]:
        return _range(match)
    value, last = _value(match["first"], "")
    if match["percent"]:
        last = last or 1.0
    low, high = value - _ROUNDED * last, value + _ROUNDED * last
    # A count that stops at 14 was counted; one that stops at 100 is a way to say "many".
    counted = value % _ROUND and last == 0
    about = min(low, value * (1 - _ABOUT)), max(high, value * (1 + _ABOUT))
    allowed = {
        "above": (value, math.inf),
        "plus": (value, math.inf),
        "lower": (value, high if counted else math.inf),
        "upper": (0.0, high),
        "nearly": (about[0], value),
        "over": (low, about[1]),
        "some": about,
    }
    rounded = about if "dozen" in match["first"].lower() else (low, high)
    return next((bounds for words, bounds in allowed.items() if match[words]), rounded)


def _range(match: re.Match[str]) -> tuple[float, float] | None:
    """From "10 to 15" and "between 10 and 15"; ``None`` for a score or a vote."""
    scale = _scale_of(match["second"])
    low, _ = _value(match["first"], scale)
    high, last = _value(match["second"], "")
    if low >= high or (match["joint"] in "-–" and not (match["percent"] or match["currency"] or scale)):
        return None
    return low, high + _ROUNDED * last


def _value(text: str, scale: str) -> tuple[float, float]:
    """The value, and how much its last digit counts: 0 for what is given to the last one.

    Args:
        text: as written.
        scale: that of the other end of a range, where this one has none of its own.
    """
    parts = re.findall(r"[\d.,]*\d|[a-z]+", text.lower())
    factor, value = 1.0, 0.0
    digits = ""
    for part in parts:
        if part in _SCALES:
            factor *= _SCALES[part]
        elif part in _WORDS:
            # "half a million", but "twenty-one"
            value = value * _WORDS[part] if part in {"a", "an"} and value else value + _WORDS[part]
        else:
            digits = part.replace(",", "")
            value = float(digits)
    factor = factor if factor > 1 or not scale else _SCALES[scale]
    value = value or 1.0 if not digits else value
    return value * factor, _last_digit(digits, value, factor)


def _last_digit(digits: str, value: float, factor: float) -> float:
    if "." in digits:
        return float(factor * 10.0 ** -len(digits.partition(".")[2]))
    if factor >= _HUNDRED:
        return factor if value >= 1 else factor / 5
    if value * factor >= _HUNDRED:
        zeros = len(digits) - len(digits.rstrip("0"))
        return min(10.0**zeros, value * factor / 4) if zeros else 0.0
    return 0.0


def _scale_of(text: str) -> str:
    found = re.search(r"[a-z]+$", text.lower())
    return found.group() if found and found.group() in _SCALES else ""


def _unit(match: re.Match[str]) -> str:
    if match["currency"]:
        return str(match["currency"]).upper()
    if match["percent"]:
        return "points" if "point" in match["percent"] else "%"
    return ""
