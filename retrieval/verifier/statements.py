"""What a question supposes, as a statement: roughly, since what judges it minds words more than grammar."""

from __future__ import annotations

import re

_WORD = re.compile(r"\S+")
_AROUND = " ?!.…"
_HELPING = frozenset("did does do is are was were has have had will would can could".split())
_LOOKED_AT = 8  # words among which a question has its helping verb
_SOMEBODY = {"who": "Someone", "whom": "Someone"}


def statement(question: str) -> str:
    """The statement: what stands before the first helping verb asks, and falls away with it.

    "Why did India leave the Quad?" becomes "India leave the Quad." and "Who left it?" "Someone left it."; texts of
    another kind stay as they are.
    """
    text = " ".join(question.split()).strip(_AROUND)
    words = list(_WORD.finditer(text))
    if not words:
        return text
    if someone := _SOMEBODY.get(words[0].group().lower()):
        return f"{someone}{text[words[0].end() :]}."
    for word in words[:_LOOKED_AT]:
        if word.group().lower() in _HELPING:
            return f"{text[word.end() :].strip() or text}."
    return f"{text}."
