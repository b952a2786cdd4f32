"""What people ask and what they get, the same on every platform."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from corpus.catalogue import KnownFeed, Outlet
from corpus.indexer import IndexRun
from corpus.journal import Gap
from retrieval.index.port import GenerationInfo
from retrieval.summary import Summary
from retrieval.timeline import Timeline
from retrieval.types import Answer, Citation, Horizon


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
    """

    platform: Platform
    workspace: str = ""
    channel: str = ""
    thread: str = ""
    user: str = ""
    is_admin: bool = False
    direct: bool = False
    locale: str = "en"

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


@dataclass(frozen=True, slots=True)
class AnswerReply:
    """An answer.

    Args:
        answer: what was found.
        answer_id: under which it was kept; ``None`` where it was not.
        searched: what was searched for, where that is more than was asked: a follow-up with what went before.
        asked: when it was asked, of an answer shown again.
        lost: how many of its citations can no longer be shown, since their articles have changed.
    """

    answer: Answer
    answer_id: str | None
    searched: str | None = None
    asked: dt.datetime | None = None
    lost: int = 0


@dataclass(frozen=True, slots=True)
class PassagesReply:
    """Further passages for an answer. ``page`` counts from 1; ``first`` is the number of its first passage."""

    answer_id: str
    page: int
    first: int
    citations: tuple[Citation, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class ContextReply:
    """A citation widened to the paragraphs around it."""

    answer_id: str
    number: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class RelatedReply:
    """Questions to go on with."""

    answer_id: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparisonReply:
    """An earlier answer and today's to the same question; citations are the same where their sentence is."""

    before: AnswerReply
    after: AnswerReply
    gone: tuple[Citation, ...]
    new: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class SummaryReply:
    """A summary."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class TimelineReply:
    """A timeline."""

    timeline: Timeline


@dataclass(frozen=True, slots=True)
class SourcesReply:
    """What the corpus holds, by outlet, most articles first."""

    horizon: Horizon
    outlets: tuple[Outlet, ...]


@dataclass(frozen=True, slots=True)
class GapsReply:
    """Questions that were not answered well; nobody who asked is named."""

    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """How the process has done: seconds since it started, and of the last hour answers, latency and errors."""

    uptime: float
    answered: int
    p50_ms: float | None
    p95_ms: float | None
    errors: int


@dataclass(frozen=True, slots=True)
class StatusReply:
    """How things stand: the generation that answers, the model it needs, the feeds it came from."""

    info: GenerationInfo
    sources: dict[str, int]
    feeds: tuple[KnownFeed, ...]
    data_dir: str
    health: Health | None = None


@dataclass(frozen=True, slots=True)
class IndexReply:
    """What a re-index did."""

    run: IndexRun


@dataclass(frozen=True, slots=True)
class HelpReply:
    """What can be done: pairs of what to type and what it does, under the platform's own names."""

    commands: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Notice:
    """A line or a few to tell someone, ours and not from an article."""

    text: str


Reply = (
    AnswerReply
    | PassagesReply
    | ContextReply
    | RelatedReply
    | ComparisonReply
    | SummaryReply
    | TimelineReply
    | SourcesReply
    | GapsReply
    | StatusReply
    | IndexReply
    | HelpReply
    | Notice
)
