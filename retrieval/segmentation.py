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
# Ranks and units that the pre-trained model lacks.
_MORE_ABBREVIATIONS = ["lt", "maj", "brig", "adm", "amb", "col", "gov", "rep", "sen", "approx", "incl"]
_CLOSERS = re.compile(r"[)\]}\"'”’»]+(?=\s|$)")


@cache
def _segmenter() -> nupunkt.PunktSentenceTokenizer:
    segmenter = nupunkt.load_default_model()
    segmenter.add_abbreviations(_MORE_ABBREVIATIONS)
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
        # A closing quotation mark or bracket that was split off belongs to the sentence before.
        closing = _CLOSERS.match(text, span.start, span.end)
        if found and closing:
            found[-1] = Span(found[-1].start, closing.end())
            span = trimmed(text, Span(closing.end(), span.end))
        if span.start < span.end:
            found.append(span)
    return found
