"""An extracted page as plain text."""

from __future__ import annotations

from corpus.readers.pages import Page


def page_text(page: Page) -> str:
    """Title, a line with what is known of the article, its address, and its paragraphs."""
    known = " · ".join(filter(None, (page.author, page.source, str(page.published or ""))))
    head = "\n".join(filter(None, (page.title, known, page.url)))
    return f"{head}\n\n{page.text}"
