"""What people can do with watches and digests, on any platform, with who may and where."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.askers import Asker
from bot.errors import NotAllowed, UsageError
from bot.messages import WatchesReply
from bot.schedule import Every, next_due, zone_of
from corpus.clock import Clock, utc_now
from corpus.outbox import Address
from corpus.subscriptions import Kind, Subscription, Subscriptions
from retrieval.questions import parse_question

if TYPE_CHECKING:
    from bot.app import Application

LONGEST_TOPIC = 200
_NOT_HERE = "I am not to post in this channel: write “dm” to be told alone"
_THREADS = "I am to post nothing outside threads: write “dm” to be told alone"


class Where(StrEnum):
    """Where something is told."""

    HERE = "here"
    """In the channel in which it was asked for."""
    DM = "dm"
    """To the person alone."""


class Watches:
    """Keeps what people want to hear of unasked.

    Args:
        app: the parts of the data folder.
        clock: tells the time, with its zone.
    """

    def __init__(self, app: Application, clock: Clock = utc_now) -> None:
        self._app = app
        self._clock = clock

    def watch(self, asker: Asker, topic: str, where: Where = Where.HERE) -> WatchesReply:
        """Tell of each match with a topic from now on.

        Raises:
            InputError: the topic cannot be searched for.
            UsageError: it is too long, the person has too many, or it cannot be told there.
        """
        return self._keep(asker, Kind.WATCH, self._topic(topic), None, where)

    def digest(self, asker: Asker, every: Every, topic: str = "", where: Where = Where.HERE) -> WatchesReply:
        """Tell at a set hour what is new, on a topic or at all.

        Raises:
            InputError, UsageError: as :meth:`watch`.
        """
        return self._keep(asker, Kind.DIGEST, self._topic(topic) if topic.strip() else "", every, where)

    def mine(self, asker: Asker) -> WatchesReply:
        """A person's own, and those that are told in the channel."""
        own = tuple(self._own(asker))
        here = tuple(s for s in self._store.at(self._place(asker)) if s.owner != self._owner(asker))
        said = (
            "" if own or here else "Nothing is watched: there is neither a watch nor a digest of yours, nor one here."
        )
        return WatchesReply(said, own, here, asker.is_admin, channel=asker.channel)

    def remove(self, asker: Asker, number: int) -> WatchesReply:
        """End a watch or digest: one of one's own; an admin, also one of the channel.

        Raises:
            UsageError: there is none of that number that the person may see.
            NotAllowed: it is another's.
        """
        found = self._store.get(number)
        owned = found is not None and found.owner == self._owner(asker)
        if found is None or not (owned or self._is_told_here(found, asker)):
            raise UsageError(f"there is no watch or digest {number} of yours or in this channel: list them first")
        if not owned and not asker.is_admin:
            raise NotAllowed(f"{found.kind} {number} is another person's: they or an admin of the bot can end it")
        self._store.remove(number)
        return WatchesReply("Ended:", (found,), ended=True, channel=asker.channel)

    def forget(self, asker: Asker) -> int:
        """End all of a person's own; returns how many there were."""
        return self._store.forget(self._owner(asker))

    def _keep(self, asker: Asker, kind: Kind, topic: str, every: Every | None, where: Where) -> WatchesReply:
        zone = zone_of(asker.zone or self._app.settings.timezone)
        to = self._address(asker, where)
        now = self._clock()
        due = next_due(now, every, self._app.settings.digest_hour, zone) if every else None
        with self._app.service.edition() as edition:
            mark = edition.mark
            if topic:
                edition.check(topic, now)
        own = self._own(asker)
        new = Subscription(0, kind, to, self._owner(asker), topic, str(every or ""), zone.key, now, mark, due)
        known = next((s for s in own if _same(s, new)), None)
        if known and not known.paused and known.zone == zone.key:
            return WatchesReply("That is so already:", (known,), channel=asker.channel)
        if known:
            resumed = self._store.resume(known.id, zone.key, mark, due)
            return WatchesReply("From now on again:", (resumed,), channel=asker.channel)
        most = self._app.settings.watches_per_person
        if len(own) >= most:
            raise UsageError(f"you have {len(own)} watches and digests, and {most} is the most: end one first")
        return WatchesReply("From now on:", (self._store.add(new),), channel=asker.channel)

    def _topic(self, text: str) -> str:
        """A topic as it is kept.

        Raises:
            InputError: it cannot be searched for.
            UsageError: it is too long.
        """
        topic = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        if len(topic) > LONGEST_TOPIC:
            raise UsageError(
                f"the topic has {len(topic):,} characters, at most {LONGEST_TOPIC} can be watched: shorten it"
            )
        parse_question(text, self._clock())
        return topic

    def _address(self, asker: Asker, where: Where) -> Address:
        if asker.direct or where is Where.DM:
            return Address(asker.platform.value, asker.workspace, person=asker.user)
        if not self._app.policy.may_speak(asker):
            raise UsageError(_NOT_HERE)
        if self._app.settings.threads_only and not asker.parent:
            raise UsageError(_THREADS)
        return self._place(asker)

    @staticmethod
    def _place(asker: Asker) -> Address:
        channel = "" if asker.direct else asker.channel
        return Address(asker.platform.value, asker.workspace, channel, asker.parent)

    def _own(self, asker: Asker) -> list[Subscription]:
        return self._store.of_owner(self._owner(asker))

    def _is_told_here(self, one: Subscription, asker: Asker) -> bool:
        here = self._place(asker)
        return bool(here.channel) and one.to == here

    def _owner(self, asker: Asker) -> str:
        return self._app.people.of(asker.person)

    @property
    def _store(self) -> Subscriptions:
        return self._app.subscriptions


def _same(one: Subscription, other: Subscription) -> bool:
    return (one.kind, one.to, one.topic.casefold(), one.every) == (
        other.kind,
        other.to,
        other.topic.casefold(),
        other.every,
    )
