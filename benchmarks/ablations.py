"""What each part of the ranking before the reader gives: every variant against the shipped setting.

    python -m benchmarks.ablations --data EVAL --work FOLDER [--sets squad2 clapnq] [--only recency] [--passages]
        [--articles 500]

EVAL holds a folder for each set, with ``corpus.jsonl`` and ``queries.jsonl``. Vectors are kept in FOLDER, so that only
the first run encodes. Each variant is scored over all passages of a set, the best ``depth`` of each search are
fused, and articles are ranked by their best passage. The table gives Hit@1, Hit@4, Hit@10 and MRR@10, the
differences to the shipped setting, and, in brackets, the 95 % interval of that of MRR@10 by paired bootstrap over the
questions.
``--passages`` adds the variants for which passages are cut or encoded anew: minutes for each, the first time; with
``--articles`` a set is no larger than that: the articles that answer, and a seeded sample of the others.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.bm25 import Bm25
from benchmarks.figures import estimate
from bot.app import Application
from bot.settings import load_settings
from corpus.catalogue import input_digest
from corpus.vectors import VectorCache
from retrieval import passages as cutting
from retrieval.encoders.port import Encoder, Vectors
from retrieval.fusion import Candidates
from retrieval.index.lexical import analyzer
from retrieval.parameters import Parameters
from retrieval.passages import PassageCutter, title_prefix
from retrieval.ranking import best_first, fuse
from retrieval.recency import asks_for_the_latest, newness
from retrieval.types import Article
from training.data import LabelledQuestion, read_articles, read_questions, sample

Scores = npt.NDArray[np.float64]
Places = npt.NDArray[np.float64]
"""float64 ``(questions,)``: the rank, from 0, of the first article that answers; infinite beyond ten."""

SETS = ("realtimeqa_2022", "squad2", "clapnq", "rgb_en_fact")
SHIPPED = Parameters.load().ranking
_QUESTIONS = 400  # of a set
_BATCH = 512
_LEAD = 400  # characters of an article
_ASKING = "who whom which what when where why how do does did has have had".split()


@dataclass(frozen=True, slots=True)
class Cut:
    """How articles become what is encoded: ``shortest`` paragraphs stand alone, ``prefix`` goes before the text.

    ``overlap`` is how many characters of the passage before go there too.
    """

    shortest: int = cutting.JOIN_BELOW
    prefix: Callable[[Article], str] = lambda article: title_prefix(article.title)
    overlap: int = 0

    def inputs(self, article: Article, texts: Sequence[str]) -> list[str]:
        """What is encoded for the passages of an article."""
        before = ["", *(f"{text[-self.overlap :]} " if self.overlap else "" for text in texts)]
        return [self.prefix(article) + tail + text for tail, text in zip(before, texts, strict=False)]


@dataclass(frozen=True)
class Searchable:
    """A set cut, encoded and ready to be searched; rows are passages."""

    articles: Sequence[Article]
    owners: npt.NDArray[np.int64]
    texts: Sequence[str]
    vectors: Vectors
    questions: Sequence[LabelledQuestion]
    encode: Callable[[Sequence[str]], Vectors]
    _fields: dict[tuple[str, bool, bool], Bm25] = field(default_factory=dict)

    _found: dict[Search, list[Candidates]] = field(default_factory=dict)
    _queries: dict[str, Vectors] = field(default_factory=dict)

    @cached_property
    def newest(self) -> dt.date | None:
        """The last day of publication."""
        return max((a.published.last for a in self.articles if a.published), default=None)

    def candidates(self, search: Search) -> list[Candidates]:
        """What is found for each question, searched once."""
        if search not in self._found:
            self._found[search] = [_candidates(self, n, search) for n in range(len(self.questions))]
        return self._found[search]

    def query_vectors(self, prompt: str) -> Vectors:
        """float32 ``(questions, d)``, each with these words before it."""
        if prompt not in self._queries:
            self._queries[prompt] = self.encode([prompt + question.text for question in self.questions])
        return self._queries[prompt]

    def bm25(self, name: str, *, stop_words: bool, stems: bool) -> Bm25:
        """BM25 over ``text`` (of passages), or ``title``, ``lead`` or ``whole`` (of articles)."""
        key = (name, stop_words, stems)
        if key not in self._fields:
            texts: dict[str, Callable[[], list[str]]] = {
                "text": lambda: list(self.texts),
                "title": lambda: [a.title for a in self.articles],
                "lead": lambda: [a.text[:_LEAD] for a in self.articles],
                "whole": lambda: [a.text for a in self.articles],
            }
            self._fields[key] = Bm25(texts[name](), analyzer(stop_words=stop_words, stems=stems).analyze)
        return self._fields[key]


@dataclass(frozen=True, slots=True, eq=False)
class Lexical:
    """What the lexical score is made of: weights of fields, BM25's constants, which words, and of what weight."""

    fields: Mapping[str, float] = field(default_factory=lambda: {"text": 1.0, "title": 1.0})
    k1: float = 1.2
    b: float = 0.75
    stop_words: bool = True
    stems: bool = True
    without: Sequence[str] = ()
    name_weight: float = 1.0
    """Of words that the question writes with a capital, or in digits."""

    def scores(self, found: Searchable, question: str) -> Scores:
        """float64 ``(passages,)``."""
        terms = self._terms(question)
        total = np.zeros(len(found.texts))
        for name, weight in self.fields.items():
            scores = found.bm25(name, stop_words=self.stop_words, stems=self.stems).scores(terms, self.k1, self.b)
            total += weight * (scores if name == "text" else scores[found.owners])
        return total

    def _terms(self, question: str) -> dict[str, float]:
        analyze = analyzer(stop_words=self.stop_words, stems=self.stems).analyze
        # The first word has a capital whatever it is.
        names = {t for word in re.findall(r"(?<=\s)(?:[A-Z]|\d)\w*", question) for t in analyze(word)}
        dropped = set(analyze(" ".join(self.without)))
        return {t: self.name_weight if t in names else 1.0 for t in analyze(question) if t not in dropped}


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched, and how many passages each search lists."""

    lexical: Lexical = field(default_factory=Lexical)
    depth: int = SHIPPED.depth
    feedback: float = 0.0
    """Of the mean of the three nearest passages in the question's vector (Rocchio's pseudo-relevance feedback)."""
    prompt: str = ""
    """Before a question that is encoded."""
    everywhere: bool = False
    """Whether newness counts for every question."""


Fuse = Callable[[Candidates, LabelledQuestion], Scores]
USUAL = Search()
WHOLE = Cut()


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to rank: what is cut and searched, and how both searches are fused."""

    name: str
    fuse: Fuse
    search: Search = USUAL
    cut: Cut = WHOLE
    diversity: float = 0.0
    """What an article loses for each better one of its outlet."""


def with_(**changes: float) -> Fuse:
    """The shipped fusion with other parameters."""
    parameters = replace(SHIPPED, **changes)  # type: ignore[arg-type]  # by their names
    return lambda found, _: fuse(found, parameters)


def halving_support(found: Candidates, _: LabelledQuestion) -> Scores:
    """An article's next passages add up, each half as much as the one before."""
    fused = fuse(found, replace(SHIPPED, support_weight=0.0, recency_weight=0.0))
    scores: dict[str, list[float]] = {}
    for article_id, score in zip(found.article_ids, fused.tolist(), strict=True):
        scores.setdefault(article_id, []).append(score)
    support = {a: sum(s * 0.5**n for n, s in enumerate(sorted(v, reverse=True)[1:6])) for a, v in scores.items()}
    return fused + 0.3 * np.array([support[a] for a in found.article_ids]) + SHIPPED.recency_weight * found.newness


def standardised(found: Candidates, _: LabelledQuestion) -> Scores:
    """Both scores by their mean and deviation in place of their least and largest; no support."""
    dense, lexical = found.dense, found.lexical
    parts = [(s - s.mean()) / max(float(s.std()), 1e-3) for s in (dense, lexical)]
    # Four deviations span about what lies between 0 and 1.
    mixed = SHIPPED.dense_weight * parts[0] + (1 - SHIPPED.dense_weight) * parts[1]
    return mixed / 4 + SHIPPED.recency_weight * found.newness


def absolute(found: Candidates, _: LabelledQuestion) -> Scores:
    """Cosines as they are (their least is fixed at 0), BM25 by the best; no support."""
    lexical = found.lexical / max(found.lexical.max(), 1e-9)
    mixed = SHIPPED.dense_weight * np.clip(found.dense, 0, 1) + (1 - SHIPPED.dense_weight) * lexical
    return mixed + SHIPPED.recency_weight * found.newness


def reciprocal_ranks(found: Candidates, _: LabelledQuestion) -> Scores:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009), k = 60."""
    ranks = (found.dense_rank, found.lexical_rank)
    return np.sum([np.where(rank > 0, 1 / (60 + rank), 0.0) for rank in ranks], axis=0)


def by_length(found: Candidates, question: LabelledQuestion) -> Scores:
    """The longer the question, the less its vector counts: .6 at five words, .4 at twenty-five."""
    weight = float(np.clip(0.6 - 0.01 * (len(question.text.split()) - 5), 0.4, 0.6))
    return fuse(found, replace(SHIPPED, dense_weight=weight))


AS_SHIPPED = Variant("as shipped", with_())
VARIANTS = (
    AS_SHIPPED,
    Variant("dense alone", with_(dense_weight=1.0, support_weight=0.0, recency_weight=0.0)),
    Variant("lexical alone", with_(dense_weight=0.0, support_weight=0.0, recency_weight=0.0)),
    *(Variant(f"dense weight {w}", with_(dense_weight=w)) for w in (0.3, 0.4, 0.5, 0.6)),
    Variant("dense weight by the question's length", by_length),
    Variant("scores standardised", standardised),
    Variant("cosines as they are", absolute),
    Variant("reciprocal ranks", reciprocal_ranks),
    *(Variant(f"support {w}", with_(support_weight=w)) for w in (0.0, 0.1, 0.3, 0.5)),
    Variant("support halving", halving_support),
    *(Variant(f"recency {w}", with_(recency_weight=w)) for w in (0.0, 0.1, 0.2, 0.3)),
    Variant("recency everywhere", with_(), Search(everywhere=True)),
    *(Variant(f"depth {n}", with_(), Search(depth=n)) for n in (50, 100, 400)),
    *(Variant(f"prompt {p!r}", with_(), Search(prompt=p)) for p in ("query: ", "What passage answers this: ")),
    *(Variant(f"diversity of outlets {d}", with_(), diversity=d) for d in (0.02, 0.05, 0.1)),
    Variant("feedback .3", with_(), Search(feedback=0.3)),
    Variant("title .5", with_(), Search(Lexical({"text": 1.0, "title": 0.5}))),
    Variant("title 1.5", with_(), Search(Lexical({"text": 1.0, "title": 1.5}))),
    Variant("lead .3", with_(), Search(Lexical({"text": 1.0, "title": 1.0, "lead": 0.3}))),
    Variant("whole article .5", with_(), Search(Lexical({"text": 1.0, "title": 1.0, "whole": 0.5}))),
    Variant("k1 .9, b .4", with_(), Search(Lexical(k1=0.9, b=0.4))),
    Variant("k1 2, b .75", with_(), Search(Lexical(k1=2.0))),
    Variant("no stems", with_(), Search(Lexical(stems=False))),
    Variant("stop words kept", with_(), Search(Lexical(stop_words=False))),
    Variant("words that ask left out", with_(), Search(Lexical(without=_ASKING))),
    Variant("names 1.5", with_(), Search(Lexical(name_weight=1.5))),
)
CUTS = (
    Variant("encoded without title", with_(), cut=Cut(prefix=lambda _: "")),
    Variant("encoded with date", with_(), cut=Cut(prefix=lambda a: f"{a.published or ''} {title_prefix(a.title)}")),
    Variant("encoded with what stands before", with_(), cut=Cut(overlap=200)),
    *(Variant(f"paragraphs from {n}", with_(), cut=Cut(shortest=n)) for n in (120, 500, 800)),
)


def searchable(folder: Path, encoder: Encoder, cache: VectorCache, most: int | None, cut: Cut) -> Searchable:
    """Cut and encode a set, or ``most`` articles of it; what was encoded before is taken from the cache."""
    questions = sample([q for q in read_questions(folder) if q.answerable], _QUESTIONS)
    articles = some(read_articles(folder), {article_id for q in questions for article_id in q.gold}, most)
    spans = PassageCutter(encoder, cut.shortest).cut(articles)
    owners = [owner for owner, found in enumerate(spans) for _ in found]
    texts = [[span.of(article.text) for span in found] for article, found in zip(articles, spans, strict=True)]
    inputs = [text for article, found in zip(articles, texts, strict=True) for text in cut.inputs(article, found)]
    return Searchable(
        articles=articles,
        owners=np.array(owners, dtype=np.int64),
        texts=list(chain.from_iterable(texts)),
        vectors=encoded(inputs, encoder, cache),
        questions=questions,
        encode=encoder.encode_queries,
    )


def some(articles: Sequence[Article], kept: Collection[str], most: int | None) -> list[Article]:
    """Those that are to be kept and a sample of the others, in their order; all of them without a limit."""
    others = [article.id for article in articles if article.id not in kept]
    room = len(others) if most is None else max(0, most - (len(articles) - len(others)))
    chosen = {*kept, *random.Random(5).sample(others, min(room, len(others)))}  # noqa: S311 (a sample, no secret)
    return [article for article in articles if article.id in chosen]


def encoded(texts: Sequence[str], encoder: Encoder, cache: VectorCache) -> Vectors:
    """float32 ``(n, d)``; each batch is kept as soon as it is encoded."""
    digests = [input_digest("", text) for text in texts]
    by_digest = dict(zip(digests, texts, strict=True))
    known = cache.find(list(by_digest))
    missing = [digest for digest in by_digest if digest not in known]
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        vectors = encoder.encode_passages([by_digest[digest] for digest in batch])
        cache.keep(batch, vectors, dt.datetime.now(dt.UTC).date())
        known.update(zip(batch, vectors, strict=True))
    return np.stack([known[digest] for digest in digests])


def places(found: Searchable, variant: Variant) -> Places:
    """Where each question's first answering article stands."""
    asked = zip(found.questions, found.candidates(variant.search), strict=True)
    outlets = {article.id: article.source for article in found.articles}
    return np.array([_place(question, candidates, variant, outlets) for question, candidates in asked])


def _place(question: LabelledQuestion, candidates: Candidates, variant: Variant, outlets: Mapping[str, str]) -> float:
    scores = variant.fuse(candidates, question)
    order = best_first(scores, candidates.ids)
    best: dict[str, float] = {}
    for at in order:
        best.setdefault(candidates.article_ids[at], float(scores[at]))
    ranked = diverse(best, outlets, variant.diversity)[:10]
    return next((float(at) for at, article_id in enumerate(ranked) if article_id in question.gold), np.inf)


def diverse(best: Mapping[str, float], outlets: Mapping[str, str], penalty: float) -> list[str]:
    """Articles, best first, each less a penalty for every better one of its outlet; without an outlet none."""
    seen: Counter[str] = Counter()
    lowered: dict[str, float] = {}
    for article_id, score in best.items():
        outlet = outlets[article_id]
        lowered[article_id] = score - penalty * seen[outlet]
        seen[outlet] += bool(outlet)
    return sorted(lowered, key=lambda article_id: -lowered[article_id])


def _candidates(found: Searchable, n: int, search: Search) -> Candidates:
    """As :func:`retrieval.fusion.search` finds them, over scores of all passages."""
    question, vector = found.questions[n].text, found.query_vectors(search.prompt)[n]
    dense = (found.vectors @ vector).astype(np.float64)
    if search.feedback:
        nearest = found.vectors[np.argsort(-dense)[:3]].mean(axis=0)
        dense = (found.vectors @ (vector + search.feedback * nearest)).astype(np.float64)
    lexical = search.lexical.scores(found, question)
    by_dense, by_words = (np.argsort(-scores, kind="stable")[: search.depth] for scores in (dense, lexical))
    by_words = by_words[lexical[by_words] > 0]
    ids = np.union1d(by_dense, by_words)
    ranks = np.zeros((2, len(ids)), dtype=np.int64)
    for row, listed in zip(ranks, (by_dense, by_words), strict=True):
        row[np.searchsorted(ids, listed)] = np.arange(1, len(listed) + 1)
    owners = [found.articles[owner] for owner in found.owners[ids]]
    new = np.zeros(len(ids))
    if search.everywhere or asks_for_the_latest(question):
        new = newness([article.published for article in owners], found.newest)
    return Candidates(
        ids=ids,
        article_ids=tuple(article.id for article in owners),
        dense=dense[ids],
        lexical=np.where(ranks[1] > 0, lexical[ids], 0.0),
        newness=new,
        dense_rank=ranks[0],
        lexical_rank=ranks[1],
    )


def figures(where: Places) -> Scores:
    """Hit@1, Hit@4, Hit@10 and MRR@10."""
    return np.array([*((where < k).mean() for k in (1, 4, 10)), (1 / (where + 1)).mean()])


def line(variant: Variant, where: Places, shipped: Places) -> str:
    """A row of the table."""
    values, changes = figures(where), figures(where) - figures(shipped)
    apart = estimate(np.mean, 1 / (where + 1) - 1 / (shipped + 1))
    cells = " | ".join(f"{value:.3f} ({change:+.3f})" for value, change in zip(values, changes, strict=True))
    return f"| {variant.name} | {cells} [{apart.low:+.3f}, {apart.high:+.3f}] |"


def show(folder: Path, prepare: Callable[[Cut], Searchable], variants: Iterable[Variant]) -> None:
    """Print the table of one set."""
    found = prepare(WHOLE)
    shipped = places(found, AS_SHIPPED)
    size = f"{len(found.articles)} articles, {len(found.texts)} passages"
    print(f"\n{folder.name}: {len(found.questions)} questions, {size}")
    print("| variant | Hit@1 | Hit@4 | Hit@10 | MRR@10 |\n| --- | --- | --- | --- | --- |")
    for variant in variants:
        where = places(found if variant.cut is WHOLE else prepare(variant.cut), variant)
        print(line(variant, where, shipped), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the question sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for vectors, kept between runs")
    parser.add_argument("--sets", nargs="*", default=SETS)
    parser.add_argument("--only", default="", help="variants whose name holds this")
    parser.add_argument("--passages", action="store_true", help="also those that are cut or encoded anew")
    parser.add_argument("--articles", type=int, help="of a set at most")
    options = parser.parse_args()
    app = Application(load_settings(data_dir=options.work))
    cache = VectorCache(options.work / "ablations.sqlite3", app.encoder.fingerprint, app.encoder.dimension)
    chosen = [v for v in (*VARIANTS, *(CUTS if options.passages else ())) if options.only in v.name]
    for name in options.sets:
        folder = options.data / name
        show(folder, partial(searchable, folder, app.encoder, cache, options.articles), chosen)


if __name__ == "__main__":
    main()
