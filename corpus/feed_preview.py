"""What would come in from a feed."""

from __future__ import annotations

from dataclasses import dataclass, field

from corpus.errors import FeedError
from corpus.feed_register import FeedRegister, RegisteredFeed
from corpus.readers import BadItem
from retrieval.types import Article


@dataclass(slots=True)
class Preview:
    """What was seen of a feed."""

    kind: str = ""
    articles: list[Article] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def preview(register: FeedRegister, feed: RegisteredFeed) -> Preview:
    """Read a feed as the indexer would, as if for the first time, and store nothing."""
    seen = Preview()
    with register.opened([feed], anew=True) as (opened,):
        try:
            for item in opened.items():
                if isinstance(item, Article):
                    seen.articles.append(item)
                elif isinstance(item, BadItem):
                    seen.errors.append(f"{item.where}: {item.reason}")
        except FeedError as error:
            seen.errors.append(str(error))
        seen.kind = opened.kind or ""
    return seen
