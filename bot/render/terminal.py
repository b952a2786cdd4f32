"""Replies for a terminal, as rich text. Nothing from an article or a person is read as markup."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from bot.messages import (
    NOTHING_KNOWN,
    AnswerReply,
    ComparisonReply,
    ContextReply,
    CorrectionReply,
    DigestReply,
    GapsReply,
    HelpReply,
    HistoryReply,
    IndexReply,
    MatchReply,
    Notice,
    PassagesReply,
    Provenance,
    QuotesReply,
    RelatedReply,
    Reply,
    SourcesReply,
    StatusReply,
    SummaryReply,
    TimelineReply,
    WatchesReply,
)
from bot.passages import marked_figure, unfolded
from bot.render.differing import disagreement_words, rising_words
from bot.render.excerpts import marked_runs
from bot.render.history import Mark, history_lines, history_title
from bot.render.quote_words import quotes_words, speaker_words
from bot.render.unasked import (
    IT_SAID,
    IT_SAYS,
    correction_words,
    digest_words,
    listed,
    match_words,
    old_sentence,
    outcome_words,
    subscription_words,
)
from bot.render.words import (
    NO_GAPS,
    NOTHING_RELATED,
    abstention_words,
    age_warning,
    also_in_words,
    changed_words,
    comparison_words,
    event_date_words,
    footer_words,
    horizon_words,
    index_words,
    long_date,
    one_line,
    published_words,
    recalled_words,
    searched_words,
    since_words,
    sources_words,
    status_words,
    summary_words,
    timeline_words,
    understood_words,
    visible,
)
from retrieval.types import Citation, Disagreement, Explanation

_INDENT = (0, 0, 0, 3)
_MARKED = "bold black on yellow"
_CHANGED = {Mark.HEADING: "bold", Mark.REMOVED: "red", Mark.ADDED: "green"}
# Where there is no colour, the marked sentence stands between these.
_OPEN, _CLOSE = "⟦", "⟧"


def render(  # noqa: C901, PLR0911, PLR0912 (a case for each kind of reply)
    reply: Reply, *, today: dt.date, color: bool, folded: bool = True, explain: bool = False
) -> RenderableType:
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
        case PassagesReply():
            return passages(reply.citations, reply.first, color=color, explain=explain, provenance=reply.provenance)
        case ContextReply():
            return passages([reply.citation], reply.number, color=color, provenance=reply.provenance)
        case RelatedReply():
            return _related(reply)
        case ComparisonReply():
            return _comparison(reply, color=color)
        case HistoryReply():
            return _history(reply)
        case SummaryReply():
            return _summary(reply)
        case TimelineReply():
            return _timeline(reply)
        case QuotesReply():
            return _quotes(reply, color=color)
        case SourcesReply():
            return Text("\n".join([horizon_words(reply.horizon), *sources_words(reply)]))
        case GapsReply():
            return _gaps(reply)
        case HelpReply():
            return _help(reply)
        case StatusReply():
            return _status(reply)
        case IndexReply():
            return _index(reply)
        case WatchesReply():
            return _watches(reply)
        case MatchReply():
            return Group(
                Text(match_words(reply)), passages(reply.citations, 1, color=color, provenance=reply.provenance)
            )
        case DigestReply():
            cited = [story.citation for story in reply.stories]
            stories = passages(cited, 1, color=color, provenance=reply.provenance)
            return Group(Text("\n".join(digest_words(reply))), stories)
        case CorrectionReply():
            return _corrections(reply, color=color)
        case Notice():
            return Text(visible(reply.text))


def passages(
    citations: Iterable[Citation],
    first: int,
    *,
    color: bool,
    explain: bool = False,
    provenance: Provenance = NOTHING_KNOWN,
) -> RenderableType:
    """Citations, numbered from ``first``."""
    parts: list[RenderableType] = []
    for number, citation in enumerate(citations, start=first):
        parts += [passage(citation, number, color=color, explain=explain, provenance=provenance), Text()]
    return Group(*parts)


def passage(
    citation: Citation, number: int, *, color: bool, explain: bool = False, provenance: Provenance = NOTHING_KNOWN
) -> RenderableType:
    """A citation: title, source and date, then the paragraph with its sentence marked."""
    head = Text(f"{number}. ", style="bold cyan")
    head.append(visible(citation.title or citation.article_id), style="bold")
    about = Text(published_words(citation, provenance, visible(citation.source)), style="dim")
    parts: list[RenderableType] = [head, Padding(about, _INDENT), Padding(_marked(citation, color=color), _INDENT)]
    parts += _where(citation)
    if citation.also_in:
        parts.append(Padding(Text(also_in_words(citation, provenance), style="dim"), _INDENT))
    if explain and citation.explanation:
        parts.append(Padding(Text(_explained(citation.explanation), style="dim"), _INDENT))
    return Group(*parts)


def _marked(citation: Citation, *, color: bool) -> Text:
    text = Text()
    for run, marked in marked_runs(citation):
        shown = _unjoined(run)
        text.append(
            f"{_OPEN}{shown}{_CLOSE}" if marked and not color else shown, style=_MARKED if marked and color else ""
        )
    return text


def _unjoined(text: str) -> str:
    """Visible text; a joiner at its end would join nothing, and makes rich measure a line wrongly and cut it short."""
    return visible(text).rstrip("\u200d")


def _answer(reply: AnswerReply, today: dt.date, *, color: bool, folded: bool, explain: bool) -> RenderableType:
    answer = reply.answer
    parts: list[RenderableType] = [
        Text(line, style="dim") for line in (recalled_words(reply), searched_words(reply)) if line
    ]
    if answer.abstained:
        parts += [_abstention(reply), Text()]
    if not (answer.abstained and folded):
        parts.append(_cited(reply, color=color, explain=explain))
    for disagreement in answer.disagreements:
        parts += [_disagreement(disagreement, reply.provenance, color=color), Text()]
    for line in (understood_words(answer), age_warning(answer, today) if not answer.abstained else ""):
        if line:
            parts.append(Text(visible(line), style="yellow"))
    parts.append(_footer(reply))
    return Group(*parts)


def _cited(reply: AnswerReply, *, color: bool, explain: bool) -> RenderableType:
    return passages(unfolded(reply.answer.citations), 1, color=color, explain=explain, provenance=reply.provenance)


def _disagreement(disagreement: Disagreement, provenance: Provenance, *, color: bool) -> RenderableType:
    parts: list[RenderableType] = [Text(disagreement_words(disagreement), style="bold")]
    for figure in disagreement.figures:
        citation = figure.citation
        about = (
            visible(citation.title or citation.article_id),
            published_words(citation, provenance, visible(citation.source)),
        )
        parts.append(Padding(_marked(marked_figure(figure), color=color), _INDENT))
        parts.append(Padding(Text(" · ".join(about), style="dim"), _INDENT))
        parts += _where(citation)
    if disagreement.rising:
        parts.append(Text(rising_words(disagreement), style="yellow"))
    return Group(*parts)


def _where(citation: Citation) -> list[RenderableType]:
    """What has become of a citation's article, and its address, where there is something to say."""
    parts: list[RenderableType] = []
    if since_words(citation):
        parts.append(Padding(Text(since_words(citation), style="yellow"), _INDENT))
    if citation.url:
        parts.append(Padding(Text(visible(citation.url), style="blue underline", overflow="fold"), _INDENT))
    return parts


def _abstention(reply: AnswerReply) -> RenderableType:
    headline, *rest = abstention_words(reply.answer)
    lines = Text(headline, style="bold")
    for line in rest:
        lines.append(f"\n{'  ' if line.startswith('•') else ''}{line}", style="not bold")
    return lines


def _related(reply: RelatedReply) -> RenderableType:
    if not reply.questions:
        return Text(NOTHING_RELATED)
    return Text("\n".join(f"  {number}. {visible(q)}" for number, q in enumerate(reply.questions, start=1)))


def _comparison(reply: ComparisonReply, *, color: bool) -> RenderableType:
    parts: list[RenderableType] = [Text(recalled_words(reply.before), style="dim"), Text(comparison_words(reply))]
    for heading, citations in changed_words(reply):
        parts += [Text(), Text(heading, style="bold"), passages(citations, 1, color=color, provenance=reply.provenance)]
    return Group(*parts)


def _history(reply: HistoryReply) -> RenderableType:
    about, *lines = history_lines(reply)
    parts: list[RenderableType] = [Text(history_title(reply), style="bold cyan"), Text(about.text, style="dim")]
    for line in lines:
        if line.mark is Mark.HEADING:
            parts += [Text(), Text(line.text, style=_CHANGED[line.mark])]
            continue
        hanging = Table.grid(Column(width=len(line.mark), no_wrap=True), Column(overflow="fold"))
        style = _CHANGED.get(line.mark, "")
        hanging.add_row(Text(line.mark, style=style), Text(_unjoined(line.text), style=style))
        parts.append(hanging)
    return Group(*parts)


def _gaps(reply: GapsReply) -> RenderableType:
    if not reply.gaps:
        return Text(NO_GAPS)
    table = Table("question", "unanswered", "voted down")
    for gap in reply.gaps:
        table.add_row(Text(one_line(gap.question)), str(gap.unanswered), str(gap.voted_down))
    return table


def _help(reply: HelpReply) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for command, does in reply.commands:
        table.add_row(Text(command, style="bold"), Text(does))
    return table


def _footer(reply: AnswerReply) -> Text:
    return Text(footer_words(reply, timed=True), style="dim")


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
        source = published_words(sentence, reply.provenance, visible(sentence.source))
        parts.append(Text(f"[{number}] {visible(sentence.title or sentence.article_id)} · {source}", style="dim"))
    parts.append(Text(f"{summary_words(summary)} · {summary.elapsed_ms:.0f} ms", style="dim"))
    return Group(*parts)


def _timeline(reply: TimelineReply) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for event in reply.timeline.events:
        told = event.citation
        title, source = visible(told.title or told.article_id), visible(told.source)
        about = (title, published_words(told, reply.provenance, source), also_in_words(told, reply.provenance))
        said = Text(_unjoined(told.text))
        said.append("\n" + " · ".join(part for part in about if part), style="dim")
        table.add_row(Text(event_date_words(event), style="bold cyan"), said)
    made_of, filtered = timeline_words(reply.timeline)
    lines = [f"{made_of} · {reply.timeline.elapsed_ms:.0f} ms", visible(filtered)]
    return Group(table, Text(), Text("\n".join(line for line in lines if line), style="dim"))


def _quotes(reply: QuotesReply, *, color: bool) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for quote in reply.quotes.quotes:
        told = quote.citation
        said = _marked(told, color=color)
        title, source = visible(told.title or told.article_id), visible(told.source)
        about = (title, published_words(told, reply.provenance, source), also_in_words(told, reply.provenance))
        said.append("\n" + " · ".join(part for part in (speaker_words(quote), *about) if part), style="dim")
        table.add_row(Text(long_date(told.published), style="bold cyan"), said)
    made_of, *notes = quotes_words(reply.quotes)
    parts: list[RenderableType] = [table, Text()] if reply.quotes.quotes else []
    parts += [Text(visible(note), style="yellow") for note in notes if note]
    return Group(*parts, Text(visible(f"{made_of} · {reply.quotes.elapsed_ms:.0f} ms"), style="dim"))


def _status(reply: StatusReply) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for name, value in status_words(reply):
        table.add_row(Text(name, style="bold"), Text(value, overflow="fold"))
    return table


def _watches(reply: WatchesReply) -> RenderableType:
    lines = (
        line
        for heading, group in listed(reply)
        for line in (heading, *(subscription_words(one, reply.channel) for one in group))
    )
    return Text("\n".join(line for line in lines if line))


def _corrections(reply: CorrectionReply, *, color: bool) -> RenderableType:
    parts: list[RenderableType] = [Text(correction_words(reply))]
    known = reply.provenance
    for number, correction in enumerate(reply.corrections, start=1):
        parts += [Text(IT_SAID), passage(old_sentence(correction), number, color=color, provenance=known)]
        if correction.new:
            parts += [Text(IT_SAYS), passage(correction.new, number, color=color, provenance=known)]
        else:
            parts.append(Text(outcome_words(correction)))
    return Group(*parts)


def _index(reply: IndexReply) -> RenderableType:
    return Text(visible("\n".join(index_words(reply.run))))
