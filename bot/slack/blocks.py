"""Replies as Slack messages. Pure: the same reply always gives the same messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bot.messages import (
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
from bot.passages import unfolded
from bot.related import related_questions
from bot.render.differing import disagreement_words, rising_words
from bot.render.excerpts import marked_runs, pieces
from bot.render.history import Mark, history_lines, history_title
from bot.render.links import link_to, safe_link
from bot.render.quote_words import quotes_words, speaker_words
from bot.render.unasked import match_words
from bot.render.words import (
    NO_GAPS,
    abstention_words,
    age_warning,
    also_in_words,
    changed_words,
    comparison_words,
    event_date_words,
    feeds_words,
    footer_words,
    gap_words,
    health_words,
    horizon_words,
    index_words,
    long_date,
    one_line,
    recalled_words,
    searched_words,
    sources_words,
    summary_words,
    timeline_words,
    understood_words,
    underway_words,
)
from bot.slack.actions import Action, packed
from bot.slack.citations import about, citation_blocks, figure_blocks, fitted, spoken, title_of
from bot.slack.elements import (
    LONGEST_PIECE,
    Block,
    Payload,
    button,
    buttons,
    link,
    messages,
    paragraphs,
    rich,
    section,
    shortened,
    small,
    text,
)
from bot.slack.unasked import correction_blocks, digest_blocks, match_blocks, watches_blocks
from retrieval.types import Citation, Disagreement

_WIDE = 3000  # characters of a citation with the paragraphs around it
_MOST_GAPS = 20
_MOST_SOURCES = 10
_LONGEST_LINE = 300
_MOST_CHANGES = 40  # lines of an article's history


@dataclass(frozen=True, slots=True)
class Showing:
    """How a reply is shown.

    Args:
        today: for warnings of old news.
        question: whether to repeat the question, where it does not stand above.
        share: offers to share the answer, in the thread of that name or, where it is empty, in the channel.
    """

    today: dt.date
    question: bool = False
    share: str | None = None


def render(reply: Reply, showing: Showing) -> list[Payload]:  # noqa: C901, PLR0911, PLR0912 (a case for each kind of reply)
    """A reply as messages, in order; each has ``text`` beside its ``blocks``."""
    match reply:
        case AnswerReply():
            return messages(_answer(reply, showing), _answer_summary(reply))
        case PassagesReply():
            return messages(_passages(reply))
        case ContextReply():
            return messages(citation_blocks(reply.citation, reply.number, _WIDE, reply.provenance))
        case RelatedReply():
            return messages([*paragraphs(["Questions to go on with:"]), *_related(reply.answer_id, reply.questions)])
        case ComparisonReply():
            return messages(_comparison(reply))
        case HistoryReply():
            return messages(_history(reply))
        case SummaryReply():
            return messages(_summary(reply))
        case TimelineReply():
            return messages(_timeline(reply))
        case QuotesReply():
            return messages(_quotes(reply))
        case SourcesReply():
            return messages(sources_blocks(reply))
        case GapsReply():
            return messages(gaps_blocks(reply))
        case StatusReply():
            return messages(status_blocks(reply))
        case IndexReply():
            return messages(paragraphs(shortened(line, _LONGEST_LINE) for line in index_words(reply.run)))
        case HelpReply():
            return messages(help_blocks(reply))
        case WatchesReply():
            return messages(watches_blocks(reply))
        case MatchReply():
            return messages(match_blocks(reply), f"{match_words(reply)}: {spoken(reply.citations[0])}")
        case DigestReply():
            return messages(digest_blocks(reply))
        case CorrectionReply():
            return messages(correction_blocks(reply))
        case Notice():
            return messages(paragraphs([reply.text]))


def sources_blocks(reply: SourcesReply) -> list[Block]:
    """What the corpus holds."""
    lines = [horizon_words(reply.horizon), *sources_words(reply)]
    return paragraphs(shortened(line, _LONGEST_LINE) for line in lines)


def gaps_blocks(reply: GapsReply) -> list[Block]:
    """The questions that were not answered well most often."""
    if not reply.gaps:
        return paragraphs([NO_GAPS])
    lines = [f"• {shortened(gap_words(gap), _LONGEST_LINE)}" for gap in reply.gaps[:_MOST_GAPS]]
    rest = len(reply.gaps) - _MOST_GAPS
    return paragraphs([*lines, *([f"… and {rest} more"] if rest > 0 else [])])


def status_blocks(reply: StatusReply) -> list[Block]:
    """How things stand."""
    info = reply.info
    most = sorted(reply.sources.items(), key=lambda item: -item[1])[:_MOST_SOURCES]
    named = {
        "Generation": f"{info.number}, made {info.created}",
        "Trouble": reply.trouble,
        "Index": reply.place,
        "Corpus": horizon_words(info.horizon),
        "Passages": f"{info.passages:,}",
        "Sources": ", ".join(f"{name or 'no source named'} ({count})" for name, count in most),
        "Model": info.encoder,
        "Process": health_words(reply.health) if reply.health else "",
        "Re-index": underway_words(reply.underway) if reply.underway else "",
        "Problem": " ".join(reply.problems),
        "Feeds": f"{len(reply.feeds):,}",
    }
    feeds = [f"• {shortened(line, _LONGEST_LINE)}" for line in feeds_words(reply.feeds)]
    return [*_named([(name, value) for name, value in named.items() if value]), *paragraphs(feeds)]


def help_blocks(reply: HelpReply) -> list[Block]:
    """What can be done."""
    return _named(reply.commands)


def _named(pairs: Sequence[tuple[str, str]]) -> list[Block]:
    runs = []
    for name, value in pairs:
        runs += [text(f"{name}  ", bold=True), text(f"{shortened(value, _LONGEST_LINE)}\n")]
    return [rich(section(*runs))]


def _answer(reply: AnswerReply, showing: Showing) -> list[Block]:
    answer = reply.answer
    blocks: list[Block] = []
    if showing.question:
        blocks += small(f"Question: {one_line(answer.query.text)}")
    blocks += small(recalled_words(reply), searched_words(reply))
    if answer.abstained:
        headline, *rest = abstention_words(answer)
        lines = "\n".join(shortened(line, _LONGEST_LINE) for line in rest)
        blocks.append(rich(section(text(headline, bold=True), text(f"\n{lines}"))))
    else:
        blocks += _numbered(unfolded(answer.citations), 1, reply.provenance)
    for disagreement in answer.disagreements:
        blocks += _disagreement(disagreement, reply.provenance)
    warning = "" if answer.abstained else age_warning(answer, showing.today)
    blocks += small(understood_words(answer), warning, footer_words(reply))
    if reply.answer_id:
        blocks += _answer_buttons(reply, reply.answer_id, showing)
        blocks += _related(reply.answer_id, related_questions(answer))
    return blocks


def _disagreement(disagreement: Disagreement, provenance: Provenance) -> list[Block]:
    heading = rich(section(text(shortened(disagreement_words(disagreement), LONGEST_PIECE), bold=True)))
    figures = [block for figure in disagreement.figures for block in figure_blocks(figure, provenance)]
    return [heading, *figures, *small(rising_words(disagreement))]


def _answer_buttons(reply: AnswerReply, answer_id: str, showing: Showing) -> list[Block]:
    answer = reply.answer
    row = []
    if answer.citations:
        more = "Show the closest passages" if answer.abstained else "More passages"
        row.append(button(more, Action.MORE, packed(answer_id, 1)))
    if not answer.abstained:
        count = len(unfolded(answer.citations))
        for number in range(1, count + 1):
            label = f"Context {number}" if count > 1 else "Context"
            row.append(button(label, f"{Action.CONTEXT}_{number}", packed(answer_id, number)))
    row.append(button("👍", Action.GOOD, packed(answer_id), spoken="Good answer"))
    row.append(button("👎", Action.BAD, packed(answer_id), spoken="Bad answer"))
    if showing.share is not None:
        label = "Share in thread" if showing.share else "Share in channel"
        row.append(button(label, Action.SHARE, packed(answer_id, showing.share)))
    return buttons(*row)


def _related(answer_id: str, questions: Sequence[str]) -> list[Block]:
    return buttons(
        *(
            button(question, f"{Action.RELATED}_{number}", packed(answer_id, number))
            for number, question in enumerate(questions, start=1)
        )
    )


def _answer_summary(reply: AnswerReply) -> str:
    answer = reply.answer
    if answer.abstained or not answer.citations:
        return " ".join(abstention_words(answer)[:2])
    return spoken(answer.citations[0])


def _passages(reply: PassagesReply) -> list[Block]:
    following = packed(reply.answer_id, reply.page + 1)
    more = [button("More passages", Action.MORE, following)] if reply.more else []
    return _numbered(reply.citations, reply.first, reply.provenance) + buttons(*more)


def _numbered(citations: Sequence[Citation], first: int, provenance: Provenance) -> list[Block]:
    numbered = enumerate(citations, start=first)
    return [b for number, citation in numbered for b in citation_blocks(citation, number, provenance=provenance)]


def _comparison(reply: ComparisonReply) -> list[Block]:
    blocks = small(recalled_words(reply.before)) + paragraphs([comparison_words(reply)])
    for heading, citations in changed_words(reply):
        blocks += [rich(section(text(heading, bold=True))), *_numbered(citations, 1, reply.provenance)]
    return blocks


def _history(reply: HistoryReply) -> list[Block]:
    title = shortened(history_title(reply), _LONGEST_LINE)
    lines = history_lines(reply, _MOST_CHANGES, _LONGEST_LINE)
    return [
        rich(section(link(safe_link(reply.article.url), title, bold=True))),
        *(rich(section(text(str(line), bold=line.mark is Mark.HEADING))) for line in lines),
    ]


def _summary(reply: SummaryReply) -> list[Block]:
    summary = reply.summary
    blocks: list[Block] = []
    for number, sentence in enumerate(summary.sentences, start=1):
        blocks += paragraphs([f"{sentence.text} [{number}]"])
    for number, sentence in enumerate(summary.sentences, start=1):
        source = link(link_to(sentence), title_of(sentence))
        blocks.append(rich(section(text(f"[{number}] "), source, text(f" · {about(sentence, reply.provenance)}"))))
    return blocks + small(summary_words(summary))


def _timeline(reply: TimelineReply) -> list[Block]:
    timeline = reply.timeline
    blocks = paragraphs([f"Timeline: {shortened(timeline.topic, _LONGEST_LINE)}"])
    for event in timeline.events:
        told = event.citation
        first, *rest = pieces(told.text, LONGEST_PIECE)
        blocks.append(rich(section(text(f"{event_date_words(event)}  ", bold=True), text(first))))
        blocks += [rich(section(text(piece))) for piece in rest]
        sources = (about(told, reply.provenance), also_in_words(told, reply.provenance))
        where = " · ".join(part for part in sources if part)
        blocks.append(rich(section(link(link_to(told), title_of(told)), text(f" · {where}"))))
    return blocks + small(*timeline_words(timeline))


def _quotes(reply: QuotesReply) -> list[Block]:
    quotes = reply.quotes
    blocks = paragraphs([f"Quotes: {shortened(quotes.person, _LONGEST_LINE)}"])
    for quote in quotes.quotes:
        told = quote.citation
        first, *rest = fitted(marked_runs(told))
        blocks.append(rich(section(text(f"{long_date(told.published)}  ", bold=True), *first)))
        blocks += [rich(section(*runs)) for runs in rest]
        sources = (about(told, reply.provenance), also_in_words(told, reply.provenance))
        where = " · ".join(part for part in sources if part)
        speaker = text(f"{shortened(speaker_words(quote), _LONGEST_LINE)} · ")
        blocks.append(rich(section(speaker, link(link_to(told), title_of(told)), text(f" · {where}"))))
    return blocks + small(*quotes_words(quotes))
