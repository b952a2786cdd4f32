"""Replies for a terminal, as rich text. Nothing from an article or a person is read as markup."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.messages import AnswerReply, IndexReply, Notice, Reply, StatusReply, SummaryReply
from bot.render.words import (
    age_warning,
    confidence_words,
    horizon_words,
    long_date,
    understood_words,
    visible,
)
from retrieval.types import Citation, Explanation

_INDENT = (0, 0, 0, 3)
_MARKED = "bold black on yellow"
# Where there is no colour, the marked sentence stands between these.
_OPEN, _CLOSE = "⟦", "⟧"
_ERRORS_SHOWN = 10


def render(reply: Reply, *, today: dt.date, color: bool, folded: bool = True, explain: bool = False) -> RenderableType:
    """A reply.

    Args:
        reply: what to show.
        today: for warnings of old news.
        color: whether a highlight can be shown by colour; else it stands in brackets.
        folded: whether what was found is hidden when the bot abstains.
        explain: whether to show how each passage came to its place.
    """
    match reply:
        case AnswerReply():
            return _answer(reply, today, color=color, folded=folded, explain=explain)
        case SummaryReply():
            return _summary(reply)
        case StatusReply():
            return _status(reply)
        case IndexReply():
            return _index(reply)
        case Notice():
            return Text(visible(reply.text))


def passage(citation: Citation, number: int, *, color: bool, explain: bool = False) -> RenderableType:
    """A citation: title, source and date, then the paragraph with its sentence marked."""
    head = Text(f"{number}. ", style="bold cyan")
    head.append(visible(citation.title or citation.article_id), style="bold")
    about = Text(" · ".join(part for part in (visible(citation.source), long_date(citation.published)) if part))
    about.stylize("dim")
    parts: list[RenderableType] = [head, Padding(about, _INDENT), Padding(_marked(citation, color=color), _INDENT)]
    if citation.url:
        parts.append(Padding(Text(visible(citation.url), style="blue underline", overflow="fold"), _INDENT))
    if citation.also_in:
        parts.append(Padding(Text(f"also in {visible(', '.join(citation.also_in))}", style="dim"), _INDENT))
    if explain and citation.explanation:
        parts.append(Padding(Text(_explained(citation.explanation), style="dim"), _INDENT))
    return Group(*parts)


def unfolded(citations: Sequence[Citation]) -> list[Citation]:
    """The citations without those that are near-identical to an earlier one, which names them."""
    shown: list[Citation] = []
    for citation in citations:
        if not any(citation.article_id in earlier.also_in for earlier in shown):
            shown.append(citation)
    return shown


def _marked(citation: Citation, *, color: bool) -> Text:
    text = Text()
    at = citation.start
    for highlight in sorted(citation.highlights, key=lambda h: h.start):
        text.append(_unjoined(citation.text[at - citation.start : highlight.start - citation.start]))
        sentence = _unjoined(highlight.text)
        text.append(sentence if color else f"{_OPEN}{sentence}{_CLOSE}", style=_MARKED if color else "")
        at = highlight.end
    text.append(visible(citation.text[at - citation.start :]))
    return text


def _unjoined(text: str) -> str:
    """Visible text; a joiner at its end would join nothing, and makes rich measure a line wrongly and cut it short."""
    return visible(text).rstrip("\u200d")


def _answer(reply: AnswerReply, today: dt.date, *, color: bool, folded: bool, explain: bool) -> RenderableType:
    answer = reply.answer
    parts: list[RenderableType] = []
    if answer.abstained:
        parts += [_abstention(reply), Text()]
    if not (answer.abstained and folded):
        for number, citation in enumerate(unfolded(answer.citations), start=1):
            parts += [passage(citation, number, color=color, explain=explain), Text()]
    for line in (understood_words(answer), age_warning(answer, today) if not answer.abstained else ""):
        if line:
            parts.append(Text(visible(line), style="yellow"))
    parts.append(_footer(reply))
    return Group(*parts)


def _abstention(reply: AnswerReply) -> RenderableType:
    answer = reply.answer
    lines = Text("The corpus does not seem to answer this.", style="bold")
    lines.append(f"\nIt covers {horizon_words(answer.horizon)}.", style="not bold")
    if answer.nearest:
        lines.append("\nNearest headlines:", style="not bold")
    for headline in answer.nearest:
        title = visible(headline.title or headline.article_id)
        lines.append(f"\n  • {title} ({long_date(headline.published)})", style="not bold")
    return lines


def _footer(reply: AnswerReply) -> Text:
    answer = reply.answer
    parts = [
        f"as of {long_date(answer.as_of)}" if answer.as_of and not answer.abstained else "",
        f"confidence {answer.confidence:.0%}" if answer.abstained else confidence_words(answer.confidence),
        f"{horizon_words(answer.horizon)}" if not answer.abstained else "",
        f"{answer.elapsed_ms:.0f} ms",
        f"answer {reply.answer_id}" if reply.answer_id else "",
    ]
    return Text(" · ".join(part for part in parts if part), style="dim")


def _explained(explanation: Explanation) -> str:
    def place(rank: int | None) -> str:
        return f"#{rank}" if rank else "not listed"

    reader = "not read" if explanation.reader is None else f"{explanation.reader:.3f} {place(explanation.reader_rank)}"
    return (
        f"dense {explanation.dense:.3f} {place(explanation.dense_rank)} · "
        f"lexical {explanation.lexical:.2f} {place(explanation.lexical_rank)} · "
        f"fused {explanation.fused:.3f} {place(explanation.fused_rank)} · reader {reader}"
    )


def _summary(reply: SummaryReply) -> RenderableType:
    summary = reply.summary
    parts: list[RenderableType] = []
    for number, sentence in enumerate(summary.sentences, start=1):
        line = Text(f"{visible(sentence.text)} ")
        line.append(f"[{number}]", style="cyan")
        parts.append(line)
    parts.append(Text())
    for number, sentence in enumerate(summary.sentences, start=1):
        source = " · ".join(part for part in (visible(sentence.source), long_date(sentence.published)) if part)
        parts.append(Text(f"[{number}] {visible(sentence.title or sentence.article_id)} · {source}", style="dim"))
    articles = f"{summary.articles} article{'s' if summary.articles != 1 else ''}"
    parts.append(Text(f"every sentence verbatim · from {articles} · {summary.elapsed_ms:.0f} ms", style="dim"))
    return Group(*parts)


def _status(reply: StatusReply) -> RenderableType:
    info = reply.info
    table = Table.grid(padding=(0, 2))
    feeds = "\n".join(
        f"{feed.name}: {feed.location}" if feed.name != feed.location else feed.name for feed in reply.feeds
    )
    sources = ", ".join(f"{name} ({count})" for name, count in sorted(reply.sources.items(), key=lambda s: -s[1])[:10])
    for name, value in (
        ("generation", f"{info.number}, made {info.created}"),
        ("corpus", horizon_words(info.horizon)),
        ("passages", f"{info.passages:,}"),
        ("sources", sources or "none named"),
        ("feeds", feeds),
        ("model", info.encoder),
        ("data folder", reply.data_dir),
    ):
        table.add_row(Text(name, style="bold"), Text(visible(value), overflow="fold"))
    return table


def _index(reply: IndexReply) -> RenderableType:
    run = reply.run
    lines = [
        f"Generation {run.generation} holds {run.articles:,} articles in {run.passages:,} passages: "
        f"{run.added:,} added, {run.changed:,} changed, {run.removed:,} removed, in {run.seconds:.1f} s."
    ]
    if run.errors:
        lines.append(f"{len(run.errors):,} bad item{'s' if len(run.errors) != 1 else ''}:")
        lines += [f"  {error}" for error in run.errors[:_ERRORS_SHOWN]]
        if len(run.errors) > _ERRORS_SHOWN:
            lines.append(f"  … and {len(run.errors) - _ERRORS_SHOWN:,} more (--json lists all)")
    return Text(visible("\n".join(lines)))
