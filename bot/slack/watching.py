"""`/backchannel watch`, `digest` and `watches`. What they show, the person alone sees."""

from __future__ import annotations

from bot.app import Application
from bot.errors import UsageError
from bot.messages import WatchesReply
from bot.schedule import Every
from bot.slack.actions import number
from bot.slack.answering import Answering
from bot.slack.people import Admins, Zones
from bot.slack.turns import Turn
from bot.watches import Where

NAMES = ("watch", "digest", "watches")


class Watching:
    """Does what these commands say.

    Args:
        app: the parts of the data folder.
        answering: asks the desk.
        admins: knows who runs the bot.
        zones: knows people's time zones.
    """

    def __init__(self, app: Application, answering: Answering, admins: Admins, zones: Zones) -> None:
        self._app = app
        self._command = f"/{app.settings.slack_command_prefix}backchannel"
        self._answering = answering
        self._admins = admins
        self._zones = zones

    async def handle(self, turn: Turn, name: str, text: str) -> None:
        """Do what one of :data:`NAMES` says."""
        if name == "watch":
            placed = await self._zones.placed(turn)
            await self._answering.tell(placed, lambda: self._watch(placed, text))
        elif name == "digest":
            placed = await self._zones.placed(turn)
            await self._answering.tell(placed, lambda: self._digest(placed, text))
        else:
            known = await self._admins.known(turn)
            await self._answering.tell(known, lambda: self._list(known, text))

    def _watch(self, turn: Turn, text: str) -> WatchesReply:
        topic, where = _placed(text)
        if not topic:
            raise UsageError(f"write {self._command} watch and a topic, such as “grain deal”, and perhaps here or dm")
        return self._app.watches.watch(turn.asker, topic, where)

    def _digest(self, turn: Turn, text: str) -> WatchesReply:
        every, _, rest = text.partition(" ")
        if every.lower() not in set(Every):
            raise UsageError(f"write {self._command} digest, daily or weekly, and perhaps a topic, and here or dm")
        return self._app.watches.digest(turn.asker, Every(every.lower()), *_placed(rest))

    def _list(self, turn: Turn, text: str) -> WatchesReply:
        if not text:
            return self._app.watches.mine(turn.asker)
        verb, _, which = text.partition(" ")
        if verb.lower() != "remove" or not number(which.strip()):
            raise UsageError(f"write {self._command} watches, or {self._command} watches remove and its number")
        return self._app.watches.remove(turn.asker, number(which.strip()))


def _placed(text: str) -> tuple[str, Where]:
    """The topic, and where it is told: that may stand last."""
    *before, last = ["", *text.split()]
    if last.lower() in set(Where):
        return " ".join(before).strip(), Where(last.lower())
    return text.strip(), Where.HERE
