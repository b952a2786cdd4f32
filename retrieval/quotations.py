"""Direct quotations in English news text, by their quotation marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from retrieval.segmentation import paragraphs
from retrieval.types import Span

_DOUBLE = re.compile(r"[“”\"„]")
_OPENS_AFTER = frozenset(" \t\u00a0([{—–-/‘'\n…:;")
# Without a stop before it, what closes cannot be told from an apostrophe: "the workers’ union".
_SINGLE = re.compile(r"(?<![\w.,’'])[‘'](?=[^\W_])(?P<said>[^‘\n]{2,1500}?[.,!?…])[’'](?!\w)")


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words between quotation marks.

    Args:
        words: without the marks.
        marked: with them; a mark that is missing since the quotation goes on in another paragraph has no place in it.
        continued: whether it goes on from the paragraph before.
        goes_on: whether it goes on in the next one.
    """

    words: Span
    marked: Span
    continued: bool = False
    goes_on: bool = False


def quotations(text: str) -> list[Quotation]:
    """All quotations of a text, in order; what is quoted inside a quotation is none of its own.

    A quotation of several paragraphs opens each and closes the last; each part is one here. One that is never closed
    is left out. Single marks count where the text has no double ones.
    """
    spans = paragraphs(text)
    if _DOUBLE.search(text):
        return _whole([list(_in_paragraph(text, span)) for span in spans], spans)
    return [
        Quotation(Span(*match.span("said")), Span(*match.span()))
        for span in spans
        for match in _SINGLE.finditer(text, span.start, span.end)
    ]


def _in_paragraph(text: str, within: Span) -> Iterator[Quotation]:
    opened: int | None = None
    for match in _DOUBLE.finditer(text, within.start, within.end):
        at = match.start()
        if opened is None:
            opened = at if _may_open(text, at, within) else None
        elif match.group() in "“„" or (match.group() == '"' and not _may_close(text, at, within)):
            opened = at  # the one before was never closed
        else:
            if opened + 1 < at:
                yield Quotation(Span(opened + 1, at), Span(opened, at + 1))
            opened = None
    if opened is not None and opened + 1 < within.end:
        yield Quotation(Span(opened + 1, within.end), Span(opened, within.end), goes_on=True)


def _may_open(text: str, at: int, within: Span) -> bool:
    if text[at] == "”" or at + 1 >= within.end or text[at + 1].isspace():
        return False
    return at == within.start or text[at] in "“„" or text[at - 1] in _OPENS_AFTER


def _may_close(text: str, at: int, within: Span) -> bool:
    if not text[at - 1].isspace():
        return True
    # `a " loose mark` closes what is open, `an "opening` one does not
    return at + 1 >= within.end or text[at + 1].isspace()


def _whole(parts: Sequence[list[Quotation]], spans: Sequence[Span]) -> list[Quotation]:
    """The quotations without those that are left open though the next paragraph does not go on with them."""
    found: list[Quotation] = []
    held: list[Quotation] = []
    """Parts of a quotation that has not been closed yet."""
    for own, span in zip(parts, spans, strict=True):
        rest = list(own)
        if held and rest and rest[0].marked.start == span.start:
            first = replace(rest.pop(0), continued=True)
            if first.goes_on:
                held.append(first)
                continue
            found += [*held, first]
        held = []
        if rest and rest[-1].goes_on:
            held = [rest.pop()]
        found += rest
    return found
