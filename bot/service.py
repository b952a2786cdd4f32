"""The service: a question from anyone, on any platform, to a reply.

It is synchronous and safe to call from several threads; adapters call it off their event loops.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bot.messages import AnswerReply, IndexReply, Question, StatusReply, SummaryReply, TimelineReply
from corpus.catalogue import Catalogue
from corpus.indexer import Progress, silent
from retrieval.engine import Engine, Pace, ReadingBudget
from retrieval.errors import IndexMissing, QuotationError
from retrieval.index.embedded import current_number, open_any
from retrieval.index.port import GenerationInfo, Index
from retrieval.questions import parse_question
from retrieval.summary import Summarizer
from retrieval.timeline import DEFAULT_EVENTS, Chronicler
from retrieval.types import Article, Citation, Filters, Query

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
        self._pace = Pace()
        self._lock = threading.Lock()
        self._open: tuple[int, Engine] | None = None

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
        answer = self._engine().answer(query)
        self._verify(answer.citations)
        logger.info("answered in %.0f ms, confidence %.3f", answer.elapsed_ms, answer.confidence)
        answer_id = self._app.answers.keep(answer, question.text, question.asker, question.time) if keep else None
        return AnswerReply(answer, answer_id)

    def load(self) -> None:
        """Do once what the first question would have to wait for: load the model, open the index, use both.

        Raises:
            IndexFault: there is no index that could answer.
        """
        self._engine().answer(Query("Who met where, and what did they agree on?"))

    @property
    def generation(self) -> GenerationInfo | None:
        """The generation that was asked last; ``None`` before the first question."""
        opened = self._open
        return opened[1].index.info if opened else None

    def summarize(self, question: Question, *, sentences: int = 3, filters: Filters | None = None) -> SummaryReply:
        """Summarise one article, named by its id, or a topic.

        Raises:
            InputError: it cannot be asked; the message says why.
            IndexFault: there is no index that could answer.
        """
        engine = self._engine()
        summarizer = Summarizer(engine, self._catalogue, self._app.encoder)
        named = question.text.strip()
        article = self._named_article(engine, named)
        if article is not None:
            summary = summarizer.article(named, article, sentences)
        else:
            summary = summarizer.topic(self._query(question, filters), sentences)
        self._verify(summary.sentences)
        return SummaryReply(summary)

    def timeline(
        self, question: Question, *, events: int = DEFAULT_EVENTS, filters: Filters | None = None
    ) -> TimelineReply:
        """The dated events on a topic, or those of one article, named by its id.

        ``since`` and ``until``, typed or given, bound the events' dates; see :class:`retrieval.timeline.Chronicler`.

        Raises:
            InputError: it cannot be asked; the message says why.
            IndexFault: there is no index that could answer.
        """
        engine = self._engine()
        chronicler = Chronicler(engine, self._catalogue, self._app.encoder)
        query = self._query(question, filters)
        article = self._named_article(engine, query.text)
        timeline = chronicler.article(query, article, events) if article else chronicler.topic(query, events)
        self._verify(event.citation for event in timeline.events)
        return TimelineReply(timeline)

    def status(self) -> StatusReply:
        """How things stand.

        Raises:
            IndexFault: there is no index that could answer.
        """
        index = open_any(self._app.index_folder)
        if index is None:
            raise no_index(self._app)
        return StatusReply(
            info=index.info,
            sources=dict(index.sources()),
            feeds=tuple(self._catalogue.feed_states()),
            data_dir=str(self._app.settings.data_dir),
        )

    def reindex(self, feeds: Iterable[str] = (), *, rebuild: bool = False, progress: Progress = silent) -> IndexReply:
        """Bring feeds up to date; questions are answered from the old generation meanwhile.

        Raises:
            CorpusError, IndexFault: see :meth:`corpus.indexer.Indexer.run`.
        """
        return IndexReply(self._app.indexer.run(list(feeds), rebuild=rebuild, progress=progress))

    def article_text(self, citation: Citation) -> str:
        """The whole text of a cited article, as it was when it was cited.

        Raises:
            QuotationError: that text is no longer kept.
        """
        text = self._catalogue.text(citation.article_id, citation.text_hash)
        if text is None:
            raise QuotationError(f"article {citation.article_id!r} has changed since it was quoted: ask again")
        return text

    def verify(self, citation: Citation) -> None:
        """Slice a quotation again from the article's text.

        Raises:
            QuotationError: it does not stand there, or that text is no longer kept.
        """
        citation.verify(self.article_text(citation))

    @property
    def _catalogue(self) -> Catalogue:
        return self._app.catalogue

    def _named_article(self, engine: Engine, named: str) -> Article | None:
        return self._catalogue.article(named) if engine.index.known_articles([named]) else None

    def _query(self, question: Question, filters: Filters | None) -> Query:
        return parse_question(question.text, question.time, filters=filters)

    def _engine(self) -> Engine:
        """The engine of the current generation, opened again when another one has been published."""
        number = self._app.store.current_number()
        with self._lock:
            if self._open is None or self._open[0] != number:
                index = self._app.store.current()
                self._open = (index.info.number, self._make_engine(index))
            return self._open[1]

    def _make_engine(self, index: Index) -> Engine:
        return Engine(
            index,
            self._catalogue,
            self._app.encoder,
            self._app.reader,
            self._app.parameters,
            ReadingBudget(self._app.settings.reader_budget_ms),
            self._pace,
        )

    def _verify(self, citations: Iterable[Citation]) -> None:
        """Slice every quotation again from the stored text, just before it is shown."""
        for citation in citations:
            self.verify(citation)


def has_index(app: Application) -> bool:
    """Whether a generation has been published in the data folder.

    Raises:
        IndexDamaged: the pointer to it is broken.
    """
    return current_number(app.index_folder) is not None


def require_index(app: Application) -> None:
    """See that there is an index, before anything long begins.

    Raises:
        IndexMissing: there is none.
    """
    if not has_index(app):
        raise no_index(app)


def no_index(app: Application) -> IndexMissing:
    """The error for a data folder without an index; it names the command that makes one."""
    return IndexMissing(
        f"there is no index in {app.settings.data_dir}: run `backchannel index` "
        "(the known feeds, else the shipped briefs) or `backchannel index FOLDER` (your articles) first"
    )
