"""Block Kit's elements, and messages of them within Slack's limits.

What comes from an article or a person stands in ``rich_text`` and ``plain_text`` alone, where Slack reads no
markup: nothing in it can ping, link or format. Lengths are counted in UTF-16 units, the larger of the two ways
in which a platform may count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bot.render.excerpts import ELLIPSIS, pieces
from bot.render.words import one_line, visible
from bot.slack.mrkdwn import escape

Block = dict[str, Any]
Payload = dict[str, Any]

LONGEST_PIECE = 1400
"""Characters of one element of rich text; Slack states no limit for them, and 3,000 for a section."""
_HEAVIEST = 10_000
"""Characters of a message's blocks as JSON; Slack refuses about 13,000 and does not say how it counts."""
_MOST_BLOCKS = 50
_LONGEST_TEXT = 3000
_LONGEST_LABEL = 75
_LONGEST_SMALL = 1900


def text(content: str, *, bold: bool = False) -> Block:
    """A run of text, read literally."""
    run: Block = {"type": "text", "text": visible(content)}
    return {**run, "style": {"bold": True}} if bold else run


def link(url: str | None, label: str, *, bold: bool = False) -> Block:
    """A link, or text where there is no address."""
    if url is None:
        return text(label, bold=bold)
    run: Block = {"type": "link", "url": url, "text": visible(label)}
    return {**run, "style": {"bold": True}} if bold else run


def section(*runs: Block) -> Block:
    """A paragraph inside rich text."""
    return {"type": "rich_text_section", "elements": list(runs)}


def quote(*runs: Block) -> Block:
    """A quotation inside rich text."""
    return {"type": "rich_text_quote", "elements": list(runs)}


def rich(*elements: Block) -> Block:
    """A block of rich text."""
    return {"type": "rich_text", "elements": list(elements)}


def paragraphs(lines: Iterable[str]) -> list[Block]:
    """Lines of plain words, in as many blocks as they need."""
    content = visible("\n".join(lines))
    return [rich(section(text(piece))) for piece in pieces(content, LONGEST_PIECE) if piece]


def small(*lines: str) -> list[Block]:
    """Lines in small print; empty ones are left out."""
    elements = [
        {"type": "plain_text", "text": shortened(line, _LONGEST_SMALL), "emoji": False}
        for line in lines
        if line.strip()
    ]
    return [{"type": "context", "elements": [element]} for element in elements]


def button(label: str, action: str, value: str, *, spoken: str = "") -> Block:
    """A button; ``value`` holds all that is needed when it is pressed, also after a restart."""
    made: Block = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": shortened(label, _LONGEST_LABEL), "emoji": False},
        "value": value,
    }
    return {**made, "accessibility_label": spoken} if spoken else made


def buttons(*made: Block) -> list[Block]:
    """A row of buttons, if there are any."""
    return [{"type": "actions", "elements": list(made)}] if made else []


def messages(blocks: Sequence[Block], summary: str = "") -> list[Payload]:
    """Messages of these blocks, as many as the limits ask for; none is cut.

    ``summary`` is read out and shown in notifications for the first; the others, or all of them without one,
    are read out as they stand.
    """
    pages: list[list[Block]] = []
    weight = _HEAVIEST
    for block in blocks:
        added = width(json.dumps(block, ensure_ascii=False))
        if weight + added > _HEAVIEST or len(pages[-1]) >= _MOST_BLOCKS:
            pages.append([])
            weight = 0
        pages[-1].append(block)
        weight += added
    summaries = [summary, *[""] * len(pages)]
    return [_payload(page, spoken) for page, spoken in zip(pages, summaries, strict=False)]


def shortened(content: str, most: int) -> str:
    """The content on one line of at most so many characters; what is cut off is replaced by "…"."""
    line = one_line(content)
    if width(line) <= most:
        return line or ELLIPSIS
    kept = line[: most - 1]
    while width(kept) > most - 1:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def width(content: str) -> int:
    """Its length in UTF-16 units."""
    return len(content.encode("utf-16-le", "surrogatepass")) // 2


def flat(blocks: Iterable[Block]) -> str:
    """All that blocks say, without buttons."""
    return " ".join(part for block in blocks if block["type"] != "actions" for part in _texts(block))


def _payload(blocks: list[Block], spoken: str) -> Payload:
    # "&" becomes five characters when it is escaped.
    said = shortened(spoken or flat(blocks), _LONGEST_TEXT // 5)
    return {"text": escape(said), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _texts(part: Block) -> Iterable[str]:
    if isinstance(part.get("text"), str):
        yield part["text"].strip()
    for inner in part.get("elements", ()):
        yield from _texts(inner)
