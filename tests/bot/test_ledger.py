"""Events are handled once each, also while nothing can be written."""

from pathlib import Path

import pytest
from sqlalchemy import Executable

from bot.ledger import Ledger, Sight
from corpus.database import Values
from corpus.errors import CatalogueError
from corpus.journal import Journal


class FullJournal(Journal):
    """Writes nothing while its disk is full."""

    full = True

    def _write(self, statement: Executable, values: Values | None = None) -> int:
        if self.full:
            raise CatalogueError("the disk is full")
        return super()._write(statement, values)


@pytest.fixture
def journal(tmp_path: Path) -> FullJournal:
    return FullJournal(tmp_path / "catalogue.sqlite3")


async def test_while_nothing_can_be_written_each_event_is_handled_once(journal: FullJournal) -> None:
    ledger, handled = Ledger(journal), []

    async def work(again: bool) -> None:
        handled.append(again)

    for _ in range(2):
        await ledger.once("a", work)
        await ledger.once("b", work)
    journal.full = False
    await ledger.once("a", work)
    await ledger.once("c", work)
    ledger.close()
    journal.close()
    assert handled == [False, False, False]


async def test_what_failed_meanwhile_may_be_tried_again(journal: FullJournal) -> None:
    ledger = Ledger(journal)
    assert await ledger.claim("a") is Sight.FIRST
    ledger.release("a")
    assert await ledger.claim("a") is Sight.FIRST
    ledger.close()
    journal.close()
