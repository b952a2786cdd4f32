"""Paragraphs and sentences of a text, as offsets.

Sentences come from nupunkt's pre-trained Punkt model (Kiss and Strunk, 2006, "Unsupervised Multilingual
Sentence Boundary Detection").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import nupunkt

from retrieval.types import Span

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_LINE_BREAK = re.compile(r"\n\s*")
_TITLES = "adm amb brig col cols cpl gen gens gov govs insp maj messrs pres prof rep reps sec sen sens supt".split()
_ABBREVIATIONS = [
    *_TITLES,
    *"jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun".split(),
    *"ala ariz calif colo conn fla ga mich minn mont neb nev okla penn tenn tex va wis".split(),
    *"approx assn asst atty ave bros ca capt co corp dept det ed eds est etc ex fmr govt hon inc incl inst".split(),
    *"intl lt mme no nos ret rev rs univ vol".split(),
]
_PLAIN_WORD = re.compile(r"[^.]*[aeiouy][^.]*")
_CLOSERS = re.compile(r"[)\]}\"'”’»]+(?=\s|$)")
# What goes on: "Who runs Wagner?|”, it asked", "Rear Adm.|John Kirby".
_ENDS_OPEN = re.compile(rf"\b(?:{'|'.join(title.capitalize() for title in _TITLES)})\.$")
_GOES_ON = re.compile(r"[)\]}\"'”’»]+[,;:]")


@cache
def _segmenter() -> nupunkt.PunktSentenceTokenizer:
    segmenter = nupunkt.load_default_model()
    # Thousands of plain words are among the model's abbreviations ("met", "month", "story") and would keep two
    # sentences together: what has a vowel and no inner period stays only if it is listed above.
    abbreviations = segmenter.parameters.abbrev_types
    abbreviations.difference_update([word for word in abbreviations if _PLAIN_WORD.fullmatch(word)])
    abbreviations.update(_ABBREVIATIONS)
    return segmenter


def trimmed(text: str, span: Span) -> Span:
    """The span without white space at its ends; empty (at its start) where there is nothing else."""
    start, end = span.start, span.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)


def _between(text: str, separator: re.Pattern[str], within: Span) -> Iterator[Span]:
    start = within.start
    for match in separator.finditer(text, within.start, within.end):
        yield Span(start, match.start())
        start = match.end()
    yield Span(start, within.end)


def paragraphs(text: str, within: Span | None = None) -> list[Span]:
    """Paragraphs of ``text``, trimmed, in order: parted by blank lines or, in a text that has none, by line breaks.

    Args:
        text: the whole text; whether it has blank lines is decided over all of it.
        within: only this part.
    """
    separator = _BLANK_LINE if _BLANK_LINE.search(text.strip()) else _LINE_BREAK
    spans = (trimmed(text, span) for span in _between(text, separator, within or Span(0, len(text))))
    return [span for span in spans if span.start < span.end]


def sentences(text: str, within: Span | None = None) -> list[Span]:
    """Sentences of ``text``, trimmed, in order, none reaching over the end of a paragraph.

    Together they cover everything but white space.
    """
    return [sentence for paragraph in paragraphs(text, within) for sentence in _in_paragraph(text, paragraph)]


def _in_paragraph(text: str, paragraph: Span) -> list[Span]:
    found: list[Span] = []
    for start, end in _segmenter().span_tokenize(paragraph.of(text)):
        span = trimmed(text, Span(start, end).shifted(paragraph.start))
        if span.start == span.end:
            continue
        if found and (_GOES_ON.match(text, span.start) or _ENDS_OPEN.search(text, found[-1].start, found[-1].end)):
            found[-1] = Span(found[-1].start, span.end)
            continue
        # A closing quotation mark or bracket that was split off belongs to the sentence before.
        closing = _CLOSERS.match(text, span.start, span.end)
        if found and closing:
            found[-1] = Span(found[-1].start, closing.end())
            span = trimmed(text, Span(closing.end(), span.end))
        if span.start < span.end:
            found.append(span)
    return found
