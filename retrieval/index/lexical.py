"""Lexical search by tantivy (BM25): the one module that imports it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path

import tantivy

from retrieval.index.port import IndexedPassage
from retrieval.types import Filters

_ANALYZER = "news_en"
# A match in the title counts as much as one in the text; see benchmarks/ablations.py.
_TITLE_BOOST = 1.0
_WRITER_BYTES = 64_000_000
# Of so many terms it is remembered in how many passages they stand: the frequent ones, which take long, come often.
_COUNTED = 10_000


def analyzer(*, stop_words: bool = True, stems: bool = True) -> tantivy.TextAnalyzer:
    """What turns a text into terms: lower-cased, without accents and English stop words, stemmed.

    Args:
        stop_words: leave them out.
        stems: cut words to their stems.
    """
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(100))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
    )
    if stop_words:
        builder = builder.filter(tantivy.Filter.stopword("english"))
    if stems:
        builder = builder.filter(tantivy.Filter.stemmer("english"))
    return builder.build()


_analyzer = cache(analyzer)


def terms(text: str) -> list[str]:
    """What a text is searched by: its words, lower-cased, without accents and English stop words, stemmed."""
    # Lone surrogates, which tantivy does not take, become question marks.
    return _analyzer().analyze(text.encode("utf-8", "replace").decode("utf-8"))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", stored=False, indexed=True, fast=True)
    builder.add_text_field("article_id", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    # Days since 0001-01-01; an undated passage has neither field and so fails every date filter.
    builder.add_integer_field("first_day", indexed=True, fast=True)
    builder.add_integer_field("last_day", indexed=True, fast=True)
    builder.add_text_field("title", tokenizer_name=_ANALYZER, index_option="freq")
    builder.add_text_field("text", tokenizer_name=_ANALYZER, index_option="freq")
    return builder.build()


class LexicalIndex:
    """Passages by their words, in a folder: lower-cased, without accents and stop words, English stems.

    Args:
        folder: an existing folder, empty or written by this class.

    Raises:
        ValueError: the folder holds another kind of index, or a broken one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._schema = _schema()
        self._index = tantivy.Index(self._schema, path=str(folder))
        self._index.register_tokenizer(_ANALYZER, _analyzer())
        # Else a thread reads the files again whenever one of them has changed, also where that is damage.
        self._index.config_reader(reload_policy="manual")
        self._writer: tantivy.IndexWriter | None = None
        self._look()

    def __len__(self) -> int:
        return self._searcher.num_docs

    def add(self, passages: Iterable[IndexedPassage]) -> None:
        """Add passages; :meth:`commit` makes them searchable."""
        writer = self._writing()
        for passage in passages:
            document = tantivy.Document(
                id=passage.id,
                article_id=passage.article_id,
                source=passage.source,
                title=passage.title,
                text=passage.text,
            )
            if passage.published:
                document.add_integer("first_day", passage.published.first.toordinal())
                document.add_integer("last_day", passage.published.last.toordinal())
            writer.add_document(document)

    def remove(self, ids: Iterable[int]) -> None:
        """Remove passages; unknown ids are passed over."""
        writer = self._writing()
        for passage_id in ids:
            writer.delete_documents_by_term("id", int(passage_id))

    def release(self) -> None:
        """Let go of what was not committed; once this returns, nothing more of it is written."""
        self._writer = None

    def commit(self) -> None:
        """Write everything to disk and wait until segments are merged."""
        if self._writer is not None:
            self._writer.commit()
            self._writer.wait_merging_threads()
            self._writer = None
        self._index.reload()
        self._look()

    def _look(self) -> None:
        """Search what is written now."""
        self._searcher = self._index.searcher()
        self._count = lru_cache(_COUNTED)(partial(_count, self._searcher, self._schema))

    def _writing(self) -> tantivy.IndexWriter:
        if self._writer is None:
            # One thread makes one segment, in the order given: the same input gives the same scores.
            self._writer = self._index.writer(heap_size=_WRITER_BYTES, num_threads=1)
        return self._writer

    def search(self, text: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """Ids and BM25 scores of the ``k`` best passages, best first, equal scores by ascending id."""
        wanted = list(dict.fromkeys(terms(text)))
        if not wanted or k <= 0:
            return []
        should = [(tantivy.Occur.Should, scored) for term in wanted for scored in self._scored(term)]
        query = tantivy.Query.boolean_query(should)
        if kept := self._kept(filters):  # without filters tantivy passes over what cannot be among the best
            must = [query, *(tantivy.Query.const_score_query(each, 0.0) for each in kept)]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, each) for each in must])
        found = self._best(query, k)
        ids = self._searcher.fast_field_values("id", [address for _, address in found]) if found else []
        pairs = [(int(passage_id or 0), float(score)) for passage_id, (score, _) in zip(ids, found, strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:k]

    def document_frequencies(self, words: Sequence[str]) -> list[int]:
        """In how many passages' text each word occurs; a stop word counts as being in all of them."""
        return [max((self._count(term) for term in terms(word)), default=len(self)) for word in words]

    def _best(self, query: tantivy.Query, k: int) -> list[tuple[float, tantivy.DocAddress]]:
        """The ``k`` best and all that equal the last of them, of which tantivy would keep those written first."""
        limit = k + 1
        while True:
            found = self._searcher.search(query, limit, count=False).hits
            if len(found) < limit or found[-1][0] < found[k - 1][0]:
                return found
            limit *= 4

    def _scored(self, term: str) -> list[tantivy.Query]:
        in_title = tantivy.Query.term_query(self._schema, "title", term, "freq")
        return [
            tantivy.Query.term_query(self._schema, "text", term, "freq"),
            tantivy.Query.boost_query(in_title, _TITLE_BOOST),
        ]

    def _kept(self, filters: Filters) -> list[tantivy.Query]:
        kept: list[tantivy.Query] = []
        for field, values in (("source", filters.sources), ("article_id", filters.article_ids)):
            if values is not None:
                kept.append(tantivy.Query.term_set_query(self._schema, field, sorted(values)))
        if filters.since is not None:
            kept.append(self._days("last_day", lower_bound=filters.since.toordinal()))
        if filters.until is not None:
            kept.append(self._days("first_day", upper_bound=filters.until.toordinal()))
        return kept

    def _days(self, field: str, *, lower_bound: int | None = None, upper_bound: int | None = None) -> tantivy.Query:
        kind = tantivy.FieldType.Integer
        return tantivy.Query.range_query(self._schema, field, kind, lower_bound, upper_bound)


def _count(searcher: tantivy.Searcher, schema: tantivy.Schema, term: str) -> int:
    """In how many passages' text a term stands. Unlike its own frequency, this leaves out deleted passages."""
    query = tantivy.Query.term_query(schema, "text", term, "basic")
    return int(searcher.search(query, 1, count=True).count)  # type: ignore[attr-defined]  # not in its stubs
