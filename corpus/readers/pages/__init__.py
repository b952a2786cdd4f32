"""Articles out of web pages: :func:`extract_page` turns the bytes of one into a :class:`Page`."""

from corpus.readers.pages.page import Page, extract_page

__all__ = ["Page", "extract_page"]
