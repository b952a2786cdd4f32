"""Every reply, of whatever text, is within Discord's limits, and shows what it quotes."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.embeds import render
from bot.discord.markdown import clip, clipped, escape, size, strong
from bot.discord.payloads import LONGEST_LABEL, Message
from bot.messages import (
    AnswerReply,
    ComparisonReply,
    ContextReply,
    GapsReply,
    HelpReply,
    Notice,
    PassagesReply,
    RelatedReply,
    Reply,
    SummaryReply,
)
from bot.render.words import visible
from corpus.journal import Gap
from retrieval.dates import PartialDate
from retrieval.summary import Summary
from retrieval.types import Answer, Article, Citation, Headline, Highlight, Horizon, Query, text_digest
from tests.bot.discord.server import violation
from tests.bot.replies import differing, histories, history, outdated_from, quotes, timeline, unasked

TODAY = dt.date(2024, 7, 12)
HOSTILE = [
    "@everyone",
    "<@1>",
    "<@&2>",
    "<#3>",
    "<:a:4>",
    "<t:5:R>",
    "</ask:6>",
    "[here](https://evil.example)",
    "https://evil.example/x",
    "discord.gg/abc",
    "```",
    "**",
    "__",
    "~~",
    "||",
    "\\",
    "`",
    "\n# heading",
    "\n-# small",
    "\n> quote",
    "\n>>> quotes",
    "\n- item",
    "\n* item",
    "\n1. item",
    "\u202eevil",
    "\u200b",
    "\x00\x1b[31m",
    "👩‍👩‍👧",
    "שלום עולם ",
    "\ud800",
    "\n\n",
]
texts = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40)), max_size=12).map("".join)
long_texts = st.builds(lambda text, times: text * times, texts, st.sampled_from([1, 1, 1, 30, 300]))
filled = long_texts.map(lambda text: f"{text}a")


def citation(title: str, source: str, url: str, before: str, marked: str, after: str) -> Citation:
    text = f"{before}{marked}{after}"
    end = len(before) + len(marked)
    return Citation(
        "an-id", title, source, url, PartialDate.parse("2024-07-09"), text_digest(text), 0, len(text), text, 1.0,
        (Highlight(len(before), end, marked, 1.0),), ("other",),
    )  # fmt: skip


urls = st.sampled_from(["", "https://wire.example/a", "javascript:alert(1)", "https://b.example/" + "x" * 1990])
fresh = st.builds(citation, long_texts, long_texts, urls, long_texts, filled, long_texts)
outdated = st.builds(outdated_from, fresh, removed=st.booleans(), stands=st.booleans())
citations = fresh | outdated


def answer(found: tuple[Citation, ...], question: str, abstained: bool, headline: str) -> AnswerReply:
    nearest = tuple(Headline("an-id", headline, None) for _ in range(5))
    horizon = Horizon(5, None, None)
    made = Answer(Query(question), abstained, 0.5, found, nearest, horizon, 1.0)
    return AnswerReply(made, "7F3K9A", searched=question, asked=dt.datetime(2024, 7, 1, tzinfo=dt.UTC), lost=1)


found = st.lists(citations, max_size=3).map(tuple)
answers = st.builds(answer, found, long_texts, st.booleans(), long_texts)
disagreements = st.builds(
    lambda found, counted, rising: differing(*found, counted=counted, rising=rising),
    st.lists(citations, min_size=2, max_size=4),
    long_texts,
    st.booleans(),
)
contested = st.builds(
    lambda reply, differ: replace(reply, answer=replace(reply.answer, disagreements=tuple(differ))),
    answers,
    st.lists(disagreements, min_size=1, max_size=3),
)
replies = st.one_of(
    answers,
    contested,
    st.builds(lambda c: PassagesReply("7F3K9A", 1, 4, c, more=True), found.filter(bool)),
    st.builds(lambda c: ContextReply("7F3K9A", 1, c), citations),
    st.builds(lambda q: RelatedReply("7F3K9A", tuple(q)), st.lists(filled, max_size=3, unique=True)),
    st.builds(lambda a, n, g: ComparisonReply(a, a, n, g), answers, found, found),
    histories(long_texts, urls),
    st.builds(lambda q, c: SummaryReply(Summary(q, c, 2, 1.0)), long_texts, found.filter(bool)),
    st.builds(timeline, long_texts, found),
    st.builds(quotes, long_texts, found),
    st.builds(lambda q: GapsReply((Gap(q, 1, 2),) * 30), long_texts),
    st.builds(lambda t: HelpReply((("/x", t),)), filled),
    filled.map(Notice),
    st.tuples(found.filter(bool), filled).flatmap(lambda told: st.sampled_from(unasked(*told))),
)


def payload(message: Message) -> dict[str, object]:
    rows = [message.buttons[at : at + 5] for at in range(0, len(message.buttons), 5)]
    return {
        "content": message.content,
        "embeds": [
            {"title": e.title, "url": e.url, "description": e.description, "footer": {"text": e.footer}}
            for e in message.embeds
        ],
        "components": [
            {"components": [{"label": b.label, "custom_id": f"{b.action}{b.answer_id}{b.number}"} for b in row]}
            for row in rows
        ],
    }


@given(replies)
def test_every_message_is_within_every_limit(reply: Reply) -> None:
    for message in render(reply, today=TODAY, with_question=True, shareable=True):
        assert violation(payload(message)) is None


def read(markdown: str) -> tuple[str, str]:
    """What is shown, and what of it is bold; fails at any other mark."""
    shown, bold, strong_now, at = "", "", False, 0
    while at < len(markdown):
        if markdown[at] == "\\":
            shown += markdown[at + 1]
            bold += markdown[at + 1] if strong_now else ""
            at += 2
        elif markdown.startswith("**", at):
            strong_now = not strong_now
            at += 2
        else:
            assert markdown[at] not in "*_~`|<>[]()#@/", markdown[max(0, at - 20) : at + 20]
            shown += markdown[at]
            bold += markdown[at] if strong_now else ""
            at += 1
    assert not strong_now
    return shown, bold


@given(citations)
def test_the_marked_sentence_is_whole_and_verbatim_whatever_it_is(made: Citation) -> None:
    reply = PassagesReply("7F3K9A", 1, 1, (made,), more=False)
    parts = [read(e.description.rpartition(">>> ")[2]) for m in render(reply, today=TODAY) for e in m.embeds]

    marked = visible(made.highlights[0].text)
    assert "".join(bold for _, bold in parts).split() or not marked.strip()
    assert "".join("".join(bold for _, bold in parts).split()) == "".join(marked.split())
    assert marked in "".join(shown for shown, _ in parts)


@given(fresh, st.booleans(), st.booleans())
def test_what_has_changed_since_stands_before_the_quotation_and_links_to_no_sentence_that_is_gone(
    made: Citation, removed: bool, stands: bool
) -> None:
    reply = PassagesReply("7F3K9A", 1, 1, (outdated_from(made, removed=removed, stands=stands),), more=False)
    embeds = [embed for message in render(reply, today=TODAY) for embed in message.embeds]
    note, quoted, _ = "\n".join(embed.description for embed in embeds).partition(">>> ")
    assert quoted
    said = "removed" if removed else "changed"
    assert read(note)[0].startswith(f"The article has {'been ' if removed else ''}{said} since (seen 3 March 2025).")
    fragment = [":~:text=" in embed.url for embed in embeds]
    assert any(fragment) <= stands


def test_figures_that_differ_stand_side_by_side_and_mark_up_nothing() -> None:
    one = citation("T @everyone", "AP", "https://a.example/1", "", "14 dead in *Velen*, police said.", "")
    other = citation("U", "Reuters", "https://a.example/2", "", "17 dead in Velen, doctors said.", "")
    made = replace(answer((), "Q?", False, "").answer, disagreements=(differing(one, other, rising=True),))
    (message,) = render(AnswerReply(made, None), today=TODAY)
    (embed,) = message.embeds
    heading, first, source, *_ = embed.description.splitlines()
    assert read(heading)[0] == "Sources differ: killed — 14 dead (AP, 9 July 2024) · 17 dead (Reuters, 9 July 2024)"
    assert read(first) == ("“14 dead in *Velen*, police said.”", "14 dead")
    assert source.startswith("-# [T \\@everyone](https://a.example/1#:~:text=")
    assert embed.footer == "Each later figure is higher: it may be a newer count, as of its date."


def test_a_history_marks_what_went_and_came_and_says_how_much_is_left_out() -> None:
    texts = [". ".join(f"Sentence {n * 100 + m}" for m in range(30)) + "." for n in range(4)]
    articles = [Article("an-id", text, "**Talks** @everyone", url="https://a.example/x") for text in texts]
    (message,) = render(history(*articles, most=3), today=TODAY)
    (embed,) = message.embeds
    assert read(embed.title)[0] == "**Talks** @everyone"
    assert embed.url == "https://a.example/x"
    lines = read(embed.description)[0].splitlines()
    assert lines[1:3] == ["Revision 4, seen 4 July 2024 09:30 UTC", "- Sentence 200."]
    assert "+ Sentence 300." in lines
    assert lines[-1] == "… and 145 more lines and 1 earlier revision: `backchannel history` shows all"


@given(filled)
def test_a_watched_topic_is_read_as_it_was_and_marks_up_nothing(topic: str) -> None:
    _, match, *_ = unasked((citation("T", "S", "", "Before. ", "Marked.", " After."),), topic)
    (message,) = render(match, today=TODAY)
    assert read(message.content)[0].startswith("New on “")


@given(texts)
def test_escaped_text_reads_as_it_was_and_marks_up_nothing(text: str) -> None:
    escaped = escape(text)

    assert read(escaped)[0] == visible(text)
    assert size(escaped) <= 2 * size(visible(text))
    assert not re.search(r"(?m)^\s*(\d+\.|-|>|#)(?=\s)", escaped)
    assert "://" not in escaped


@given(long_texts, st.integers(10, 300))
def test_what_is_cut_fits(text: str, longest: int) -> None:
    assert size(clip(text, longest)) <= longest
    assert size(clipped(text, longest)) <= longest


@pytest.mark.parametrize(("text", "bold"), [("a", "**a**"), (" a ", " **a** "), ("  ", "  "), ("", "")])
def test_bold(text: str, bold: str) -> None:
    assert strong(text) == bold


def test_a_sentence_longer_than_a_message_goes_on_in_the_next() -> None:
    sentence = "word " * 3000 + "end."
    reply = answer((citation("T", "S", "https://a.example", "Before. ", sentence, " After."),), "Q?", False, "")

    messages = render(reply, today=TODAY)

    assert len(messages) > 1
    assert all(not message.buttons for message in messages[:-1])
    assert messages[-1].buttons
    assert messages[-1].embeds[-1].footer.startswith("S · 9 July 2024")
    assert all(size(button.label) <= LONGEST_LABEL for button in messages[-1].buttons)


def test_two_cards_of_one_address_do_not_share_a_message() -> None:
    one = citation("T", "S", "https://a.example", "", "Same.", "")
    messages = render(answer((one, one), "Q?", False, ""), today=TODAY)
    assert [len(message.embeds) for message in messages] == [1, 1]
