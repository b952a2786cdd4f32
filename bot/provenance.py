"""Who published what is cited, and where else the same story stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from bot.messages import Provenance
from corpus.catalogue import Catalogue
from corpus.feed_options import OutletFacts
from retrieval.near_duplicates import holding
from retrieval.types import Citation

_MOST_READ = 50
"""Articles of one story in which a quoted sentence is looked for."""


class Publishers:
    """Knows outlets and stories.

    Args:
        catalogue: where both are kept.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def provenance(self, citations: Iterable[Citation]) -> Provenance:
        """Who published cited articles, and those that say the same.

        An outlet's facts are those that its feed gives, unless they name another outlet than the article does.
        """
        cited = list(citations)
        articles = list(dict.fromkeys(i for citation in cited for i in (citation.article_id, *citation.also_in)))
        stories = self._catalogue.story_of(articles)
        there = self._catalogue.publishers_of([*articles, *stories.values()])
        for citation in cited:
            # What was removed is in no story any more; but it told that of what said the same.
            if citation.article_id not in there:
                told = (stories[i] for i in citation.also_in if i in there)
                stories[citation.article_id] = next(told, citation.article_id)
        known = list(dict.fromkeys([*articles, *stories.values()]))
        sources = {c.article_id: c.source for c in cited} | {i: by.source for i, by in there.items()}
        facts = {
            article_id: by.facts
            for article_id, by in there.items()
            if by.facts != OutletFacts() and (not by.facts.name or _key(by.source) in {"", _key(by.facts.name)})
        }
        names = {i: facts[i].name if i in facts and facts[i].name else sources.get(i, "") for i in known}
        origins = {i: _origin(stories[i], facts.get(stories[i]), names[stories[i]]) for i in articles}
        return Provenance(
            facts={c.article_id: facts[c.article_id] for c in cited if c.article_id in facts},
            names={i: names[i] for i in articles if names[i]},
            stories={c.article_id: stories[c.article_id] for c in cited},
            origins=origins,
        )

    def also_in_stories(
        self, citations: Sequence[Citation], searched: Callable[[Iterable[str]], set[str]]
    ) -> tuple[Citation, ...]:
        """The citations, each naming in ``also_in`` also the articles of its story that hold its marked sentence.

        Args:
            citations: as found.
            searched: which of some articles were searched; no other is named.
        """
        cited = (citation.article_id for citation in citations)
        members = {
            article_id: [article.article_id for article in articles[:_MOST_READ]]
            for article_id, articles in self._catalogue.story_articles(cited).items()
        }
        among = searched({i for story in members.values() if len(story) > 1 for i in story})
        texts = {article.id: article.text for article in self._catalogue.articles(sorted(among))}
        return tuple(
            _widened(citation, {i: texts[i] for i in members[citation.article_id] if i in texts})
            for citation in citations
        )


def _widened(citation: Citation, story: Mapping[str, str]) -> Citation:
    """The citation, naming those of some articles that hold its sentence, by their texts."""
    others = [i for i in story if i != citation.article_id and i not in citation.also_in]
    if not others:
        return citation
    quoted = citation.highlights[0] if citation.highlights else citation
    holds = holding(quoted.text, quoted.start)
    return replace(citation, also_in=(*citation.also_in, *(i for i in others if holds(story[i]))))


def _origin(story: str, facts: OutletFacts | None, name: str) -> str:
    """Names who stands behind a story; a story that nobody has signed stands for itself."""
    return _key(facts.owner if facts else "") or _key(name) or f"\n{story}"


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
