"""The engine that answers: of the current generation, and of the next one as soon as that is open and warm."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.engine import Engine, Pace, ReadingBudget
from retrieval.errors import IndexDamaged
from retrieval.index.port import GenerationInfo, Index
from retrieval.types import Query

if TYPE_CHECKING:
    from bot.app import Application

logger = logging.getLogger(__name__)

_EVERY = 0.25
"""Seconds between two looks for a new generation."""
_AGAIN = 30.0
"""Seconds until a generation that could not be opened is tried again."""
_STOPPING = 2.0
WARMING = Query("Who met where, and what did they agree on?")


@dataclass(slots=True)
class _Opened:
    engine: Engine
    users: int = 0

    @property
    def number(self) -> int:
        return self.engine.index.info.number


class Engines:
    """Gives each question the engine of one generation, and closes a generation when its last question is answered.

    A generation that cannot be opened never takes the place of one that answers; ``trouble`` says so.

    Args:
        app: the parts of the data folder.
        clock: seconds that never go back.
    """

    def __init__(self, app: Application, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._pace = Pace()
        self._state = threading.Lock()
        self._opening = threading.Lock()
        self._open: _Opened | None = None
        self._failed: tuple[int | None, float] = (None, 0.0)
        self._watched = False
        self.trouble = ""
        """Why the current generation does not answer, and which one does; empty where all is well."""

    @property
    def generation(self) -> GenerationInfo | None:
        """The generation that answers; ``None`` before the first question."""
        opened = self._open
        return opened.engine.index.info if opened else None

    @contextmanager
    def current(self) -> Iterator[Engine]:
        """The engine for one question, from its beginning to its end; a re-index gives way to it.

        Raises:
            IndexFault: there is no index that could answer.
        """
        with self.held() as engine, self._app.way.taken():
            yield engine

    @contextmanager
    def held(self) -> Iterator[Engine]:
        """The engine for what nobody waits for.

        Raises:
            IndexFault: there is no index that could answer.
        """
        if not (self._watched and self._open):
            self.look()
        opened = self._take()
        try:
            yield opened.engine
        finally:
            self._let_go(opened)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look for new generations beside the questions, so that none has to wait for that."""
        stop = threading.Event()
        thread = threading.Thread(target=self._watch, args=(stop,), name="generations", daemon=True)
        self._watched = True
        thread.start()
        try:
            yield
        finally:
            self._watched = False
            stop.set()
            thread.join(_STOPPING)

    def look(self, *, warm: bool = False, wait: bool = False) -> None:
        """Open the current generation, unless that is open.

        Args:
            warm: answer a question by it before it takes the place of the one before.
            wait: while another thread opens it, instead of leaving it to that.

        Raises:
            IndexFault: none is open, and none can be opened.
        """
        # Who has an engine does not wait until another thread has opened the next.
        if not self._opening.acquire(blocking=wait or self._open is None):
            return
        try:
            self._look(warm)
        finally:
            self._opening.release()

    def _look(self, warm: bool) -> None:
        number: int | None = None
        try:
            number = self._app.store.current_number()
            if self._open and number == self._open.number:
                self.trouble = ""
            elif not self._failed_lately(number):
                self._swap(self._checked(self._app.store.current(), warm))
                self.trouble = ""
        except Exception as error:
            if self._failed_lately(number):
                return
            if not self._open:
                self._stand_in(error, warm)
            self._failed = (number, self._clock())
            self._tell(instead(self._open.number if self._open else None, error))

    def _failed_lately(self, number: int | None) -> bool:
        failed, when = self._failed
        return bool(self.trouble) and failed == number and self._clock() - when < _AGAIN

    def _stand_in(self, error: Exception, warm: bool) -> None:
        """Open the newest generation that can answer in place of a damaged one."""
        if not isinstance(error, IndexDamaged):
            raise error
        before: int | None = None
        while index := self._app.store.last_good(before):
            before = index.info.number
            try:
                self._swap(self._checked(index, warm))
            except IndexDamaged:
                continue
            return
        raise error

    def _checked(self, index: Index, warm: bool) -> Engine:
        """An engine, once it is known that the catalogue belongs to the index."""
        try:
            noted = self._app.catalogue.noted(index.info)
            if lost := 0 if noted else self._app.catalogue.lacks(index.passage_ids()):
                raise IndexDamaged(  # noqa: TRY301 (the index is closed below, whatever is wrong)
                    f"{lost} passages of generation {index.info.number} are not in the catalogue: "
                    "run `backchannel index --rebuild`"
                )
            engine = self._engine(index)
            if warm:
                engine.answer(WARMING)
        except BaseException:
            index.close()
            raise
        return engine

    def _engine(self, index: Index) -> Engine:
        app = self._app
        budget = ReadingBudget(app.settings.reader_budget_ms)
        return Engine(index, app.catalogue, app.encoder, app.reader, app.parameters, budget, self._pace, app.verifier)

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            logger.warning("%s", trouble)
        self.trouble = trouble

    def _swap(self, engine: Engine) -> None:
        with self._state:
            before, self._open = self._open, _Opened(engine)
            unused = before is not None and not before.users
        logger.info("generation %d answers", engine.index.info.number)
        shortcoming = engine.index.shortcoming
        if shortcoming and (before is None or before.engine.index.shortcoming != shortcoming):
            logger.warning("%s", shortcoming)
        if before and unused:
            before.engine.index.close()

    def _take(self) -> _Opened:
        with self._state:
            opened = self._open
            assert opened is not None  # noqa: S101 (look() has opened one, or raised)
            opened.users += 1
            return opened

    def _let_go(self, opened: _Opened) -> None:
        with self._state:
            opened.users -= 1
            unused = not opened.users and opened is not self._open
        if unused:
            opened.engine.index.close()

    def _watch(self, stop: threading.Event) -> None:
        try:
            while not stop.wait(_EVERY):
                if self._open:
                    self.look(warm=True)
        finally:
            self._app.close()


def instead(number: int | None, error: Exception) -> str:
    """Says that another generation answers than the current one."""
    return f"generation {number} answers, since the current one cannot: {error}"
