"""Corrections: quotations, in answers that stand in a chat, that no longer stand in their articles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TYPE_CHECKING

from bot.answers import stored_answer
from bot.messages import Correction, CorrectionReply
from bot.passages import unfolded
from bot.posted import dumped
from bot.settings import Corrections
from corpus.outbox import Address, Posting
from retrieval.segmentation import paragraphs, sentences
from retrieval.types import Article, Citation, Passage, Span

if TYPE_CHECKING:
    from bot.app import Application

_ALIKE = 0.5
"""Below this ratio (Ratcliff and Obershelp's, in [0, 1]) a sentence has not taken another's place."""
_AGAIN = dt.timedelta(minutes=5)


class Correcting:
    """Looks through answers that were given lately.

    Args:
        app: the parts of the data folder.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._store = app.subscriptions
        self._not_before: dt.datetime | None = None
        self.pending = True
        """Whether the corpus has changed since they were looked through."""

    def compose(
        self, platforms: Collection[str], has_room: Callable[[Address, dt.datetime], bool], now: dt.datetime
    ) -> None:
        """Write down what is to be told, each quotation once; where a channel has heard enough, later.

        Raises:
            CorpusError: nothing can be read.
        """
        settings = self._app.settings
        if settings.corrections is Corrections.OFF or not self.pending or (self._not_before and now < self._not_before):
            return
        by_answer: dict[str, list[Posting]] = {}
        for posting in self._store.postings(platforms, now - dt.timedelta(days=settings.correction_days)):
            by_answer.setdefault(posting.answer_id, []).append(posting)
        late = [not self._correct(postings, has_room, now) for postings in by_answer.values()]
        self.pending = any(late)
        self._not_before = now + _AGAIN if self.pending else None

    def _correct(
        self, postings: list[Posting], has_room: Callable[[Address, dt.datetime], bool], now: dt.datetime
    ) -> bool:
        """Tell wherever an answer stands what of it has changed; ``False`` where that has to wait."""
        answer_id = postings[0].answer_id
        told = self._store.corrected(answer_id)
        quoted = unfolded(stored_answer(postings[0].body).citations)
        corrections = [
            correction
            for citation in quoted
            if (citation.article_id, citation.start) not in told
            for correction in [self._changed(citation)]
            if correction
        ]
        if not corrections:
            return True
        if not all(has_room(posting.to, now) for posting in postings):
            return False
        provenance = self._app.service.provenance(c.new or c.old for c in corrections)
        body = dumped(CorrectionReply(answer_id, tuple(corrections), provenance))
        quotes = [(c.old.article_id, c.old.start) for c in corrections]
        self._store.correct(answer_id, quotes, [(posting.to, body) for posting in postings], now)
        return True

    def _changed(self, citation: Citation) -> Correction | None:
        """How a quotation has changed; ``None`` where it stands."""
        article = self._app.catalogue.article(citation.article_id)
        if article is None:
            return Correction(citation, removed=True) if self._app.settings.corrections is Corrections.ALL else None
        if article.text_hash == citation.text_hash:
            return None
        before = self._app.catalogue.text(citation.article_id, citation.text_hash) or citation.text
        return changed(citation, before, article)


def changed(citation: Citation, before: str, article: Article) -> Correction | None:
    """How a quotation has changed in an article; ``None`` where its sentence stands, white space aside.

    Args:
        citation: what was quoted; its marked sentence counts, or all of it where none is marked.
        before: what the article said then, or what is known of it. What stood there already has replaced nothing.
        article: as it is now.
    """
    sentence = citation.highlights[0].text if citation.highlights else citation.text
    if _folded(sentence) in _folded(article.text):
        return None
    stood = _folded(before)
    new = {
        folded: span
        for span in reversed(sentences(article.text))
        if (folded := _folded(span.of(article.text))) not in stood
    }
    nearest = get_close_matches(_folded(sentence), new, n=1, cutoff=_ALIKE)
    return Correction(citation, _quoted(article, new[nearest[0]]) if nearest else None)


def _quoted(article: Article, sentence: Span) -> Citation:
    around = next(p for p in paragraphs(article.text) if p.start <= sentence.start and sentence.end <= p.end)
    return Citation.of(Passage(0, article, around.start, around.end), 1.0, [(sentence, 1.0)])


def _folded(text: str) -> str:
    """The text with single spaces: line breaks may move without a word being changed."""
    return " ".join(text.split())
