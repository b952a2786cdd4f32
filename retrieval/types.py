"""The values that pass through the package. All are frozen; offsets count characters of an article's text.

What a question makes hundreds of is a named tuple, which takes half the time of a frozen dataclass to make.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Self

from retrieval.dates import PartialDate
from retrieval.errors import FilterError, QuotationError


def text_digest(*texts: str) -> str:
    """SHA-256 over the texts, as hexadecimal; each text's length is hashed too, so that parts cannot slide."""
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) of a text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters it covers in ``text``."""
        return text[self.start : self.end]

    def shifted(self, by: int) -> Span:
        """The same characters, counted in a text that starts ``by`` characters earlier."""
        return Span(self.start + by, self.end + by)


@dataclass(frozen=True)
class Article:
    """A document as it is stored: its text is never changed after this."""

    id: str
    text: str
    title: str = ""
    source: str = ""
    url: str = ""
    published: PartialDate | None = None

    @cached_property
    def text_hash(self) -> str:
        """The digest of the text, which citations carry."""
        return text_digest(self.text)


@dataclass(frozen=True, slots=True)
class Passage:
    """An indexed paragraph: ``article.text[start:end]``. The id is the one that indexes search by."""

    id: int
    article: Article
    start: int
    end: int

    @property
    def text(self) -> str:
        """The passage, verbatim."""
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Filters:
    """What may be searched. Empty filters keep everything; filters narrow together.

    Args:
        since: first day of publication that is kept; an article known by month or year is kept
            where that month or year overlaps, an undated one is dropped.
        until: last day of publication that is kept, likewise.
        sources: the outlets that are kept, by their exact names.
        article_ids: the articles that are kept.

    Raises:
        FilterError: ``since`` lies after ``until``.
    """

    since: dt.date | None = None
    until: dt.date | None = None
    sources: frozenset[str] | None = None
    article_ids: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.since and self.until and self.since > self.until:
            raise FilterError(f"since {self.since} lies after until {self.until}: swap the two dates")

    def keep(self, article_id: str, source: str, published: PartialDate | None) -> bool:
        """Whether an article is kept."""
        if self.sources is not None and source not in self.sources:
            return False
        if self.article_ids is not None and article_id not in self.article_ids:
            return False
        if self.since is None and self.until is None:
            return True
        if published is None:
            return False
        since, until = self.since or dt.date.min, self.until or dt.date.max
        return published.first <= until and published.last >= since

    @property
    def empty(self) -> bool:
        """Whether everything is kept."""
        return self == Filters()


@dataclass(frozen=True, slots=True)
class SuggestedFilter:
    """A date in plain words, found in the question and offered as a filter; it removes nothing by itself."""

    phrase: str
    since: dt.date | None
    until: dt.date | None


@dataclass(frozen=True, slots=True)
class Query:
    """A question ready to be searched, with the filters that apply and ``k``, how many articles to cite."""

    text: str
    filters: Filters = field(default_factory=Filters)
    k: int = 3
    suggested: SuggestedFilter | None = None


class Explanation(NamedTuple):
    """How a passage came to its place. Scores are higher for better; a rank counts from 1, ``None`` is not found."""

    dense: float
    dense_rank: int | None
    lexical: float
    lexical_rank: int | None
    fused: float
    fused_rank: int
    reader: float | None
    reader_rank: int | None


class Hit(NamedTuple):
    """A passage that was found. ``score`` orders hits, higher is better; it is comparable within one query only."""

    passage_id: int
    article_id: str
    score: float
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Highlight:
    """One sentence of an article, verbatim, with its score (higher is better)."""

    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """A paragraph quoted from an article, with the sentences in it that answer best (best first)."""

    article_id: str
    title: str
    source: str
    url: str
    published: PartialDate | None
    text_hash: str
    start: int
    end: int
    text: str
    score: float
    highlights: tuple[Highlight, ...] = ()
    also_in: tuple[str, ...] = ()
    explanation: Explanation | None = None

    @classmethod
    def of(
        cls,
        passage: Passage,
        score: float,
        highlights: Sequence[tuple[Span, float]],
        also_in: Sequence[str] = (),
        explanation: Explanation | None = None,
    ) -> Self:
        """Quote a passage and sentences inside it (spans in the article's text).

        Raises:
            QuotationError: the offsets lie outside the article, or a sentence outside the passage.
        """
        article = passage.article
        citation = cls(
            article_id=article.id,
            title=article.title,
            source=article.source,
            url=article.url,
            published=article.published,
            text_hash=article.text_hash,
            start=passage.start,
            end=passage.end,
            text=passage.text,
            score=score,
            highlights=tuple(Highlight(s.start, s.end, s.of(article.text), value) for s, value in highlights),
            also_in=tuple(also_in),
            explanation=explanation,
        )
        citation._stands_in(article.text)  # of which it has the hash
        return citation

    def verify(self, article_text: str) -> None:
        """Slice every quotation again from the article's text, as it is stored now.

        Raises:
            QuotationError: the article has changed, or a quotation differs from it.
        """
        if text_digest(article_text) != self.text_hash:
            raise QuotationError(f"article {self.article_id!r} has changed since it was quoted: ask again")
        self._stands_in(article_text)

    def _stands_in(self, article_text: str) -> None:
        quotes: tuple[Citation | Highlight, ...] = (self, *self.highlights)
        for quote in quotes:
            inside = 0 <= self.start <= quote.start < quote.end <= self.end <= len(article_text)
            if not inside or article_text[quote.start : quote.end] != quote.text:
                raise QuotationError(
                    f"characters {quote.start} to {quote.end} of article {self.article_id!r} "
                    "are not what was quoted: make the index anew"
                )


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as a sentence gives it, with the words that bound it ("at least 14").

    Args:
        citation: the sentence, which is its highlight too.
        start: in the article's text.
        end: likewise.
        low: the least value that the wording allows.
        high: the largest; ``None`` where there is none.
    """

    citation: Citation
    start: int
    end: int
    low: float
    high: float | None

    @property
    def text(self) -> str:
        """The number, verbatim."""
        return self.citation.text[self.start - self.citation.start : self.end - self.citation.start]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Different figures of different articles for what seems to be one thing, none of them judged; by date.

    Args:
        what: ``killed``, ``injured``, …, or empty where something else is counted or measured.
        counted: what is counted or measured, in lower case and the singular.
        unit: of a measure; empty for a count.
        rising: whether each is larger than those published before it, so that later days may explain it.
        figures: two or more, the earliest article's first, undated ones last.
    """

    what: str
    counted: str
    unit: str
    rising: bool
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Headline:
    """An article by its title, as shown when nothing answers."""

    article_id: str
    title: str
    published: PartialDate | None


@dataclass(frozen=True, slots=True)
class Horizon:
    """What an index holds: the number of articles and the first and last dates of publication."""

    articles: int
    first: PartialDate | None
    last: PartialDate | None

    @classmethod
    def of(cls, published: Sequence[PartialDate | None]) -> Self:
        """The horizon of articles by their dates of publication, one for each article.

        Nothing can be published tomorrow, so a date further ahead says nothing of what the index covers.
        """
        latest = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
        dates = [date for date in published if date and date.first <= latest]
        return cls(
            articles=len(published),
            first=min(dates, key=lambda date: (date.first, date.last), default=None),
            last=max(dates, key=lambda date: (date.last, date.first), default=None),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for a query.

    ``confidence`` is the probability in [0, 1] that the searched articles answer the question. When
    ``abstained``, the citations are still the best that were found, best first, and there are no disagreements.
    """

    query: Query
    abstained: bool
    confidence: float
    citations: tuple[Citation, ...]
    nearest: tuple[Headline, ...]
    horizon: Horizon
    elapsed_ms: float
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def quoted(self) -> tuple[Citation, ...]:
        """All that is quoted: the citations, and the sentences of figures that differ."""
        figures = (figure for disagreement in self.disagreements for figure in disagreement.figures)
        return (*self.citations, *(figure.citation for figure in figures))

    @property
    def as_of(self) -> PartialDate | None:
        """The newest publication date among the citations."""
        dates = [citation.published for citation in self.citations if citation.published]
        return max(dates, key=lambda date: (date.last, date.first), default=None)
