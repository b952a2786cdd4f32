"""What is told unasked, and what people have asked to be told, as Discord messages; pure functions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from bot.discord.cards import cited, described
from bot.discord.markdown import clip, clipped, escape, link, strong
from bot.discord.payloads import ANSWERED, LONGEST_LABEL, PLAIN, Action, Button, Embed, Message, packed
from bot.messages import CorrectionReply, DigestReply, MatchReply, Provenance, WatchesReply
from bot.render.links import link_to
from bot.render.unasked import (
    IT_SAID,
    IT_SAYS,
    correction_words,
    digest_words,
    endable,
    further_words,
    headline_words,
    listed,
    match_words,
    old_sentence,
    outcome_words,
    story_words,
    subscription_words,
)
from retrieval.types import Citation

_LONGEST_LINE = 900
_IN_A_MESSAGE = 25
_MARK = "\ue000"
"""Stands for a time while a line is escaped; no text of ours holds it."""


def watches_messages(reply: WatchesReply) -> tuple[Message, ...]:
    """Watches and digests, with buttons that end them."""
    lines: list[str] = []
    for heading, group in listed(reply):
        lines += [strong(clipped(heading, _LONGEST_LINE))] if heading else []
        lines += [_timed(subscription_words(one, reply.channel, _mark), one.due) for one in group]
    made = [Button(Action.END, clip(f"End {one.id}", LONGEST_LABEL), str(one.id)) for one in endable(reply)]
    return packed("", described(lines), made[:_IN_A_MESSAGE])


def match_messages(reply: MatchReply, workspace: str) -> tuple[Message, ...]:
    """What a watch has found; ``workspace`` is the server that the watch was made in, where it is told alone."""
    cards: list[Embed] = []
    for number, citation in enumerate(reply.citations, start=1):
        cards += cited(citation, number, color=ANSWERED, provenance=reply.provenance)
    lines = [_headline(citation, reply.provenance) for citation in reply.headlines]
    lines += [escape(further_words(reply.further))] if reply.further else []
    end = Button(Action.END, "End this watch", str(reply.watch), workspace=workspace)
    return packed(strong(clipped(match_words(reply), _LONGEST_LINE)), [*cards, *described(lines)], [end])


def digest_messages(reply: DigestReply, workspace: str) -> tuple[Message, ...]:
    """A digest."""
    title, said = digest_words(reply, _mark)
    cards: list[Embed] = []
    for number, story in enumerate(reply.stories, start=1):
        *before, last = cited(story.citation, number, color=ANSWERED, provenance=reply.provenance)
        footer = " · ".join(part for part in (last.footer, story_words(story)) if part)
        cards += [*before, replace(last, footer=footer)]
    end = Button(Action.END, "End this digest", str(reply.digest), workspace=workspace)
    above = f"{strong(clipped(title, _LONGEST_LINE))}\n{_timed(said, reply.since)}"
    return packed(above, cards, [end])


def correction_messages(reply: CorrectionReply) -> tuple[Message, ...]:
    """That what an answer quotes has changed: each sentence as it was and, where there is one, what took its place."""
    cards: list[Embed] = []
    for number, correction in enumerate(reply.corrections, start=1):
        old, new = old_sentence(correction), correction.new
        cards += [Embed(escape(IT_SAID)), *cited(old, number, color=PLAIN, provenance=reply.provenance)]
        if new:
            cards += [Embed(escape(IT_SAYS)), *cited(new, number, color=ANSWERED, provenance=reply.provenance)]
        else:
            cards.append(Embed(escape(outcome_words(correction))))
    return packed(strong(clipped(correction_words(reply), _LONGEST_LINE)), cards)


def _headline(citation: Citation, provenance: Provenance) -> str:
    url = link_to(citation)
    words = clipped(headline_words(citation, provenance), 300)
    return f"• {link(words, url) if url else words}"


def _mark(_at: dt.datetime, _zone: str) -> str:
    return _MARK


def _timed(line: str, at: dt.datetime | None) -> str:
    """The line escaped, with the time in it as Discord shows it to each person by their own clock."""
    shown = clipped(line, _LONGEST_LINE)
    return shown.replace(_MARK, f"<t:{int(at.timestamp())}:f>") if at else shown
