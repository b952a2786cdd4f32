"""What people ask and what they get, the same on every platform."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from corpus.catalogue import KnownFeed
from corpus.indexer import IndexRun
from retrieval.index.port import GenerationInfo
from retrieval.summary import Summary
from retrieval.types import Answer


class Platform(StrEnum):
    """Where a question comes from."""

    TERMINAL = "terminal"
    SLACK = "slack"
    DISCORD = "discord"


@dataclass(frozen=True, slots=True)
class Question:
    """A question as a person asked it. ``time`` is what "last week" counts from; it knows its time zone."""

    text: str
    time: dt.datetime
    platform: Platform = Platform.TERMINAL
    user: str = ""
    channel: str = ""
    thread: str = ""
    is_admin: bool = False
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class AnswerReply:
    """An answer and the id under which it was kept; ``None`` where it was not."""

    answer: Answer
    answer_id: str | None


@dataclass(frozen=True, slots=True)
class SummaryReply:
    """A summary."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class StatusReply:
    """How things stand: the generation that answers, the model it needs, and the feeds it came from."""

    info: GenerationInfo
    sources: dict[str, int]
    feeds: tuple[KnownFeed, ...]
    data_dir: str


@dataclass(frozen=True, slots=True)
class IndexReply:
    """What a re-index did."""

    run: IndexRun


@dataclass(frozen=True, slots=True)
class Notice:
    """A line or a few to tell someone, ours and not from an article."""

    text: str


Reply = AnswerReply | SummaryReply | StatusReply | IndexReply | Notice
