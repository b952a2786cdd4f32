"""Where the time of an answer goes: what each part of an engine takes, seen from outside."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from bot.app import Application
from retrieval.engine import Engine
from retrieval.types import Query

PARTS = ("encode", "dense", "lexical", "fetch", "read", "verify")
"""The question's vector; the dense search; the lexical one, which goes on at the same time as both; texts from the
catalogue; reading; and whether the sentence bears out what the question supposes. What remains is the rest, with what
the lexical search took longer than the others."""


class Watched:
    """An object whose calls are timed.

    Args:
        inner: what is called.
        names: of its methods, each with the part that its time counts for.
        spent: seconds by part, added to.
    """

    def __init__(self, inner: object, names: dict[str, str], spent: dict[str, float]) -> None:
        self._inner, self._names, self._spent = inner, names, spent

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the inner one has)
        found = getattr(self._inner, name)
        return self._timed(found, self._names[name]) if name in self._names else found

    def _timed(self, action: Callable[..., Any], part: str) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            started = time.perf_counter()
            try:
                return action(*given, **named)
            finally:
                self._spent[part] += time.perf_counter() - started

        return timed


def profile(app: Application, questions: Sequence[str]) -> dict[str, float]:
    """Mean milliseconds of each part of an answer, of the rest, and of all."""
    spent = dict.fromkeys(PARTS, 0.0)
    index: Any = Watched(app.store.current(), {"search_dense": "dense", "search_lexical": "lexical"}, spent)
    passages: Any = Watched(app.catalogue, {"passages": "fetch"}, spent)
    encoder: Any = Watched(app.encoder, {"encode_queries": "encode"}, spent)
    reader: Any = Watched(app.reader, {"read": "read"}, spent) if app.reader else None
    verifier: Any = Watched(app.verifier, {"supports": "verify"}, spent) if app.verifier else None
    engine = Engine(index, passages, encoder, reader, app.parameters, verifier=verifier)
    engine.answer(Query(questions[0]))
    spent.update(dict.fromkeys(PARTS, 0.0))
    started = time.perf_counter()
    for question in questions:
        engine.answer(Query(question))
    total = time.perf_counter() - started
    spent |= {"rest": total - sum(spent.values()) + spent["lexical"], "all": total}
    return {part: seconds * 1000 / len(questions) for part, seconds in spent.items()}
