"""When what a sentence reports happened, or is to happen.

A sentence may name several times; the one of its main clause counts, and where that is unclear, none does. What
only bounds a time ("since Monday"), names something ("the 2014 invasion") or stands in a clause beside ("who was
elected in May") is not when it happened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from retrieval.date_grammar import Expression, expressions
from retrieval.dates import PartialDate
from retrieval.periods import Period
from retrieval.segmentation import sentences
from retrieval.tenses import lies_ahead
from retrieval.types import Span

_BOUNDS = re.compile(
    r"\b(?:since|until|till|by|before|after|through|prior\sto|as\sof|ahead\sof|than|over|within|to|from|following|"
    r"towards?|effective|expires?|expired|due|per|versus|vs\.?|expir\w+\s(?:at|on|in)|week\sof)\s"
    r"(?:the\s|early\s|late\s|mid-?|about\s|around\s|at\sleast\s|as\s|(?:end|start|beginning|middle)\sof\s|back\s)*$",
    re.IGNORECASE,
)
# "the invasion of 2014" names something, "the night of Feb. 24" says when.
_OF = re.compile(r"\b(\w+)\sof\s$")
_PARTS = frozenset(
    "morning night afternoon evening day summer spring fall autumn winter start end beginning middle month months "
    "quarter half part early".split()
)
# "the 29th launch this year" tells no date, "earlier this year" and "This year, …" do.
_NARROWED = re.compile(r"(?:\b(?:earlier|later)\s|^\W*(?:earlier\s|later\s)?)$", re.IGNORECASE)
_FOR = re.compile(r"\bfor\s(?:the\s|early\s|late\s)*$", re.IGNORECASE)
_SCHEDULED = re.compile(r"\b(?:set|scheduled|slated|planned|due)\s(?:\w+\s){0,3}for\s(?:\w+\s)?$", re.IGNORECASE)
_DETERMINED = re.compile(
    r"(?:\b(?:the|a|an|this|that|its|his|her|their|our|my|another|any)|['’]s|s['’])\s(?:late\s|early\s|mid-?)?$",
    re.IGNORECASE,
)
# "in a March 2021 interview", "at Monday's hearing"
_TAKES_PLACE = re.compile(r"\b(?:in|at|during)\s(?:(?:the|a|an|its|his|her|their|another)\s)?$", re.IGNORECASE)
_NOUN_FOLLOWS = re.compile(
    r",?\s(?!(?:and|or|but|in|at|on|as|to|by|for|from|with|after|before|when|where|that|which|who|if|because|"
    r"while|amid|about|against|over|under|near|the|a|an|his|her|its|their|he|she|it|they|was|were|is|are|had|has|have|will|would|"
    r"said|morning|afternoon|evening|night|of|during|following|until|despite|through|via|than|not|also|just|only)\b)[\w“\"]"
)
_PART_OF_DAY = re.compile(r"\s(?:early\s|late\s)?(?:morning|afternoon|evening|night|noon|midnight)\b")
_SUBORDINATE = re.compile(
    r"\b(?:who|which|whose|whom|when|whenever|where|after|because|while|if|unless|although|though|before|since|until|once|than|how|what|why|following|despite|regardless)\b"
    r"[^,;:—–]*$",
    re.IGNORECASE,
)
# "the massacre that left 19 dead in May", unlike "said that 19 died in May".
_THAT = re.compile(r"\bthat\b[^,;:—–]*$")
_SAYING = re.compile(
    r"\b(?:sa(?:id|ys|ying)|t(?:old|ells)|announc\w+|report\w*|confirm\w*|tweeted|add(?:ed|s)|wrote|claim\w*|warn\w*|acknowledg\w+|"
    r"admit\w*|reveal\w*|show\w*|found|finds|ruled|learned|den(?:ied|ies)|mean[st]?|noted|stated|according|insisted|argued|believed?|"
    r"agreed|ordered|demanded|decided|determined|concluded|estimated?|so|now|all)\s(?:[\w’'.]+\s){0,5}$"
)
# ", killing 19 in May", ", issued in May"
_PARTICIPLE = re.compile(
    r",\s(?:\w+ly\s|first\s|also\s)?(?:[a-z]+ing|[a-z]{2,}ed|held|won|built|made|taken|seen|shot|found|sent|written|born|led)\s"
    r"[^,;:—–]*$"
)
# "ahead of the busy July 4 holiday weekend"
_NAMED_FOR = re.compile(
    r"\s(?:holiday|weekend|elections?|primar(?:y|ies)|midterms?|attacks?|riots?|insurrection|invasion|shooting|deadline)\b"
)
_DASHES = (" – ", " — ", " -- ", "—")
_RANGE = re.compile(r",?\s?(?:and|to|until|through|[-–—])\s?")
_AND = re.compile(r",?\s(?:and|or)\s")
_FROM = re.compile(r"\b(?:between|from)\s(?:the\s|early\s|late\s|mid-?)*$", re.IGNORECASE)
_FRONTED = re.compile(
    r"[\"“‘'(]*(?:(?:on|in|at|during|early|late|earlier|later|by|the|morning|evening|night|of|and|but|back|just|"
    r"only|afternoon|mid|end|start|beginning|then|—|–|-)[\s-]?|\([A-Z]{2,}\)\s)*",
    re.IGNORECASE,
)
_REPORTING = re.compile(
    r"\b(?:said|says|told|tells|announced|reported|confirmed|tweeted|added|wrote|according\sto)\b[^,;]{0,40}$",
    re.IGNORECASE,
)
_MOST = 12  # times in one sentence
_OPENING, _CLOSING = "“", "”"


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that speak of a time.

    Args:
        span: the words, in the article's text.
        period: the days that they mean; ``None`` where that cannot be told.
        when: whether they say when something happens.
        aside: whether they stand in a clause beside the main one.
        planned: whether what happens then lay ahead at publication.
        relative: whether it counts from another day, as "on Monday" and "the day before" do.
    """

    span: Span
    period: Period | None
    when: bool
    aside: bool
    planned: bool
    relative: bool


@dataclass(frozen=True, slots=True)
class Dating:
    """When what a sentence reports takes place.

    Args:
        date: ``None`` where it does not say, or not clearly.
        planned: whether it lay ahead at publication.
        timed: whether the sentence speaks of any time at all.
    """

    date: PartialDate | None
    planned: bool
    timed: bool


def date_of(text: str, sentence: Span, published: PartialDate | None) -> Dating:
    """When what a sentence reports takes place, as it says itself.

    Args:
        text: the article's text.
        sentence: in it.
        published: when the article was.
    """
    found = mentions(text, sentence, published)
    main = _main(text, sentence, [m for m in found if m.when and m.period and m.period.date])
    if found and found[0].relative and found[0].period is None and _is_fronted(text, sentence, found[0]):
        main = None  # "On the day of the invasion, …"
    if main is None or main.period is None:
        return Dating(None, planned=False, timed=bool(found))
    return Dating(main.period.date, main.planned, timed=True)


def days_named(text: str, within: Span, published: PartialDate | None) -> set[PartialDate]:
    """The days that a part of an article names, in whatever way ("since Feb. 24")."""
    found = (m.period.date for s in sentences(text, within) for m in mentions(text, s, published) if m.period)
    return {date for date in found if date and date.day}


def mentions(text: str, sentence: Span, published: PartialDate | None) -> list[Mention]:
    """All that a sentence says of time, in order; see :class:`Mention`."""
    said = sentence.of(text)
    spoken = expressions(said)
    if len(spoken) > _MOST:  # a table, in which nothing is clear
        found = [Mention(e.span, None, when=False, aside=False, planned=False, relative=False) for e in spoken]
    else:
        found = _joined(said, [_mention(text, sentence, said, one, published) for one in spoken])
    return [replace(m, span=m.span.shifted(sentence.start)) for m in found]


def _mention(text: str, sentence: Span, said: str, found: Expression, published: PartialDate | None) -> Mention:
    ahead = lies_ahead(said, found.span.start, found.span.end)
    period = found.resolved(published, ahead=ahead)
    if found.relative and _is_quoted(text, sentence.start + found.span.start):
        period = None  # it counts from when it was said
    if period and published:
        ahead = period.first > published.last or (bool(ahead) and period.last >= published.first)
    before = said[: found.span.start]
    return Mention(
        found.span,
        period,
        when=period is not None and _says_when(before, said[found.span.end :], found),
        aside=_is_aside(before, said[found.span.end :]),
        planned=bool(ahead),
        relative=found.relative is not None,
    )


def _says_when(before: str, after: str, found: Expression) -> bool:
    if found.last_day and _FROM.search(before):
        return True
    if _bounds_or_names(before, found):
        return False
    if _FOR.search(before):
        return bool(_SCHEDULED.search(before))
    named = (
        found.owner
        or (found.month and found.day and _NAMED_FOR.match(after))
        or (_DETERMINED.search(before) and not _PART_OF_DAY.match(after) and _NOUN_FOLLOWS.match(after))
    )
    return bool(_TAKES_PLACE.search(before)) if named else True


def _bounds_or_names(before: str, found: Expression) -> bool:
    of = _OF.search(before)
    return bool(
        (found.vague and not _NARROWED.search(before)) or _BOUNDS.search(before) or (of and of[1].lower() not in _PARTS)
    )


def _is_aside(before: str, after: str) -> bool:
    """Whether a place in a sentence lies in a clause beside the main one."""
    relative, participle = _THAT.search(before), _PARTICIPLE.search(before)
    return (
        bool(_SUBORDINATE.search(before))
        # After a second comma, the main clause goes on: "The Post, citing sources, reported Thursday".
        or (participle is not None and before.count(", ", 0, participle.start()) % 2 == 0)
        or (relative is not None and not _SAYING.search(before[: relative.start()]))
        or before.count("(") > before.count(")")
        or any(before.count(dash) % 2 == 1 and dash in after for dash in _DASHES)
    )


def _joined(said: str, found: Sequence[Mention]) -> list[Mention]:
    """Two ends of a range become one: "between 3 and 7 March", "from 2014 to 2016"."""
    joined: list[Mention] = []
    for mention in found:
        last = joined[-1] if joined else None
        if last and last.period and mention.period and _is_range(said, last.span, mention.span):
            period = last.period.joined(mention.period)
            # What lasts happens in no smaller time than all of it.
            span = Span(last.span.start, mention.span.end)
            joined[-1] = replace(last, span=span, period=period, when=period.date is not None)
        else:
            # "slated for 2024 and 2025": what holds for the first holds for the second.
            follows = last is not None and _AND.fullmatch(said[last.span.end : mention.span.start])
            joined.append(replace(mention, when=mention.when and last.when) if last and follows else mention)
    return joined


def _is_range(said: str, first: Span, second: Span) -> bool:
    between = said[first.end : second.start]
    if not _RANGE.fullmatch(between):
        return False
    return "and" not in between or bool(_FROM.search(said[: first.start]))


def _main(text: str, sentence: Span, found: Sequence[Mention]) -> Mention | None:
    narrow = [m for m in found if not any(_within(other, m) for other in found)]
    main = [m for m in narrow if not m.aside]
    if len({m.period for m in main}) == 1:
        return main[0]
    if not main or _REPORTING.search(text, sentence.start, main[0].span.start):
        return None
    return main[0] if _is_fronted(text, sentence, main[0]) else None


def _is_fronted(text: str, sentence: Span, mention: Mention) -> bool:
    """Whether a sentence begins with it, and so its main clause is meant."""
    lead = _FRONTED.match(text, sentence.start, mention.span.start)
    return lead is not None and lead.end() == mention.span.start


def _within(inner: Mention, outer: Mention) -> bool:
    """Whether one names a part of what the other names, as in "this year, on 3 March"."""
    if inner.period is None or outer.period is None or inner.period == outer.period:
        return False
    return outer.period.holds(inner.period)


def _is_quoted(text: str, at: int) -> bool:
    """Whether a character stands in quotation marks that were opened in its paragraph."""
    start = text.rfind("\n", 0, at) + 1
    opened, closed = text.rfind(_OPENING, start, at), text.rfind(_CLOSING, start, at)
    return opened > closed or text.count('"', start, at) % 2 == 1
