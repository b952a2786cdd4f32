"""Events: what platforms delivered, and which replica is at it, so that each is handled once and none is lost."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import bindparam, case, delete, or_, select, update

from corpus import tables as t
from corpus.clauses import adding, moment, replacing
from corpus.clock import utc_now, utc_text
from corpus.database import Database

HEARD_EVERY = 5.0
"""Seconds after which a replica is to be heard of again."""
LOST_AFTER = 20.0
"""Seconds after which one that is not heard of is taken for lost."""
LATEST = dt.timedelta(hours=1)
"""After which nobody waits for an answer any more."""

_e, _r = t.events.c, t.replicas.c
_there = select(_r.name).where(_r.heard > moment() - bindparam("lost_after"))
# All that work with one file have one name, the empty one.
_FREE = or_(_e.holder == bindparam("me"), _e.holder.not_in(_there))
_HANDLED = update(t.events).where(_e.event == bindparam("of")).values(done=1, question="")
_TAKE_OVER = update(t.events).where(_e.event == bindparam("of"), _e.done == 0, _FREE).values(holder=bindparam("me"))
_LEFT_OPEN = (
    select(_e.event, _e.question)
    .where(
        _e.done == 0,
        _e.question != "",
        _e.seen > bindparam("oldest"),
        case((_e.holder == bindparam("me"), _e.seen < bindparam("started")), else_=_e.holder.not_in(_there)),
    )
    .order_by(_e.seen)
)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that nobody is at; ``question`` is as its platform wrote it down."""

    event: str
    question: str


class EventRecords(Database):
    """Events, and the replicas that handle them; see :class:`corpus.database.Database`."""

    lost_after = LOST_AFTER

    def first_sight(self, event: str, question: str = "") -> bool:
        """Note an event as this replica's; ``False`` where it was noted before.

        Args:
            event: names it.
            question: what another replica needs to take it up, should this one be lost; kept until it is handled.
        """
        row = {"event": event, "seen": utc_text(utc_now()), "holder": self.replica, "question": question}
        return self._write(adding(t.events), row) == 1

    def take_over(self, event: str) -> bool:
        """Make a noted event this replica's; ``False`` where it is handled, or another one is at it."""
        return self._write(_TAKE_OVER, {"of": event, "me": self.replica, "lost_after": self.lost_after}) == 1

    def handled(self, event: str) -> None:
        """Note that an event needs no more work."""
        self._write(_HANDLED, {"of": event})

    def left_open(self, started: dt.datetime) -> list[OpenQuestion]:
        """Questions of late that lost replicas were at, or this one before it was started; oldest first."""
        me = {"me": self.replica, "lost_after": self.lost_after}
        rows = self._rows(_LEFT_OPEN, me | {"started": utc_text(started), "oldest": utc_text(utc_now() - LATEST)})
        return [OpenQuestion(*row) for row in rows]

    def heard(self) -> None:
        """Note that this replica is there; whoever works with a file has nobody to tell."""
        if self.replica:
            self._write(replacing(t.replicas).values(name=self.replica, heard=moment()))

    def left(self) -> None:
        """Note that this replica is not there any more: what it leaves undone is the others'."""
        self._write(delete(t.replicas).where(_r.name == self.replica))
