"""Who asks, where, and what: the same on every platform."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Platform(StrEnum):
    """Where a question comes from."""

    TERMINAL = "terminal"
    SLACK = "slack"
    DISCORD = "discord"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where. Ids are the platform's own.

    Args:
        platform: where a person is.
        workspace: the Slack workspace or Discord server; empty for a direct message on Discord.
        channel: of the message.
        thread: what a follow-up belongs to: a Slack thread, or the Discord message replied to; empty for none.
        user: the person.
        is_admin: whether the platform says that the person may run the bot.
        direct: whether nobody else is in the channel.
        locale: the person's language.
        parent: the channel that the channel belongs to, where the platform takes a thread for a channel.
        zone: the IANA name of the person's time zone, where the platform tells it.
    """

    platform: Platform
    workspace: str = ""
    channel: str = ""
    thread: str = ""
    user: str = ""
    is_admin: bool = False
    direct: bool = False
    locale: str = "en"
    parent: str = ""
    zone: str = ""

    @property
    def home(self) -> str:
        """Names the workspace or server; nothing is shown across it."""
        return f"{self.platform}:{self.workspace}"

    @property
    def place(self) -> str:
        """Names the channel."""
        return f"{self.home}:{self.channel}"

    @property
    def conversation(self) -> str:
        """Names the thread."""
        return f"{self.place}:{self.thread}"

    @property
    def person(self) -> str:
        """Names the person."""
        return f"{self.home}:{self.user}"


TERMINAL = Asker(Platform.TERMINAL, is_admin=True, direct=True)
"""Whoever sits at the terminal runs the bot."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a person asked it. ``time`` is what "last week" counts from; it knows its time zone."""

    text: str
    time: dt.datetime
    asker: Asker = TERMINAL
