"""What is told unasked, and what people have asked to be told, as blocks. Pure."""

from __future__ import annotations

from bot.messages import CorrectionReply, DigestReply, MatchReply, WatchesReply
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
from bot.slack.actions import Action, packed
from bot.slack.citations import citation_blocks
from bot.slack.elements import Block, button, buttons, link, paragraphs, rich, section, shortened, small, text

_LONGEST_LINE = 500
_IN_A_ROW = 5


def watches_blocks(reply: WatchesReply) -> list[Block]:
    """Watches and digests, with buttons that end them."""
    blocks: list[Block] = []
    for heading, group in listed(reply):
        lines = [heading, *(shortened(subscription_words(one, reply.channel), _LONGEST_LINE) for one in group)]
        blocks += paragraphs(line for line in lines if line)
    made = [_end(one.id, f"End {one.id}") for one in endable(reply)]
    for first in range(0, len(made), _IN_A_ROW):
        blocks += buttons(*made[first : first + _IN_A_ROW])
    return blocks


def match_blocks(reply: MatchReply) -> list[Block]:
    """What a watch has found."""
    blocks = [_bold(match_words(reply))]
    for number, citation in enumerate(reply.citations, start=1):
        blocks += citation_blocks(citation, number, provenance=reply.provenance)
    for citation in reply.headlines:
        words = shortened(headline_words(citation, reply.provenance), 300)
        blocks.append(rich(section(text("• "), link(link_to(citation), words))))
    blocks += small(further_words(reply.further))
    return blocks + buttons(_end(reply.watch, "End this watch"))


def digest_blocks(reply: DigestReply) -> list[Block]:
    """A digest."""
    title, said = digest_words(reply)
    blocks = [_bold(title), *paragraphs([said])]
    for number, story in enumerate(reply.stories, start=1):
        blocks += citation_blocks(story.citation, number, provenance=reply.provenance) + small(story_words(story))
    return blocks + buttons(_end(reply.digest, "End this digest"))


def correction_blocks(reply: CorrectionReply) -> list[Block]:
    """That what an answer quotes has changed: each sentence as it was and, where there is one, what took its place."""
    blocks = [_bold(correction_words(reply))]
    for number, correction in enumerate(reply.corrections, start=1):
        old, new = old_sentence(correction), correction.new
        blocks += paragraphs([IT_SAID]) + citation_blocks(old, number, provenance=reply.provenance)
        if new:
            blocks += paragraphs([IT_SAYS]) + citation_blocks(new, number, provenance=reply.provenance)
        else:
            blocks += paragraphs([outcome_words(correction)])
    return blocks


def _bold(line: str) -> Block:
    return rich(section(text(shortened(line, _LONGEST_LINE), bold=True)))


def _end(number: int, label: str) -> Block:
    return button(label, f"{Action.END}_{number}", packed(str(number)))
