"""Answers kept under ids: who may see one again, and what is left of it."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache

from pydantic import TypeAdapter

from bot.askers import Asker
from bot.errors import UsageError
from bot.messages import AnswerReply
from bot.people import Pseudonyms
from corpus.clock import utc_text
from corpus.journal import Journal, StoredAnswer
from retrieval.errors import QuotationError
from retrieval.types import Answer, Citation, Disagreement

# Crockford's base 32: no letter that is taken for a digit, and no U, so that ids spell nothing rude.
_ID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_LENGTH = 6
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


class AnswerBook:
    """Keeps answers and gives them back.

    Args:
        journal: where they are kept.
        people: hides who asked.
        verified: gives a citation as it can be shown now; raises :class:`QuotationError` where it cannot.
    """

    def __init__(self, journal: Journal, people: Pseudonyms, verified: Callable[[Citation], Citation]) -> None:
        self._journal = journal
        self._people = people
        self._verified = verified

    def keep(self, answer: Answer, question: str, asker: Asker, asked: dt.datetime) -> str:
        """Store an answer under a random id that is not taken; ``question`` is what to ask for it again."""
        while True:
            stored = StoredAnswer(
                id="".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH)),
                asked=utc_text(asked),
                question=question,
                abstained=answer.abstained,
                body=_json().dump_json(answer).decode(),
                person=self._people.of(asker.person),
                workspace=asker.home,
                place=asker.place,
            )
            if self._journal.add_answer(stored):
                return stored.id

    def recall(self, answer_id: str, asker: Asker) -> tuple[StoredAnswer, AnswerReply]:
        """An answer as it was given, from the text that was quoted; what changed since says so.

        Raises:
            UsageError: there is none of that id which this person asked for, or which was given in this place.
        """
        stored = self.find(answer_id, asker)
        answer = stored_answer(stored.body)
        shown = tuple(self._shown(answer.citations))
        reply = AnswerReply(
            replace(answer, citations=shown, disagreements=tuple(self._still(answer.disagreements))),
            stored.id,
            asked=dt.datetime.fromisoformat(stored.asked),
            lost=len(answer.citations) - len(shown),
        )
        return stored, reply

    def find(self, answer_id: str, asker: Asker) -> StoredAnswer:
        """What is stored under an id.

        Raises:
            UsageError: as :meth:`recall`.
        """
        stored = self._journal.answer(answer_id.strip().upper().translate(_LOOKALIKES))
        if stored and stored.workspace == asker.home:
            mine = asker.user and stored.person == self._people.of(asker.person)
            if mine or stored.place == asker.place:
                return stored
        raise UsageError(
            f"there is no answer {answer_id[:20]!r} that you asked for or that was given here: "
            "its id stands below each answer"
        )

    def _still(self, disagreements: Iterable[Disagreement]) -> Iterator[Disagreement]:
        """Those of which two figures at least can be shown."""
        for disagreement in disagreements:
            figures = []
            for figure in disagreement.figures:
                with suppress(QuotationError):
                    figures.append(replace(figure, citation=self._verified(figure.citation)))
            if len(figures) > 1:
                yield replace(disagreement, figures=tuple(figures))

    def _shown(self, citations: Iterable[Citation]) -> Iterator[Citation]:
        for citation in citations:
            with suppress(QuotationError):
                yield self._verified(citation)


def stored_answer(body: str) -> Answer:
    """An answer as it was kept."""
    return _json().validate_json(body)


@cache
def _json() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)
