"""The articles of web pages."""

from __future__ import annotations

from corpus.webfeeds.port import Page


def page_article(data: bytes, *, url: str | None, content_type: str | None) -> Page:
    """As :class:`corpus.webfeeds.port.ExtractPage`; what it needs is loaded with the first page.

    Raises:
        CorpusError: the page holds no article.
    """
    from corpus.readers.pages import extract_page

    return extract_page(data, url=url, content_type=content_type)
