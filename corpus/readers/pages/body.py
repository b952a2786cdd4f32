"""The text of a page's article, by trafilatura."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from corpus.readers.problems import Unreadable
from corpus.readers.third_party import parsed_by

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# What a strict reading may leave out as furniture; where it leaves out more, the page misled it.
_SMALLEST_STRICT_SHARE = 0.5


def read_body(tree: HtmlElement) -> str:
    """The paragraphs of a prepared page, blank lines between, empty where there are none."""
    strict, balanced = _read(tree, strict=True), _read(tree, strict=False)
    text = strict if len(strict) >= _SMALLEST_STRICT_SHARE * len(balanced) else balanced
    return "\n\n".join(text.split("\n"))


def _read(tree: HtmlElement, *, strict: bool) -> str:
    from trafilatura import bare_extraction

    def extract() -> object:
        # Extraction changes the tree.
        return bare_extraction(deepcopy(tree), favor_precision=strict, include_comments=False)

    try:
        return getattr(parsed_by("trafilatura", extract), "text", None) or ""
    except Unreadable:
        return ""
