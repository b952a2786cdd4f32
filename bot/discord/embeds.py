"""Replies as Discord messages; pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bot.desk import gaps_csv
from bot.discord.cards import about, bold_lines, cited, described, escaped_lines, quoted_figure, titled
from bot.discord.markdown import clip, clipped, escape, link, strong
from bot.discord.payloads import (
    ABSTAINED,
    ANSWERED,
    LONGEST_CONTENT,
    LONGEST_DESCRIPTION,
    LONGEST_LABEL,
    LONGEST_TITLE,
    PLAIN,
    Action,
    Attachment,
    Button,
    Embed,
    Message,
    packed,
)
from bot.discord.unasked import correction_messages, digest_messages, match_messages, watches_messages
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
from bot.render.differing import disagreement_words, rising_words
from bot.render.excerpts import marked_runs, pieces
from bot.render.history import Line, Mark, history_lines, history_title
from bot.render.links import link_to, safe_link
from bot.render.quote_words import quotes_words, speaker_words
from bot.render.words import (
    NO_GAPS,
    NOT_ANSWERED,
    NOTHING_RELATED,
    abstention_tip,
    age_warning,
    changed_words,
    comparison_words,
    confidence_words,
    event_date_words,
    horizon_words,
    independent_words,
    index_words,
    long_date,
    recalled_words,
    searched_words,
    since_words,
    sources_words,
    status_words,
    summary_words,
    timeline_words,
    understood_words,
)
from retrieval.types import Citation, Disagreement

_MOST_CITED = 3
_GAPS_SHOWN = 20
_MOST_CHANGES, _LONGEST_CHANGE = 40, 300
_COMMAND, _DOES = 200, 1000  # our own words, which are shorter
_WIDE = 3000
"""Characters of a passage with what stands around it."""


def render(  # noqa: C901, PLR0911, PLR0912 (a case for each kind of reply)
    reply: Reply, *, today: dt.date, with_question: bool = False, shareable: bool = False, workspace: str = ""
) -> tuple[Message, ...]:
    """A reply as one message, or several where one cannot hold it.

    Args:
        reply: what to show.
        today: for warnings of old news.
        with_question: whether to say what was asked, where nobody has seen it.
        shareable: whether an answer gets a button that shows it to the channel.
        workspace: the server of an answer that stands in a direct message.
    """
    match reply:
        case AnswerReply():
            return _answer(reply, today, with_question, _answer_buttons(reply, shareable, workspace))
        case PassagesReply():
            more = Button(Action.MORE, "More passages", reply.answer_id, reply.page + 1, workspace)
            return packed("", _citations(reply.citations, reply.first, reply.provenance), [more] if reply.more else [])
        case ContextReply():
            return packed("", cited(reply.citation, reply.number, room=_WIDE, provenance=reply.provenance))
        case RelatedReply():
            return _related(reply, workspace)
        case ComparisonReply():
            return _comparison(reply)
        case HistoryReply():
            return _history(reply)
        case SummaryReply():
            return _summary(reply)
        case TimelineReply():
            return _timeline(reply)
        case QuotesReply():
            return _quotes(reply)
        case SourcesReply():
            return packed("", described(_lines([horizon_words(reply.horizon), *sources_words(reply)])))
        case GapsReply():
            return _gaps(reply)
        case HelpReply():
            return packed(
                "", described(f"{strong(clipped(c, _COMMAND))} {clipped(does, _DOES)}" for c, does in reply.commands)
            )
        case StatusReply():
            return packed("", described(_pairs(status_words(reply))))
        case IndexReply():
            return packed("", described(_lines(index_words(reply.run))))
        case WatchesReply():
            return watches_messages(reply)
        case MatchReply():
            return match_messages(reply, workspace)
        case DigestReply():
            return digest_messages(reply, workspace)
        case CorrectionReply():
            return correction_messages(reply)
        case Notice():
            # Half of the room, since each character may need a backslash.
            return tuple(Message(escape(piece)) for piece in pieces(reply.text, LONGEST_CONTENT // 2))


def _answer(reply: AnswerReply, today: dt.date, with_question: bool, buttons: Sequence[Button]) -> tuple[Message, ...]:
    answer = reply.answer
    above = [
        f"{strong('Asked:')} {clipped(answer.query.text, 300)}" if with_question else "",
        clipped(recalled_words(reply), 250),
        clipped(searched_words(reply), 400),
        "" if answer.abstained else _as_of(reply),
        clipped(understood_words(answer), 400),
        "" if answer.abstained else escape(age_warning(answer, today)),
    ]
    cards = _abstention(reply) if answer.abstained else _citations(_shown(reply), 1, reply.provenance, ANSWERED)
    cards += [card for one in answer.disagreements for card in _disagreement(one, reply.provenance)]
    return packed("\n".join(line for line in above if line), cards, buttons)


def _disagreement(disagreement: Disagreement, provenance: Provenance) -> list[Embed]:
    lines = [strong(clipped(disagreement_words(disagreement), _DOES))]
    for figure in disagreement.figures:
        lines += [quoted_figure(figure), f"-# {_linked(figure.citation, provenance)}"]
        if since_words(figure.citation):
            lines.append(f"-# {escape(since_words(figure.citation))}")
    return described(lines, color=ANSWERED, footer=rising_words(disagreement))


def _as_of(reply: AnswerReply) -> str:
    answer = reply.answer
    parts = [
        f"As of {strong(long_date(answer.as_of))}" if answer.as_of else "Undated",
        confidence_words(answer.confidence),
        horizon_words(answer.horizon),
        independent_words(reply),
        f"answer {reply.answer_id}" if reply.answer_id else "",
    ]
    return " · ".join(part for part in parts if part)


def _abstention(reply: AnswerReply) -> list[Embed]:
    answer = reply.answer
    lines = [strong(NOT_ANSWERED), f"It covers {horizon_words(answer.horizon)}."]
    if answer.nearest:
        lines.append("Nearest headlines:")
    lines += [f"• {clipped(h.title or h.article_id, 300)} ({long_date(h.published)})" for h in answer.nearest]
    footer = [f"confidence {answer.confidence:.0%}", f"answer {reply.answer_id}" if reply.answer_id else ""]
    lines.append(escape(abstention_tip(answer)))
    return described(lines, color=ABSTAINED, footer=" · ".join(part for part in footer if part))


def _shown(reply: AnswerReply) -> list[Citation]:
    return unfolded(reply.answer.citations)[:_MOST_CITED]


def _answer_buttons(reply: AnswerReply, shareable: bool, workspace: str) -> list[Button]:
    answer_id = reply.answer_id
    if answer_id is None:
        return []

    def button(action: Action, label: str, number: int = 0) -> Button:
        return Button(action, label, answer_id, number, workspace)

    found = bool(reply.answer.citations)
    numbers = range(1, len(_shown(reply)) + 1) if not reply.answer.abstained else range(0)
    more = "Show what was found" if reply.answer.abstained else "More passages"
    return [
        *([button(Action.MORE, more, 1)] if found else []),
        *(button(Action.CONTEXT, f"Context {number}", number) for number in numbers),
        button(Action.RELATED, "Related questions"),
        button(Action.GOOD, "👍"),
        button(Action.BAD, "👎"),
        *([button(Action.SHARE, "Share in channel")] if shareable else []),
    ]


def _citations(citations: Iterable[Citation], first: int, provenance: Provenance, color: int = PLAIN) -> list[Embed]:
    numbered = enumerate(citations, first)
    return [embed for number, c in numbered for embed in cited(c, number, color=color, provenance=provenance)]


def _related(reply: RelatedReply, workspace: str) -> tuple[Message, ...]:
    if not reply.questions:
        return (Message(NOTHING_RELATED),)
    buttons = [
        Button(Action.ASK, clip(question, LONGEST_LABEL), reply.answer_id, number, workspace)
        for number, question in enumerate(reply.questions, start=1)
    ]
    lines = [f"{number}\\. {clipped(question, 600)}" for number, question in enumerate(reply.questions, start=1)]
    return packed("", described(lines), buttons)


def _comparison(reply: ComparisonReply) -> tuple[Message, ...]:
    above = f"{clipped(recalled_words(reply.before), 300)}\n{escape(comparison_words(reply))}"
    cards: list[Embed] = []
    for heading, citations in changed_words(reply):
        cards += [Embed(strong(heading)), *_citations(citations, 1, reply.provenance)]
    return packed(above, cards)


def _history(reply: HistoryReply) -> tuple[Message, ...]:
    lines = history_lines(reply, _MOST_CHANGES, _LONGEST_CHANGE)
    first, *rest = described(_change(line) for line in lines)
    title, url = clipped(history_title(reply), LONGEST_TITLE), safe_link(reply.article.url) or ""
    return packed("", [replace(first, title=title, url=url), *rest])


def _change(line: Line) -> str:
    shown = escape(str(line))
    return strong(shown) if line.mark is Mark.HEADING else shown


def _summary(reply: SummaryReply) -> tuple[Message, ...]:
    summary = reply.summary
    lines: list[str] = []
    for number, sentence in enumerate(summary.sentences, start=1):
        *before, last = escaped_lines(sentence.text)
        lines += [*before, f"{last} {strong(escape(f'[{number}]'))}"]
    numbered = enumerate(summary.sentences, start=1)
    lines += [_source_line(number, sentence, reply.provenance) for number, sentence in numbered]
    above = f"{strong('Summary:')} {clipped(summary.query, 300)}"
    return packed(above, described(lines, color=ANSWERED, footer=summary_words(summary)))


def _timeline(reply: TimelineReply) -> tuple[Message, ...]:
    timeline = reply.timeline
    lines: list[str] = []
    for event in timeline.events:
        first, *rest = escaped_lines(event.citation.text)
        source = _linked(event.citation, reply.provenance)
        lines += [f"{strong(event_date_words(event))} {first}", *rest, f"-# {source}"]
    footer, filtered = timeline_words(timeline)
    above = f"{strong('Timeline:')} {clipped(timeline.topic, 300)}"
    if filtered:
        above += f"\n{clipped(filtered, 400)}"
    if not lines:
        return packed(f"{above}\n{footer}", [])
    return packed(above, described(lines, color=ANSWERED, footer=footer))


def _quotes(reply: QuotesReply) -> tuple[Message, ...]:
    quotes = reply.quotes
    lines: list[str] = []
    for quote in quotes.quotes:
        date = f"{strong(long_date(quote.citation.published))} "
        first, *rest = bold_lines(marked_runs(quote.citation), LONGEST_DESCRIPTION - len(date))
        source = _linked(quote.citation, reply.provenance)
        lines += [f"{date}{first}", *rest, f"-# {clipped(speaker_words(quote), 300)} · {source}"]
    footer, *notes = quotes_words(quotes)
    above = "\n".join(
        [f"{strong('Quotes:')} {clipped(quotes.person, 300)}", *(clipped(note, 600) for note in notes if note)]
    )
    if not lines:
        return packed(f"{above}\n{clipped(footer, 600)}", [])
    return packed(above, described(lines, color=ANSWERED, footer=footer))


def _source_line(number: int, sentence: Citation, provenance: Provenance) -> str:
    return f"{escape(f'[{number}]')} {_linked(sentence, provenance)}"


def _linked(sentence: Citation, provenance: Provenance) -> str:
    url = link_to(sentence)
    title = link(titled(sentence), url) if url else titled(sentence)
    return f"{title} · {clipped(about(sentence, provenance), 600)}"


def _gaps(reply: GapsReply) -> tuple[Message, ...]:
    if not reply.gaps:
        return (Message(NO_GAPS),)
    lines = [
        f"• {clipped(gap.question, 400)} ({gap.unanswered} unanswered, {gap.voted_down} voted down)"
        for gap in reply.gaps[:_GAPS_SHOWN]
    ]
    *before, last = packed("", described(lines))
    table = Attachment("gaps.csv", gaps_csv(reply.gaps).encode("utf-8", "replace"))
    return (*before, Message(last.content, last.embeds, last.buttons, table))


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in pairs:
        first, *rest = escaped_lines(value)
        yield f"{strong(escape(name))} {first}"
        yield from rest


def _lines(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from escaped_lines(text)
