"""Articles cut into passages: paragraphs that fit what the encoder sees."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from retrieval.encoders.port import Encoder, Offsets
from retrieval.segmentation import paragraphs, sentences, trimmed
from retrieval.types import Article, Span

# Paragraphs shorter than this join a neighbour: captions and bylines say little alone. Of 250, 600 and
# 1,000 characters on development data, this ranked best.
JOIN_BELOW = 250
# Nobody can read a longer run without spaces as one quote.
LONGEST = 2000
# A longer word is one "unknown" token to an encoder, but its parts may be one a character.
_LONGEST_WORD = 100
_LONGEST_TITLE = 160


def title_prefix(title: str) -> str:
    """What stands before a passage when it is encoded: its article's title, so that a paragraph keeps its subject."""
    title = " ".join(title.split())
    if len(title) > _LONGEST_TITLE:
        title = title[:_LONGEST_TITLE].rsplit(" ", 1)[0]
    return f"{title}. " if title else ""


class PassageCutter:
    """Cuts articles for one encoder. Passages do not overlap and leave out nothing but white space.

    Args:
        encoder: what the passages are for.
        join_below: paragraphs of fewer characters join a neighbour.
    """

    def __init__(self, encoder: Encoder, join_below: int = JOIN_BELOW) -> None:
        self._encoder = encoder
        self._join_below = join_below

    def cut(self, articles: Sequence[Article]) -> list[list[Span]]:
        """The passages of each article, in order, each short enough to be encoded whole after its title."""
        prefixes = self._encoder.token_spans([title_prefix(article.title) for article in articles])
        texts = self._encoder.token_spans([article.text for article in articles])
        return [
            _cut(article.text, _Ruler(offsets, max(self._encoder.max_tokens - len(prefix), 1)), self._join_below)
            for article, prefix, offsets in zip(articles, prefixes, texts, strict=True)
        ]


class _Ruler:
    """Measures spans of one text in tokens."""

    def __init__(self, offsets: Offsets, budget: int) -> None:
        self._starts: list[int] = []
        for start, end in offsets.tolist():
            self._starts += range(start, end) if end - start > _LONGEST_WORD else [start]
        self._budget = budget

    def tokens(self, span: Span) -> int:
        return bisect_left(self._starts, span.end) - bisect_left(self._starts, span.start)

    def pieces(self, span: Span) -> int:
        """The least number of passages that the span needs."""
        return max(-(-self.tokens(span) // self._budget), -(-(span.end - span.start) // LONGEST))

    def fits(self, span: Span) -> bool:
        return self.pieces(span) <= 1

    def furthest(self, span: Span) -> int:
        """Where the longest beginning of ``span`` that fits ends: before a token, since parts of one may be many."""
        first = bisect_left(self._starts, span.start)
        after = min(first + self._budget, bisect_right(self._starts, span.start + LONGEST) - 1)
        end = self._starts[after] if first < after else span.start + LONGEST
        return max(min(end, span.end), span.start + 1)


def _cut(text: str, ruler: _Ruler, join_below: int) -> list[Span]:
    parts = (part for paragraph in paragraphs(text) for part in _split(text, paragraph, ruler))
    return _join(parts, ruler, join_below)


def _split(text: str, paragraph: Span, ruler: _Ruler) -> list[Span]:
    """A paragraph in parts of about equal length that fit, cut between sentences where possible."""
    wanted = ruler.pieces(paragraph)
    if wanted <= 1:
        return [paragraph]
    enough = (paragraph.end - paragraph.start) / wanted
    parts: list[Span] = []
    for sentence in sentences(text, paragraph):
        for piece in _chop(text, sentence, ruler):
            joined = Span(parts[-1].start, piece.end) if parts else piece
            if parts and parts[-1].end - parts[-1].start < enough and ruler.fits(joined):
                parts[-1] = joined
            else:
                parts.append(piece)
    return parts


def _chop(text: str, sentence: Span, ruler: _Ruler) -> list[Span]:
    """A sentence that is too long even alone, cut at white space, or anywhere where there is none."""
    pieces: list[Span] = []
    rest = sentence
    while not ruler.fits(rest):
        end = ruler.furthest(rest)
        space = next((i for i in range(end, rest.start, -1) if i < rest.end and text[i].isspace()), end)
        piece = trimmed(text, Span(rest.start, space))
        pieces.append(piece)
        rest = trimmed(text, Span(piece.end, rest.end))
    return [*pieces, rest] if rest.start < rest.end else pieces


def _join(parts: Iterable[Span], ruler: _Ruler, join_below: int) -> list[Span]:
    passages: list[Span] = []
    for part in parts:
        if passages and _length(passages[-1]) < join_below and ruler.fits(Span(passages[-1].start, part.end)):
            passages[-1] = Span(passages[-1].start, part.end)
        else:
            passages.append(part)
    if len(passages) > 1 and _length(passages[-1]) < join_below:
        joined = Span(passages[-2].start, passages[-1].end)
        if ruler.fits(joined):
            passages[-2:] = [joined]
    return passages


def _length(span: Span) -> int:
    return span.end - span.start


def encoder_inputs(passages: Iterable[tuple[str, str]]) -> list[str]:
    """The texts to encode for (title, passage text) pairs."""
    return [title_prefix(title) + text for title, text in passages]
