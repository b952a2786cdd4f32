"""Passages and lines of text as embeds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.discord.markdown import clip, clipped, escape, size, strong
from bot.discord.payloads import LONGEST_DESCRIPTION, LONGEST_FOOTER, LONGEST_TITLE, PLAIN, Embed
from bot.messages import NOTHING_KNOWN, Provenance
from bot.passages import marked_figure
from bot.render.excerpts import ELLIPSIS, Excerpt, excerpt, pieces
from bot.render.links import link_to
from bot.render.words import also_in_words, one_line, published_words, since_words
from retrieval.types import Citation, Figure

_QUOTE = ">>> "
"""Puts a bar beside all that follows in a description."""
_ROOM = 900
"""Characters of a paragraph that are shown: three escaped ones fit in one message, as a rule."""
_ROOM_OF_FIGURE = 250
_PIECE = 1900
"""Characters, of which the longest escaped piece with a bar before it fits in a description."""


def cited(
    citation: Citation, number: int, *, room: int = _ROOM, color: int = PLAIN, provenance: Provenance = NOTHING_KNOWN
) -> list[Embed]:
    """A citation: its title with a link to the sentence, the paragraph with the sentence in bold, source and date.

    One embed, unless the sentence is longer than fits in one.
    """
    descriptions = list(_quoted(excerpt(citation, room)))
    since = since_words(citation)
    if since:
        # A bar reaches to the end of a description; so what is no quotation stands in front of it.
        descriptions[:1] = _below(escape(since), descriptions[0])
    embeds = [Embed(description, color=color) for description in descriptions]
    first = Embed(embeds[0].description, f"{number}. {titled(citation)}", link_to(citation) or "", color=color)
    embeds[0] = first
    last = embeds[-1]
    embeds[-1] = Embed(last.description, last.title, last.url, about(citation, provenance), color)
    return embeds


def _below(note: str, description: str) -> list[str]:
    """A note and a description in one, or in two where they do not fit."""
    both = f"{note}\n{description}"
    return [both] if size(both) <= LONGEST_DESCRIPTION else [note, description]


def quoted_figure(figure: Figure) -> str:
    """The sentence of a figure on one line, shortened around the figure, which is bold."""
    parts = excerpt(marked_figure(figure), _ROOM_OF_FIGURE)
    before, after = (escape(text.replace("\n", " ")) for text in (parts.before, parts.after))
    return f"“{before}{strong(clipped(parts.marked, _ROOM_OF_FIGURE))}{after}”"


def titled(citation: Citation) -> str:
    """An article's title, escaped; its id where the title shows nothing."""
    for text in (citation.title, citation.article_id):
        if any(character.isprintable() and not character.isspace() for character in one_line(text)):
            return clipped(text, LONGEST_TITLE - 8)
    return "Untitled"


def about(citation: Citation, provenance: Provenance = NOTHING_KNOWN) -> str:
    """Who published it and when, and where else it stands; plain text, as footers are."""
    published = published_words(citation, provenance, clip(citation.source, LONGEST_FOOTER // 2))
    return " · ".join(part for part in (published, also_in_words(citation, provenance)) if part)


def described(lines: Iterable[str], *, color: int = PLAIN, footer: str = "") -> list[Embed]:
    """Lines, each of them Markdown that fits in a description, in as few embeds as hold them."""
    texts = [""]
    for line in lines:
        if texts[-1] and size(texts[-1]) + 1 + size(line) > LONGEST_DESCRIPTION:
            texts.append("")
        texts[-1] += f"\n{line}" if texts[-1] else line
    embeds = [Embed(text, color=color) for text in texts if text.strip()]
    if embeds and footer:
        embeds[-1] = Embed(embeds[-1].description, footer=footer, color=color)
    return embeds


def escaped_lines(text: str) -> Iterator[str]:
    """A text of any length, escaped, in lines that each fit in a description."""
    for line in text.splitlines():
        yield from (escape(piece) for piece in pieces(line, _PIECE))


def _quoted(parts: Excerpt) -> Iterator[str]:
    runs = ((parts.before, False), (parts.marked, True), (parts.after, False))
    for line in bold_lines(runs, LONGEST_DESCRIPTION - len(_QUOTE)):
        yield _QUOTE + (line if line.strip() else ELLIPSIS)


def bold_lines(runs: Iterable[tuple[str, bool]], longest: int = LONGEST_DESCRIPTION) -> Iterator[str]:
    """Runs of text, each bold or not, escaped, in one line or in more where that does not hold them; at least one."""
    current, was_bold = "", False
    for piece, bold in ((piece, bold) for text, bold in runs for piece in pieces(text, _PIECE)):
        shown = strong(escape(piece)) if bold else escape(piece)
        # "**a****b**" would not be two bold texts.
        if current and ((bold and was_bold) or size(current + shown) > longest):
            yield current
            current = ""
        current, was_bold = current + shown, bold
    yield current
