"""What a question supposes, as a statement: roughly, since what judges it minds words more than grammar."""

from __future__ import annotations

from retrieval.questions import is_question

_AROUND = " ?!.…"
_HELPING = frozenset(
    "did does do is are was were has have had will would shall should can could may might must".split()
)
_LOOKED_AT = 8  # words among which a question has its helping verb
_SOMEBODY = {"who": "Someone", "whom": "Someone"}


def supposed(question: str) -> str | None:
    """The statement; ``None`` where nothing is supposed.

    What stands before the first helping verb asks, and falls away with it: "Why did India leave the Quad?" becomes
    "India leave the Quad.", and "Who left it?" "Someone left it." What only asks whether something is so supposes
    nothing, nor does a text that asks nothing.
    """
    words = question.split()
    text = " ".join(words).strip(_AROUND)
    if not is_question(question) or not text or words[0].lower() in _HELPING:
        return None
    first, _, rest = text.partition(" ")
    if someone := _SOMEBODY.get(first.lower()):
        return f"{someone} {rest}." if rest else None
    said = text.split(" ")
    verb = next((at for at, word in enumerate(said[:_LOOKED_AT]) if word.lower() in _HELPING), -1)
    return f"{' '.join(said[verb + 1 :]) or text}."
