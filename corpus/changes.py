"""What changed from one revision of an article to the next, sentence by sentence."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from corpus.revisions import Revision
from retrieval.segmentation import sentences
from retrieval.types import Article, Span

_FIELDS = ("title", "source", "url", "published")


@dataclass(frozen=True, slots=True)
class SentenceChange:
    """A sentence that came or, if not ``added``, went; offsets count in the text that it stands in, verbatim."""

    added: bool
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A title, source, address or date that is another one now; empty for none."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """A revision and what changed with it.

    Args:
        number: of the revision, from 1 for the oldest that is kept.
        revision: as it was from then on.
        fields: what is known of the article beside its text.
        sentences: what went and came, in the order of the text.
        spacing: whether the text differs by spaces and line breaks alone.
    """

    number: int
    revision: Revision
    fields: tuple[FieldChange, ...] = ()
    sentences: tuple[SentenceChange, ...] = ()
    spacing: bool = False


def steps(history: list[Revision], most: int | None = None) -> list[Step]:
    """What changed with each revision, oldest first; with the first one that is kept, nothing.

    Args:
        history: of one article, oldest first.
        most: of how many of the newest revisions.
    """
    first = max(len(history) - most, 0) if most is not None else 0
    return [
        _step(number, history[number - 2] if number > 1 else None, history[number - 1])
        for number in range(first + 1, len(history) + 1)
    ]


def changed_sentences(before: str, after: str) -> list[SentenceChange]:
    """The sentences that went and came between two texts, in order; how they are spaced is no matter."""
    old, new = sentences(before), sentences(after)
    matcher = SequenceMatcher(None, [_key(before, span) for span in old], [_key(after, span) for span in new])
    return [
        change
        for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes()
        if kind != "equal"
        for change in (
            *(SentenceChange(False, span.of(before), span.start, span.end) for span in old[old_from:old_to]),
            *(SentenceChange(True, span.of(after), span.start, span.end) for span in new[new_from:new_to]),
        )
    ]


def stands(sentence: str, text: str) -> bool:
    """Whether a sentence is one of a text's; how it is spaced is no matter."""
    wanted = " ".join(sentence.split())
    return any(_key(text, span) == wanted for span in sentences(text))


def _step(number: int, before: Revision | None, revision: Revision) -> Step:
    if before is None:
        return Step(number, revision)
    old, new = before.article, revision.article
    changed = () if old.text == new.text else tuple(changed_sentences(old.text, new.text))
    return Step(number, revision, tuple(_fields(old, new)), changed, spacing=not changed and old.text != new.text)


def _fields(old: Article, new: Article) -> list[FieldChange]:
    pairs = [(name, str(getattr(old, name) or ""), str(getattr(new, name) or "")) for name in _FIELDS]
    return [FieldChange(name, before, after) for name, before, after in pairs if before != after]


def _key(text: str, span: Span) -> str:
    return " ".join(span.of(text).split())
