"""Plain text, as people have it: written, copied or scraped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.readers.articles import assemble
from corpus.readers.cleaning import tidy
from corpus.readers.files import read_text
from corpus.readers.port import BadItem, Origin
from corpus.readers.problems import Unreadable
from corpus.readers.scraped import without_site
from retrieval.types import Article

# Author and tags are understood, so that they do not pass for text; no article keeps them.
_FIELD_OF = {
    "title": "title",
    "headline": "title",
    "source": "source",
    "url": "url",
    "link": "url",
    "date": "published",
    "published": "published",
    "author": "author",
    "tags": "tags",
}
_HEADER_LINE = re.compile(rf"(?P<key>{'|'.join(_FIELD_OF)})[ \t]*:(?P<value>.{{0,300}})", re.IGNORECASE)


class PlainTextReader:
    """Reads one article a file: "Title: …" lines if there are any, then its text with the site around it taken off."""

    suffixes = frozenset({".txt"})

    def read(self, origin: Origin) -> Iterator[Article | BadItem]:
        """The article of a file, and what is wrong with it."""
        try:
            fields, rest = _split_header(tidy(read_text(origin)))
            scraped = without_site(rest, fields.get("title", ""))
            yield from assemble(origin, fields | {"title": scraped.title}, scraped.text)
        except Unreadable as error:
            yield BadItem(origin.relative, str(error))


def _split_header(text: str) -> tuple[dict[str, str], str]:
    """The "Key: value" lines that a text opens with, and the rest of it."""
    fields: dict[str, str] = {}
    lines = text.split("\n")
    for number, line in enumerate(lines):
        match = _HEADER_LINE.fullmatch(line)
        if match:
            fields.setdefault(_FIELD_OF[match["key"].lower()], match["value"].strip())
        elif line:
            return fields, "\n".join(lines[number:])
    return fields, ""
