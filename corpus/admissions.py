"""Admissions: how often somebody asked lately, over all replicas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select

from corpus import tables as t
from corpus.clauses import moment
from corpus.database import Database, many

_a = t.admissions.c
_OLDEST = (
    select(_a.at + bindparam("seconds") - moment())
    .where(_a.key == bindparam("of"), _a.at > moment() - bindparam("seconds"))
    .order_by(_a.at.desc())
    .offset(bindparam("others"))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many within so many seconds, counted under a key."""

    key: str
    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Exceeded:
    """The limit that is reached, by its place among those that were asked for, and the seconds until it is not."""

    place: int
    wait: float


class AdmissionRecords(Database):
    """What was admitted; see :class:`corpus.database.Database`."""

    def admit(self, limits: Sequence[Limit]) -> Exceeded | None:
        """Count once more under each limit, unless one is reached; then nothing is counted."""
        with self._transaction() as connection:
            for place, limit in enumerate(limits):
                values = {"of": limit.key, "seconds": limit.seconds, "others": limit.most - 1}
                wait = connection.scalar(_OLDEST, values)
                if wait is not None:
                    return Exceeded(place, float(wait))
            now = connection.scalar(select(moment()))
            many(connection, insert(t.admissions), [{"key": limit.key, "at": now} for limit in limits])
            return None
