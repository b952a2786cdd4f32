"""The desk: everything that people can do, on any platform, with who may and where.

Like the service below it, it is synchronous and safe to call from several threads. What it raises on
purpose (``BotError``, ``CorpusError``, ``RetrievalError``) has a message that can be shown to the person.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.askers import Asker, Platform, Question
from bot.errors import UsageError
from bot.follow_ups import combined, is_follow_up, new_topic
from bot.messages import (
    AnswerReply,
    ComparisonReply,
    ContextReply,
    GapsReply,
    HistoryReply,
    IndexReply,
    Notice,
    PassagesReply,
    QuotesReply,
    RelatedReply,
    SourcesReply,
    StatusReply,
    SummaryReply,
    TimelineReply,
)
from bot.passages import around, distinct, unfolded
from bot.related import related_questions
from bot.render.words import counted
from bot.settings import Corrections
from corpus.clock import Clock, utc_now
from corpus.indexer import Progress, silent
from corpus.journal import Gap, Reason, Verdict
from corpus.outbox import Address

if TYPE_CHECKING:
    from bot.app import Application

_PAGE = 3
_MOST_PASSAGES = 30
_MOST_GAPS = 200
_CHOICES = 25
_MOST_REVISIONS = 10


class Desk:
    """Serves people.

    Args:
        app: the parts of the data folder.
        clock: tells the time, with its zone.
    """

    def __init__(self, app: Application, clock: Clock = utc_now) -> None:
        self._app = app
        self._clock = clock

    # Asking

    def ask(self, question: Question, *, alone: bool = False) -> AnswerReply | Notice:
        """Answer a question, or a follow-up with what went before in its conversation.

        Args:
            question: as asked; "new topic" before it, or alone, lets go of what went before.
            alone: never take it for a follow-up, as in a command.

        Raises:
            InputError: it cannot be asked; the message says why.
            IndexFault: there is no index that could answer.
        """
        asker, text = question.asker, question.text
        fresh = new_topic(text)
        if fresh is not None:
            self._app.journal.forget_thread(asker.conversation)
            if not fresh:
                return Notice("New topic: what you ask next is searched by itself.")
            text = fresh
        before = None if alone or fresh is not None else self._before(asker)
        searched = combined(before, text) if before and is_follow_up(text) else None
        reply = self._app.service.ask(replace(question, text=searched or text))
        return replace(reply, searched=reply.answer.query.text if searched else None)

    def remember(self, asker: Asker, reply: AnswerReply | Notice) -> None:
        """Note what a conversation is about, once its answer stands there; follow-ups build on it."""
        if isinstance(reply, AnswerReply) and reply.answer_id:
            stored = self._app.journal.answer(reply.answer_id)
            if stored:
                self._app.journal.remember_thread(asker.conversation, stored.question, stored.person)
                self._note_where(asker, reply)

    def in_conversation(self, asker: Asker) -> bool:
        """Whether the bot has answered in this thread, and lately enough to go on."""
        return self._before(asker) is not None

    # Buttons

    def more(self, asker: Asker, answer_id: str, page: int) -> PassagesReply:
        """Further passages for an answer; page 1 follows what the answer showed.

        Raises:
            UsageError: no such answer, or no further passage.
        """
        stored, reply = self._app.answers.recall(answer_id, asker)
        shown = () if reply.answer.abstained else unfolded(reply.answer.citations)
        question = Question(stored.question, dt.datetime.fromisoformat(stored.asked), asker)
        filters = reply.answer.query.filters
        deeper = self._app.service.ask(question, k=_MOST_PASSAGES, filters=filters, keep=False)
        seen = {c.article_id for c in shown}
        rest = [c for c in unfolded(deeper.answer.citations) if c.article_id not in seen]
        first = (page - 1) * _PAGE
        citations = tuple(rest[first : first + _PAGE]) if page > 0 else ()
        if not citations:
            raise UsageError("there are no further passages")
        return PassagesReply(
            stored.id, page, len(shown) + first + 1, citations, len(rest) > first + _PAGE, deeper.provenance
        )

    def context(self, asker: Asker, answer_id: str, number: int) -> ContextReply:
        """The paragraphs around citation ``number`` (from 1) of an answer.

        Raises:
            UsageError: no such answer or citation.
        """
        _, reply = self._app.answers.recall(answer_id, asker)
        citations = unfolded(reply.answer.citations)
        if not 1 <= number <= len(citations):
            raise UsageError(f"answer {answer_id} has no passage {number}: name one of 1 to {len(citations)}")
        citation = citations[number - 1]
        service = self._app.service
        wide = around(citation, service.article_text(citation))
        return ContextReply(answer_id, number, wide, service.provenance([citation]))

    def related(self, asker: Asker, answer_id: str) -> RelatedReply:
        """Questions to go on with; the same ones each time.

        Raises:
            UsageError: no such answer.
        """
        stored, reply = self._app.answers.recall(answer_id, asker)
        return RelatedReply(stored.id, related_questions(reply.answer))

    def feedback(self, asker: Asker, answer_id: str, verdict: Verdict, reason: Reason | None = None) -> Notice:
        """Note what a person thinks of an answer.

        Raises:
            UsageError: no such answer.
        """
        stored = self._app.answers.find(answer_id, asker)
        self._app.journal.add_feedback(stored.id, self._app.people.of(asker.person), verdict, reason)
        said = "good to know" if verdict is Verdict.GOOD else "an admin will find it among the gaps"
        return Notice(f"Thank you: {said}.")

    # Commands

    def recall(self, asker: Asker, answer_id: str) -> AnswerReply:
        """An answer again, as it was given; what has changed since says so.

        Raises:
            UsageError: no such answer, for this person or in this place.
        """
        reply = self._app.answers.recall(answer_id, asker)[1]
        return replace(reply, provenance=self._app.service.provenance(reply.answer.quoted))

    def compare(self, asker: Asker, answer_id: str) -> ComparisonReply:
        """An earlier answer against today's to the same question.

        Raises:
            UsageError: no such answer, for this person or in this place.
        """
        stored, before = self._app.answers.recall(answer_id, asker)
        question = Question(stored.question, dt.datetime.fromisoformat(stored.asked), asker)
        # also those that stood beside the question's text
        after = self._app.service.ask(question, filters=before.answer.query.filters, keep=False)
        old, new = before.answer.citations, after.answer.citations
        provenance = self._app.service.provenance([*old, *new])
        return ComparisonReply(before, after, distinct(old, new), distinct(new, old), provenance)

    def summarize(self, question: Question) -> SummaryReply:
        """Summarise a topic, or an article named by its id or its whole title.

        Raises:
            InputError: it cannot be asked; the message says why.
        """
        return self._app.service.summarize(self._by_id(question))

    def timeline(self, question: Question) -> TimelineReply:
        """The dated events on a topic, or of an article named by its id or its whole title.

        Raises:
            InputError: it cannot be asked; the message says why.
        """
        return self._app.service.timeline(self._by_id(question))

    def quotes(self, question: Question) -> QuotesReply:
        """What a person is quoted with.

        Raises:
            InputError: it cannot be asked; the message says why.
        """
        return self._app.service.quotes(question)

    def titles(self, part: str) -> list[tuple[str, str]]:
        """Ids and titles of articles to choose from, at most 25."""
        return self._app.catalogue.titles(part.strip(), _CHOICES)

    def history(self, name: str) -> HistoryReply:
        """What an article has said lately: its newest revisions, as many as people read in a chat.

        Raises:
            UsageError: no article, or more than one, has that id, address or whole title.
        """
        return self._app.service.history(name, _MOST_REVISIONS)

    def sources(self) -> SourcesReply:
        """What the corpus holds."""
        status = self._app.service.status()
        return SourcesReply(status.info.horizon, tuple(self._app.catalogue.outlets()))

    def forget(self, asker: Asker) -> Notice:
        """Delete what a person has asked, thought and wants to hear of."""
        count = self._app.journal.forget(self._app.people.of(asker.person))
        ended = self._app.watches.forget(asker)
        subscribed = f" Ended: {counted(ended, 'watch or digest', 'watches and digests')}." if ended else ""
        return Notice(
            f"Deleted: {counted(count, 'answer')}, with what you thought of any and what your threads were about."
            + subscribed
        )

    # Admin

    def status(self, asker: Asker) -> StatusReply:
        """How things stand.

        Raises:
            NotAllowed: the person is no admin.
        """
        self._app.policy.require_admin(asker)
        return replace(self._app.service.status(), health=self._app.metrics.health())

    def gaps(self, asker: Asker) -> GapsReply:
        """Questions of this workspace that were not answered well.

        Raises:
            NotAllowed: the person is no admin.
        """
        self._app.policy.require_admin(asker)
        return GapsReply(tuple(self._app.journal.gaps(asker.home, _MOST_GAPS)))

    def reindex(self, asker: Asker, *, rebuild: bool = False, progress: Progress = silent) -> IndexReply:
        """Bring all feeds up to date.

        Raises:
            NotAllowed: the person is no admin.
            CorpusError, IndexFault: see :meth:`corpus.indexer.Indexer.run`.
        """
        self._app.policy.require_admin(asker)
        return self._app.service.reindex(rebuild=rebuild, progress=progress, by="/reindex")

    # House-keeping

    def expire(self) -> int:
        """Delete what is older than the settings keep; returns how many answers went."""
        oldest = self._clock() - dt.timedelta(days=self._app.settings.retention_days)
        # Once no answer can quote it any more.
        self._app.catalogue.expire_removed(oldest)
        self._app.subscriptions.expire(oldest)
        return self._app.journal.expire(oldest)

    def _note_where(self, asker: Asker, reply: AnswerReply) -> None:
        """Note where an answer stands, so that its readers can be told of a correction."""
        wanted = self._app.settings.corrections is not Corrections.OFF and asker.platform is not Platform.TERMINAL
        if wanted and reply.answer_id and not reply.answer.abstained:
            place = Address(asker.platform.value, asker.workspace, asker.channel, asker.parent, thread=asker.thread)
            self._app.subscriptions.note_posting(reply.answer_id, place)

    def _by_id(self, question: Question) -> Question:
        """The question with an article's whole title replaced by its id."""
        text = question.text.strip()
        titled = next((i for i, title in self.titles(text) if title.casefold() == text.casefold()), text)
        return replace(question, text=titled)

    def _before(self, asker: Asker) -> str | None:
        oldest = self._clock() - dt.timedelta(hours=self._app.settings.follow_up_hours)
        return self._app.journal.thread(asker.conversation, oldest)


def gaps_csv(gaps: Iterable[Gap]) -> str:
    """The gaps as a table for a spreadsheet, which runs none of the questions as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["question", "unanswered", "voted down"])
    for gap in gaps:
        inert = f"'{gap.question}" if gap.question.startswith(("=", "+", "-", "@", "\t", "\r")) else gap.question
        writer.writerow([inert, gap.unanswered, gap.voted_down])
    return out.getvalue()
