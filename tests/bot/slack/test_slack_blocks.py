"""Replies as blocks: within Slack's limits, verbatim, and without any markup, whatever the articles hold."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages import (
    AnswerReply,
    ComparisonReply,
    ContextReply,
    GapsReply,
    Health,
    HelpReply,
    HistoryReply,
    IndexReply,
    Notice,
    PassagesReply,
    RelatedReply,
    Reply,
    SourcesReply,
    StatusReply,
    SummaryReply,
)
from bot.render.links import link_to
from bot.render.words import visible
from bot.slack.blocks import Showing, render
from bot.slack.commands import help_reply
from bot.slack.elements import shortened, width
from bot.slack.views import home, reason_modal
from corpus.catalogue import KnownFeed, Outlet
from corpus.indexer import IndexRun
from corpus.journal import Gap
from retrieval.dates import PartialDate
from retrieval.index.port import GenerationInfo
from retrieval.summary import Summary
from retrieval.types import Answer, Citation, Filters, Headline, Highlight, Horizon, Query, SuggestedFilter
from tests.bot.replies import differing, histories, outdated_from, quotes, timeline, unasked
from tests.bot.slack.block_kit import buttons, links, marked, message_problems, shown, view_problems

TODAY = dt.date(2026, 1, 1)
HORIZON = Horizon(5, PartialDate(2022), PartialDate(2024, 7, 10))
NASTY = [
    "<!channel> ",
    "<@U1> ",
    "<http://evil.example|click> ",
    "```",
    "&lt;!here&gt; ",
    "*bold* _it_ ~no~ `code` :smile: ",
    "> quoted\n",
    "مرحبا بالعالم ",
    "\u202egnp.exe ",
    "👩\u200d👩\u200d👧 ",
    "\x00\x07\x1b[31m ",
    "🇳🇴",
    '"\\" ',
    "A sentence as others are. ",
]
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=40), min_size=1, max_size=60).map("".join)
long_texts = st.tuples(texts, st.integers(1, 400)).map(lambda pair: (pair[0] * pair[1])[:12_000] or "x")
urls = st.sampled_from(
    [
        "",
        "javascript:alert(1)",
        "https://a.example/<x>|y z",
        "https://a.example/" + "é" * 400,
        "http://a.example/?a=1&b=2",
    ]
) | texts.map(lambda text: f"https://a.example/{text}")


def cited(before: str, sentence: str, after: str, **fields: Any) -> Citation:  # noqa: ANN401 (fields of a citation)
    text = before + sentence + after
    start = 100
    highlight = Highlight(start + len(before), start + len(before) + len(sentence), sentence, 0.9)
    known: dict[str, Any] = {
        "article_id": "a",
        "title": "A title",
        "source": "The Wire",
        "url": "https://wire.example/a",
        "published": PartialDate(2024, 7, 9),
        "text_hash": "",
        "score": 1.0,
        "highlights": (highlight,),
    }
    return Citation(**known | {"start": start, "end": start + len(text), "text": text} | fields)


@st.composite
def citations(draw: st.DrawFn, sentences: st.SearchStrategy[str] = long_texts) -> Citation:
    return cited(
        draw(texts),
        draw(sentences),
        draw(texts),
        article_id=draw(st.text(min_size=1, max_size=20)),
        title=draw(texts | st.just("")),
        source=draw(texts | st.just("")),
        url=draw(urls),
        also_in=draw(st.sampled_from([(), ("b",), ("b", "c")])),
    )


disagreements = st.builds(
    lambda found, rising, counted: differing(*found, rising=rising, counted=counted),
    st.lists(citations(), min_size=2, max_size=4),
    st.booleans(),
    texts,
)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    query = Query(
        draw(texts),
        Filters(sources=draw(st.none() | st.frozensets(texts, min_size=1, max_size=3))),
        suggested=draw(st.none() | texts.map(lambda t: SuggestedFilter(t, TODAY, None))),
    )
    return Answer(
        query=query,
        citations=tuple(draw(st.lists(citations(), min_size=0, max_size=3))),
        abstained=draw(st.booleans()),
        confidence=0.7,
        horizon=HORIZON,
        nearest=tuple(draw(st.lists(texts.map(lambda t: Headline("h", t, None)), max_size=3))),
        elapsed_ms=1.0,
        disagreements=tuple(draw(st.lists(disagreements, max_size=2))),
    )


def answered(*found: Citation, abstained: bool = False) -> AnswerReply:
    answer = Answer(
        query=Query("Who met?"),
        citations=found,
        abstained=abstained,
        confidence=0.87,
        horizon=HORIZON,
        nearest=(Headline("h", "A headline", PartialDate(2024)),),
        elapsed_ms=1.0,
    )
    return AnswerReply(answer, "7F3KAB")


def blocks_of(payloads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for payload in payloads for block in payload["blocks"]]


def check(reply: Reply, showing: Showing | None = None) -> list[dict[str, Any]]:
    """Render; every message keeps the rules. Gives all blocks."""
    payloads = render(reply, showing or Showing(TODAY))
    assert payloads
    assert [message_problems(payload) for payload in payloads] == [[] for _ in payloads]
    return blocks_of(payloads)


def test_an_answer_shows_all_that_belongs_to_it() -> None:
    citation = cited("Before. ", "The sentence itself.", " After.", also_in=("b", "c"))
    reply = answered(citation, cited("", "Another.", "", article_id="b2", title="Second"))
    (payload,) = render(reply, Showing(TODAY, question=True, share=""))
    assert message_problems(payload) == []
    said = shown(payload["blocks"])
    for part in (
        "Question: Who met?",
        "1. A title\nThe Wire · 9 July 2024 · also in 2 other articles",
        "Before. The sentence itself. After.",
        "2. Second",
        "The newest article cited is over 1 year old.",
        "as of 9 July 2024 · confident (87%) · 5 articles, 2022 to 10 July 2024 · answer 7F3KAB",
    ):
        assert part in said
    assert marked(payload["blocks"]) == ["The sentence itself.", "Another."]
    assert links(payload["blocks"]) == [link_to(c) for c in reply.answer.citations]
    pressed = {b["text"]["text"]: b["value"] for b in buttons(payload["blocks"])}
    assert pressed["More passages"] == "7F3KAB:1"
    assert pressed["Context 2"] == "7F3KAB:2"
    assert pressed["👎"] == "7F3KAB:"
    assert pressed["Share in channel"] == "7F3KAB:"
    assert payload["text"] == "“The sentence itself.” The Wire · 9 July 2024"


def test_figures_that_differ_stand_side_by_side_with_their_sentences() -> None:
    one = cited(
        "", "14 dead in Velen, police said.", "", article_id="v", source="AP", published=PartialDate(2024, 5, 3)
    )
    other = cited("", "17 dead in Velen, doctors said.", "", article_id="w", source="Reuters", title="Second")
    reply = answered(cited("", "Another.", ""))
    reply = replace(reply, answer=replace(reply.answer, disagreements=(differing(one, other, rising=True),)))
    said = shown(check(reply))
    assert "Sources differ: killed — 14 dead (AP, 3 May 2024) · 17 dead (Reuters, 9 July 2024)" in said
    assert "14 dead in Velen, police said." in said
    assert "Second · Reuters · 9 July 2024" in said
    assert "it may be a newer count, as of its date" in said
    assert [link_to(one), link_to(other)] == links(check(reply))[-2:]


def test_a_near_identical_passage_is_folded() -> None:
    first = cited("", "The same.", "", also_in=("copy",))
    assert "Second" not in shown(check(answered(first, cited("", "The same.", "", article_id="copy", title="Second"))))


def test_an_abstention_folds_what_was_found() -> None:
    blocks = check(answered(cited("", "Found all the same.", ""), abstained=True))
    assert "Found all the same." not in shown(blocks)
    assert "Nearest headlines:\n• A headline (2024)" in shown(blocks)
    assert buttons(blocks)[0]["text"]["text"] == "Show the closest passages"


def test_a_sentence_longer_than_a_message_is_shown_whole() -> None:
    sentence = "word " * 6000 + "end."
    payloads = render(answered(cited("Before. ", sentence, " After.")), Showing(TODAY))
    assert len(payloads) > 2
    assert "".join(marked(blocks_of(payloads))) == sentence
    assert buttons(payloads[-1]["blocks"])


def test_an_address_that_is_no_web_address_is_no_link() -> None:
    blocks = check(answered(cited("", "A sentence.", "", url="javascript:alert(1)")))
    assert links(blocks) == []
    assert "A title" in shown(blocks)


@settings(max_examples=60, deadline=None)
@given(answers(), st.booleans(), st.sampled_from([None, "", "1700000000.000100"]))
def test_whatever_an_article_holds_an_answer_keeps_the_rules(answer: Answer, question: bool, share: str | None) -> None:
    blocks = check(AnswerReply(answer, "7F3KAB", searched=answer.query.text), Showing(TODAY, question, share))
    if not answer.abstained:
        joined = "".join(marked(blocks))
        folded = {other for c in answer.citations for other in c.also_in}
        for citation in answer.citations:
            if citation.article_id not in folded:
                assert visible(citation.highlights[0].text) in joined
    for figure in (figure for one in answer.disagreements for figure in one.figures):
        assert visible(figure.text) in marked(blocks)


@settings(max_examples=25, deadline=None)
@given(st.lists(citations(), min_size=1, max_size=3).map(tuple), texts)
def test_whatever_an_article_holds_the_other_replies_keep_the_rules(found: tuple[Citation, ...], text: str) -> None:
    outlet = Outlet(text, 3, None, PartialDate(2024))
    info = GenerationInfo(number=3, passages=9, horizon=HORIZON, created="today", encoder=text, dimension=64)
    run = IndexRun(generation=3, articles=5, passages=9, added=1, changed=0, removed=0, errors=[text] * 20, seconds=1.0)
    status = StatusReply(info, {text: 3}, (KnownFeed(text, text),), text, Health(10.0, 3, 1.0, 2.0, 0))
    sources = SourcesReply(HORIZON, (outlet,) * 30)
    gaps = GapsReply(tuple(Gap(text, 2, 1) for _ in range(30)))
    before = answered(*found)
    replies: list[Reply] = [
        PassagesReply("7F3KAB", 1, 4, found, more=True),
        ContextReply("7F3KAB", 1, found[0]),
        RelatedReply("7F3KAB", (text, text[:10] or "x")),
        ComparisonReply(before, before, found, found),
        PassagesReply("7F3KAB", 1, 4, tuple(outdated_from(c) for c in found), more=True),
        SummaryReply(Summary(text, found, 2, 1.0)),
        timeline(text, found),
        quotes(text, found),
        quotes(text, ()),
        sources,
        gaps,
        status,
        IndexReply(run),
        HelpReply((("a", text), ("b", "c"))),
        *unasked(found, text),
        Notice(text or "x"),
    ]
    for reply in replies:
        check(reply)
    assert view_problems(home(sources, help_reply("x-"), status, gaps)) == []


@settings(max_examples=25, deadline=None)
@given(histories(texts, urls))
def test_whatever_an_article_held_its_history_keeps_the_rules(reply: HistoryReply) -> None:
    blocks = check(reply)
    assert len(blocks) <= 41
    assert marked(blocks) == []


def test_a_citation_of_a_changed_article_says_so_and_its_link_names_no_sentence_that_is_gone() -> None:
    was = cited("Before. ", "The sentence itself.", " After.")
    gone, stays = outdated_from(was), outdated_from(was, stands=True)
    for citation, said, fragment in (
        (gone, "changed since (seen 3 March 2025). The marked sentence is no longer in it.", False),
        (stays, "changed since (seen 3 March 2025). The marked sentence still stands in it.", True),
        (outdated_from(was, removed=True), "The article has been removed since (seen 3 March 2025).", False),
    ):
        blocks = check(ContextReply("7F3KAB", 1, citation))
        assert said in shown(blocks)
        assert marked(blocks) == ["The sentence itself."]
        assert [":~:text=" in url for url in links(blocks)] == [fragment]


def test_a_summarys_sentences_are_whole() -> None:
    sentence = "word " * 2000 + "end."
    blocks = check(SummaryReply(Summary("topic", (cited("", sentence, "", highlights=()),), 1, 1.0)))
    assert sentence in "".join(shown([block]) for block in blocks)


def test_an_events_sentence_is_whole_and_its_date_stands_before_it() -> None:
    sentence = "word " * 2000 + "end."
    blocks = check(timeline("topic", (cited("", sentence, "", highlights=()),)))
    assert f"9 July 2024 (planned)  {sentence}" in "".join(shown([block]) for block in blocks)


def test_the_modal_keeps_the_rules() -> None:
    assert view_problems(reason_modal("{}")) == []


@given(texts, st.integers(2, 100))
def test_what_is_shortened_fits(text: str, most: int) -> None:
    short = shortened(text, most)
    assert 1 <= width(short) <= most
    assert "\n" not in short


def test_nothing_renders_markup_of_slack() -> None:
    folder = Path(render.__code__.co_filename).parent
    for file in folder.glob("*.py"):
        assert '"mrkdwn"' not in file.read_text(encoding="utf-8"), file


@pytest.mark.parametrize("ping", ["<!channel>", "<@U1>", "<!subteam^S1>", "@here"])
def test_nothing_pings(ping: str) -> None:
    for payload in render(answered(cited(ping, f"{ping} said it.", ping, title=ping, source=ping)), Showing(TODAY)):
        assert "<" not in payload["text"]
        assert message_problems(payload) == []
