"""Text that stands loose in a box, between line breaks, put into paragraphs.

Older pages write an article as one box with ``<br><br>`` between its paragraphs, and extractors lose what stands
in no paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_BOXES = ("div", "section", "article", "td", "main", "blockquote")
_PHRASES = frozenset(
    "a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strong sub sup time tt u var "
    "wbr acronym".split()
)
_BLOCKS = ("p", "div", "section", "article", "aside", "ul", "ol", "table", "blockquote", "figure", "form", "h1", "h2",
           "h3", "h4", "h5", "h6", "header", "footer", "main", "nav")  # fmt: skip
_MOST = 5_000
# Text counts as a paragraph's from the one length on; a box without as much of it is left as it is.
_SHORTEST_PIECE = 40
_FEWEST_LOOSE = 80


def wrap_loose_text(tree: HtmlElement) -> None:
    """Put the loose text of every box that has a fair amount of it into paragraphs."""
    for box in list(islice(tree.iter(*_BOXES), _MOST)):
        pieces = [len(" ".join((text or "").split())) for text in (box.text, *(child.tail for child in box))]
        if sum(length for length in pieces if length >= _SHORTEST_PIECE) >= _FEWEST_LOOSE:
            box[:] = list(_wrapped(box))
            box.text = None


def _wrapped(box: HtmlElement) -> Iterator[HtmlElement]:
    """The children of a box, its loose text in paragraphs between them."""
    paragraph, breaks = _paragraph(box, box.text), 0
    for child in list(box):
        tail = child.tail
        if child.tag == "br":
            breaks += 1
            if breaks > 1:
                yield from _filled(paragraph)
                paragraph = _paragraph(box, tail)
            else:
                paragraph.append(child)
            breaks = 0 if (tail or "").strip() else breaks
        elif child.tag in _PHRASES and next(child.iter(*_BLOCKS), None) is None:
            paragraph.append(child)
            breaks = 0
        else:
            yield from _filled(paragraph)
            child.tail = None
            yield child
            paragraph, breaks = _paragraph(box, tail), 0
    yield from _filled(paragraph)


def _paragraph(box: HtmlElement, text: str | None) -> HtmlElement:
    paragraph = box.makeelement("p")
    paragraph.text = text
    return paragraph


def _filled(paragraph: HtmlElement) -> Iterator[HtmlElement]:
    if len(paragraph) or (paragraph.text or "").strip():
        yield paragraph
