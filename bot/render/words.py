"""Wordings that every platform shares, and text made safe to show."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence

from bot.messages import (
    NOTHING_KNOWN,
    AnswerReply,
    ComparisonReply,
    Health,
    OutdatedCitation,
    Provenance,
    SourcesReply,
    StatusReply,
)
from bot.passages import unfolded
from corpus.feed_records import FeedState, KnownFeed
from corpus.indexer import IndexRun
from corpus.journal import Gap
from corpus.progress import Underway, duration_words, step_words
from retrieval.dates import PartialDate
from retrieval.event_sentences import Origin
from retrieval.summary import Summary
from retrieval.timeline import Event, Timeline
from retrieval.types import Answer, Citation, Filters, Horizon

_MONTHS = "January February March April May June July August September October November December".split()
_OLD = dt.timedelta(days=365)
_BAR = 12
_OUTLETS_NAMED = 2
_LONGEST_NAME = 60
NOT_ANSWERED = "The corpus does not seem to answer this."
NO_GAPS = "No question has gone unanswered, and no answer was voted down."
NOTHING_RELATED = "The cited articles suggest no further question."


BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""Marks and overrides of the writing direction."""


def visible(text: str) -> str:
    """The text without characters that steer a screen: controls, and overrides of the writing direction.

    Line breaks and tabs stay; every other such character becomes the replacement character.
    """
    text = text.replace("\r\n", "\n")
    return "".join(
        c if c in "\n\t" or (unicodedata.category(c) not in {"Cc", "Cs"} and c not in BIDI) else "\ufffd" for c in text
    )


def long_date(date: PartialDate | None) -> str:
    """A date for people: ``9 July 2024``, ``July 2024``, ``2024`` or ``undated``."""
    if date is None:
        return "undated"
    parts = [str(date.day) if date.day else "", _MONTHS[date.month - 1] if date.month else "", str(date.year)]
    return " ".join(part for part in parts if part)


def confidence_words(confidence: float) -> str:
    """How sure, in words and per cent."""
    sure = "confident" if confidence >= 0.8 else "fairly confident" if confidence >= 0.6 else "not sure"
    return f"{sure} ({confidence:.0%})"


def horizon_words(horizon: Horizon) -> str:
    """What the corpus holds: ``30 articles, 17 June 2020 to 22 September 2024``."""
    articles = counted(horizon.articles, "article")
    if horizon.first is None or horizon.last is None:
        return f"{articles}, undated"
    return f"{articles}, {span_words(horizon.first, horizon.last)}"


def understood_words(answer: Answer) -> str:
    """Which filters were applied, and which one is offered; empty where there is nothing to say."""
    filters = answer.query.filters
    said = filters_words(filters)
    words = [f"Only articles {said}." if said else ""]
    suggested = answer.query.suggested
    if suggested and not (filters.since or filters.until):
        tokens = [
            f"since:{suggested.since}" if suggested.since else "",
            f"until:{suggested.until}" if suggested.until else "",
        ]
        words.append(f"For articles published {suggested.phrase} only, add {' '.join(t for t in tokens if t)}.")
    return " ".join(word for word in words if word)


def filters_words(filters: Filters) -> str:
    """Which filters were applied; empty where none was."""
    applied = [
        f"since {filters.since}" if filters.since else "",
        f"until {filters.until}" if filters.until else "",
        f"from {', '.join(sorted(filters.sources))}" if filters.sources else "",
    ]
    return ", ".join(part for part in applied if part)


def age_warning(answer: Answer, today: dt.date) -> str:
    """A warning where the newest article cited is over a year old; else empty."""
    newest = answer.as_of
    if newest is None or today - newest.last <= _OLD:
        return ""
    years = (today - newest.last).days // 365
    return f"The newest article cited is over {years} year{'s' if years > 1 else ''} old."


def sources_words(reply: SourcesReply, most: int = 20) -> list[str]:
    """A line for each outlet: its name, articles as a bar and a number, and the span of their dates."""
    largest = max((outlet.articles for outlet in reply.outlets), default=1)
    lines = [
        f"{'▇' * max(1, round(_BAR * o.articles / largest))} {o.articles:,} · {one_line(o.name) or 'no source named'}"
        f" · {span_words(o.first, o.last)}"
        for o in reply.outlets[:most]
    ]
    rest = len(reply.outlets) - most
    return [*lines, f"… and {rest:,} more sources"] if rest > 0 else lines


def span_words(first: PartialDate | None, last: PartialDate | None) -> str:
    """From when to when: ``9 July 2024 to 11 July 2024``, one date, or ``undated``."""
    return long_date(first) if first == last else f"{long_date(first)} to {long_date(last)}"


def one_line(text: str) -> str:
    """Visible text on one line."""
    return " ".join(visible(text).split())


def feed_words(feed: KnownFeed, now: dt.datetime | None = None) -> str:
    """A feed: its place, and how its last refresh went and when the next one is due, where that is known."""
    place = one_line(f"{feed.name}: {feed.location}" if feed.name != feed.location else feed.name)
    if not isinstance(feed, FeedState) or not (feed.last_success or feed.last_error):
        return place
    now = now or dt.datetime.now(dt.UTC)
    went = f"refreshed {_since(feed.last_success, now)}" if feed.last_success else "never refreshed"
    tries = f"the last {feed.failures} tries" if feed.failures > 1 else "the last try"
    failure = one_line(feed.last_error.removeprefix(f"{feed.name}: ")) if feed.last_error else ""
    error = f"; {tries} failed: {failure}" if failure else ""
    due = f"; due {_until(feed.next_refresh, now)}" if feed.next_refresh else ""
    return f"{place} ({counted(feed.articles, 'article')}, {went}{error}{due})"


def feeds_words(feeds: Sequence[KnownFeed], most: int = 20) -> list[str]:
    """A line for each feed, those that fail first where not all can be shown."""
    ordered = sorted(feeds, key=lambda feed: not (isinstance(feed, FeedState) and feed.last_error))
    rest = len(feeds) - most
    return [*map(feed_words, ordered[:most]), *([f"… and {rest:,} more: `backchannel feeds list`"] if rest > 0 else [])]


def _since(time: str, now: dt.datetime) -> str:
    seconds = (now - dt.datetime.fromisoformat(time)).total_seconds()
    return f"{duration_words(seconds)} ago" if seconds >= 1 else "just now"


def _until(time: str, now: dt.datetime) -> str:
    seconds = (dt.datetime.fromisoformat(time) - now).total_seconds()
    return f"in {duration_words(seconds)}" if seconds >= 1 else "now"


def health_words(health: Health) -> str:
    """How the process has done."""
    latency = f", p50 {health.p50_ms:.0f} ms, p95 {health.p95_ms:.0f} ms" if health.p50_ms and health.p95_ms else ""
    errors = counted(health.errors, "error")
    return f"up {_age(health.uptime)}; in the last hour {health.answered:,} answered{latency}, {errors}"


def index_words(run: IndexRun, errors_shown: int = 10) -> list[str]:
    """What a re-index did, a line and then one for each bad item."""
    articles, passages = counted(run.articles, "article"), counted(run.passages, "passage")
    lines = [
        f"Generation {run.generation} holds {articles} in {passages}: "
        f"{run.added:,} added, {run.changed:,} changed, {run.removed:,} removed, in {run.seconds:.1f} s."
    ]
    if run.errors:
        by_feed = [f"{one_line(feed.name)}: {feed.errors:,}" for feed in run.feeds if feed.errors]
        where = f" ({', '.join(by_feed)})" if len(run.feeds) > 1 and len(by_feed) <= errors_shown else ""
        lines.append(f"{counted(len(run.errors), 'bad item')}{where}:")
        lines += [f"  {error}" for error in run.errors[:errors_shown]]
        if len(run.errors) > errors_shown:
            lines.append(f"  … and {len(run.errors) - errors_shown:,} more (--json lists all)")
    return lines


def published_words(citation: Citation, provenance: Provenance, name: str) -> str:
    """Who published an article and when: ``RT · Russia · state-controlled · 9 July 2024``.

    Args:
        citation: of the article.
        provenance: what is known of its outlet.
        name: how its source is shown.
    """
    facts = provenance.facts.get(citation.article_id)
    parts = [name]
    if facts:
        owned = facts.owner and facts.owner.casefold() not in (facts.name or citation.source).casefold()
        parts = [
            name or short_name(facts.name),
            short_name(facts.country),
            f"owned by {short_name(facts.owner)}" if owned else "",
            "state-controlled" if facts.state_controlled else "",
        ]
    return " · ".join(part for part in (*parts, long_date(citation.published)) if part)


def also_in_words(citation: Citation, provenance: Provenance = NOTHING_KNOWN) -> str:
    """Where else the same stands: two outlets by name, and how many more; empty where it does not."""
    if not citation.also_in:
        return ""
    named = [provenance.names.get(article_id, "") for article_id in citation.also_in]
    outlets = [short_name(name) for name in dict.fromkeys(name for name in named if name)]
    more = len(outlets[_OUTLETS_NAMED:]) + named.count("")
    if not outlets:
        places = counted(more, "other article")
    else:
        *first, last = [*outlets[:_OUTLETS_NAMED], *([f"{more:,} more"] if more else [])]
        places = f"{', '.join(first)} and {last}" if first else last
    independent = provenance.independent((citation.article_id, *citation.also_in))
    return f"also in {places}" + (f" ({_independent(independent)})" if independent else "")


def independent_words(reply: AnswerReply) -> str:
    """How many independent sources an answer cites, where it cites more than one article; else empty."""
    cited = {citation.article_id for citation in reply.answer.citations}
    count = independent_sources(reply)
    return _independent(count) if count and len(cited) > 1 and not reply.answer.abstained else ""


def independent_sources(reply: AnswerReply) -> int:
    """How many of the sources that an answer cites are independent; what says the same as another counts with it."""
    return reply.provenance.independent(citation.article_id for citation in unfolded(reply.answer.citations))


def _independent(count: int) -> str:
    return counted(count, "independent source")


def short_name(name: str) -> str:
    """A name on one line, of a length that can be shown."""
    shown = one_line(name)
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[: _LONGEST_NAME - 1].rstrip()}…"


def since_words(citation: Citation) -> str:
    """What has become of a quoted article since; empty where it is as it was."""
    if not isinstance(citation, OutdatedCitation):
        return ""
    if citation.removed:
        return f"The article has been removed since (seen {day_of(citation.ended)})."
    marked = "The marked sentence still stands in it." if citation.stands else "The marked sentence is no longer in it."
    return f"The article has changed since (seen {day_of(citation.ended)}). {marked}"


def day_of(time: str) -> str:
    """The day of an ISO 8601 time, for people."""
    return long_date(PartialDate.parse(time[:10]))


def abstention_tip(answer: Answer) -> str:
    """One thing to try."""
    if not answer.query.filters.empty:
        return "Ask again without since:, until: or source:, which hide the other articles."
    if len(answer.query.text.split()) < 4:
        return "Ask a whole question, with the names of who and what it is about."
    return "Ask with other words, or for one fact at a time; names and places help most."


def abstention_words(answer: Answer) -> list[str]:
    """Where the corpus holds no answer: that, what it covers, the nearest headlines, and one thing to try."""
    headlines = [f"• {one_line(h.title or h.article_id)} ({long_date(h.published)})" for h in answer.nearest]
    return [
        NOT_ANSWERED,
        f"It covers {horizon_words(answer.horizon)}.",
        *(["Nearest headlines:", *headlines] if headlines else []),
        abstention_tip(answer),
    ]


def footer_words(reply: AnswerReply, *, timed: bool = False) -> str:
    """How new and how sure an answer is, out of how much, how long it took if ``timed``, and its id."""
    answer = reply.answer
    parts = [
        f"as of {long_date(answer.as_of)}" if answer.as_of and not answer.abstained else "",
        f"confidence {answer.confidence:.0%}" if answer.abstained else confidence_words(answer.confidence),
        horizon_words(answer.horizon) if not answer.abstained else "",
        f"{answer.elapsed_ms:.0f} ms" if timed else "",
        independent_words(reply),
        f"answer {reply.answer_id}" if reply.answer_id else "",
    ]
    return " · ".join(part for part in parts if part)


def gap_words(gap: Gap) -> str:
    """A question that was not answered well, and how often."""
    counts = [
        f"{gap.unanswered}× unanswered" if gap.unanswered else "",
        f"{gap.voted_down}× voted down" if gap.voted_down else "",
    ]
    return f"{one_line(gap.question)} ({', '.join(count for count in counts if count)})"


def waiting_words(before: int) -> str:
    """That others are served first."""
    if not before:
        return "Many are asking just now; you are next."
    return f"Many are asking just now; {before:,} question{'s are' if before != 1 else ' is'} before yours."


def searched_words(reply: AnswerReply) -> str:
    """What was searched for, of a follow-up; else empty."""
    return f"Searched for: {one_line(reply.searched)}" if reply.searched else ""


def recalled_words(reply: AnswerReply) -> str:
    """Of an answer shown again, when it was given and what of it can no longer be shown; else empty."""
    if reply.asked is None:
        return ""
    lost = f" {reply.lost} of its passages cannot be shown: what they quote is no longer kept." if reply.lost else ""
    return f"Answer {reply.answer_id}, as given on {day_of(reply.asked.isoformat())}.{lost}"


def comparison_words(reply: ComparisonReply) -> str:
    """In a line, what changed between two answers."""
    if not reply.gone and not reply.new:
        return "Nothing has changed: today's corpus gives the same sentences."
    return f"{len(reply.new)} new and {len(reply.gone)} gone of {len(reply.after.answer.citations)} passages."


def changed_words(reply: ComparisonReply) -> list[tuple[str, tuple[Citation, ...]]]:
    """What came and what went between two answers, each under its heading; nothing where that is none."""
    both = (("New today:", reply.new), ("No longer among the first:", reply.gone))
    return [(heading, citations) for heading, citations in both if citations]


def summary_words(summary: Summary) -> str:
    """What a summary is made of."""
    return f"every sentence verbatim · from {counted(summary.articles, 'article')}"


def event_date_words(event: Event) -> str:
    """When an event took place, and what that rests on where the sentence does not report it as past."""
    note = " (planned)" if event.planned else " (published)" if event.origin is Origin.PUBLICATION else ""
    return f"{long_date(event.date)}{note}"


def timeline_words(timeline: Timeline) -> list[str]:
    """What a timeline is made of, and which filters were applied."""
    said = filters_words(timeline.filters)
    looked = f"out of {counted(timeline.articles, 'article')}"
    return [
        f"{counted(len(timeline.events), 'event')} {looked} · every sentence verbatim"
        if timeline.events
        else f"No dated event on this was found {looked}.",
        f"Only events {said}." if said else "",
    ]


def status_words(reply: StatusReply) -> list[tuple[str, str]]:
    """How things stand: pairs of what and how."""
    info = reply.info
    feeds = "\n".join(feeds_words(reply.feeds))
    sources = ", ".join(f"{name} ({count})" for name, count in sorted(reply.sources.items(), key=lambda s: -s[1])[:10])
    pairs = [
        ("generation", f"{info.number}, made {info.created}"),
        ("trouble", reply.trouble),
        ("index", reply.place),
        ("corpus", horizon_words(info.horizon)),
        ("passages", f"{info.passages:,}"),
        ("sources", sources or "none named"),
        ("re-index", underway_words(reply.underway) if reply.underway else ""),
        ("problem", "\n".join(one_line(problem) for problem in reply.problems)),
        ("feeds", feeds),
        ("model", info.encoder),
        ("data folder", reply.data_dir),
        ("process", health_words(reply.health) if reply.health else ""),
    ]
    return [(name, visible(value)) for name, value in pairs if value]


def underway_words(underway: Underway) -> str:
    """A re-index that is going on: how far it is, how fast, and whose it is."""
    step = f"{step_words(underway.step, underway.seconds)}; " if underway.step else ""
    by = f", started by {underway.by}" if underway.by else ""
    return one_line(f"going on: {step}process {underway.pid} since {underway.since}{by}")


def counted(number: int, noun: str, plural: str = "") -> str:
    """So many of something: ``1 article``, ``2 articles``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def _age(seconds: float) -> str:
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86400
    return f"{days:.0f} days" if days >= 2 else f"{hours:.0f} h" if hours >= 2 else f"{minutes:.0f} min"
