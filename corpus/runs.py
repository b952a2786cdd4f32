"""What an index run did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class FeedRun:
    """What a run did with one feed; ``failed`` says why it could not be read, or not wholly."""

    name: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    errors: int = 0
    failed: str | None = None


@dataclass(slots=True)
class IndexRun:
    """What a run did, articles counted."""

    generation: int | None = None
    articles: int = 0
    passages: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    feeds: list[FeedRun] = field(default_factory=list)
