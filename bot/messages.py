"""What people ask and what they get, the same on every platform."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from corpus.catalogue import KnownFeed, Outlet
from corpus.changes import Step
from corpus.feed_options import OutletFacts
from corpus.indexer import IndexRun
from corpus.journal import Gap
from corpus.progress import Underway
from corpus.subscriptions import Subscription
from retrieval.index.location import EMBEDDED
from retrieval.index.port import GenerationInfo
from retrieval.quotes import Quotes
from retrieval.summary import Summary
from retrieval.timeline import Timeline
from retrieval.types import Answer, Article, Citation, Horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdatedCitation(Citation):
    """A citation of an article that has changed since, shown from the text that was quoted.

    Args:
        ended: when the change was seen; ISO 8601, in UTC.
        removed: whether the article is there no more.
        stands: whether the marked sentences still stand in today's text.
    """

    ended: str
    removed: bool
    stands: bool


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who published what is cited; each by article id, and without the articles of which nothing is known.

    Args:
        facts: what is known of the outlets of cited articles.
        names: outlets' names, of cited articles and of those that say the same.
        stories: the story of each cited article.
        origins: names who published an article's story first: its owner where that is known, else the outlet.
    """

    facts: Mapping[str, OutletFacts] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    stories: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)

    def independent(self, article_ids: Iterable[str]) -> int:
        """How many of the sources of these articles are independent of each other.

        The articles of a story count once, for whoever published it first, and outlets of one owner count once.
        """
        return len({self.origins[i] for i in article_ids if i in self.origins})


NOTHING_KNOWN = Provenance()


@dataclass(frozen=True, slots=True)
class AnswerReply:
    """An answer.

    Args:
        answer: what was found.
        answer_id: under which it was kept; ``None`` where it was not.
        searched: what was searched for, where that is more than was asked: a follow-up with what went before.
        asked: when it was asked, of an answer shown again.
        lost: how many of its citations can no longer be shown, since the text that they quote is not kept.
        provenance: who published what it cites.
    """

    answer: Answer
    answer_id: str | None
    searched: str | None = None
    asked: dt.datetime | None = None
    lost: int = 0
    provenance: Provenance = NOTHING_KNOWN

    @property
    def outdated(self) -> bool:
        """Whether anything that it cites has changed since."""
        return self.lost > 0 or any(isinstance(citation, OutdatedCitation) for citation in self.answer.citations)


@dataclass(frozen=True, slots=True)
class PassagesReply:
    """Further passages for an answer. ``page`` counts from 1; ``first`` is the number of its first passage."""

    answer_id: str
    page: int
    first: int
    citations: tuple[Citation, ...]
    more: bool
    provenance: Provenance = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class ContextReply:
    """A citation widened to the paragraphs around it."""

    answer_id: str
    number: int
    citation: Citation
    provenance: Provenance = NOTHING_KNOWN


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
    provenance: Provenance = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class HistoryReply:
    """What an article has said: its newest revisions, the oldest of these first.

    Args:
        article: as it is now, or was when it was removed.
        steps: the revisions and what changed with each.
        revisions: how many are kept, shown or not.
    """

    article: Article
    steps: tuple[Step, ...]
    revisions: int


@dataclass(frozen=True, slots=True)
class SummaryReply:
    """A summary."""

    summary: Summary
    provenance: Provenance = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class TimelineReply:
    """A timeline."""

    timeline: Timeline
    provenance: Provenance = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class QuotesReply:
    """Quotes by a person."""

    quotes: Quotes
    provenance: Provenance = NOTHING_KNOWN


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
    """How things stand: the generation that answers, the model it needs, the feeds it came from.

    ``underway`` is a re-index that is going on, in whatever process; ``problems`` say why feeds cannot be refreshed,
    and what the index cannot do; ``trouble`` why the generation is not the current one. ``place`` is where the index
    lies, as the settings name it.
    """

    info: GenerationInfo
    sources: dict[str, int]
    feeds: tuple[KnownFeed, ...]
    data_dir: str
    health: Health | None = None
    underway: Underway | None = None
    problems: tuple[str, ...] = ()
    trouble: str = ""
    place: str = EMBEDDED


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


@dataclass(frozen=True, slots=True)
class WatchesReply:
    """Watches and digests.

    Args:
        said: a line above them.
        own: a person's own.
        here: those of others that are told in this channel.
        removable: whether the person may end those of others too.
        ended: whether they are no more.
        channel: where they are shown.
    """

    said: str
    own: tuple[Subscription, ...] = ()
    here: tuple[Subscription, ...] = ()
    removable: bool = False
    ended: bool = False
    channel: str = ""


@dataclass(frozen=True, slots=True)
class MatchReply:
    """What a watch has found: some passages, and headlines of more; ``further`` counts what is told the next time.

    ``provenance`` says who published what it quotes.
    """

    watch: int
    topic: str
    citations: tuple[Citation, ...]
    headlines: tuple[Citation, ...] = ()
    further: int = 0
    provenance: Provenance = NOTHING_KNOWN
    kind: Literal["match"] = "match"


@dataclass(frozen=True, slots=True)
class Story:
    """A story by one passage or sentence of it, and how many articles of how many outlets tell it."""

    citation: Citation
    articles: int = 1
    outlets: int = 1


@dataclass(frozen=True, slots=True)
class DigestReply:
    """A digest of what is new.

    Args:
        digest: its number.
        topic: empty for the stories that most outlets tell.
        since: when the one before was due, or the digest was made.
        zone: the time zone that its hours are meant in.
        stories: the best first.
        articles: how many articles are new.
        provenance: who published what it quotes.
    """

    digest: int
    topic: str
    since: dt.datetime
    zone: str
    stories: tuple[Story, ...]
    articles: int
    provenance: Provenance = NOTHING_KNOWN
    kind: Literal["digest"] = "digest"


@dataclass(frozen=True, slots=True)
class Correction:
    """A quotation that no longer stands: as it was, and what stands there now, if anything; or the article is gone."""

    old: Citation
    new: Citation | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class CorrectionReply:
    """That what an answer quotes has changed since; ``provenance`` says who published it."""

    answer_id: str
    corrections: tuple[Correction, ...]
    provenance: Provenance = NOTHING_KNOWN
    kind: Literal["correction"] = "correction"


Unasked = MatchReply | DigestReply | CorrectionReply
"""What is told by itself."""

Reply = (
    AnswerReply
    | PassagesReply
    | ContextReply
    | RelatedReply
    | ComparisonReply
    | HistoryReply
    | SummaryReply
    | TimelineReply
    | QuotesReply
    | SourcesReply
    | GapsReply
    | StatusReply
    | IndexReply
    | HelpReply
    | WatchesReply
    | MatchReply
    | DigestReply
    | CorrectionReply
    | Notice
)
