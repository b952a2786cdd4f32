"""What an article has said, as lines that every platform shows in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.messages import HistoryReply
from bot.render.excerpts import ELLIPSIS
from bot.render.words import counted, day_of, long_date, one_line
from corpus.changes import Step
from retrieval.dates import PartialDate

_NAMES = {"title": "title", "source": "outlet", "url": "address", "published": "date"}


class Mark(StrEnum):
    """What stands before a line; it tells removed from added also where there is no colour."""

    HEADING = ""
    NOTE = "  "
    REMOVED = "- "
    ADDED = "+ "


@dataclass(frozen=True, slots=True)
class Line:
    """A line of words on a screen; ``str`` of it begins with its mark."""

    mark: Mark
    text: str

    def __str__(self) -> str:
        return f"{self.mark}{self.text}"


def history_lines(reply: HistoryReply, most: int | None = None, longest: int | None = None) -> list[Line]:
    """What an article has said, newest revision first.

    Args:
        reply: what to show.
        most: so many lines, of which the last then says how many more there are; all for ``None``.
        longest: characters of a line, which is cut off with "…" there; whole lines for ``None``.
    """
    lines = [_about(reply)]
    for step in reversed(reply.steps):
        lines += _step(step)
    earlier = reply.revisions - len(reply.steps)
    notes = []
    if most is not None and len(lines) + bool(earlier) > most:
        notes.append(counted(len(lines) - most + 1, "more line"))
        lines = lines[: most - 1]
    if earlier:
        notes.append(counted(earlier, "earlier revision"))
    if notes:
        lines.append(Line(Mark.HEADING, f"{ELLIPSIS} and {' and '.join(notes)}: `backchannel history` shows all"))
    return [Line(line.mark, _cut(one_line(line.text), longest)) for line in lines]


def history_title(reply: HistoryReply) -> str:
    """What the article is called, on one line."""
    return one_line(reply.article.title) or one_line(reply.article.id)


def _about(reply: HistoryReply) -> Line:
    article = reply.article
    last = reply.steps[-1].revision
    parts = [article.id, article.source, long_date(article.published), counted(reply.revisions, "revision")]
    if last.ended:
        parts.append(f"removed {_time(last.ended)}" if last.removed else f"ended {_time(last.ended)}")
    return Line(Mark.HEADING, " · ".join(one_line(part) for part in parts if part))


def _step(step: Step) -> Iterator[Line]:
    yield Line(Mark.HEADING, f"Revision {step.number}, seen {_time(step.revision.seen)}")
    for change in step.fields:
        before, after = (
            _date(value) if change.field == "published" else value or "none" for value in (change.before, change.after)
        )
        yield Line(Mark.REMOVED, f"{_NAMES[change.field]}: {before}")
        yield Line(Mark.ADDED, f"{_NAMES[change.field]}: {after}")
    for sentence in step.sentences:
        yield Line(Mark.ADDED if sentence.added else Mark.REMOVED, sentence.text)
    if step.spacing:
        yield Line(Mark.NOTE, "Only spaces and line breaks changed.")
    elif not step.fields and not step.sentences:
        yield Line(Mark.NOTE, "The oldest one that is kept." if step.number == 1 else "As before; it had been removed.")


def _time(text: str) -> str:
    return f"{day_of(text)} {text[11:16]} UTC"


def _date(text: str) -> str:
    return long_date(PartialDate.parse(text) if text else None)


def _cut(text: str, longest: int | None) -> str:
    if longest is None or len(text) <= longest:
        return text
    return f"{text[: longest - 1].rstrip()}{ELLIPSIS}"
