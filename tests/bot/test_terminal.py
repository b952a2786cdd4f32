import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bot.messages import (
    Correction,
    CorrectionReply,
    HistoryReply,
    IndexReply,
    Notice,
    Provenance,
    Reply,
    StatusReply,
    SummaryReply,
)
from bot.render.terminal import render, unfolded
from bot.render.words import long_date, visible
from corpus.catalogue import KnownFeed
from corpus.feed_options import OutletFacts
from corpus.indexer import IndexRun
from retrieval.dates import PartialDate
from retrieval.index.port import GenerationInfo
from retrieval.summary import Summary
from retrieval.types import (
    Article,
    Explanation,
    Filters,
    Highlight,
    Horizon,
    Query,
    SuggestedFilter,
)
from tests.bot.replies import (
    AFTER,
    BEFORE,
    HORIZON,
    SENTENCE,
    answer,
    cite,
    differing,
    histories,
    history,
    outdated_from,
    quotes,
    timeline,
    unasked,
)

TODAY = dt.date(2024, 7, 11)


def shown(
    reply: Reply,
    *,
    width: int = 100,
    color: Literal["truecolor"] | None = None,
    folded: bool = True,
    explain: bool = False,
) -> str:
    file = StringIO()
    # A console that would read markup, if it were given any.
    console = Console(
        file=file, width=width, color_system=color, force_terminal=color is not None, legacy_windows=False
    )
    console.print(render(reply, today=TODAY, color=color is not None, folded=folded, explain=explain))
    return file.getvalue()


def words(reply: Reply, **options: bool) -> str:
    """What is shown, on one line."""
    return " ".join(shown(reply, **options).split())


def packed(text: str) -> str:
    """The text without white space, which wrapping moves about, and without joiners, which show nothing."""
    return "".join(text.replace("\u200d", "").split())


# What steers a screen

FRAGMENTS = (
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\",
    "\x9b2J",
    "\x90q",
    "\r",
    "\r\n",
    "\b\b",
    "\x00",
    "\x7f",
    "\x85",
    "\u2028",
    "[bold]",
    "[/bold]",
    "[link=https://evil.example]x[/link]",
    "[/]",
    "\\[",
    ":warning:",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u061c",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "🚢",
    "👩\u200d👩\u200d👧",
    "🇳🇴",
    "e\u0301",
    "Z\u0351\u0343\u0357",
    "特使们在奥斯陆",
    "שלום עולם",
    "مرحبا بالعالم",
    "⟦",
    "⟧",
    "x" * 300,
    "\t",
    "\n",
    " ",
    "Envoys met. ",
)
hostile = st.lists(
    st.sampled_from(FRAGMENTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=8
).map("".join)
substance = hostile.filter(lambda text: text.strip() != "")
OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
PAINT = re.compile(r"\x1b\[[0-9;]*m")


def steering(text: str) -> set[str]:
    """The characters that a terminal would obey rather than show."""
    return {c for c in text if (unicodedata.category(c) == "Cc" and c != "\n") or c in OVERRIDES}


@settings(max_examples=60)
@given(st.tuples(hostile, substance, hostile), substance, hostile, hostile, substance, st.integers(20, 120))
def test_nothing_of_a_hostile_article_steers_the_screen_and_nothing_of_it_is_dropped(
    parts: tuple[str, str, str], title: str, source: str, url: str, also_in: str, width: int
) -> None:
    citation = cite(parts, title=title, source=source, url=url, also_in=(also_in,))
    told = Provenance({"oslo": OutletFacts(country=title, owner=url)}, {also_in: also_in}, {}, {also_in: also_in})
    differ = differing(citation, cite(parts, title=source, source=title), counted=also_in)
    printed = shown(replace(answer(citation, disagreements=(differ,)), provenance=told), width=width)
    assert steering(printed) == set()
    assert all(packed(visible(figure.text)) in packed(printed) for figure in differ.figures)
    before, sentence, after = (packed(visible(part)) for part in parts)
    assert f"{before}⟦{sentence}⟧{after}" in packed(printed)
    for part in (title, source, url):
        assert packed(visible(part)) in packed(printed)


@settings(max_examples=40)
@given(st.tuples(hostile, substance, hostile), substance, hostile, st.integers(20, 120))
def test_in_colour_there_are_our_colours_and_no_escape_of_an_article(
    parts: tuple[str, str, str], title: str, source: str, width: int
) -> None:
    citation = cite(parts, title=title, source=source)
    printed = PAINT.sub("", shown(answer(citation), width=width, color="truecolor"))
    assert steering(printed) == set()
    assert packed("".join(visible(part) for part in parts)) in packed(printed)
    assert packed(visible(title)) in packed(printed)


@settings(max_examples=30)
@given(substance, st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_articles_id_stands_for_a_missing_title_and_steers_nothing(article_id: str, other_id: str) -> None:
    citation = cite(article_id=article_id, title="")
    sentence = replace(citation, article_id=other_id, highlights=())
    for reply in (
        answer(citation),
        answer(citation, abstained=True),
        SummaryReply(Summary("grain", (sentence,), 1, 1.0)),
        timeline("grain", (sentence,)),
        quotes("Lund", (sentence,)),
    ):
        assert steering(shown(reply)) == set()
    assert packed(visible(article_id)) in packed(shown(answer(citation)))
    assert packed(visible(article_id)) in packed(shown(answer(citation, abstained=True)))


@settings(max_examples=40)
@given(st.lists(st.tuples(substance, substance, substance), min_size=1, max_size=6), st.booleans())
def test_the_source_and_title_of_every_citation_survive(
    articles: Sequence[tuple[str, str, str]], abstained: bool
) -> None:
    citations = [
        cite((BEFORE, text, AFTER), article_id=f"a{n}", title=title, source=source)
        for n, (title, source, text) in enumerate(articles)
    ]
    printed = packed(shown(answer(*citations, abstained=abstained), folded=False))
    for number, (title, source, text) in enumerate(articles, start=1):
        assert packed(f"{number}. {visible(title)}") in printed
        assert packed(f"{visible(source)} · 9 July 2024") in printed
        assert f"⟦{packed(visible(text))}⟧" in printed


@settings(max_examples=30)
@given(hostile, hostile, hostile, hostile)
def test_status_index_runs_summaries_and_notices_steer_nothing(one: str, two: str, three: str, four: str) -> None:
    info = GenerationInfo(3, "2024-07-11T10:00:00+00:00", one, 384, 9, HORIZON)
    sentence = replace(cite((two, three, four), title=one, source=two), highlights=())
    replies: tuple[Reply, ...] = (
        StatusReply(info, {two: 2}, (KnownFeed(three, four),), two),
        IndexReply(IndexRun(generation=3, errors=[one, two])),
        SummaryReply(Summary("grain", (sentence,), 1, 1.0)),
        Notice(four),
        timeline(one, (sentence,)),
        quotes(one, (sentence,)),
        quotes(one, ()),
    )
    for reply in replies:
        assert steering(shown(reply)) == set()
    assert packed(visible(two + three + four)) in packed(shown(replies[2]))
    assert packed(shown(replies[3])) == packed(visible(four))
    # A table wraps words of any width; what is shown holds each of them.
    assert packed(visible(one)) in packed(shown(replies[4], width=10_000))


@given(st.text())
def test_visible_text_keeps_all_that_only_shows(text: str) -> None:
    out = visible(text)
    assert {c for c in out if c not in "\n\t" and c in steering(out)} == set()
    kept = [c for c in text if c not in steering(text) and not "\ud800" <= c <= "\udfff" and c != "\n"]
    assert [c for c in out if c in set(kept) - {"\ufffd"}] == [c for c in kept if c != "\ufffd"]


def test_line_breaks_and_tabs_stay_and_a_windows_line_break_is_one() -> None:
    assert visible("one\r\ntwo\n\tthree\rfour") == "one\ntwo\n\tthree\ufffdfour"


# An answer


def test_a_citation_shows_title_source_date_and_address_and_its_sentence_marked() -> None:
    lines = shown(answer(cite(url="https://wire.example/oslo"))).splitlines()
    assert [line.rstrip() for line in lines[:4]] == [
        "1. Grain talks",
        "   The Wire · 9 July 2024",
        f"   {BEFORE}⟦{SENTENCE}⟧{AFTER}",
        "   https://wire.example/oslo",
    ]


def test_figures_that_differ_stand_side_by_side_with_their_sentences_and_dates() -> None:
    first = cite(("", "14 dead in Velen, police said.", ""), source="AP", published=PartialDate(2024, 5, 3))
    second = cite(("", "17 dead in Velen, doctors said.", ""), url="https://wire.example/b", title="Second")
    lines = shown(answer(cite(), disagreements=(differing(first, second, rising=True),))).splitlines()
    at = lines.index(next(line for line in lines if line.startswith("Sources differ")))
    assert [line.rstrip() for line in lines[at : at + 7]] == [
        "Sources differ: killed — 14 dead (AP, 3 May 2024) · 17 dead (The Wire, 9 July 2024)",
        "   ⟦14 dead⟧ in Velen, police said.",
        "   Grain talks · AP · 3 May 2024",
        "   ⟦17 dead⟧ in Velen, doctors said.",
        "   Second · The Wire · 9 July 2024",
        "   https://wire.example/b",
        "Each later figure is higher: it may be a newer count, as of its date.",
    ]


def test_figures_of_one_source_are_told_as_those_of_articles() -> None:
    one = differing(cite(("", "14 dead.", "")), cite(("", "17 dead.", "")), counted="children")
    assert "Articles differ: children killed — 14 dead (The Wire, 9 July 2024)" in words(
        answer(cite(), disagreements=(one,))
    )


def test_in_colour_the_sentence_is_painted_and_stands_in_no_brackets() -> None:
    printed = shown(answer(cite()), color="truecolor")
    assert re.search(rf"\x1b\[[0-9;]*43m{re.escape(SENTENCE)}\x1b\[0m", printed)
    assert "⟦" not in printed


def test_several_sentences_are_marked_each_in_its_place() -> None:
    citation = cite()
    more = (citation.highlights[0], Highlight(100, 119, "Envoys met in Oslo.", 0.5))
    printed = shown(answer(replace(citation, highlights=more)))
    assert f"⟦Envoys met in Oslo.⟧ ⟦{SENTENCE}⟧{AFTER}" in printed


def test_a_citation_without_source_and_date_says_that_it_is_undated() -> None:
    assert shown(answer(cite(source="", published=None))).splitlines()[1].strip() == "undated"


def test_the_footer_tells_the_date_confidence_horizon_time_and_id() -> None:
    said = "as of 9 July 2024 · confident (87%) · 21 articles, 15 June 2020 to 11 July 2024 · 14 ms · answer 7F3K2M"
    assert words(answer(cite())).endswith(said)


@pytest.mark.parametrize(
    ("confidence", "said"),
    [(0.95, "confident (95%)"), (0.8, "confident (80%)"), (0.6, "fairly confident (60%)"), (0.4, "not sure (40%)")],
)
def test_confidence_is_told_in_words_and_per_cent(confidence: float, said: str) -> None:
    assert f"· {said} ·" in words(answer(cite(), confidence=confidence))


def test_an_answer_that_was_not_kept_shows_no_id() -> None:
    assert "answer 7F3K2M" not in words(replace(answer(cite()), answer_id=None))


def test_near_identical_passages_fold_into_the_first_which_names_them() -> None:
    first = cite(article_id="a", title="First", also_in=("b", "c"))
    copies = [cite(article_id=i, title=f"Copy {i}", also_in=("a",)) for i in ("b", "c")]
    other = cite(article_id="d", title="Other")
    assert [c.article_id for c in unfolded([first, *copies, other])] == ["a", "d"]
    printed = words(answer(first, *copies, other))
    assert "1. First" in printed
    assert "2. Other" in printed
    assert "Copy" not in printed
    assert "also in 2 other articles" in printed


@pytest.mark.parametrize(
    ("corrections", "said"),
    [
        ((Correction(cite(), cite()),), "a sentence quoted in answer 7F3K2M has changed since"),
        ((Correction(cite()), Correction(cite(), removed=True)), "2 sentences quoted in answer 7F3K2M have changed"),
        ((Correction(cite(), removed=True),), "a sentence quoted in answer 7F3K2M has been removed since"),
    ],
)
def test_a_correction_says_what_has_become_of_the_quotation(corrections: tuple[Correction, ...], said: str) -> None:
    assert f"Correction: {said}" in words(CorrectionReply("7F3K2M", corrections))


def test_explaining_shows_every_score_with_its_rank() -> None:
    explanation = Explanation(0.5, 2, 7.25, None, 0.75, 1, None, None)
    reply = answer(cite(explanation=explanation))
    said = "dense 0.500 #2 · lexical 7.25 not listed · fused 0.750 #1 · reader not read"
    assert said in words(reply, explain=True)
    assert "fused" not in words(reply)
    read = answer(cite(explanation=explanation._replace(lexical_rank=9, reader=0.5, reader_rank=3)))
    assert "lexical 7.25 #9 · fused 0.750 #1 · reader 0.500 #3" in words(read, explain=True)


# Abstaining


def test_an_abstention_shows_the_horizon_and_the_nearest_headlines_and_folds_the_rest() -> None:
    citations = [cite(article_id=f"a{n}", title=f"Headline {n}") for n in range(5)]
    printed = words(answer(*citations, abstained=True, confidence=0.12))
    assert printed.startswith(
        "The corpus does not seem to answer this. It covers 21 articles, 15 June 2020 to 11 July 2024. "
        "Nearest headlines: • Headline 0 (9 July 2024) • Headline 1 (9 July 2024) • Headline 2 (9 July 2024)"
    )
    assert "confidence 12%" in printed
    assert SENTENCE not in printed
    assert "as of" not in printed
    assert SENTENCE in words(answer(*citations, abstained=True), folded=False)


def test_an_abstention_where_nothing_was_found_has_no_headlines() -> None:
    printed = words(answer(abstained=True, confidence=0.0, horizon=Horizon(1, None, None)))
    assert "It covers 1 article, undated." in printed
    assert "Nearest" not in printed


# Dates and filters


@pytest.mark.parametrize(
    ("published", "warning"),
    [
        (PartialDate(2023, 7, 12), ""),
        (PartialDate(2023), ""),
        (PartialDate(2023, 7, 10), "The newest article cited is over 1 year old."),
        (PartialDate(2022, 3), "The newest article cited is over 2 years old."),
        (PartialDate(1999), "The newest article cited is over 24 years old."),
        (None, ""),
    ],
)
def test_old_news_is_warned_of(published: PartialDate | None, warning: str) -> None:
    printed = words(answer(cite(published=published)))
    assert (warning or "The newest article cited") in printed if warning else "The newest article" not in printed


def test_the_newest_article_decides_whether_news_are_old_and_an_abstention_does_not_warn() -> None:
    old = cite(published=PartialDate(1999))
    assert "years old" not in words(answer(old, cite(article_id="b")))
    assert "years old" not in words(answer(old, abstained=True))


def test_filters_that_were_understood_are_shown() -> None:
    filters = Filters(dt.date(2024, 6, 1), dt.date(2024, 6, 30), frozenset({"The Wire"}))
    printed = words(answer(cite(), query=Query("What?", filters)))
    assert "Only articles since 2024-06-01, until 2024-06-30, from The Wire." in printed
    assert "Only articles" not in words(answer(cite()))


def test_a_suggested_filter_is_offered_as_it_must_be_typed() -> None:
    suggested = SuggestedFilter("last week", dt.date(2024, 7, 1), dt.date(2024, 7, 7))
    printed = words(answer(cite(), query=Query("What?", suggested=suggested)))
    assert "For articles published last week only, add since:2024-07-01 until:2024-07-07." in printed
    open_ended = SuggestedFilter("since 2020", dt.date(2020, 1, 1), None)
    assert "add since:2020-01-01." in words(answer(cite(), query=Query("What?", suggested=open_ended)))


def test_no_filter_is_offered_where_one_applies() -> None:
    suggested = SuggestedFilter("last week", dt.date(2024, 7, 1), dt.date(2024, 7, 7))
    query = Query("What?", Filters(since=dt.date(2024, 1, 1)), suggested=suggested)
    assert "last week" not in words(answer(cite(), query=query))


@settings(max_examples=30)
@given(hostile, substance)
def test_filters_and_suggestions_steer_nothing(source: str, phrase: str) -> None:
    query = Query("What?", Filters(sources=frozenset({source})))
    suggesting = Query("What?", suggested=SuggestedFilter(phrase, dt.date(2024, 7, 1), None))
    for reply in (answer(cite(), query=query), answer(cite(), abstained=True, query=suggesting)):
        assert steering(shown(reply)) == set()
    assert packed(visible(phrase)) in packed(shown(answer(cite(), query=suggesting)))


@pytest.mark.parametrize(
    ("date", "said"),
    [
        (PartialDate(2024, 7, 9), "9 July 2024"),
        (PartialDate(2024, 12), "December 2024"),
        (PartialDate(2024), "2024"),
        (None, "undated"),
    ],
)
def test_a_date_is_told_as_far_as_it_is_known(date: PartialDate | None, said: str) -> None:
    assert long_date(date) == said


# Other replies


def test_a_summary_numbers_its_sentences_and_lists_their_sources_below() -> None:
    first = replace(cite(), text="Envoys met.", highlights=())
    second = replace(cite(title="", article_id="b", source="", published=None), text="Ships sailed.", highlights=())
    lines = shown(SummaryReply(Summary("grain", (first, second), 2, 3.4))).splitlines()
    assert [line.rstrip() for line in lines] == [
        "Envoys met. [1]",
        "Ships sailed. [2]",
        "",
        "[1] Grain talks · The Wire · 9 July 2024",
        "[2] b · undated",
        "every sentence verbatim · from 2 articles · 3 ms",
    ]


def test_a_timeline_sets_each_date_beside_its_sentence() -> None:
    first = replace(cite(), text="Envoys met.", highlights=())
    second = replace(cite(title="", article_id="b", source="", published=None), text="Ships sailed.", highlights=())
    third = replace(cite(also_in=("c", "d")), text="A ship sank.", highlights=())
    lines = shown(timeline("grain", (first, second, third))).splitlines()
    assert [line.rstrip() for line in lines] == [
        "9 July 2024 (planned)    Envoys met.",
        "                         Grain talks · The Wire · 9 July 2024",
        "9 July 2024              Ships sailed.",
        "                         b · undated",
        "9 July 2024 (published)  A ship sank.",
        "                         Grain talks · The Wire · 9 July 2024 · also in 2 other articles",
        "",
        "3 events out of 2 articles · every sentence verbatim · 3 ms",
        "Only events from grain.",
    ]


def test_an_index_run_lists_the_first_bad_items_and_counts_the_rest() -> None:
    errors = [f"a.jsonl line {n}: broken" for n in range(1, 13)]
    printed = words(IndexReply(IndexRun(2, 1200, 54321, 3, 2, 1, errors, 1.25)))
    assert printed.startswith(
        "Generation 2 holds 1,200 articles in 54,321 passages: 3 added, 2 changed, 1 removed, in 1.2 s. 12 bad items:"
    )
    assert "line 10: broken … and 2 more (--json lists all)" in printed
    assert "bad item" not in words(IndexReply(IndexRun(1, 1, 1)))
    assert "1 bad item:" in words(IndexReply(IndexRun(1, 1, 1, errors=errors[:1])))


def test_one_article_and_one_passage_are_told_as_such() -> None:
    run = IndexRun(generation=1, articles=1, passages=1)
    assert "holds 1 article in 1 passage:" in words(IndexReply(run))


def test_status_lists_sources_by_size_and_feeds_with_their_places() -> None:
    info = GenerationInfo(3, "2024-07-11T10:00:00+00:00", "all-MiniLM-L6-v2:384:0", 384, 1234, HORIZON)
    feeds = (KnownFeed("builtin", "builtin"), KnownFeed("wire", "/news/wire"))
    printed = words(StatusReply(info, {"Few": 1, "Many": 20}, feeds, "/data"))
    for said in (
        "generation 3, made 2024-07-11T10:00:00+00:00",
        "passages 1,234",
        "sources Many (20), Few (1)",
        "feeds builtin wire: /news/wire",
        "model all-MiniLM-L6-v2:384:0",
        "data folder /data",
    ):
        assert said in printed
    long = "/data/" + "x" * 300
    assert f"datafolder{long}" in packed(shown(StatusReply(info, {}, feeds, long), width=60))
    assert "sources none named" in words(StatusReply(info, {}, (), "/data"))


# What changed


def test_a_citation_of_a_changed_article_says_so_below_the_quotation() -> None:
    said = words(answer(outdated_from(cite())))
    assert f"{AFTER.strip()} The article has changed since (seen 3 March 2025)." in said
    assert "The marked sentence is no longer in it." in said
    assert "still stands in it" in words(answer(outdated_from(cite(), stands=True)))
    assert "has been removed since (seen 3 March 2025)." in words(answer(outdated_from(cite(), removed=True)))
    assert "since (seen" not in words(answer(cite()))


def test_removed_and_added_sentences_are_marked_in_colour_and_without() -> None:
    reply = history(Article("oslo", "They met. They spoke."), Article("oslo", "They met. They left."))
    plain = [line.rstrip() for line in shown(reply).splitlines()]
    assert plain[-6:] == [
        "Revision 2, seen 2 July 2024 09:30 UTC",
        "- They spoke.",
        "+ They left.",
        "",
        "Revision 1, seen 1 July 2024 09:30 UTC",
        "  The oldest one that is kept.",
    ]
    colored = shown(reply, color="truecolor")
    assert "\x1b[31mThey spoke." in colored
    assert "\x1b[32mThey left." in colored
    assert [line.rstrip() for line in PAINT.sub("", colored).splitlines()] == plain


def test_a_long_sentence_hangs_beside_its_mark_and_is_whole() -> None:
    sentence = " ".join(f"word{number}" for number in range(60)) + "."
    lines = shown(history(Article("oslo", "Once."), Article("oslo", sentence)), width=40).splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("+ "))
    end = lines.index("", first) if "" in lines[first:] else len(lines)
    rest = [line for line in lines[first + 1 : end] if line.strip()]
    assert all(line.startswith("  ") for line in rest)
    assert " ".join(" ".join([lines[first][2:], *rest]).split()) == sentence


@settings(max_examples=40, deadline=None)
@given(histories(hostile, hostile), st.integers(20, 120))
def test_no_history_steers_the_screen(reply: HistoryReply, width: int) -> None:
    assert steering(shown(reply, width=width)) == set()


@pytest.mark.parametrize("reply", unasked((cite(),), "grain [bold]deal"), ids=lambda reply: type(reply).__name__)
def test_what_is_told_unasked_can_be_shown_here_too(reply: Reply) -> None:
    text = words(reply)
    assert "grain [bold]deal" in text or SENTENCE in text or "Nothing new since 23 November 2026, 12:00 (UTC)" in text
