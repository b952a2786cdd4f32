"""Who may ask, where and how often."""

from __future__ import annotations

import math
from collections.abc import Iterable

from limits import RateLimitItem, parse

from bot.askers import Asker
from bot.errors import NotAllowed, TooMany, UsageError
from bot.rates import OwnRates, Rates
from bot.render.words import counted


class Policy:
    """The rules.

    Args:
        per_person: such as ``10/minute``; see the library limits for the notation.
        per_channel: likewise, over all people in it.
        allowed: the only channels to speak in, by id; empty for all.
        denied: channels to be silent in.
        rates: counts; by default for this process alone.

    Raises:
        UsageError: a rate cannot be read.
    """

    def __init__(
        self,
        *,
        per_person: str,
        per_channel: str,
        allowed: Iterable[str] = (),
        denied: Iterable[str] = (),
        rates: Rates | None = None,
    ) -> None:
        self._person = _rate("BACKCHANNEL_RATE_PER_PERSON", per_person)
        self._channel = _rate("BACKCHANNEL_RATE_PER_CHANNEL", per_channel)
        self._allowed, self._denied = frozenset(allowed), frozenset(denied)
        self._rates = rates or OwnRates()

    def may_speak(self, asker: Asker) -> bool:
        """Whether the bot answers in this channel; a thread is as its channel is, a direct message always answered."""
        if asker.direct:
            return True
        channel = asker.parent or asker.channel
        return not self.is_denied(channel) and (not self._allowed or channel in self._allowed)

    def is_denied(self, channel: str) -> bool:
        """Whether the bot is to be silent in a channel."""
        return channel in self._denied

    def admit(self, asker: Asker) -> None:
        """Count a question.

        Raises:
            TooMany: the person or the channel has asked too often; the question is not counted.
            CatalogueError: it cannot be counted.
        """
        keys = [(self._person, asker.person), (self._channel, asker.place)][: 1 if asker.direct else 2]
        exceeded = self._rates.admit(keys)
        if exceeded:
            rate, who = keys[exceeded.place][0], ("you have", "this channel has")[exceeded.place]
            seconds = max(1, math.ceil(exceeded.wait))
            raise TooMany(
                f"{who} asked {counted(rate.amount, 'question')} in {_period(rate)}: ask again in {seconds} s"
            )

    def require_admin(self, asker: Asker) -> None:
        """See that the person may run the bot.

        Raises:
            NotAllowed: they may not.
        """
        if not asker.is_admin:
            raise NotAllowed("only admins of the bot can do that: ask one of them")


def _rate(name: str, text: str) -> RateLimitItem:
    try:
        return parse(text)
    except ValueError:
        raise UsageError(f"{name}={text!r} is no rate: write one such as 10/minute or 200/hour") from None


def _period(rate: RateLimitItem) -> str:
    count = rate.multiples
    if count > 1:
        return f"{count} {rate.GRANULARITY.name}s"
    return f"{'an' if rate.GRANULARITY.name == 'hour' else 'a'} {rate.GRANULARITY.name}"
