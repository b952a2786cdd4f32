"""The herald: decides what is told unasked, and when; writes it down before it is sent, so that it is sent once.

Synchronous, for one thread. What it decides depends on the settings, the clock and what is stored alone.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from bot.askers import Asker, Platform
from bot.corrections import Correcting
from bot.edition import Edition
from bot.messages import CorrectionReply, DigestReply, MatchReply, Story, Unasked
from bot.platforms import Delivery
from bot.posted import dumped, loaded
from bot.schedule import Every, QuietHours, last_due, next_due
from corpus.catalogue import Arrival
from corpus.clock import Clock, utc_now
from corpus.outbox import Address, Post
from corpus.pauses import doubled
from corpus.subscriptions import Finding, Kind, Subscription
from retrieval.errors import InputError, QuotationError
from retrieval.types import Citation

if TYPE_CHECKING:
    from bot.app import Application

logger = logging.getLogger(__name__)
_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)
_FOUND_AT_ONCE = 20
"""Stories that one new generation may bring a watch."""
_SHOWN = 3
_HEADLINES = 7
_DIGESTED = 5
_FIRST_WAIT, _LONGEST_WAIT = dt.timedelta(minutes=1), dt.timedelta(hours=1)
MOST_TRIES = 24
"""Of one post, over most of a day."""


class Herald:
    """Decides for the platforms of one process.

    Args:
        app: the parts of the data folder.
        platforms: those that the process serves.
        clock: tells the time, with its zone.
    """

    def __init__(
        self,
        app: Application,
        platforms: Collection[Platform],
        clock: Clock = utc_now,
    ) -> None:
        self._app = app
        self._store = app.subscriptions
        self._platforms = [platform.value for platform in platforms]
        self._clock = clock
        self._quiet = QuietHours.parse(app.settings.quiet_hours)
        self._correcting = Correcting(app)
        self._matched: int | None = None

    # What is new

    def look(self) -> None:
        """Match every watch against what the current generation brought, if that was not done yet.

        What the end of the process leaves is matched by the next one.

        Raises:
            CorpusError, IndexFault: nothing can be read.
        """
        with self._app.service.edition() as edition:
            if edition.number == self._matched:
                return
            for watch in self._store.active(self._platforms):
                if self._app.stopping.is_set():
                    return
                if watch.kind is Kind.WATCH and watch.mark < edition.mark:
                    self._match(watch, edition)
            self._correcting.pending = True
            self._matched = edition.number

    def _match(self, watch: Subscription, edition: Edition) -> None:
        now = self._clock()
        fresh = self._untold(watch, edition)
        try:
            citations = edition.with_stories(edition.matches(watch.topic, fresh, _FOUND_AT_ONCE, now)) if fresh else ()
        except (InputError, QuotationError) as error:
            logger.info("watch %d cannot be searched for: %s", watch.id, type(error).__name__)
            citations = ()
        findings = [Finding(c.article_id, _CITATION.dump_json(c).decode()) for c in citations]
        self._store.found(watch, max(edition.mark, watch.mark), findings, now)

    def _untold(self, one: Subscription, edition: Edition) -> dict[str, Arrival]:
        """New articles of stories that a subscription has not found yet; what waits to be told is looked at anew."""
        arrivals = edition.since(one.mark)
        waiting = {finding.article for finding in self._store.waiting(one.id)}
        found = [a for a in self._store.found_articles(one.id) if a not in waiting or a not in arrivals]
        story = edition.story_of({*arrivals, *found})
        told = {story[article] for article in found}
        return {article: arrival for article, arrival in arrivals.items() if story[article] not in told}

    # What is due

    def compose(self, platforms: Collection[Platform]) -> None:
        """Write down what may be told now on platforms that are connected, unless the process is to end.

        Raises:
            CorpusError, IndexFault: nothing can be read.
        """
        now = self._clock()
        names = [platform.value for platform in platforms]
        for one in self._store.active(names):
            if self._app.stopping.is_set():
                return
            if one.kind is Kind.WATCH:
                self._tell(one, now)
            elif one.due is not None and one.due <= now:
                self._digest(one, one.due, now)
        default = ZoneInfo(self._app.settings.timezone)
        if not self._quiet.hold(now, default):
            self._correcting.compose(names, self._has_room, now)

    def _tell(self, watch: Subscription, now: dt.datetime) -> None:
        waiting = self._store.waiting(watch.id)
        if not waiting or self._quiet.hold(now, ZoneInfo(watch.zone)):
            return
        if self._store.made_for(watch.id, now - _HOUR) >= self._app.settings.watch_posts_per_hour:
            return
        if not self._has_room(watch.to, now):
            return
        citations = [_CITATION.validate_json(finding.body) for finding in waiting]
        # What has changed since it was found is found again, if it still matches, when it is indexed.
        standing = [c for c in citations if self._is_current(c)]
        self._store.discard(watch.id, [c.article_id for c in citations if c not in standing])
        if standing:
            told, later = standing[: _SHOWN + _HEADLINES], standing[_SHOWN + _HEADLINES :]
            shown = tuple(told[:_SHOWN])
            provenance = self._app.service.provenance(told)
            reply = MatchReply(watch.id, watch.topic, shown, tuple(told[_SHOWN:]), len(later), provenance)
            self._store.tell(watch, [c.article_id for c in told], dumped(reply), now)

    def _digest(self, digest: Subscription, due: dt.datetime, now: dt.datetime) -> None:
        zone, every, hour = ZoneInfo(digest.zone), Every(digest.every), self._app.settings.digest_hour
        following = next_due(now, every, hour, zone)
        if now - max(due, last_due(now, every, hour, zone)) > _DAY:
            # Too late: the next one tells it all.
            self._store.digested(digest, digest.mark, following, (), None, now)
            return
        with self._app.service.edition() as edition:
            arrivals = self._untold(digest, edition)
            stories = self._stories(digest, edition, arrivals, now)
            mark = max(edition.mark, digest.mark)
        since = max(digest.created, last_due(due - dt.timedelta(seconds=1), every, hour, zone))
        provenance = self._app.service.provenance(story.citation for story in stories)
        reply = DigestReply(digest.id, digest.topic, since, digest.zone, stories, len(arrivals), provenance)
        says = bool(stories) or every is Every.WEEKLY
        told = [story.citation.article_id for story in stories]
        self._store.digested(digest, mark, following, told, dumped(reply) if says else None, now)

    def _stories(
        self, digest: Subscription, edition: Edition, arrivals: dict[str, Arrival], now: dt.datetime
    ) -> tuple[Story, ...]:
        if not digest.topic:
            return tuple(edition.largest(arrivals, _DIGESTED))
        try:
            found = edition.matches(digest.topic, arrivals, _DIGESTED, now)
            return tuple(Story(citation) for citation in edition.with_stories(found))
        except (InputError, QuotationError):
            return ()

    # Sending

    def deliveries(self, platforms: Collection[Platform]) -> list[tuple[Post, Delivery]]:
        """What is to be sent now on platforms that are connected.

        Raises:
            CorpusError: the outbox cannot be read.
        """
        ready = []
        for post in self._store.unsent([platform.value for platform in platforms], self._clock()):
            reply = self._verified(loaded(post.body))
            if reply is None or not self._may_post(post):
                self._store.sent(post.id)
            else:
                key = f"p{post.id}-{int(post.made.timestamp()):x}"
                ready.append((post, Delivery(key, post.to, reply, post.tried)))
        return ready

    def trying(self, post: Post) -> bool:
        """Whether a post may be sent now, as it then is; not where another process does so."""
        now = self._clock()
        return self._store.trying(post, now, now + doubled(_FIRST_WAIT, post.tries + 1, _LONGEST_WAIT))

    def sent(self, post: Post) -> None:
        """A post stands where it belongs."""
        self._store.sent(post.id)

    def refused(self, post: Post, why: str) -> None:
        """A post will never stand there: what it was made for is told nothing more, until its owner asks again."""
        self._store.sent(post.id)
        if post.subscription is not None:
            self._store.pause(post.subscription, why)

    def _has_room(self, to: Address, now: dt.datetime) -> bool:
        return self._store.made_at(to, now - _HOUR) < self._app.settings.channel_posts_per_hour

    def _may_post(self, post: Post) -> bool:
        """Whether the settings, as they are now, let the bot speak there."""
        to = post.to
        if post.subscription is None:  # it has spoken there before, perhaps with nobody else there
            return not self._app.policy.is_denied(to.parent or to.channel)
        if not to.channel:
            return True
        return self._app.policy.may_speak(Asker(Platform(to.platform), to.workspace, to.channel, parent=to.parent))

    def _is_current(self, citation: Citation) -> bool:
        """Whether its article says what it said."""
        article = self._app.catalogue.article(citation.article_id)
        return article is not None and article.text_hash == citation.text_hash

    def _verified(self, reply: Unasked) -> Unasked | None:
        """The same with the quotations alone that stand in their articles; ``None`` where nothing is left to say."""
        match reply:
            case MatchReply():
                standing = tuple(c for c in reply.citations if self._stands(c))
                return replace(reply, citations=standing) if standing else None
            case DigestReply():
                stories = tuple(s for s in reply.stories if self._stands(s.citation))
                return replace(reply, stories=stories) if stories or not reply.stories else None
            case CorrectionReply():
                kept = tuple(c for c in reply.corrections if c.new is None or self._stands(c.new))
                return replace(reply, corrections=kept) if kept else None

    def _stands(self, citation: Citation) -> bool:
        try:
            self._app.service.verify(citation)
        except QuotationError:
            return False
        return True


_CITATION = TypeAdapter(Citation)
