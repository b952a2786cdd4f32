"""A corpus as large as wanted: articles of real paragraphs, then copies of them with small edits, and their vectors.

To encode a million passages takes hours. What an edited copy is measured for is where it lies in an index: so its
vector is the original's, turned in a random direction as far as the like edits turn those of a sample.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.catalogue import input_digest
from corpus.intake import batched
from retrieval.dates import PartialDate
from retrieval.encoders.port import Encoder, Vectors
from retrieval.encoders.tokens import unit
from retrieval.passages import PassageCutter
from retrieval.types import Article, Span

if TYPE_CHECKING:
    from corpus.vectors import VectorCache

# Words that can stand for one another without moving where sentences end.
_WORD = re.compile(r"\b[a-z]{5,}\b")
_EDITS = 3  # of a paragraph
_SAMPLE = 100  # passages, by which is told how far an edit turns a vector
_AT_ONCE = 50  # articles
_COPY = " copy "


def articles_of(lines: Iterable[str]) -> Iterator[Article]:
    """Paragraphs, as JSON, put together to the articles that they were taken from: those in a row with one ``doc_id``.

    A paragraph without one is an article of its own.
    """
    rows = (json.loads(line) for line in lines)
    for name, group in groupby(rows, article_id):
        parts = list(group)
        first = parts[0]
        yield Article(
            name,
            "\n\n".join(part["text"] for part in parts),
            first.get("title") or "",
            first.get("source") or "",
            first.get("url") or "",
            PartialDate.parse(first["published"]) if first.get("published") else None,
        )


def article_id(row: Mapping[str, Any]) -> str:
    """The id of the article that a paragraph was taken from."""
    return str(row.get("doc_id") or row["id"])


def paragraphs_in(article: Article) -> int:
    """How many paragraphs the article was put together from."""
    return article.text.count("\n\n") + 1


def edited(article: Article, copy: int, vocabulary: Sequence[str]) -> Article:
    """The same article with some words of each paragraph replaced; the same ones whenever ``copy`` is the same number.

    Args:
        article: is left as it is.
        copy: its number.
        vocabulary: what words are taken from.
    """
    chance = random.Random(f"{article.id} {copy}")  # noqa: S311 (a sample, no secret)

    def edit(paragraph: str) -> str:
        places = list(_WORD.finditer(paragraph))
        for at in sorted(chance.sample(places, min(_EDITS, len(places))), key=re.Match.start, reverse=True):
            paragraph = paragraph[: at.start()] + chance.choice(vocabulary) + paragraph[at.end() :]
        return paragraph

    text = "\n\n".join(map(edit, article.text.split("\n\n")))
    return replace(article, id=f"{article.id}{_COPY}{copy}", text=text)


def grown(articles: Sequence[Article], paragraphs: int) -> Iterator[Article]:
    """The articles, then copies of them, until there are so many paragraphs."""
    vocabulary = words_of(articles)
    held = 0
    for copy in count():
        for article in articles:
            if held >= paragraphs:
                return
            held += paragraphs_in(article)
            yield edited(article, copy, vocabulary) if copy else article


def words_of(articles: Iterable[Article]) -> list[str]:
    """Every word that an edit may put in, once."""
    return sorted({word for article in articles for word in _WORD.findall(article.text)})


def keep_vectors(cache: VectorCache, encoder: Encoder, originals: Sequence[Article], copies: Iterable[Article]) -> int:
    """Keep vectors for copies where their originals' are there; returns how many.

    Args:
        cache: holds the vectors of the originals.
        encoder: whose vectors they are.
        originals: the articles that were copied.
        copies: of them, by :func:`edited`.
    """
    cutter = PassageCutter(encoder)
    cut = {one.id: (one, spans) for part in batched(originals, _AT_ONCE) for one, spans in _cut(cutter, part)}
    turns = _turns(encoder, originals)
    chance = np.random.default_rng(5)
    kept = 0
    for part in batched(copies, _AT_ONCE):
        pairs = [pair for copy, spans in _cut(cutter, part) for pair in _pairs(copy, spans, *cut[_original(copy)])]
        found = cache.find([theirs for _, theirs in pairs])
        new = {ours: found[theirs] for ours, theirs in pairs if theirs in found}
        if new:
            vectors = turned(np.array(list(new.values())), chance.choice(turns, len(new)), chance)
            cache.keep(list(new), vectors, dt.datetime.now(dt.UTC).date())
        kept += len(new)
    return kept


def turned(vectors: Vectors, cosines: Vectors, chance: np.random.Generator) -> Vectors:
    """Unit vectors, float32 ``(n, d)``, each turned in a random direction until the cosine with itself is as given."""
    aside = chance.standard_normal(vectors.shape)
    aside -= np.einsum("nd,nd->n", aside, vectors)[:, None] * vectors
    kept = np.clip(cosines, -1, 1)[:, None]
    moved: Vectors = kept * vectors + np.sqrt(1 - kept**2) * unit(aside.astype(np.float32))
    return moved.astype(np.float32)


def _original(copy: Article) -> str:
    return copy.id.rsplit(_COPY, 1)[0]


def _turns(encoder: Encoder, articles: Sequence[Article]) -> Vectors:
    """Cosines of passages with edited ones, float32 ``(n,)``."""
    vocabulary = words_of(articles)
    pairs = [
        (paragraph, edited(replace(article, text=paragraph), 1, vocabulary).text)
        for article in articles[:_SAMPLE]
        for paragraph in article.text.split("\n\n")[:1]
    ]
    before, after = (encoder.encode_passages(list(texts)) for texts in zip(*pairs, strict=True))
    cosines: Vectors = np.einsum("nd,nd->n", before, after)
    return cosines


def _cut(cutter: PassageCutter, articles: Sequence[Article]) -> Iterator[tuple[Article, list[Span]]]:
    yield from zip(articles, cutter.cut(articles), strict=True)


def _pairs(copy: Article, ours: Sequence[Span], original: Article, theirs: Sequence[Span]) -> Iterator[tuple[str, str]]:
    """The digest of each passage of a copy, and that of the original's passage that begins nearest to it.

    Edits move beginnings by a few characters, and now and then where a long paragraph is cut.
    """
    for span in ours:
        nearest = min(theirs, key=lambda other: abs(other.start - span.start))
        yield _digest(copy, span), _digest(original, nearest)


def _digest(article: Article, span: Span) -> str:
    return input_digest(article.title, span.of(article.text))
