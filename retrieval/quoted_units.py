"""Sentences that quotations hold together, and which quotations are speech."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval.quotations import Quotation
from retrieval.segmentation import paragraphs, sentences
from retrieval.subjects import QUOTED
from retrieval.types import Span

_WORDS = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_FRAGMENT = 5  # words; fewer within a sentence of the outlet's own are its distance to a word, or a title
_SHORTEST_TITLE, _LONGEST_TITLE = 3, 8  # words
_SMALL = frozenset("a an and as at but by for from in into of on or over the to with".split())
_SPOKEN = re.compile(r"(?:I|You|He|She|It|We|They|That|This|There|Yes|No)\b")
_ENDS = re.compile(r"[.,?!…—–-]$")
# "We won!" | Smith said.
_TAIL = re.compile(
    rf"\s*[A-Z][^,{QUOTED}]{{2,60}}?\s(?:said|told [^,.{QUOTED}]{{3,60}}|wrote|tweeted|added)"
    rf"(?:\s(?:in|on|at|during|via|to|of|after)\b[^,{QUOTED}]{{0,80}})?\.$"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Sentences of one paragraph, one or more, of which none ends within a quotation.

    Args:
        span: of all of them.
        paragraph: counts from 0.
        quoted: the quotations in them.
    """

    span: Span
    paragraph: int
    quoted: tuple[Quotation, ...]


def units(text: str, told: str, quoted: Sequence[Quotation]) -> Iterator[Unit]:
    """All units of a text, in order.

    Args:
        text: an article's.
        told: the same with quotations blanked out.
        quoted: the quotations of it, in order.
    """
    rest = list(quoted)
    for number, paragraph in enumerate(paragraphs(text)):
        own: list[Unit] = []
        for span in sentences(text, paragraph):
            inside = tuple(q for q in rest if q.marked.start < span.end and q.marked.end > span.start)
            if own and _joined(told, own[-1], span, inside):
                last = own.pop()
                span = Span(last.span.start, span.end)  # noqa: PLW2901 (grows by what belongs before it)
                inside = tuple(dict.fromkeys((*last.quoted, *inside)))
            own.append(Unit(span, number, inside))
        yield from own
        rest = [q for q in rest if q.marked.start >= paragraph.end]


def is_whole(text: str, told: str, unit: Unit, quotation: Quotation) -> bool:
    """Whether a quotation is speech by itself, and not a part of a sentence of the outlet's own."""
    words = quotation.words.of(text)
    first = next((c for c in words if c.isalnum()), "")
    if not first or not _ended(told, quotation, words):
        return False
    before = told[unit.span.start : quotation.marked.start].rstrip()
    # "A," he said, "b."
    splits = QUOTED in before and before.endswith((",", "—", "–", "-"))
    if first.islower() and not quotation.continued and not splits:
        return False
    count = len(_WORDS.findall(words))
    apart = not before or before.endswith((",", ":", "—", "–", "that", QUOTED)) or count >= _FRAGMENT
    return apart and not _looks_like_a_title(words)


def is_fragment(text: str, quotation: Quotation) -> bool:
    """Whether a quotation is long enough to be somebody's words where it is a part of a sentence."""
    words = quotation.words.of(text)
    return len(_WORDS.findall(words)) >= _FRAGMENT and not _looks_like_a_title(words)


def _ended(told: str, quotation: Quotation, words: str) -> bool:
    behind = told[quotation.marked.end : quotation.marked.end + 1]
    return bool(_ENDS.search(words.rstrip("’'\"” "))) or quotation.goes_on or behind in {",", "."}


def _looks_like_a_title(words: str) -> bool:
    """Whether all words but the small ones are capitalised, in three to eight."""
    every = _WORDS.findall(words)
    telling = [word for word in every if word not in _SMALL]
    capitalised = all(word[0].isupper() or word[0].isdigit() for word in telling)
    spoken = bool(every) and _SPOKEN.match(every[0])
    return _SHORTEST_TITLE <= len(every) <= _LONGEST_TITLE and len(telling) > 1 and capitalised and not spoken


def _joined(told: str, last: Unit, span: Span, inside: Sequence[Quotation]) -> bool:
    """Whether a sentence belongs to the one before: a quotation holds them, or it only says whose that was."""
    if any(q.marked.start < last.span.end for q in inside):
        return True
    quoted_last = bool(last.quoted) and last.quoted[-1].marked.end >= last.span.end
    only_tells = _TAIL.match(told, span.start, span.end) or told[span.start : span.end].lstrip()[:1].islower()
    return quoted_last and bool(only_tells)
