"""Citations chosen and widened for showing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from retrieval.segmentation import paragraphs
from retrieval.types import Citation, Figure, Highlight, Span


def unfolded(citations: Sequence[Citation]) -> list[Citation]:
    """The citations without those that are near-identical to an earlier one, which names them."""
    shown: list[Citation] = []
    for citation in citations:
        if not any(citation.article_id in earlier.also_in for earlier in shown):
            shown.append(citation)
    return shown


def distinct(citations: Sequence[Citation], others: Sequence[Citation]) -> tuple[Citation, ...]:
    """Those whose marked sentence is not marked in any of the others."""
    known = {_sentence(citation) for citation in others}
    return tuple(citation for citation in citations if _sentence(citation) not in known)


def whole_article(citation: Citation, text: str) -> Citation:
    """The citation widened to its whole article; its highlights stay where they are."""
    return _widened(citation, text, Span(0, len(text)))


def around(citation: Citation, text: str) -> Citation:
    """The citation widened by the paragraph before it and the one after."""
    spans = paragraphs(text)
    before = [span for span in spans if span.end <= citation.start][-1:]
    after = [span for span in spans if span.start >= citation.end][:1]
    near = [*before, Span(citation.start, citation.end), *after]
    return _widened(citation, text, Span(near[0].start, near[-1].end))


def marked_figure(figure: Figure) -> Citation:
    """The sentence of a figure with that figure marked in it."""
    return replace(figure.citation, highlights=(Highlight(figure.start, figure.end, figure.text, 1.0),))


def _widened(citation: Citation, text: str, span: Span) -> Citation:
    return replace(citation, start=span.start, end=span.end, text=span.of(text))


def _sentence(citation: Citation) -> tuple[str, str]:
    return citation.article_id, citation.highlights[0].text if citation.highlights else citation.text
