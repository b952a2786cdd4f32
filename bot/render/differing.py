"""Wordings of figures that differ."""

from __future__ import annotations

from bot.render.words import long_date, short_name
from retrieval.types import Disagreement, Figure


def disagreement_words(disagreement: Disagreement) -> str:
    """Figures that differ, by date: ``Sources differ: killed — at least 14 (AP, 3 May 2024) · 17 (BBC, May 2024)``."""
    cited = [figure.citation for figure in disagreement.figures]
    who = "Sources" if len({citation.source.casefold() for citation in cited}) > 1 else "Articles"
    figures = " · ".join(_figure_words(figure) for figure in disagreement.figures)
    return f"{who} differ: {_quantity_words(disagreement)} — {figures}"


def rising_words(disagreement: Disagreement) -> str:
    """That later days may explain what differs; empty where they do not."""
    return "Each later figure is higher: it may be a newer count, as of its date." if disagreement.rising else ""


def _quantity_words(disagreement: Disagreement) -> str:
    counted = "" if disagreement.what and disagreement.counted == "people" else short_name(disagreement.counted)
    return f"{counted} {disagreement.what}".strip()


def _figure_words(figure: Figure) -> str:
    where = (short_name(figure.citation.source), long_date(figure.citation.published))
    return f"{short_name(figure.text)} ({', '.join(part for part in where if part)})"
