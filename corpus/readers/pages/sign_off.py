"""What follows an article's last paragraph: credits, notices, and invitations to follow, subscribe and write.

News sites close alike. These lines are known by their words, as in :mod:`corpus.readers.furniture`, but
run into free text; so they count at the end of an article alone.
"""

from __future__ import annotations

import re

from corpus.readers.furniture import NETWORK
from corpus.readers.shape import ends_sentence

# How far from the end a closing may begin, and what may stand between its lines.
_LONGEST_CLOSING = 8
_LONGEST_LINE_WORDS = 90
_LONGEST_BETWEEN_WORDS = 25
_LONGEST_HEADING_WORDS = 8

_CLOSING = re.compile(
    "|".join(
        (
            # credits
            r"^\W*(?:additional |writing and )?reporting by\b|^(?:edited|editing|compiled|translated) by .{1,80}$",
            r"\bcontributed (?:to (?:this|the) (?:report|story|article)|reporting)\b",
            # invitations
            rf"\b(?:follow|like|join|find) .{{0,60}}\bon (?:{NETWORK})\b",
            r"^(?:follow|read|see|find) .{0,40}\bcoverage\b",
            r"\b(?:subscribe|sign up)\b.{0,60}\b(?:newsletters?|podcast|channel|inbox|alerts|youtube)\b",
            r"\bin(?:to)? your (?:inbox|e-?mail)\b|\bif you (?:enjoyed|liked) this\b",
            r"\b(?:download|get) (?:the|our) .{0,30}\bapp\b|\bletters? to the editor\b",
            r"\b(?:may|can) be (?:reached|contacted) (?:at|by|on|via)\b|^(?:have|got) a (?:news )?(?:tip|story)\b",
            # notices
            r"^(?:copyright|©|\(c\)) |\bsubject to copyright\b|\b(?:may not|may) be (?:reproduced|redistributed)\b",
            r"\bif you (?:buy|purchase|click)\b|\baffiliate (?:links?|commissions?)\b",
        )
    ),
    re.IGNORECASE,
)


def without_sign_off(text: str) -> str:
    """The text without its closing lines; its first paragraph always stays."""
    paragraphs = text.split("\n\n")
    end = _start_of_closing(paragraphs)
    if 1 < end < len(paragraphs) and _is_heading(paragraphs[end - 1]):
        end -= 1
    return "\n\n".join(paragraphs[:end])


def _start_of_closing(paragraphs: list[str]) -> int:
    start = len(paragraphs)
    for at in range(len(paragraphs) - 1, max(0, len(paragraphs) - _LONGEST_CLOSING - 1), -1):
        length = len(paragraphs[at].split())
        if length <= _LONGEST_LINE_WORDS and _CLOSING.search(paragraphs[at]):
            start = at
        elif length > _LONGEST_BETWEEN_WORDS:
            break
    return start


def _is_heading(line: str) -> bool:
    short = len(line.split()) <= _LONGEST_HEADING_WORDS
    return short and not ends_sentence(line) and not any(letter.isdigit() for letter in line)
