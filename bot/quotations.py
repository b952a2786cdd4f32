"""Quotations held against what is stored, just before they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.catalogue import Catalogue
from retrieval.errors import QuotationError
from retrieval.types import Citation


def quoted_texts(catalogue: Catalogue, citations: Sequence[Citation]) -> dict[tuple[str, str], str]:
    """The whole texts that are quoted, as they are stored now, by the article's id and the text's hash.

    Raises:
        QuotationError: one is no longer kept.
    """
    texts = catalogue.texts((citation.article_id, citation.text_hash) for citation in citations)
    for citation in citations:
        if (citation.article_id, citation.text_hash) not in texts:
            raise QuotationError(
                f"article {citation.article_id!r} has changed since it was quoted, and what it said is no longer kept: "
                "ask again"
            )
    return texts


def verify(catalogue: Catalogue, citations: Sequence[Citation]) -> None:
    """Slice quotations again from the stored texts.

    Raises:
        QuotationError: one does not stand there, or that text is no longer kept.
    """
    texts = quoted_texts(catalogue, citations)
    for citation in citations:
        citation.verify(texts[citation.article_id, citation.text_hash])
