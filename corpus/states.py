"""Which states of the passages the indexes hold, and which passages no index holds any more."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, delete, func, literal, or_, select, update

from corpus import tables as t
from corpus.clauses import replacing
from corpus.clock import utc_now
from corpus.database import Connection, Database
from retrieval.index.port import GenerationInfo

GIVEN_UP = dt.timedelta(days=7)
"""After which an index that has published nothing, while another one has, holds nothing back any more."""

_s, _p = t.published.c, t.passages.c
_LAST = select(_s.state, _s.signature).order_by(_s.state.desc()).limit(1)
_SIGNATURE = select(func.count(), func.coalesce(func.sum(_p.id), 0)).where(_p.current == 1)
_GONE = delete(t.published).where(
    _s.index_name == bindparam("of"), or_(_s.generation < bindparam("oldest"), _s.generation > bindparam("newest"))
)
_GIVEN_UP = delete(t.published).where(
    _s.index_name != bindparam("of"), _s.created < bindparam("before"), _s.state < bindparam("now")
)
_RETIRE = update(t.passages).where(_p.current == 0, _p.retired.is_(None)).values(retired=bindparam("now"))
_DROP = delete(t.passages).where(_p.retired <= select(func.min(_s.state)).scalar_subquery())
_NEWEST = select(func.max(_s.state))
_TOLD = ("number", "created", "encoder", "passages")
_NOTED = select(literal(1)).where(*(t.generations.c[name] == bindparam(name) for name in _TOLD))


class StateRecords(Database):
    """What is kept of generations; see :class:`corpus.database.Database`.

    Several indexes may be made of one catalogue: one by each replica, unless they share one on a server.
    """

    def note(self, info: GenerationInfo, seconds: float) -> None:
        """Note that a generation was made of this catalogue.

        Args:
            info: of the generation.
            seconds: that making it took.
        """
        self._write(replacing(t.generations), {**_told(info), "articles": info.horizon.articles, "seconds": seconds})

    def noted(self, info: GenerationInfo) -> bool:
        """Whether a generation was made of this catalogue, so that all its passages are there.

        It is noted after they were written, and what a power cut loses is what was written last. Replicas that each
        have an index of their own may note others under the same number: then it is not known any more.
        """
        return bool(self._column(_NOTED, _told(info)))

    def published(self, info: GenerationInfo, oldest: int | None = None) -> None:
        """Note which passages a generation holds, and drop those that no generation of any index holds any more.

        Args:
            info: of the generation.
            oldest: number of the oldest generation that is kept; the one before, if it is not said.
        """
        kept = info.number - 1 if oldest is None else oldest
        with self._transaction() as connection:
            signature = _signature(connection)
            state = _state(connection, signature)
            connection.execute(_GONE, {"of": self.index, "oldest": kept, "newest": info.number})
            row = {"index_name": self.index, "generation": info.number, "state": state, "signature": signature}
            connection.execute(replacing(t.published), row | {"created": utc_now().isoformat()})
            before = (utc_now() - GIVEN_UP).isoformat()
            connection.execute(_GIVEN_UP, {"of": self.index, "before": before, "now": state})
            connection.execute(_DROP)
            connection.execute(_RETIRE, {"now": state})

    def behind(self) -> bool:
        """Whether another index has published a state that this replica's has not."""
        newest, own = (self._column(query)[0] or 0 for query in (_NEWEST, _NEWEST.where(_s.index_name == self.index)))
        return own < newest


def _told(info: GenerationInfo) -> dict[str, object]:
    """What tells a generation from all others."""
    return {name: getattr(info, name) for name in _TOLD}


def _signature(connection: Connection) -> str:
    """Tells apart the passages that are current from those that were at another time."""
    return ":".join(map(str, connection.execute(_SIGNATURE).one()))


def _state(connection: Connection, signature: str) -> int:
    """The number of a state: the last one's, or the next."""
    last = connection.execute(_LAST).one_or_none()
    if last is None:
        return 1
    return int(last.state if last.signature == signature else last.state + 1)
