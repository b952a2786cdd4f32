"""Disagreement: articles that give different numbers for what seems to be one thing, side by side and never judged.

What a cited sentence counts is looked for in the other passages that were found. Two figures make a contrast where
they are of one kind (:mod:`retrieval.quantities`), of different articles, seem to be about one event, and allow no
value in common. A false contrast is worse than none: whatever speaks against one event (other names, other days, other
words) ends it, and so does an article that tells the other's figure too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from retrieval.casualties import asked, asked_of
from retrieval.quantities import Kind, may_tell, quantities
from retrieval.reader import Weigh, sentences_of
from retrieval.same_event import Events, Statement
from retrieval.types import Citation, Disagreement, Figure, Passage, Span

_MOST_FIGURES = 4
_MOST = 3  # disagreements of one answer
_ANCHORED = 3  # cited passages whose figures are compared, however many are asked for
_READ = 20  # passages
_SUPERSEDED = re.compile(
    r"\bearlier\b(?!\s(?:today|in|on|this|that|the)\b)|\b(?:previous(?:ly)?|initial(?:ly)?|original(?:ly)?|at\sfirst)\b",
    re.IGNORECASE,
)
_FOLD = 10.0  # one figure this many times as large as the other counts something else


def disagreements(
    question: str, marked: Sequence[Span], found: Sequence[tuple[Passage, tuple[str, ...]]], weigh: Weigh
) -> tuple[Disagreement, ...]:
    """What cited sentences count and other passages count otherwise, the most important first.

    Args:
        question: what counts in it is told alone, where it asks how many.
        marked: the marked sentences of the cited passages, which come first in ``found``.
        found: passages, best first, with the ids of the articles that say the same in nearly the same words.
        weigh: how rare words are.
    """
    passages = [passage for passage, _ in found[:_READ]]
    anchors = _anchors(question, passages, marked[:_ANCHORED])
    if not anchors:
        return ()
    kinds = {anchor.kind for anchor in anchors}
    others = [statement for passage in passages for statement in _statements(passage, kinds)]
    if not any(other.kind == anchor.kind and not other.allows(anchor) for anchor in anchors for other in others):
        return ()
    events = Events(question, passages, weigh)
    copies = {passage.id: set(same) for passage, same in found}
    shown: dict[Kind, Disagreement] = {}
    for anchor in anchors:
        if anchor.kind not in shown and len(shown) < _MOST:
            same_kind = [s for s in others if s.kind == anchor.kind and s.article.id not in copies[anchor.passage.id]]
            figures = _against(anchor, same_kind, events)
            if len(figures) > 1:
                shown[anchor.kind] = _shown(figures)
    return tuple(shown.values())


def _anchors(question: str, passages: Sequence[Passage], marked: Sequence[Span]) -> list[Statement]:
    """What the first cited passage that tells anything tells: later ones may be about another event.

    What the question asks the number of counts wherever a passage tells it, else what its marked sentence tells.
    """
    wanted, counted = asked(question), asked_of(question)
    for passage, sentence in zip(passages, marked, strict=False):
        spans = sentences_of(passage) if wanted or counted else [sentence]
        told = [statement for statement in _told(passage, spans) if statement.alone]
        if wanted:
            found = [statement for statement in told if statement.kind.predicate in wanted]
        else:
            of_noun = [statement for statement in told if counted and statement.kind.counted == counted]
            found = of_noun or [statement for statement in told if statement.sentence == sentence]
        if found:
            return found
    return []


def _statements(passage: Passage, kinds: Collection[Kind]) -> Iterator[Statement]:
    """What a passage tells of these kinds."""
    if may_tell(passage.text, kinds):
        spans = [span for span in sentences_of(passage) if may_tell(span.of(passage.article.text), kinds)]
        yield from (statement for statement in _told(passage, spans) if statement.kind in kinds)


def _told(passage: Passage, spans: Sequence[Span]) -> Iterator[Statement]:
    """What sentences tell; a figure that was told earlier is no longer its article's."""
    for span in spans:
        if _SUPERSEDED.search(span.of(passage.article.text)):
            continue
        found = list(quantities(passage.article.text, span))
        counts = Counter(quantity.kind for quantity in found)
        yield from (Statement(passage, span, quantity, counts[quantity.kind] == 1) for quantity in found)


def _against(anchor: Statement, others: Sequence[Statement], events: Events) -> list[Statement]:
    """The anchor and what differs from it, each figure once and at most one of an article."""
    # Who tells this figure too knows of both, and tells them apart.
    agreeing = {anchor.article.id, *(other.article.id for other in others if other.allows(anchor))}
    figures = [anchor]
    for other in others:
        if (
            len(figures) < _MOST_FIGURES
            and other.alone
            and other.article.id not in agreeing
            and not any(other.allows(figure) or other.article.id == figure.article.id for figure in figures)
            and _comparable(anchor, other)
            and events.same(anchor, other)
        ):
            figures.append(other)
    return figures


def _comparable(one: Statement, other: Statement) -> bool:
    """Whether neither is so many times the other that it must count something else."""
    low, high = sorted((one.quantity, other.quantity), key=lambda q: q.low)
    return high.low <= _FOLD * max(low.low if low.high == float("inf") else low.high, 1.0)


def _shown(figures: Sequence[Statement]) -> Disagreement:
    kind = figures[0].kind
    ordered = sorted(figures, key=_in_time)
    return Disagreement(
        what=kind.predicate, counted=kind.counted, unit=kind.unit, rising=_rising(ordered),
        figures=tuple(_figure(statement) for statement in ordered),
    )  # fmt: skip


def _in_time(statement: Statement) -> tuple[object, ...]:
    published = statement.article.published
    return (published is None, published.first if published else None, statement.article.id)


def _rising(ordered: Sequence[Statement]) -> bool:
    pairs = list(pairwise(ordered))
    return all(
        one.article.published is not None
        and other.article.published is not None
        and one.article.published.last < other.article.published.first
        and one.quantity.low < other.quantity.low
        for one, other in pairs
    )


def _figure(statement: Statement) -> Figure:
    span, quantity = statement.sentence, statement.quantity
    sentence = Passage(0, statement.article, span.start, span.end)
    citation = Citation.of(sentence, 1.0, [(span, 1.0)])
    high = None if quantity.high == float("inf") else quantity.high
    return Figure(citation, quantity.span.start, quantity.span.end, quantity.low, high)
