"""Slash commands. What they show, the person alone sees, but for the progress of a re-index."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum

from bot.app import Application
from bot.desk import gaps_csv
from bot.errors import UsageError
from bot.messages import GapsReply, HelpReply, Notice, Reply
from bot.reception import Reception
from bot.reindexing import ProgressLine, reindex
from bot.slack import watching
from bot.slack.answering import Answering
from bot.slack.mrkdwn import plain
from bot.slack.people import Admins, Zones
from bot.slack.reporting import LiveMessage, send_file
from bot.slack.turns import Turn
from bot.slack.web import API_ERRORS, error_code

logger = logging.getLogger(__name__)


class Command(StrEnum):
    """The slash commands, without their prefix."""

    ASK = "ask"
    SUMMARY = "summary"
    TIMELINE = "timeline"
    REINDEX = "reindex"
    BACKCHANNEL = "backchannel"


_SUBCOMMANDS = ("help", "status", "gaps", "sources", "quotes", "answer", "history", *watching.NAMES, "forget")


def help_reply(prefix: str) -> HelpReply:
    """What can be done, under the names that it has here."""
    return HelpReply(
        (
            ("@mention or direct message", "ask; in the thread of an answer, go on without a mention"),
            (f"/{prefix}ask QUESTION", "ask so that only you see the answer; a button shares it"),
            ("Ask about this", "in a message's menu: ask with its text"),
            (f"/{prefix}summary TOPIC", "the main sentences on a topic, or of the article of that id or title"),
            (
                f"/{prefix}timeline TOPIC",
                "dated events on a topic, or of an article; since: and until: bound their dates",
            ),
            (f"/{prefix}backchannel quotes PERSON", "what that person is quoted with, newest first"),
            (f"/{prefix}backchannel sources", "what can be searched"),
            (f"/{prefix}backchannel answer ID [diff]", "an answer again; with diff, what today's corpus gives instead"),
            (f"/{prefix}backchannel history ARTICLE", "what the article of that id, address or title said before"),
            (f"/{prefix}backchannel watch TOPIC [here|dm]", "hear of each new article on it, in this channel or alone"),
            (f"/{prefix}backchannel digest daily|weekly [TOPIC] [here|dm]", "what is new, at a set hour"),
            (f"/{prefix}backchannel watches [remove N]", "your watches and digests, and those of this channel"),
            (f"/{prefix}backchannel forget", "delete what you have asked, and end your watches and digests"),
            (f"/{prefix}backchannel status", "what the index holds, and how the bot does (admins)"),
            (f"/{prefix}backchannel gaps", "questions that were not answered well, also as a table (admins)"),
            (f"/{prefix}reindex [full]", "bring the index up to date (admins)"),
        )
    )


class Commands:
    """Does what slash commands say.

    Args:
        app: the parts of the data folder.
        reception: serves requests in turn.
        answering: asks the desk.
        admins: knows who runs the bot.
        zones: knows people's time zones.
        every: seconds between edits of a re-index's message.
    """

    def __init__(
        self,
        app: Application,
        reception: Reception,
        answering: Answering,
        admins: Admins,
        zones: Zones,
        every: float = 3.0,
    ) -> None:
        self._app = app
        self._desk = app.desk
        self._reception = reception
        self._answering = answering
        self._admins = admins
        self._watching = watching.Watching(app, answering, admins, zones)
        self._every = every
        self._prefix = app.settings.slack_command_prefix

    async def handle(self, turn: Turn, command: Command, text: str) -> None:
        """Do what a command says."""
        text = plain(text)
        if not self._app.policy.may_speak(turn.asker):
            await self._answering.whisper(turn, Notice("I am not to speak in this channel: write to me directly."))
        elif command is Command.ASK:
            share = None if self._app.settings.threads_only or turn.asker.direct else ""
            await self._answering.privately(turn, text, share=share)
        elif command is Command.SUMMARY:
            await self._answering.tell(turn, lambda: self._desk.summarize(turn.question(text)), counted=True)
        elif command is Command.TIMELINE:
            await self._answering.tell(turn, lambda: self._desk.timeline(turn.question(text)), counted=True)
        elif command is Command.REINDEX:
            await self._reindex(await self._admins.known(turn), text)
        else:
            await self._dispatch(turn, text)

    async def _dispatch(self, turn: Turn, text: str) -> None:
        name, _, rest = text.partition(" ")
        name = name.lower()
        others: dict[str, Callable[[], Reply]] = {
            "": lambda: help_reply(self._prefix),
            "help": lambda: help_reply(self._prefix),
            "sources": self._desk.sources,
            "forget": lambda: self._desk.forget(turn.asker),
            "answer": lambda: self._recall(turn, rest),
            "history": lambda: self._desk.history(rest),
        }
        admin: dict[str, Callable[[Turn], Awaitable[None]]] = {"status": self._status, "gaps": self._gaps}
        if name in admin:
            await admin[name](await self._admins.known(turn))
        elif name == "quotes":
            await self._answering.tell(turn, lambda: self._desk.quotes(turn.question(rest)), counted=True)
        elif name in watching.NAMES:
            await self._watching.handle(turn, name, rest.strip())
        else:
            await self._answering.tell(turn, others.get(name, lambda: self._unknown(name)))

    def _recall(self, turn: Turn, text: str) -> Reply:
        answer_id, _, how = text.strip().partition(" ")
        if not answer_id or how.strip() not in {"", "diff"}:
            raise UsageError(f"write /{self._prefix}backchannel answer, an answer's id and perhaps diff")
        return self._desk.compare(turn.asker, answer_id) if how else self._desk.recall(turn.asker, answer_id)

    async def _status(self, turn: Turn) -> None:
        await self._answering.tell(turn, lambda: self._desk.status(turn.asker))

    async def _gaps(self, turn: Turn) -> None:
        reply = await self._answering.serve(turn, lambda: self._desk.gaps(turn.asker))
        await self._answering.whisper(turn, reply)
        if isinstance(reply, GapsReply) and reply.gaps:
            try:
                await send_file(turn, "gaps.csv", gaps_csv(reply.gaps))
            except API_ERRORS as error:
                code = error_code(error)
                logger.warning("the gaps' table could not be sent (%s)", code)
                await self._answering.whisper(turn, Notice(f"Slack did not take the table ({code})."))

    async def _reindex(self, turn: Turn, text: str) -> None:
        if text not in {"", "full"}:
            notice = Notice(f"/{self._prefix}reindex takes nothing or “full”, not “{text[:50]}”.")
            await self._answering.whisper(turn, notice)
        elif not turn.asker.is_admin:
            await self._answering.tell(turn, lambda: self._desk.reindex(turn.asker))
        else:
            live = LiveMessage(turn, elsewhere=self._app.settings.threads_only)
            await live.show(Notice(str(ProgressLine())))
            rebuild = text == "full"
            await reindex(self._desk, self._reception, turn.asker, live.show, rebuild=rebuild, every=self._every)

    def _unknown(self, name: str) -> Reply:
        raise UsageError(f"there is no “{name[:50]}” here: it is one of {', '.join(_SUBCOMMANDS)}")
