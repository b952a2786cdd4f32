"""Citations as blocks: title, source, date and link, then the paragraph with its sentence marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.messages import NOTHING_KNOWN, Provenance
from bot.passages import marked_figure
from bot.render.excerpts import excerpt, pieces
from bot.render.links import link_to
from bot.render.words import also_in_words, published_words, since_words
from bot.slack.elements import LONGEST_PIECE, Block, link, quote, rich, section, shortened, text
from retrieval.types import Citation, Figure

ROOM = 700
"""Characters of a paragraph that are shown; a longer marked sentence is shown all the same."""
_ROOM_OF_FIGURE = 250
_LONGEST_NAME = 150


def citation_blocks(
    citation: Citation, number: int, room: int = ROOM, provenance: Provenance = NOTHING_KNOWN
) -> list[Block]:
    """A citation. A sentence too long for one block goes on in the next; none of it is left out."""
    first, *rest = _runs(citation, room)
    blocks = [rich(section(*_head(citation, number, provenance)), quote(*first))]
    return blocks + [rich(quote(*runs)) for runs in rest]


def figure_blocks(figure: Figure, provenance: Provenance = NOTHING_KNOWN) -> list[Block]:
    """The sentence of a figure, with the figure marked; where it stands, and when that was published."""
    citation = figure.citation
    noted = f" · {since_words(citation)}" if since_words(citation) else ""
    head = [link(link_to(citation), title_of(citation)), text(f" · {about(citation, provenance)}{noted}")]
    first, *rest = _runs(marked_figure(figure), _ROOM_OF_FIGURE)
    return [rich(section(*head), quote(*first)), *(rich(quote(*runs)) for runs in rest)]


def title_of(citation: Citation) -> str:
    """Its title, or what names it otherwise, in a length that can be shown."""
    return shortened(citation.title or citation.article_id, _LONGEST_NAME)


def about(citation: Citation, provenance: Provenance = NOTHING_KNOWN) -> str:
    """Its source, what is known of that, and its date."""
    source = shortened(citation.source, _LONGEST_NAME) if citation.source else ""
    return published_words(citation, provenance, source)


def spoken(citation: Citation) -> str:
    """The marked sentence, who published it and when, for those who hear it."""
    sentence = citation.highlights[0].text if citation.highlights else citation.text
    return f"“{shortened(sentence, 400)}” {about(citation)}"


def _head(citation: Citation, number: int, provenance: Provenance) -> Iterator[Block]:
    yield text(f"{number}. ", bold=True)
    yield link(link_to(citation), title_of(citation), bold=True)
    published, also_in = about(citation, provenance), also_in_words(citation, provenance)
    yield text("\n" + " · ".join(part for part in (published, also_in) if part))
    if since_words(citation):
        yield text(f"\n{since_words(citation)}", bold=True)


def _runs(citation: Citation, room: int) -> list[list[Block]]:
    """The shortened paragraph as runs of text, in lists that each fit into a block."""
    parts = excerpt(citation, room)
    return fitted(((parts.before, False), (parts.marked, True), (parts.after, False)))


def fitted(runs: Iterable[tuple[str, bool]]) -> list[list[Block]]:
    """Runs of text, each bold or not, in lists that each fit into a block."""
    lists: list[list[Block]] = [[]]
    left = LONGEST_PIECE
    for content, bold in runs:
        for piece in pieces(content, LONGEST_PIECE):
            if len(piece) > left:
                lists.append([])
                left = LONGEST_PIECE
            lists[-1].append(text(piece, bold=bold))
            left -= len(piece)
    return lists
