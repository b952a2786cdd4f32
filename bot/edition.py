"""An edition: one generation, as what is told unasked is drawn from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from itertools import islice

import numpy as np

from bot.messages import Story
from bot.provenance import Publishers
from corpus.catalogue import Arrival, Catalogue
from retrieval.engine import Engine
from retrieval.index.port import PassageIds
from retrieval.questions import parse_question, resolve_sources
from retrieval.summary import lead
from retrieval.types import Article, Citation, Filters

Stories = Callable[[Collection[str]], Mapping[str, str]]
"""For each article the story that it tells; articles of one story have the same."""


def each_its_own(article_ids: Collection[str]) -> Mapping[str, str]:
    """Every article is a story of its own."""
    return {article_id: article_id for article_id in article_ids}


class Edition:
    """What a generation holds that is new.

    Args:
        engine: of the generation.
        catalogue: the texts.
        stories: which articles tell the same.
    """

    def __init__(self, engine: Engine, catalogue: Catalogue, stories: Stories = each_its_own) -> None:
        self._engine = engine
        self._catalogue = catalogue
        self._stories = stories

    @cached_property
    def _held(self) -> PassageIds:
        # Many, of a large corpus: they are not to be fetched by who only asks for the number.
        return self._engine.index.passage_ids()

    @property
    def number(self) -> int:
        """The generation's."""
        return self._engine.index.info.number

    @property
    def mark(self) -> int:
        """The last revision of an article that it holds, or that was gone before it was made."""
        return self._catalogue.last_revision(int(self._held[-1])) if len(self._held) else 0

    def since(self, mark: int) -> dict[str, Arrival]:
        """The articles that it holds in a later revision, by their ids."""
        arrivals = self._catalogue.arrivals(mark)
        held = np.isin(np.fromiter((a.passage for a in arrivals), np.int64), self._held)
        return {a.article_id: a for a, is_held in zip(arrivals, held.tolist(), strict=True) if is_held}

    def story_of(self, article_ids: Collection[str]) -> dict[str, str]:
        """For each article its story; one that is not known tells its own."""
        known = self._stories(article_ids)
        return {article_id: known.get(article_id, article_id) for article_id in article_ids}

    def check(self, topic: str, now: dt.datetime) -> None:
        """See that a topic can be searched for.

        Raises:
            InputError: it cannot, or names a source of which there is nothing; the message says why.
        """
        resolve_sources(parse_question(topic, now).filters, self._engine.index.sources())

    def matches(self, topic: str, article_ids: Collection[str], most: int, now: dt.datetime) -> list[Citation]:
        """What these articles have on a topic, best first and each story once.

        Article by article, the engine is asked about what is left, until it is no longer sure that it answers.

        Raises:
            InputError: the topic cannot be searched for, such as one of a source that is not in the corpus any more.
        """
        story = self.story_of(article_ids)
        left = set(article_ids)
        found: list[Citation] = []
        while left and len(found) < most:
            query = parse_question(topic, now, k=1, filters=Filters(article_ids=frozenset(left)))
            answer = self._engine.answer(query)
            if answer.abstained or not answer.citations:
                break
            best = answer.citations[0]
            found.append(best)
            told = {best.article_id, *best.also_in}
            left = {a for a in left if a not in told and story[a] != story[best.article_id]}
        return found

    def with_stories(self, citations: Sequence[Citation]) -> tuple[Citation, ...]:
        """The citations with where else their stories stand in this generation, whether new or not."""
        return Publishers(self._catalogue).also_in_stories(citations, self._engine.index.known_articles)

    def largest(self, arrivals: Mapping[str, Arrival], most: int) -> list[Story]:
        """The stories that most outlets tell, each by the lead of its newest article."""
        groups: dict[str, list[Arrival]] = {}
        for article_id, story in self.story_of(arrivals).items():
            groups.setdefault(story, []).append(arrivals[article_id])
        ranked = sorted(groups.values(), key=_weight, reverse=True)
        stories = (self._told(group) for group in ranked)
        return list(islice((story for story in stories if story), most))

    def _told(self, group: Sequence[Arrival]) -> Story | None:
        citation = lead(self._article(max(group, key=_newest)))
        return Story(citation, len(group), _outlets(group)) if citation else None

    def _article(self, arrival: Arrival) -> Article:
        """The article as this generation holds it, whatever the catalogue holds by now."""
        (passage,) = self._catalogue.passages([arrival.passage])
        return passage.article


def _outlets(group: Sequence[Arrival]) -> int:
    return len({arrival.source for arrival in group})


def _newest(arrival: Arrival) -> tuple[dt.date, int]:
    return (arrival.published.last if arrival.published else dt.date.min, arrival.passage)


def _weight(group: Sequence[Arrival]) -> tuple[object, ...]:
    return (_outlets(group), len(group), max(_newest(arrival) for arrival in group))
