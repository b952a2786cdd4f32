"""Lines of printed pages made paragraphs again: no line breaks, divided words, running heads or page numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from corpus.readers.cleaning import tidy, without_controls
from corpus.readers.shape import ends_sentence

# A running head is within so many lines of the edge of at least half the pages.
_EDGE = 2
_PAGE_NUMBER = re.compile(
    r"(?:page |p\. ?)?\d{1,4}(?: ?(?:/|of) ?\d{1,4})?|[-–—|] ?\d{1,4} ?[-–—|]|[ivxl]{1,6}", re.IGNORECASE
)
_ITEM = re.compile(r"[•▪‣●○–*] |\(?(?:\d{1,2}|[a-z])[.)] ")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\u00a0": " "})
_HYPHENATED = re.compile(r"(?P<first>[^\W\d_]{2,})[-‐\u00ad]$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
# Of a column's full width, a line that ends a paragraph, and one that is a heading.
_LAST_LINE = 0.85
_HEADING = 0.6


def join_pages(pages: Sequence[str]) -> str:
    """The paragraphs of a document, blank lines between.

    Args:
        pages: the text of each, its lines as they are printed.
    """
    lines = _without_edges([_lines(page) for page in pages])
    known = Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", " ".join(lines).lower()))
    width = _full_width(lines)
    paragraphs: list[str] = []
    before = ""
    for line in lines:
        text = line.strip()
        if not before or not text or _parts(before, line, width):
            paragraphs.append(text)
        else:
            paragraphs[-1] = _joined(paragraphs[-1], text, known)
        before = text
    return tidy("\n\n".join(filter(None, paragraphs)))


def _lines(page: str) -> list[str]:
    text = without_controls(page).translate(_LIGATURES)
    return [line.rstrip() for line in text.strip("\n").split("\n")]


def _without_edges(pages: Sequence[list[str]]) -> list[str]:
    """All lines, without the running heads and feet and the page numbers."""
    edges = Counter(key for page in pages for key in {_key(page[at]) for at in _edge(page)})
    often = max(2, len(pages) / 2)
    kept: list[str] = []
    for page in pages:
        dropped = {
            at for at in _edge(page) if edges[_key(page[at])] >= often or _PAGE_NUMBER.fullmatch(page[at].strip())
        }
        kept.extend(line for at, line in enumerate(page) if at not in dropped)
    return kept


def _edge(page: Sequence[str]) -> Iterable[int]:
    filled = [at for at, line in enumerate(page) if line.strip()]
    return {*filled[:_EDGE], *filled[-_EDGE:]}


def _key(line: str) -> str:
    """A line as it recurs: its page number changes."""
    return re.sub(r"\d+", "#", " ".join(line.lower().split()))


def _full_width(lines: Sequence[str]) -> int:
    """How long a line is that reaches the margin; a few that reach beyond do not count."""
    lengths = sorted(len(line.strip()) for line in lines if line.strip())
    return lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0


def _parts(before: str, line: str, width: int) -> bool:
    """Whether a paragraph ends between two lines."""
    if line.startswith("  ") or _ITEM.match(line.strip()):
        return True
    if ends_sentence(before) or before.endswith(("?", "!", ":")):
        return len(before) < _LAST_LINE * width
    return len(before) < _HEADING * width and not line.strip()[:1].islower()


def _joined(paragraph: str, line: str, known: Counter[str]) -> str:
    """A paragraph and its next line; a word that was divided is whole again."""
    start, rest = _HYPHENATED.search(paragraph), _FIRST_WORD.match(line)
    if not start or not rest or not rest[0].islower():
        return f"{paragraph} {line}"
    # "long-term" keeps its hyphen where it has one within a line as well.
    keeps = known[f"{start['first']}-{rest[0]}".lower()] > known[f"{start['first']}{rest[0]}".lower()]
    return (paragraph[:-1] + "-" if keeps else paragraph[:-1]) + line
