"""The service: a question from anyone, on any platform, to a reply.

It is synchronous and safe to call from several threads; adapters call it off their event loops.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from bot.article_names import article_named
from bot.askers import Question
from bot.edition import Edition
from bot.engines import WARMING, Engines, instead
from bot.messages import (
    AnswerReply,
    HistoryReply,
    IndexReply,
    OutdatedCitation,
    Provenance,
    QuotesReply,
    StatusReply,
    SummaryReply,
    TimelineReply,
)
from bot.provenance import Publishers
from bot.quotations import quoted_texts, verify
from corpus.catalogue import Catalogue
from corpus.changes import stands, steps
from corpus.errors import CatalogueError, FeedsFileError
from corpus.feed_records import FeedState
from corpus.feed_register import RegisteredFeed
from corpus.feeds_file import BUILTIN
from corpus.indexer import Progress, Step, silent
from corpus.locking import underway
from corpus.runs import IndexRun
from retrieval.engine import Engine
from retrieval.errors import IndexDamaged, IndexMissing
from retrieval.index.port import GenerationInfo, Index
from retrieval.questions import parse_question
from retrieval.quotes import DEFAULT_QUOTES, Quoter
from retrieval.segmentation import sentences
from retrieval.summary import Summarizer
from retrieval.timeline import DEFAULT_EVENTS, Chronicler
from retrieval.types import Answer, Article, Citation, Filters, Query

if TYPE_CHECKING:
    from bot.app import Application

logger = logging.getLogger(__name__)


class Service:
    """Answers from the current generation, and changes over when a new one is published.

    Args:
        app: the parts of the data folder.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._engines = Engines(app)

    def ask(self, question: Question, *, k: int = 3, filters: Filters | None = None, keep: bool = True) -> AnswerReply:
        """Answer a question.

        Args:
            question: as asked.
            k: how many articles to cite.
            filters: beside those in the text.
            keep: under an id, so that it can be shown again.

        Raises:
            InputError: it cannot be asked; the message says why.
            IndexFault: there is no index that could answer.
        """
        query = parse_question(question.text, question.time, k=k, filters=filters)
        with self._engines.current() as engine:
            answer = engine.answer(query)
            verify(self._catalogue, answer.quoted)
            answer = replace(answer, citations=self._with_stories(answer, engine.index))
            logger.info("answered in %.0f ms, confidence %.3f", answer.elapsed_ms, answer.confidence)
            answer_id = self._keep(answer, question) if keep else None
            return AnswerReply(answer, answer_id, provenance=self.provenance(answer.quoted))

    def load(self) -> None:
        """Do once what the first question would have to wait for: load the model, open the index, use both.

        Raises:
            IndexFault: there is no index that could answer.
        """
        with self._engines.current() as engine:
            engine.answer(WARMING)

    def watching(self) -> AbstractContextManager[None]:
        """While a process goes on: open new generations beside the questions, so that none waits for it."""
        return self._engines.watching()

    @property
    def generation(self) -> GenerationInfo | None:
        """The generation that answers; ``None`` before the first question."""
        return self._engines.generation

    @property
    def trouble(self) -> str:
        """Why the current generation does not answer, and which one does; empty where all is well."""
        return self._engines.trouble

    def summarize(self, question: Question, *, sentences: int = 3, filters: Filters | None = None) -> SummaryReply:
        """Summarise one article, named by its id, or a topic.

        Raises:
            InputError: it cannot be asked; the message says why.
            IndexFault: there is no index that could answer.
        """
        with self._engines.current() as engine:
            summarizer = Summarizer(engine, self._catalogue, self._app.encoder, self._app.parameters.summary)
            named = question.text.strip()
            article = self._named_article(engine, named)
            if article is not None:
                summary = summarizer.article(named, article, sentences)
            else:
                summary = summarizer.topic(self._query(question, filters), sentences)
            verify(self._catalogue, summary.sentences)
        return SummaryReply(summary, self.provenance(summary.sentences))

    def provenance(self, citations: Iterable[Citation]) -> Provenance:
        """Who published what is cited."""
        return self._publishers.provenance(citations)

    def timeline(
        self, question: Question, *, events: int = DEFAULT_EVENTS, filters: Filters | None = None
    ) -> TimelineReply:
        """The dated events on a topic, or those of one article, named by its id.

        ``since`` and ``until``, typed or given, bound the events' dates; see :class:`retrieval.timeline.Chronicler`.

        Raises:
            InputError: it cannot be asked; the message says why.
            IndexFault: there is no index that could answer.
        """
        with self._engines.current() as engine:
            chronicler = Chronicler(engine, self._catalogue, self._app.encoder)
            query = self._query(question, filters)
            article = self._named_article(engine, query.text)
            timeline = chronicler.article(query, article, events) if article else chronicler.topic(query, events)
            cited = [event.citation for event in timeline.events]
            verify(self._catalogue, cited)
        return TimelineReply(timeline, self.provenance(cited))

    def quotes(self, question: Question, *, count: int = DEFAULT_QUOTES, filters: Filters | None = None) -> QuotesReply:
        """What the person whom the question names is quoted with, newest first.

        Raises:
            InputError: it cannot be asked; the message says why.
            IndexFault: there is no index that could answer.
        """
        with self._engines.current() as engine:
            quotes = Quoter(engine, self._catalogue).person(self._query(question, filters), count)
            cited = [quote.citation for quote in quotes.quotes]
            verify(self._catalogue, cited)
        return QuotesReply(quotes, self.provenance(cited))

    def status(self) -> StatusReply:
        """How things stand.

        Raises:
            IndexFault: there is no index that could answer.
        """
        if self.generation:
            with self._engines.held() as engine:
                return self._status(engine.index, self.trouble)
        index, trouble = self._looked_into()
        try:
            return self._status(index, trouble)
        finally:
            index.close()

    def _status(self, index: Index, trouble: str) -> StatusReply:
        feeds, problem = self.feeds()
        problems = (problem, self._app.refreshing.problem, index.shortcoming)
        return StatusReply(
            info=index.info,
            sources=dict(index.sources()),
            feeds=feeds,
            data_dir=str(self._app.settings.data_dir),
            underway=underway(self._app.settings.data_dir) or self._catalogue.indexing_underway(),
            problems=tuple(filter(None, problems)),
            trouble=trouble,
            place=self._app.settings.index,
        )

    def feeds(self) -> tuple[tuple[FeedState, ...], str]:
        """The known feeds, those that are never refreshed by themselves without a time; and why that is not known."""
        states = self._catalogue.feed_states()
        try:
            listed = {feed.known.name for feed in self._app.register.all()} - {BUILTIN}
        except FeedsFileError as error:
            return tuple(states), str(error)
        planned = listed if self._app.settings.refresh else set()
        return tuple(s if s.name in planned else replace(s, next_refresh=None) for s in states), ""

    def reindex(
        self, feeds: Iterable[str] = (), *, rebuild: bool = False, progress: Progress = silent, by: str = ""
    ) -> IndexReply:
        """Bring feeds up to date; questions are answered from the old generation meanwhile.

        Args:
            feeds: places or names; without any, all feeds.
            rebuild: cut and encode everything anew.
            progress: is told how far it is.
            by: what started it, as others are told.

        Raises:
            CorpusError, IndexFault: see :meth:`corpus.indexer.Indexer.run`.
        """
        step = self._courteous(progress)
        return self._indexed(self._app.indexer.run(list(feeds), rebuild=rebuild, progress=step, by=by))

    def refresh(self, feeds: Sequence[RegisteredFeed], *, by: str) -> IndexReply:
        """As :meth:`reindex`, of these feeds alone; without any, what an earlier run left undone is done.

        Raises:
            CorpusError, IndexFault: see :meth:`corpus.indexer.Indexer.run`.
        """
        return self._indexed(self._app.indexer.refresh(feeds, progress=self._courteous(silent), by=by))

    def _courteous(self, progress: Progress) -> Progress:
        """Progress that lets questions go first at every step."""

        def report(step: Step) -> None:
            self._app.way.give()
            progress(step)

        return report

    def _indexed(self, run: IndexRun) -> IndexReply:
        if self.generation:
            self._engines.look(warm=True, wait=True)
        kept = dt.timedelta(days=self._app.settings.retention_days)
        self._catalogue.expire_removed(dt.datetime.now(dt.UTC) - kept)
        return IndexReply(run)

    @contextmanager
    def edition(self) -> Iterator[Edition]:
        """The current generation, as what is told unasked is drawn from it; it stays open meanwhile.

        Raises:
            IndexFault: there is no index that could answer.
        """
        with self._engines.held() as engine:
            yield Edition(engine, self._catalogue, self._catalogue.story_of)

    def article_text(self, citation: Citation) -> str:
        """The whole text of a cited article, as it was when it was cited.

        Raises:
            QuotationError: that text is no longer kept.
        """
        return quoted_texts(self._catalogue, [citation])[citation.article_id, citation.text_hash]

    def verify(self, citation: Citation) -> None:
        """Slice a quotation again from the article's text.

        Raises:
            QuotationError: it does not stand there, or that text is no longer kept.
        """
        verify(self._catalogue, [citation])

    def recalled(self, citation: Citation) -> Citation:
        """A citation of an earlier answer, verified; where its article has changed since, it says so.

        Raises:
            QuotationError: it does not stand in the text that it quotes, or that text is no longer kept.
        """
        self.verify(citation)
        ended = self._catalogue.ended(citation)
        if ended is None:
            return citation
        article = self._catalogue.article(citation.article_id)
        quoted = [highlight.text for highlight in citation.highlights] or [
            span.of(citation.text) for span in sentences(citation.text)
        ]
        kept = article is not None and all(stands(sentence, article.text) for sentence in quoted)
        values = {field.name: getattr(citation, field.name) for field in fields(Citation)}
        return OutdatedCitation(**values, ended=ended.when, removed=ended.removed, stands=kept)

    def history(self, name: str, most: int | None = None) -> HistoryReply:
        """What an article has said.

        Args:
            name: its id, its address or its whole title.
            most: how many of the newest revisions to show; all of them for ``None``.

        Raises:
            UsageError: there is no such article, or more than one.
        """
        history = self._catalogue.history(article_named(self._catalogue, name.strip()))
        return HistoryReply(history[-1].article, tuple(steps(history, most)), len(history))

    @property
    def _catalogue(self) -> Catalogue:
        return self._app.catalogue

    @property
    def _publishers(self) -> Publishers:
        return Publishers(self._catalogue)

    def _named_article(self, engine: Engine, named: str) -> Article | None:
        return self._catalogue.article(named) if engine.index.known_articles([named]) else None

    def _with_stories(self, answer: Answer, index: Index) -> tuple[Citation, ...]:
        """The citations with where else their stories stand, among the articles that were searched."""
        only = answer.query.filters.article_ids

        def searched(article_ids: Iterable[str]) -> set[str]:
            known = index.known_articles(article_ids)
            return known if only is None else known & only

        return self._publishers.also_in_stories(answer.citations, searched)

    def _query(self, question: Question, filters: Filters | None) -> Query:
        return parse_question(question.text, question.time, filters=filters)

    def _keep(self, answer: Answer, question: Question) -> str | None:
        """The id that an answer is kept under; a full disk costs the id and not the answer."""
        try:
            return self._app.answers.keep(answer, question.text, question.asker, question.time)
        except CatalogueError as error:
            logger.warning("an answer could not be kept: %s", error)
            return None

    def _looked_into(self) -> tuple[Index, str]:
        """The generation that would answer, whatever encoder made it, and what is wrong with the current one."""
        generations = self._app.generations
        try:
            return generations.current(), ""
        except IndexMissing:
            raise no_index(self._app) from None
        except IndexDamaged as error:
            index = generations.last_good()
            if index is None:
                raise
            return index, instead(index.info.number, error)


def has_index(app: Application) -> bool:
    """Whether a generation has been published.

    Raises:
        IndexFault: the pointer to it is broken, or the server that has it does not answer.
    """
    return app.generations.current_number() is not None


def require_catalogue(app: Application) -> None:
    """See that something has been indexed in the data folder, now or before, and make nothing there.

    Raises:
        IndexMissing: nothing has.
    """
    if not app.has_catalogue:
        raise no_index(app)


def require_index(app: Application) -> None:
    """See that there is an index, before anything long begins.

    Raises:
        IndexMissing: there is none.
    """
    if not has_index(app):
        raise no_index(app)


def no_index(app: Application) -> IndexMissing:
    """The error for a data folder without an index; it names the command that makes one, or who is making it."""
    making = underway(app.settings.data_dir)
    if making:
        return IndexMissing(f"there is no index in {app.settings.data_dir} yet: it is being made {making}")
    return IndexMissing(
        f"there is no index in {app.settings.data_dir}: run `backchannel index` "
        "(the known feeds, else the shipped briefs) or `backchannel index FOLDER` (your articles) first"
    )
