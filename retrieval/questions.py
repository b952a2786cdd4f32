"""Questions as people type them: filters written into them, and dates in plain words."""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from retrieval.dates import PartialDate
from retrieval.errors import FilterError, QuestionError
from retrieval.types import Filters, Query, SuggestedFilter

LONGEST_QUESTION = 2000
"""Characters; a longer question is bad input."""

_TOKEN = re.compile(r"""(?<!\S)(since|until|source):(?:"([^"]*)"|“([^”]*)”|(\S*?)[?,;]*(?!\S))""", re.IGNORECASE)

_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d\d"
_WEEKDAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_COUNT = r"(?:\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_DATE = (
    rf"(?:{_DAY} (?:of )?{_MONTH},? {_YEAR}|{_MONTH} {_DAY},? {_YEAR}|{_MONTH},? {_YEAR}|{_YEAR}-\d\d-\d\d|{_YEAR}-\d\d"
    rf"|{_DAY} (?:of )?{_MONTH}|{_MONTH} {_DAY}"
    rf"|(?:last|this|past) (?:week|month|year|{_WEEKDAY}|{_MONTH})|yesterday|today"
    rf"|{_COUNT} (?:day|week|month|year)s? ago|{_WEEKDAY}|{_MONTH}(?!\w)|{_YEAR})"
)
_PHRASES = re.compile(
    rf"\b(?:(?P<low>between|from) (?P<first>{_DATE}) (?:and|to|until) (?P<second>{_DATE})"
    rf"|(?:in|over|during|for) the (?:last|past) (?P<window>{_COUNT} (?:day|week|month|year)s?)"
    rf"|(?P<bound>since|after|before|until|by) (?:the )?(?P<edge>{_DATE})"
    rf"|(?:in|on|during|of|for) (?:the (?={_DAY} of ))?(?P<inside>{_DATE})"
    rf"|(?P<bare>{_DAY} (?:of )?{_MONTH},? {_YEAR}|{_MONTH} {_DAY},? {_YEAR}|{_MONTH},? {_YEAR}"
    rf"|(?:last|this|past) (?:week|month|year|{_WEEKDAY}|{_MONTH})|yesterday|today"
    rf"|{_COUNT} (?:day|week|month|year)s? ago))\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"(?:\W*+\w++){0,2}?\W*+(?:who|whom|whose|what|which|when|where|why|how)\b"
    r"|\W*+(?:did|does|do|is|are|was|were|has|have|had|can|could|will|would|should|shall|may|might|am)(?:n['’]t)?\b",
    re.IGNORECASE,
)
_Range = tuple[dt.date, dt.date]


def is_question(text: str) -> bool:
    """Whether a text asks something, by its mark or how it begins; else it is a topic, or words that are looked for."""
    return "?" in text or _ASKING.match(text) is not None


def parse_question(text: str, now: dt.datetime, *, k: int = 3, filters: Filters | None = None) -> Query:
    """Read a question as typed.

    ``since:``, ``until:`` and ``source:`` are taken out of the text and filter; where the caller gives
    the same filter, the caller's wins. A date in plain words stays in the text and becomes a suggestion.

    Args:
        text: as typed.
        now: what "last week" counts from.
        k: how many articles to cite.
        filters: given beside the text.

    Raises:
        QuestionError: blank, without a letter or digit, or too long.
        FilterError: a date that is none, an empty source, or dates upside down.
    """
    if len(text) > LONGEST_QUESTION:
        raise QuestionError(
            f"the question has {len(text):,} characters, at most {LONGEST_QUESTION:,} can be asked: shorten it"
        )
    typed = dict(_typed_filters(text))
    question = _clean(_TOKEN.sub(" ", text))
    if not question:
        raise QuestionError("the question is blank: type one, such as “Who attended the summit?”")
    if not any(character.isalnum() for character in question):
        raise QuestionError(f"{question[:40]!r} holds no word: type a question, such as “Who attended the summit?”")
    given = filters or Filters()
    merged = Filters(
        since=given.since or (parse_since(typed["since"]) if "since" in typed else None),
        until=given.until or (parse_until(typed["until"]) if "until" in typed else None),
        sources=given.sources or (frozenset({typed["source"]}) if "source" in typed else None),
        article_ids=given.article_ids,
    )
    return Query(question, merged, k, suggest_filter(question, now))


def parse_since(text: str) -> dt.date:
    """The first day that ``since:`` keeps: ``2024`` means 1 January 2024.

    Raises:
        FilterError: the text is no date.
    """
    return _explicit("since", text).first


def parse_until(text: str) -> dt.date:
    """The last day that ``until:`` keeps: ``2024`` means 31 December 2024.

    Raises:
        FilterError: the text is no date.
    """
    return _explicit("until", text).last


def resolve_sources(filters: Filters, known: Iterable[str]) -> Filters:
    """The filters with outlets by their exact names; letter case does not matter.

    Raises:
        FilterError: no article is of such an outlet; the message names the nearest ones.
    """
    if filters.sources is None:
        return filters
    names: dict[str, list[str]] = {}
    for name in known:
        names.setdefault(name.casefold(), []).append(name)
    for wanted in filters.sources:
        if wanted.casefold() not in names:
            near = get_close_matches(wanted.casefold(), names, n=3, cutoff=0.4) or sorted(names)[:3]
            offered = ", ".join(repr(names[name][0]) for name in near)
            raise FilterError(f"no article is from the source {wanted!r}: try {offered or 'without this filter'}")
    return replace(filters, sources=frozenset(name for wanted in filters.sources for name in names[wanted.casefold()]))


def suggest_filter(question: str, now: dt.datetime) -> SuggestedFilter | None:
    """The first date in plain words, as a range of days; ``None`` where there is none.

    "since the invasion" is not a date, and neither is a year that only names something ("the 1973 oil crisis").
    """
    for match in _PHRASES.finditer(question):
        since, until = _range_of(match, now)
        if (since or until) and not (since and until and since > until):
            return SuggestedFilter(match.group(), since, until)
    return None


def _typed_filters(text: str) -> Iterable[tuple[str, str]]:
    for match in _TOKEN.finditer(text):
        name = match.group(1).lower()
        value = next((group for group in match.groups()[1:] if group is not None), "").strip()
        if not value:
            raise FilterError(f"{name}: has no value: write it without a space, such as {_EXAMPLES[name]}")
        yield name, value


_EXAMPLES = {"since": "since:2024-06", "until": "until:2024", "source": 'source:"BBC News"'}


def _clean(text: str) -> str:
    """Control and invisible format characters become spaces; runs of white space become one."""
    visible = (" " if unicodedata.category(c) in {"Cc", "Cf", "Cs"} and c != "\u200d" else c for c in text)
    return " ".join("".join(visible).split())


def _explicit(name: str, text: str) -> PartialDate:
    try:
        return PartialDate.parse(text)
    except ValueError as error:
        raise FilterError(f"{name}: {error}") from None


def _range_of(match: re.Match[str], now: dt.datetime) -> tuple[dt.date | None, dt.date | None]:
    parts = match.groupdict()
    if parts["window"]:
        start = _parse(f"{parts['window']} ago", now)
        return (start[0], now.date()) if start else (None, None)
    if parts["low"]:
        first, second = _parse(parts["first"], now), _parse(parts["second"], now)
        return (first[0], second[1]) if first and second else (None, None)
    found = _parse(parts["edge"] or parts["inside"] or parts["bare"], now)
    if found is None:
        return None, None
    return _bounded((parts["bound"] or "").lower(), found)


def _bounded(bound: str, found: _Range) -> tuple[dt.date | None, dt.date | None]:
    match bound:
        case "since":
            return found[0], None
        case "after":
            return found[1] + dt.timedelta(days=1), None
        case "until" | "by":
            return None, found[1]
        case "before":
            return None, found[0] - dt.timedelta(days=1)
    return found


def _parse(phrase: str, now: dt.datetime) -> _Range | None:
    from dateparser.date import DateDataParser

    # dateparser knows "last week" but not "last June"; an incomplete date means the last one that has passed anyway.
    phrase = re.sub(rf"^(?:last|past|this) (?={_WEEKDAY}$|{_MONTH}$)", "", phrase.lower())
    phrase = re.sub(r"^past ", "last ", phrase)
    if re.fullmatch(_YEAR, phrase):
        return dt.date(int(phrase), 1, 1), dt.date(int(phrase), 12, 31)
    settings = {"RELATIVE_BASE": now.replace(tzinfo=None), "PREFER_DATES_FROM": "past"}
    data = DateDataParser(languages=["en"], settings=settings).get_date_data(phrase)
    if data is None or data.date_obj is None:
        return None
    return _expand(data.date_obj.date(), data.period or "day")


def _expand(day: dt.date, period: str) -> _Range:
    """All days of the day, week, month or year in which ``day`` lies."""
    if period == "year":
        return day.replace(month=1, day=1), day.replace(month=12, day=31)
    if period == "month":
        return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])
    if period == "week":
        monday = day - dt.timedelta(days=day.weekday())
        return monday, monday + dt.timedelta(days=6)
    return day, day
