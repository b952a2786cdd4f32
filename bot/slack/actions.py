"""Names of what can be pressed, and the state that buttons carry."""

from __future__ import annotations

from enum import StrEnum

LARGEST = 10_000


class Action(StrEnum):
    """What pressing something does. A number follows where there are several of one kind in a message."""

    MORE = "more"
    CONTEXT = "context"
    RELATED = "related"
    GOOD = "good"
    BAD = "bad"
    SHARE = "share"
    END = "end"


REASON_VIEW = "reason"
"""The modal that asks what is wrong with an answer."""
REASON_BLOCK = "why"
ASK_SHORTCUT = "ask_about_this"
"""The message shortcut."""


def packed(answer_id: str, detail: str | int = "") -> str:
    """A button's value: the answer, and a page, a number or a thread."""
    return f"{answer_id}:{detail}"


def unpacked(value: str) -> tuple[str, str]:
    """The answer and the detail of a value."""
    answer_id, _, detail = value.partition(":")
    return answer_id, detail


def number(detail: str) -> int:
    """A page or a number; 0, which names none, for what is no number."""
    return min(int(detail), LARGEST) if detail.isascii() and detail.isdecimal() and len(detail) < 6 else 0
