"""Words of time in a sentence of news, found by a grammar, and the days that they mean.

A grammar of our own, since what searches any text for dates takes "may", "march" and "2,000 people" for some.
What cannot be resolved for certain ("that day", "in the 1990s") is found all the same, so that nobody takes its
sentence for one that speaks of no time.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from retrieval import periods
from retrieval.dates import PartialDate
from retrieval.periods import Period
from retrieval.types import Span

Resolve = Callable[[dt.date, bool | None], Period | None]
"""From the day of publication, and whether what is spoken of lies ahead (``None``: no telling)."""

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_WEEKDAYS = "mon tue wed thu fri sat sun".split()
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
_SHIFTS = {"last": -1, "past": -1, "this": 0, "next": 1}
# Days that have become names of what happened on them: "since Sept. 11" does not mean the last one.
_NAMES = {(1, 6), (9, 11), (10, 7)}
_NAME_FADES = dt.timedelta(days=30)
# News leaves out the year of its own; another one's only where it is near: "in December", read in January.
_OTHER_YEAR = dt.timedelta(days=75)
# An article may be dated by a clock some hours behind.
_CLOCKS_DIFFER = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Expression:
    """Words of time.

    Args:
        span: of the sentence.
        relative: resolves what counts from the day of publication; ``None`` for a date of the calendar.
        owner: whether it is a possessive, as in "Monday's vote".
        vague: whether it is a time that goes on, as "this year".
        said_year: the year that the sentence named before, of a date without one.
    """

    span: Span
    year: int | None = None
    month: int | None = None
    day: int | None = None
    last_day: int | None = None
    weekday: int | None = None
    relative: Resolve | None = None
    owner: bool = False
    said_year: int | None = None
    vague: bool = False

    def resolved(self, published: PartialDate | None, *, ahead: bool | None) -> Period | None:
        """The days that it means, ``None`` where that cannot be told.

        Args:
            published: the day that relative dates, and those without a year, count from; a month or year is too vague.
            ahead: whether what is spoken of lies ahead; ``None`` where there is no telling.
        """
        if self.relative is None and self.year is not None:
            return self._in(self.year)
        if published is None or published.day is None:
            return None
        try:
            return self.relative(published.first, ahead) if self.relative else self._nearest(published.first, ahead)
        except (OverflowError, ValueError):  # before the first year, or after the last
            return None

    def _in(self, year: int) -> Period | None:
        try:
            first = PartialDate(year, self.month, self.day)
            last = PartialDate(year, self.month, self.last_day or self.day)
        except ValueError:  # 29 February
            return None
        return Period(first.first, last.last)

    def _nearest(self, published: dt.date, ahead: bool | None) -> Period | None:
        """In the year that has it last before publication, or next for what lies ahead; a weekday tells which."""
        years = [period for shift in (-1, 0, 1) if (period := self._in(published.year + shift))]
        if self.weekday is not None:
            fitting = [period for period in years if period.first.weekday() == self.weekday]
            return min(fitting, key=lambda period: abs(period.first - published), default=None)
        if ahead is None:
            best = self._in(published.year)
        elif ahead:
            best = min((period for period in years if period.last >= published), default=None)
        else:
            best = max((period for period in years if period.first <= published + _CLOCKS_DIFFER), default=None)
        if best is None or self.said_year not in {None, best.first.year}:
            return None
        away = min(abs(best.first - published), abs(best.last - published))
        if best.first.year != published.year and away > _OTHER_YEAR:
            return None
        named = (self.month, self.day) in _NAMES and abs(best.first - published) > _NAME_FADES
        return None if named else best


def expressions(sentence: str) -> list[Expression]:
    """All that a sentence says of time, in order, none overlapping; an earlier rule wins over a later one."""
    found: list[Expression] = []
    for pattern, read in _RULES:
        for match in pattern.finditer(sentence):
            one = read(match)
            if one and not any(one.span.start < o.span.end and o.span.start < one.span.end for o in found):
                found.append(one)
    return _with_years_shared(sentence, sorted(found, key=lambda one: one.span))


def _with_years_shared(sentence: str, found: list[Expression]) -> list[Expression]:
    """Years from beside a date: "Feb. 24 and March 3, 2022" are both of 2022, and so is "In 2022, on March 3"."""
    shared = list(found)
    for at in reversed(range(len(found) - 1)):
        one, after = shared[at], shared[at + 1]
        if _lacks_year(one) and after.year and after.month and _JOINED.fullmatch(_between(sentence, one, after)):
            shared[at] = replace(one, year=after.year)
    for at, one in enumerate(shared):
        before = next((earlier for earlier in reversed(shared[:at]) if earlier.year), None)
        if _lacks_year(one) and before:
            beside = _BESIDE.fullmatch(_between(sentence, before, one))
            shared[at] = replace(one, year=before.year) if beside else replace(one, said_year=before.year)
    return shared


def _between(sentence: str, one: Expression, after: Expression) -> str:
    return sentence[one.span.end : after.span.start]


def _lacks_year(one: Expression) -> bool:
    return one.month is not None and one.year is None and one.weekday is None


# What the rules make of a match


def _calendar(match: re.Match[str]) -> Expression | None:
    part = match.groupdict()
    year = int(part["year"]) if part.get("year") else None
    month = _month(part["month"]) if part.get("month") else None
    day, last_day = (int("".join(filter(str.isdecimal, part.get(name) or "")) or 0) for name in ("day", "last_day"))
    if month is not None and not 1 <= month <= 12:
        return None
    if max(day, last_day) > (calendar.monthrange(year or 2000, month)[1] if month else 0):
        return None
    weekday = _weekday_of(part["weekday"]) if part.get("weekday") else None
    start = match.start("at") if "at" in part else match.start()
    return Expression(Span(start, match.end()), year, month, day or None, last_day if last_day > day else None, weekday)


def _weekday(match: re.Match[str]) -> Expression:
    wanted = _weekday_of(match["weekday"])
    shift = _SHIFTS.get((match["which"] or "").lower())

    def resolve(published: dt.date, ahead: bool | None) -> Period | None:
        coming = (wanted - published.weekday()) % 7
        if shift == 1:
            if published.weekday() + coming < 7:
                return None  # of this week or of the next
            days = coming
        elif shift == -1:
            days = coming - 7
        elif ahead or not coming:
            days = coming
        elif coming == 1 or ahead is None:
            # Six days gone would be called "last Wednesday": rather the article was updated a day after its date.
            # "Voters go to the polls on Sunday" may be either.
            return None
        else:
            days = coming - 7
        return Period.day(published + dt.timedelta(days=days))

    return Expression(Span(match.start(), match.end()), relative=resolve, owner=bool(match["owner"]))


def _near(match: re.Match[str]) -> Expression:
    days = {"yesterday": -1, "last night": -1, "tomorrow": 1}.get(" ".join(match.group().lower().split()), 0)
    return Expression(
        Span(match.start(), match.end()),
        relative=lambda published, _: Period.day(published + dt.timedelta(days=days)),
    )


def _ago(match: re.Match[str]) -> Expression:
    count = _NUMBERS.get(match["count"].lower()) or int(match["count"])
    unit = match["unit"].lower()

    def resolve(published: dt.date, _: bool | None) -> Period | None:
        if unit == "day":
            return Period.day(published - dt.timedelta(days=count))
        if unit == "week":  # about then
            day = published - dt.timedelta(weeks=count)
            return Period(day - dt.timedelta(days=3), day + dt.timedelta(days=3))
        return None  # "two years ago" may have been in three calendar years

    return Expression(Span(match.start(), match.end()), relative=resolve)


def _unit(match: re.Match[str]) -> Expression:
    shift, unit = _SHIFTS[match["which"].lower()], match["unit"].lower()
    resolve = _UNITS.get(unit)

    def of_season(published: dt.date, _: bool | None) -> Period | None:
        return periods.season_year(unit, published, shift)

    def of_unit(published: dt.date, ahead: bool | None) -> Period | None:
        if shift > 0 and not ahead:
            return None  # "the makeup of both chambers next year"
        return resolve(published, shift) if resolve else of_season(published, ahead)

    return Expression(
        Span(match.start(), match.end()),
        relative=of_unit,
        owner=bool(match["owner"]),
        vague=shift == 0 and unit == "year",
    )


_UNITS = {"week": periods.week, "weekend": periods.weekend, "month": periods.month, "year": periods.year}


def _which_month(match: re.Match[str]) -> Expression:
    month, shift = _month(match["month"]), _SHIFTS[match["which"].lower()]

    def resolve(published: dt.date, _: bool | None) -> Period:
        past, coming = month >= published.month, month <= published.month
        year = published.year + (-past if shift < 0 else coming if shift > 0 else 0)
        return Period.of(PartialDate(year, month))

    return Expression(Span(match.start(), match.end()), relative=resolve)


def _unknown(match: re.Match[str]) -> Expression:
    return Expression(Span(match.start(), match.end()), relative=lambda _, __: None)


def _month(name: str) -> int:
    return int(name) if name.isdecimal() else _MONTHS.index(name[:3].lower()) + 1


def _weekday_of(name: str) -> int:
    return _WEEKDAYS.index(name[:3].lower())


# The rules

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[5-9]|20)\d\d"
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_DAY_NAME = rf"(?:{_WEEKDAY}\b|(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?)"
_PART_OF_DAY = r"(?:\s(?:morning|afternoon|evening|night))"
_UNIT = r"(?:day|night|week|weekend|month|year|summer|spring|fall|autumn|winter)"
_COUNT = rf"(?:\d{{1,2}}|{'|'.join(_NUMBERS)})"
_JOINED = re.compile(r",?\s?(?:and|to|until|through|or|[-–—])\s?")
_BESIDE = re.compile(r",?\s(?:(?:and|to|until|through|or)\s)?(?:on\s|in\s)?")
# After four digits, what makes them something else than a year: "in 2014 elections", "of 2,000", "in 1500 BC".
_NO_YEAR = (
    r"(?!\d|['’]?s\b|[-–/]\d|[.,:]\d|\s?%|\s(?:BCE?|B\.C|percent|per|people|of|"
    r"(?!(?:was|as|its|his|this|has|is|does|plus|across|perhaps|unless|always|sometimes)\b)[a-z]+s)\b)"
)
_UNDATED = "|".join(
    (
        rf"{_YEAR}s\b",
        rf"{_YEAR}(?:,\s{_YEAR})+\b",
        rf"(?:fiscal|financial)(?:\syear)?\s{_YEAR}\b",
        rf"(?<!\d-){_YEAR}[-–/]\d\d(?:\d\d)?\b(?!-)",
        r"(?<!\w)['’]\d0s\b",
        r"\b9/11\b",
        rf"\b(?:every|each|most|some)\s(?:other\s)?{_WEEKDAY}\b",
        rf"\b(?:Black|Good|Super|Ash|Holy|Cyber|Bloody|Palm|Easter|Fat|Taco|Giving|Freaky|Maundy)\s{_WEEKDAY}\b",
        rf"\b{_WEEKDAY}(?=\s(?:Times|Night\s(?:Live|Football)|Mass)\b)",
        rf"\b(?:that|the\s(?:same|next|following|previous|first|second|third|last))\s(?:very\s)?{_UNIT}\b",
        rf"\bthe\s(?:past|last|next|coming)\s(?:\w+\s)?{_UNIT}s?\b",
        rf"\b(?:(?:{_COUNT}|few|several|many|some)\s)(?:full\s)?(?:hour|decade|{_UNIT})s?\s(?:later|earlier|after|before)\b",
        r"\b(?:hours|days|weeks|months|years|decades)\s(?:later|earlier|after|before)\b",
        rf"\bthe\s{_UNIT}\s(?:before|after)\b",
        r"\b(?:decades?|hours?|centur(?:y|ies))\sago\b",
        r"\bthe\s(?:same\s)?(?:day|eve|night|morning|week|month|year)\s(?:of|that|when)\sthe\b",
        r"\b(?:at\s(?:the|that)\stime|since\sthen|overnight|recently|in\srecent\s\w+|ever\ssince|these\sdays)\b",
        r"(?<!earlier\s)(?<!later\s)\btoday\b",
    )
)
_BEFORE_YEAR = (
    "In in Since since Until until By by From from During during Before before After after Through through Of of Early "
    "early Late late Mid mid and to between summer spring fall autumn winter".split()
)
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Expression | None]], ...] = (
    (re.compile(rf"(?<![\w/.-])(?P<year>{_YEAR})-(?P<month>[01]\d)-(?P<day>[0-3]\d)(?![\w-])"), _calendar),
    (re.compile(_UNDATED, re.IGNORECASE), _unknown),
    (
        re.compile(
            rf"\b(?:[Bb]etween|[Ff]rom|[Oo]n)\s(?P<at>(?P<month>{_MONTH})\s(?P<day>{_DAY})\s(?:and|to|through|until)\s"
            rf"(?P<last_day>{_DAY}))(?:,?\s(?P<year>{_YEAR})(?!\d|,\d))?(?![\w%]|[,.]\d|\s(?:people|percent))"
        ),
        _calendar,
    ),
    (
        re.compile(
            rf"\b(?:(?P<weekday>{_DAY_NAME}),?\s)?(?P<month>{_MONTH})\s(?P<day>{_DAY})"
            rf"(?:\s?[-–]\s?(?P<last_day>{_DAY})\b)?(?:,?\s(?P<year>{_YEAR})(?!\d|,\d))?(?!\d|\s?%|[,.:]\d|\w)"
        ),
        _calendar,
    ),
    (
        re.compile(
            rf"(?<![\w.,$£€-])(?:(?P<weekday>{_DAY_NAME}),?\s)?(?:the\s)?(?P<day>{_DAY})"
            rf"(?:\s?(?:[-–]|to|and)\s?(?P<last_day>{_DAY}))?"
            rf"\s(?:of\s)?(?P<month>{_MONTH})(?:,?\s(?P<year>{_YEAR})(?!\d|,\d))?(?!\w)"
        ),
        _calendar,
    ),
    (re.compile(rf"\b(?P<month>{_MONTH})(?:\sof)?,?\s(?P<year>{_YEAR}){_NO_YEAR}"), _calendar),
    (re.compile(rf"\b(?P<which>[Ll]ast|[Tt]his|[Nn]ext|[Pp]ast)\s(?P<month>{_MONTH})(?!\s?\d|\w)"), _which_month),
    (
        re.compile(
            r"\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Tt]ill|[Bb]y|[Ff]rom|[Dd]uring|[Tt]hrough|[Ee]arly|[Ll]ate|[Mm]id|(?:start|end|"
            rf"beginning|middle)\sof)[\s-](?P<at>(?P<month>{_MONTH}))(?!\s?\d|\w|\s(?:Madness|for\sOur|for\sLife))"
        ),
        _calendar,
    ),
    (
        re.compile(rf"{_MONTH},?\s(?:and|or|to|through|[-–])\s(?P<at>(?P<month>{_MONTH}))(?!\s?\d|\w)"),
        _calendar,
    ),
    (re.compile(rf"\b(?:{'|'.join(_BEFORE_YEAR)})[\s-](?P<at>(?P<year>{_YEAR})){_NO_YEAR}"), _calendar),
    (
        re.compile(
            rf"\b(?:(?P<which>[Ll]ast|[Tt]his|[Nn]ext|[Pp]ast)\s)?(?P<weekday>{_WEEKDAY})(?P<owner>{_PART_OF_DAY}?['’]s)?\b"
        ),
        _weekday,
    ),
    (
        re.compile(
            r"\b(?:yesterday|tomorrow|last\snight|earlier\stoday|later\stoday|tonight|"
            r"this\s(?:morning|afternoon|evening))\b(?!['’]s)",
            re.IGNORECASE,
        ),
        _near,
    ),
    (re.compile(rf"\b(?P<count>{_COUNT})\s(?P<unit>day|week|month|year)s?\sago\b", re.IGNORECASE), _ago),
    (re.compile(rf"\b(?P<which>last|this|next|past)\s(?P<unit>{_UNIT})\b(?P<owner>['’]s)?", re.IGNORECASE), _unit),
)
