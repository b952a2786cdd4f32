"""Saved web pages."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.errors import NoArticle
from corpus.readers.articles import assemble
from corpus.readers.files import read_bytes
from corpus.readers.pages import extract_page
from corpus.readers.port import BadItem, Origin
from corpus.readers.problems import Unreadable
from retrieval.types import Article


class HtmlReader:
    """Reads one article a page, gzipped or not; its canonical address is its id."""

    suffixes = frozenset({".html", ".htm", ".html.gz"})

    def read(self, origin: Origin) -> Iterator[Article | BadItem]:
        """The article of a page, or why there is none."""
        try:
            page = extract_page(read_bytes(origin))
            fields = {
                "title": page.title,
                "source": page.source,
                "url": page.url,
                "published": str(page.published or ""),
            }
            yield from assemble(origin, fields, page.text)
        except (NoArticle, Unreadable) as error:
            yield BadItem(origin.relative, str(error))
