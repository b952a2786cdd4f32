"""Wordings, shared by every platform, of what is told unasked, and of what people have asked to be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.messages import Correction, CorrectionReply, DigestReply, MatchReply, Provenance, Story, WatchesReply
from bot.render.words import counted, long_date, one_line, published_words
from corpus.subscriptions import Kind, Subscription
from retrieval.dates import PartialDate
from retrieval.types import Citation

When = Callable[[dt.datetime, str], str]
"""An instant in words, by the clock of a zone."""

OF_OTHERS = "Of others, told in this channel:"
IT_SAID = "It said:"
IT_SAYS = "It says now:"


def clock_words(at: dt.datetime, zone: str) -> str:
    """``23 November 2026, 08:00 (Europe/Oslo)``."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{_day(local)}, {local:%H:%M} ({zone})"


def subscription_words(one: Subscription, channel: str, when: When = clock_words) -> str:
    """A watch or digest on one line, by its number, as it is shown in a channel."""
    named = f" on “{one_line(one.topic)}”" if one.topic else ""
    what = f"watch{named}" if one.kind is Kind.WATCH else f"{one.every} digest{named}"
    here = "told here" if one.to.channel == channel else "told in another channel"
    where = here if one.to.channel else "told you alone"
    coming = f"next {when(one.due, one.zone)}" if one.due and not one.paused else ""
    paused = f"paused, since {one_line(one.paused)}; ask for it again to go on" if one.paused else ""
    return " · ".join(part for part in (f"{one.id}: {what}", where, coming, paused) if part)


def listed(reply: WatchesReply) -> Iterator[tuple[str, tuple[Subscription, ...]]]:
    """Groups of watches and digests under their headings."""
    yield one_line(reply.said), reply.own
    if reply.here:
        yield OF_OTHERS, reply.here


def endable(reply: WatchesReply) -> list[Subscription]:
    """Those that the person may end."""
    if reply.ended:
        return []
    return [*reply.own, *(reply.here if reply.removable else ())]


def match_words(reply: MatchReply) -> str:
    """What a watch tells."""
    return f"New on “{one_line(reply.topic)}”"


def further_words(further: int) -> str:
    """How much more will be told; empty for nothing."""
    return f"… and {counted(further, 'more story', 'more stories')} in the next post" if further else ""


def headline_words(citation: Citation, provenance: Provenance) -> str:
    """An article by its title, source, what is known of that, and its date."""
    published = published_words(citation, provenance, citation.source)
    return one_line(f"{citation.title or citation.article_id} · {published}")


def digest_words(reply: DigestReply, when: When = clock_words) -> tuple[str, str]:
    """A digest's title, and what it is of."""
    title = f"Digest: “{one_line(reply.topic)}”" if reply.topic else "Digest"
    since = f"since {when(reply.since, reply.zone)}"
    if not reply.stories:
        return title, f"Nothing new {since}."
    return title, f"{counted(reply.articles, 'new article')} {since}."


def story_words(story: Story) -> str:
    """How widely a story is told; empty where one article alone tells it."""
    if story.articles < 2:
        return ""
    return f"told by {counted(story.outlets, 'outlet')} in {counted(story.articles, 'article')}"


def correction_words(reply: CorrectionReply) -> str:
    """That something has changed."""
    count = len(reply.corrections)
    quotes, have = ("a sentence", "has") if count == 1 else (f"{count} sentences", "have")
    what = "been removed" if all(correction.removed for correction in reply.corrections) else "changed"
    return f"Correction: {quotes} quoted in answer {reply.answer_id} {have} {what} since."


def outcome_words(correction: Correction) -> str:
    """What became of a sentence that nothing has taken the place of."""
    if correction.removed:
        return "The article is no longer in the corpus."
    return "It does not stand there any more, and nothing like it does."


def old_sentence(correction: Correction) -> Citation:
    """The sentence as it was quoted, alone: it has no place now, and where else it stands is another matter."""
    old = correction.old
    if not old.highlights:
        return replace(old, also_in=())
    sentence = old.highlights[0]
    return replace(old, start=sentence.start, end=sentence.end, text=sentence.text, highlights=(), also_in=())


def _day(day: dt.datetime) -> str:
    return long_date(PartialDate(day.year, day.month, day.day))
