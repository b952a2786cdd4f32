"""Paragraphs shortened around their marked sentence, and texts cut into what a platform takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.render.words import visible
from retrieval.types import Citation

ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A paragraph in three parts; ``marked`` is the sentence, whole, and the others may be shortened or empty."""

    before: str
    marked: str
    after: str

    def __str__(self) -> str:
        return self.before + self.marked + self.after


def excerpt(citation: Citation, room: int) -> Excerpt:
    """The paragraph of a citation in about ``room`` characters; never is the marked sentence shortened.

    What is cut off, at a space where there is one, is replaced by "…". What is left is verbatim, but for
    characters that steer a screen.
    """
    text = citation.text
    if citation.highlights:
        start = citation.highlights[0].start - citation.start
        end = citation.highlights[0].end - citation.start
    else:
        start = end = 0
    before, marked, after = text[:start], text[start:end], text[end:]
    spare = max(room - len(marked), 0)
    half = spare // 2
    left = min(len(before), max(half, spare - len(after)))
    right = min(len(after), max(spare - left, 0))
    return Excerpt(visible(_end_of(before, left)), visible(marked), visible(_start_of(after, right)))


def marked_runs(citation: Citation) -> Iterator[tuple[str, bool]]:
    """All of a citation's text, visible, in runs; each says whether it is marked. None is empty."""
    at = 0
    for highlight in sorted(citation.highlights, key=lambda h: h.start):
        start, end = highlight.start - citation.start, highlight.end - citation.start
        if at < start:
            yield visible(citation.text[at:start]), False
        yield visible(highlight.text), True
        at = end
    if citation.text[at:]:
        yield visible(citation.text[at:]), False


def pieces(text: str, longest: int) -> Iterator[str]:
    """The text in pieces of at most so many characters, cut after a space where there is one."""
    while len(text) > longest:
        space = text.rfind(" ", 1, longest)
        cut = space + 1 if space > longest // 2 else longest
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text


def _end_of(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    kept = text[len(text) - length :] if length else ""
    at_space = kept.partition(" ")[2]
    kept = at_space or kept
    return f"{ELLIPSIS} {kept}" if kept.strip() else f"{ELLIPSIS} "


def _start_of(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    kept = text[:length]
    at_space = kept.rpartition(" ")[0]
    kept = at_space or kept
    return f"{kept} {ELLIPSIS}" if kept.strip() else f" {ELLIPSIS}"
