"""The engine: a query in, a cited answer or an abstention out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from retrieval.disagreement import disagreements
from retrieval.encoders.port import Encoder
from retrieval.errors import FilterError
from retrieval.fusion import Encoded, search
from retrieval.index.port import Index, Match
from retrieval.near_duplicates import same_elsewhere
from retrieval.opposites import opposed
from retrieval.parameters import Calibration, Parameters
from retrieval.questions import resolve_sources
from retrieval.ranking import (
    MOST_READ,
    Ranked,
    best_first,
    best_of_each_article,
    fitting,
    fuse,
    rank,
    to_read,
    to_read_on,
)
from retrieval.reader import Reader, Reading, SentenceReader, WordReader, inverse_document_frequency
from retrieval.recent import Recent
from retrieval.signals import ALONE, OPPOSED, signals
from retrieval.types import Answer, Citation, Disagreement, Filters, Headline, Hit, Passage, Query, Span
from retrieval.verifier.port import Verifier
from retrieval.verifier.statements import supposed

_NEAREST = 3
_SHOWN = 3  # citations that an answer shows unless asked for more
_HIGHLIGHTS = 1  # sentences marked in a passage
# Passages looked through for copies of what is cited.
_FOLDED_WITHIN = 20
# Passages whose texts are kept, each with its whole article: as many as one question looks at.
_KEPT = 64


_Around = dict[int, tuple[Passage, tuple[str, ...]]]
"""Passages by id, each with the ids of the articles that say the same in nearly the same words."""


class PassageStore(Protocol):
    """Where passages' texts are kept."""

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """Passages by id, in this order.

        Raises:
            IndexDamaged: one is unknown.
        """


@dataclass(frozen=True, slots=True)
class ReadingBudget:
    """How long the reader may take for one question; it reads fewer passages where it is too slow.

    Args:
        milliseconds: for all passages of a question.
        least: this many are read however long it takes.
    """

    milliseconds: float = 1500.0
    least: int = 3


class Pace:
    """How fast the reader has been of late."""

    def __init__(self) -> None:
        self._per_character = 0.0

    def affordable(self, lengths: Sequence[int], budget: ReadingBudget) -> int:
        """How many passages of such lengths, in characters, fit into the budget, taken from the first on."""
        if not self._per_character:
            return len(lengths)
        return max(fitting(lengths, budget.milliseconds / self._per_character), min(budget.least, len(lengths)))

    def note(self, milliseconds: float, characters: int) -> None:
        """Remember a reading; recent ones count most."""
        if characters:
            now = milliseconds / characters
            self._per_character = 0.8 * self._per_character + 0.2 * now if self._per_character else now


class Engine:
    """Answers queries from one generation. Safe to use from several threads.

    Args:
        index: the generation.
        passages: the texts of its passages.
        encoder: the one that made it.
        reader: reads the best few passages; ``None`` ranks and marks by words alone.
        parameters: how scores are combined, and when to abstain.
        budget: how long the reader may take.
        pace: shared between engines of one process, so that a new generation starts with what is known.
        verifier: judges whether the best sentence bears out what the question supposes; ``None`` takes it for granted.
    """

    def __init__(
        self,
        index: Index,
        passages: PassageStore,
        encoder: Encoder,
        reader: Reader | None,
        parameters: Parameters,
        budget: ReadingBudget | None = None,
        pace: Pace | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        self.index = index
        # A question comes back to what it has read; what an id stands for is never changed.
        self._passages = Recent(passages.passages, int, _KEPT)
        self._encoder = encoder
        self._reader = reader
        self._verifier = verifier
        self._words = WordReader()
        self._parameters = parameters
        self._budget = budget or ReadingBudget()
        self._pace = pace or Pace()

    def answer(self, query: Query) -> Answer:
        """Find what answers a query.

        Raises:
            FilterError: a source or an article that the index does not hold.
            IndexDamaged: the index does not belong to the store of passages.
        """
        started = time.perf_counter()
        filters = self._checked(query.filters)
        encoded = self._encoded(query.text)
        ranked = self._rank(query.text, encoded, filters, self._parameters.ranking.depth)
        hits = self._enough(replace(query, filters=filters), encoded, ranked)
        around = self._around(hits[: query.k], ranked)
        confidence = self._confidence(query.text, filters, ranked)
        abstained = confidence < self.calibration.threshold
        citations = tuple(self._cite(query.text, hits[: query.k], ranked, around))
        return Answer(
            query=replace(query, filters=filters),
            abstained=abstained,
            confidence=confidence,
            citations=citations,
            nearest=self._headlines(hits),
            horizon=self.index.info.horizon,
            disagreements=() if abstained else self._disagreements(query.text, citations, around),
            elapsed_ms=(time.perf_counter() - started) * 1000,
        )

    def search(self, text: str, filters: Filters) -> Ranked:
        """Ranked candidates alone, without citations.

        Raises:
            FilterError: a source or an article that the index does not hold.
        """
        filters = self._checked(filters)
        return self._rank(text, self._encoded(text), filters, self._parameters.ranking.depth)

    def survey(self, text: str, filters: Filters, depth: int) -> tuple[Hit, ...]:
        """Candidates by search alone, ``depth`` of each kind, best first: wider than :meth:`search`, and unread.

        When an article was published counts for nothing here.

        Raises:
            FilterError: a source or an article that the index does not hold.
        """
        candidates = search(self.index, text, self._encoded(text), depth, self._checked(filters))
        parameters = replace(self._parameters.ranking, recency_weight=0.0)
        return rank(candidates, fuse(candidates, parameters), {}, parameters).hits

    def named(self, text: str, filters: Filters, depth: int) -> list[Match]:
        """The ``depth`` passages that hold most of the words of a name, in text or title, best first.

        Raises:
            FilterError: a source or an article that the index does not hold.
        """
        return self.index.search_lexical(text, depth, self._checked(filters))

    def signals(self, text: str, filters: Filters, ranked: Ranked) -> dict[str, float]:
        """The signals that confidence is computed from; ``ranked`` holds at least one hit."""
        best = self._passages.of([ranked.hits[0].passage_id])[0]
        narrow = filters.article_ids is not None
        found = signals(text, ranked, best, self.index.info.horizon, self.weigh, narrow=narrow)
        if self._reader and OPPOSED in self.calibration.weights:
            found[OPPOSED] = opposed(text, ranked.readings, self._passages.of, self._reader, self.weigh)
        if ALONE in self.calibration.weights:
            found[ALONE] = self._alone(text, best, ranked.readings.get(best.id)) if narrow else 0.0
        return found

    def support(self, text: str, ranked: Ranked) -> float | None:
        """Log-odds, by the verifier, that the best sentence of the first hit bears out what the question supposes.

        ``None`` without a verifier, where it supposes nothing, and where no sentence was read. ``ranked`` holds at
        least one hit.
        """
        reading = ranked.readings.get(ranked.hits[0].passage_id)
        if self._verifier is None or reading is None or (statement := supposed(text)) is None:
            return None
        article = self._passages.of([ranked.hits[0].passage_id])[0].article
        return self._verifier.supports(statement, article.title, reading.sentences[0][0].of(article.text))

    def weigh(self, words: Sequence[str]) -> list[float]:
        """How rare each word is in this generation: its inverse document frequency."""
        total = self.index.info.passages
        return [inverse_document_frequency(n, total) for n in self.index.document_frequencies(words)]

    @property
    def calibration(self) -> Calibration:
        """How confidence is made of signals: without a reader, by words alone."""
        return self._parameters.calibration if self._reader else self._parameters.plain

    def _checked(self, filters: Filters) -> Filters:
        filters = resolve_sources(filters, self.index.sources())
        if filters.article_ids is not None:
            unknown = filters.article_ids - self.index.known_articles(filters.article_ids)
            if unknown or not filters.article_ids:
                named = f"there is no article {min(unknown)!r}" if unknown else "article_ids is empty"
                raise FilterError(f"{named}: name ids of articles that are indexed, or leave article_ids out")
        return filters

    def _encoded(self, text: str) -> Encoded:
        """A question's vector, computed where it is first asked for."""
        return cache(lambda: self._encoder.encode_queries([text])[0])

    def _rank(
        self, text: str, encoded: Encoded, filters: Filters, depth: int, read: dict[int, Reading] | None = None
    ) -> Ranked:
        """Ranked candidates; what was ``read`` already is not read again, and nothing beside it."""
        candidates = search(self.index, text, encoded, depth, filters)
        fused = fuse(candidates, self._parameters.ranking)
        if read is None:
            first = best_first(fused, candidates.ids)[:MOST_READ]
            read = self._read(text, candidates.ids[first].tolist(), fused[first].tolist(), len(candidates))
        return rank(candidates, fused, read, self._parameters.ranking)

    def _read(self, text: str, ids: Sequence[int], fused: Sequence[float], found: int) -> dict[int, Reading]:
        """What is read of these passages, the first of all ``found``; of what does not ask, the first few alone."""
        if self._reader is None or not ids or not self._parameters.ranking.read:
            return {}
        started = time.perf_counter()
        ranking, passages = self._parameters.ranking, self._passages.of(ids)
        wanted = passages[: to_read([len(passage.text) for passage in passages], found, ranking)]
        readings = self._read_in_time(self._reader, text, wanted, self._budget)
        if len(readings) == len(wanted):
            left = self._budget.milliseconds - (time.perf_counter() - started) * 1000
            further = passages[len(wanted) : to_read_on(text, fused, list(readings.values()), ranking)]
            readings |= self._read_in_time(self._reader, text, further, ReadingBudget(left, least=0))
        return readings

    def _read_in_time(
        self, reader: Reader, text: str, passages: Sequence[Passage], budget: ReadingBudget
    ) -> dict[int, Reading]:
        """By their ids, as many of the passages as there is time for, from the first on."""
        lengths = [len(passage.text) for passage in passages]
        lengths = lengths[: self._pace.affordable(lengths, budget)]
        if not lengths:
            return {}
        started = time.perf_counter()
        readings = reader.read(text, passages[: len(lengths)], self.weigh)
        self._pace.note((time.perf_counter() - started) * 1000, sum(lengths))
        return {passage.id: reading for passage, reading in zip(passages, readings, strict=False)}

    def _confidence(self, text: str, filters: Filters, ranked: Ranked) -> float:
        if not ranked.hits:
            return 0.0
        support = self.support(text, ranked)
        besides = 0.0 if support is None else self._parameters.verification.shift(support)
        return self.calibration.confidence(self.signals(text, filters, ranked), besides)

    def _alone(self, text: str, passage: Passage, reading: Reading | None) -> float:
        """What the reader gives the passage's best sentence by itself; 0 if it read none, or cannot read one."""
        if reading is None or not isinstance(self._reader, SentenceReader):
            return 0.0
        return self._reader.read_sentence(text, passage, reading.sentences[0][0], self.weigh)

    def _enough(self, query: Query, encoded: Encoded, ranked: Ranked) -> list[Hit]:
        """Hits of ``k`` articles, or ``k`` hits where there are fewer; searched deeper until found."""
        articles = min(query.k, self.index.info.horizon.articles)
        depth = self._parameters.ranking.depth
        hits = list(ranked.hits)
        listed = len(hits)
        # A search that lists fewer than its depth has listed all.
        while listed >= depth and (len(hits) < query.k or len({hit.article_id for hit in hits}) < articles):
            depth *= 4
            deeper = self._rank(query.text, encoded, query.filters, depth, ranked.readings).hits
            listed = len(deeper)
            # What was found first keeps its place: an answer is the same however many articles are cited.
            placed, last = {hit.passage_id for hit in hits}, hits[-1].score
            hits += [hit._replace(score=min(hit.score, last)) for hit in deeper if hit.passage_id not in placed]
        return best_of_each_article(hits, max(query.k, _NEAREST))

    def _around(self, hits: Sequence[Hit], ranked: Ranked) -> _Around:
        """The passages that are cited, and the best ones of further articles."""
        others = best_of_each_article(ranked.hits, _FOLDED_WITHIN)
        passages = self._passages.of(list({hit.passage_id: hit for hit in (*hits, *others)}))
        copies = same_elsewhere(passages)
        return {passage.id: (passage, same) for passage, same in zip(passages, copies, strict=True)}

    def _cite(self, text: str, hits: Sequence[Hit], ranked: Ranked, around: _Around) -> list[Citation]:
        readings = ranked.readings | self._marked(text, hits, ranked, around)
        return [
            Citation.of(
                around[hit.passage_id][0],
                hit.score,
                readings[hit.passage_id].sentences[:_HIGHLIGHTS],
                around[hit.passage_id][1],
                hit.explanation,
            )
            for hit in hits
        ]

    def _marked(self, text: str, hits: Sequence[Hit], ranked: Ranked, around: _Around) -> dict[int, Reading]:
        """What ranking did not need to read: what is shown at first is read too if there is time, the rest by words."""
        in_time = len(ranked.readings) >= min(self._parameters.ranking.read, len(ranked.hits))
        shown = _SHOWN if self._reader and in_time else 0
        found: dict[int, Reading] = {}
        for reader, part in ((self._reader or self._words, hits[:shown]), (self._words, hits[shown:])):
            unread = [around[hit.passage_id][0] for hit in part if hit.passage_id not in ranked.readings]
            if unread:
                found |= zip((p.id for p in unread), reader.read(text, unread, self.weigh), strict=True)
        return found

    def _disagreements(self, text: str, citations: Sequence[Citation], around: _Around) -> tuple[Disagreement, ...]:
        marked = [Span(citation.highlights[0].start, citation.highlights[0].end) for citation in citations]
        return disagreements(text, marked, list(around.values()), self.weigh)

    def _headlines(self, hits: Sequence[Hit]) -> tuple[Headline, ...]:
        firsts = best_of_each_article(hits, _NEAREST)
        articles = {p.article.id: p.article for p in self._passages.of([hit.passage_id for hit in firsts])}
        return tuple(Headline(a.id, a.title, a.published) for a in articles.values())
