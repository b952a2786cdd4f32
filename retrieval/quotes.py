"""Quotes by a person: direct quotations out of the articles that name them, newest first.

Each is attributed by the grammar of its sentence (:mod:`retrieval.attribution`); where that leaves the speaker open,
it is left out. What several articles quote is one quote.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from retrieval.attribution import Attribution, attributed
from retrieval.engine import Engine, PassageStore
from retrieval.index.port import Match
from retrieval.names import name_words, plain
from retrieval.near_duplicates import holding
from retrieval.people import Person
from retrieval.types import Article, Citation, Filters, Passage, Query

DEFAULT_QUOTES = 10
_DEPTH = 2000  # passages of each search
_ARTICLES = 250  # read; one takes about 5 ms
_LATEST = (30, 365)  # days: where more passages match than are looked at, those of late come first
_OF_ONE_ARTICLE = 3
_RUN = 6  # words that two articles' quotations share where they may be of one utterance
_SURVEYED = 40  # passages looked through for names like one that is not there
_NEAR = 5
_ALIKE = 0.72
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody is quoted with.

    Args:
        speaker: their name, as fully as the article gives it.
        named: how the article names them at the quotation, such as ``she``; empty where the quotation goes on from
            the sentence before.
        verb: with which it says so, such as ``told``; empty likewise.
        partial: whether only parts of sentences are quoted, in one of the outlet's own.
        citation: the sentences around the quotation; its highlights are the words quoted, without their marks, in
            order, and ``also_in`` names the other articles that quote them.
    """

    speaker: str
    named: str
    verb: str
    partial: bool
    citation: Citation


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody of the name that was asked for, and how many quotes of theirs were found."""

    name: str
    quotes: int


@dataclass(frozen=True, slots=True)
class Quotes:
    """Quotes by a person, newest first.

    Args:
        person: as asked for.
        filters: that say which articles were read.
        speakers: those of the name who are quoted; the quotes are those of the first.
        quotes: at most as many as were asked for.
        articles: how many articles that name the person were read.
        near: names like the one asked for, where nothing was found.
        elapsed_ms: how long it took.
    """

    person: str
    filters: Filters
    speakers: tuple[Speaker, ...]
    quotes: tuple[Quote, ...]
    articles: int
    near: tuple[str, ...]
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class _Found:
    article: Article
    said: Attribution

    @property
    def words(self) -> str:
        """What is quoted."""
        return " ".join(span.of(self.article.text) for span in self.said.quotations)


class Quoter:
    """Finds what people are quoted with in the articles of one generation.

    Args:
        engine: finds the articles that name a person.
        passages: their texts.
    """

    def __init__(self, engine: Engine, passages: PassageStore) -> None:
        self._engine = engine
        self._passages = passages

    def person(self, query: Query, count: int = DEFAULT_QUOTES) -> Quotes:
        """Quotes by the person whom ``query.text`` names, at most ``count``.

        At most three are of one article where others have more; whole sentences come before parts of some. A surname
        alone stands for whoever of that name is quoted most, and the others are told.

        Raises:
            FilterError: a source or an article that the index does not hold.
        """
        started = time.perf_counter()
        asked = name_words(query.text)
        everyone: list[Person] = []
        found: list[_Found] = []
        naming = 0
        for article in self._articles(query, asked):
            people, said = attributed(article.text, asked)
            own = [_Found(article, one) for one in said if _may_be(one.speaker, asked)]
            naming += bool(own) or any(_may_be(person, asked) for person in people)
            everyone += people
            found += own
        # "Prince Harry" is not everybody of that given name.
        titled = len(query.text.split()) > len(asked)
        by_person = [_folded(group) for group in _groups(found, asked, by_surname=titled)]
        ranked = sorted(by_person, key=lambda folds: (-_titled_alike(folds, query.text), -len(folds)))
        return Quotes(
            person=query.text,
            filters=query.filters,
            speakers=tuple(Speaker(_name(folds), len(folds)) for folds in ranked),
            quotes=tuple(_quote(fold, _name(ranked[0])) for fold in (_chosen(ranked[0], count) if ranked else ())),
            articles=naming,
            near=() if ranked else self._near(query, asked, everyone),
            elapsed_ms=(time.perf_counter() - started) * 1000,
        )

    def _articles(self, query: Query, asked: Sequence[str]) -> list[Article]:
        """Articles that hold the last word of the name, those of late first where there are too many to read."""
        matches = self._engine.named(query.text, query.filters, _DEPTH)
        if len(matches) == _DEPTH:
            matches = [*self._of_late(query), *matches]
        first: dict[str, int] = {}
        for match in matches:
            first.setdefault(match.article_id, match.passage_id)
        passages = self._passages.passages(list(first.values())[:_ARTICLES])
        return [passage.article for passage in passages if asked[-1] in plain(passage.article.text)]

    def _of_late(self, query: Query) -> list[Match]:
        filters, last = query.filters, self._engine.index.info.horizon.last
        ends = [day for day in (last.last if last else None, filters.until) if day]
        since = [min(ends) - dt.timedelta(days=days) for days in _LATEST] if ends else []
        return [
            match
            for day in since
            if filters.since is None or filters.since < day
            for match in self._engine.named(query.text, replace(filters, since=day), _DEPTH)
        ]

    def _near(self, query: Query, asked: Sequence[str], people: Iterable[Person]) -> tuple[str, ...]:
        """Names like the one asked for, in the articles that name it, or are about what sounds like it."""
        hits = self._engine.survey(query.text, query.filters, _SURVEYED)[:_SURVEYED]
        surveyed = {p.article.id: p.article for p in self._passages.passages([hit.passage_id for hit in hits])}
        there = [*people, *(person for article in surveyed.values() for person in attributed(article.text)[0])]
        names = {" ".join(person.words): person.name for person in there if person.words != tuple(asked)}
        surnames = {person.surname for person in there}
        alike = set(get_close_matches(asked[-1], surnames, n=_NEAR, cutoff=_ALIKE))
        whole = get_close_matches(" ".join(asked), names, n=_NEAR, cutoff=_ALIKE)
        by_surname = [name for name in names if name.split()[-1] in alike]
        return tuple(dict.fromkeys(names[name] for name in [*whole, *by_surname]))[:_NEAR]


def _may_be(person: Person, asked: Sequence[str]) -> bool:
    """Whether a person may be meant by a name: surnames are the same, and given names where both have one.

    One name may be either; of two the family's may stand first.
    """
    if len(asked) == 1:
        return asked[0] in {person.words[0], person.surname}
    given = len(person.words) == 1 or person.words[0] == asked[0]
    return (person.surname == asked[-1] and given) or set(person.words) == set(asked)


def _groups(found: Iterable[_Found], asked: Sequence[str], *, by_surname: bool) -> list[list[_Found]]:
    """What each person is quoted with; what is said by a surname alone goes to who has that name and is quoted most."""
    groups: dict[tuple[str, str], list[_Found]] = {}
    alone: list[_Found] = []
    for one in found:
        words = one.said.speaker.words
        if len(words) == 1 and words[0] == asked[-1]:
            alone.append(one)
        else:
            groups.setdefault((words[0], words[-1]), []).append(one)
    # A given name alone is what few people are known by.
    bearers = [group for (_, surname), group in groups.items() if surname == asked[-1]]
    kept = bearers if bearers or alone or by_surname else list(groups.values())
    if not kept:
        return [alone] if alone else []
    max(kept, key=len).extend(alone)
    return kept


def _titled_alike(folds: Sequence[Sequence[_Found]], asked: str) -> bool:
    """Whether somebody is named as was asked, title and all: "Prince Harry", not Debbie Harry."""
    return any(plain(one.said.speaker.name) == plain(asked) for fold in folds for one in fold)


def _name(folds: Sequence[Sequence[_Found]]) -> str:
    """The name that articles give most often, in its fullest form."""
    names = Counter(one.said.speaker.name for fold in folds for one in fold)
    return max(names, key=lambda name: (len(name.split()) > 1, names[name], len(name)))


def _folded(group: Sequence[_Found]) -> list[list[_Found]]:
    """What is quoted of one utterance, the fullest first; by publication the newest utterance first."""
    folds: list[list[_Found]] = []
    homes: dict[tuple[str, ...], list[_Found]] = {}
    for one in sorted(group, key=lambda one: (one.said.partial, -len(one.words))):
        runs = _runs(one.words)
        alike = (home for home in (homes.get(run) for run in runs) if home is not None)
        holds = holding(one.words)
        fold = next((home for home in alike if holds(home[0].words)), None)
        if fold is None:
            fold = []
            folds.append(fold)
        fold.append(one)
        homes.update((run, fold) for run in runs if run not in homes)
    return sorted(folds, key=_newest_first)


def _runs(words: str) -> list[tuple[str, ...]]:
    parts = _WORD.findall(words.casefold())
    return [tuple(parts[at : at + _RUN]) for at in range(max(1, len(parts) - _RUN + 1))]


def _newest_first(fold: Sequence[_Found]) -> tuple[object, ...]:
    article = fold[0].article
    published = article.published
    return (published is None, -published.last.toordinal() if published else 0, article.id, fold[0].said.span)


def _chosen(folds: Sequence[list[_Found]], count: int) -> list[list[_Found]]:
    """The newest, whole sentences before parts, and no more than three of an article where others have more."""
    taken: Counter[str] = Counter()
    first: list[list[_Found]] = []
    later: list[list[_Found]] = []
    for fold in sorted(folds, key=lambda fold: fold[0].said.partial):
        article = fold[0].article.id
        taken[article] += 1
        (first if taken[article] <= _OF_ONE_ARTICLE else later).append(fold)
    kept = [*sorted(first, key=_newest_first), *sorted(later, key=_newest_first)][:count]
    return sorted(kept, key=_newest_first)


def _quote(fold: Sequence[_Found], speaker: str) -> Quote:
    article, said = fold[0].article, fold[0].said
    passage = Passage(0, article, said.span.start, said.span.end)
    also_in = dict.fromkeys(one.article.id for one in fold if one.article.id != article.id)
    citation = Citation.of(passage, 1.0, [(span, 1.0) for span in said.quotations], tuple(also_in))
    return Quote(speaker, said.named.of(article.text) if said.named else "", said.verb, said.partial, citation)
