import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from newsroom import PARAMETERS, RANKING, Newsroom, Shelf, newsroom

from retrieval.dates import PartialDate
from retrieval.encoders.fake import FakeEncoder
from retrieval.engine import Engine, Pace, ReadingBudget
from retrieval.errors import FilterError, IndexDamaged
from retrieval.index.embedded import EmbeddedIndexStore
from retrieval.questions import parse_question
from retrieval.ranking import Ranked
from retrieval.reader import Reading, Weigh, WordReader
from retrieval.segmentation import sentences
from retrieval.signals import ALONE
from retrieval.types import Answer, Article, Filters, Headline, Hit, Horizon, Passage, Query, Span

NOW = dt.datetime(2024, 7, 10, tzinfo=dt.UTC)

# Paragraphs are long enough to be passages of their own.
SUMMIT = (
    "Prime Minister Modi flew to Moscow on Monday for a summit with President Putin. The two leaders embraced at a "
    "dacha outside the capital. They spoke of trade, of oil and of nuclear plants for four hours, and Mr. Modi then "
    "told reporters that no solution is found on the battlefield."
)
STRIKE = (
    "A missile struck the Okhmatdyt children's hospital in Kyiv that same morning. Rescuers searched the rubble for "
    "survivors until nightfall. President Zelensky called the embrace in Moscow a huge disappointment and a "
    "devastating blow to peace efforts, and his envoy in Delhi was summoned."
)
OIL = (
    "India buys nearly half of its crude from Russia. Refiners in Gujarat turn the oil into diesel which Europe then "
    "imports. Trade between the two countries reached $65 billion last year, of which barely $4 billion were Indian "
    "exports, so that rupees pile up in Russian banks."
)
BORDER = (
    "Soldiers of India and China fought with clubs in the Galwan valley. Twenty Indians and at least four Chinese "
    "died in the river. Both armies have since kept tens of thousands of troops in Ladakh, and commanders have met "
    "more than twenty times without agreeing on a retreat."
)
QUAKE = (
    "An earthquake shook the coast of Japan at dawn. Fishermen carried their nets to higher ground. Engineers shut "
    "the reactors down as a precaution, and trains stopped for an hour between Sendai and Aomori while the tracks "
    "were inspected for cracks by hundreds of workers."
)


def backwards(text: str) -> str:
    """Other sentences of the same words."""
    return " ".join(reversed(text.split()))


ARTICLES = [
    Article("summit", f"{SUMMIT}\n\n{OIL}", "Modi in Moscow", "The Wire", "", PartialDate(2024, 7, 9)),
    Article("strike", STRIKE, "Hospital struck in Kyiv", "Herald", "", PartialDate(2024, 7, 8)),
    Article("oil", "\n\n".join(map(backwards, (OIL, QUAKE, BORDER))), "Crude", "The Wire", "", PartialDate(2024)),
    Article("border", BORDER, "Clash in Galwan", "Herald", "", PartialDate(2020, 6)),
    Article("quake", QUAKE, "Earthquake", "", "", None),
]
QUESTION = "Who did Prime Minister Modi meet at the summit in Moscow?"
UNANSWERED = "Violinists premiering concertos?"


@pytest.fixture(scope="module", params=["memory", "embedded", "without reader"])
def news(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    if request.param == "embedded":
        encoder = FakeEncoder()
        folder = tmp_path_factory.mktemp("news") / "index"
        return newsroom(ARTICLES, store=EmbeddedIndexStore(folder, encoder.fingerprint, encoder.dimension))
    return newsroom(ARTICLES, reads=request.param == "memory")


@pytest.fixture(scope="module")
def shallow() -> Newsroom:
    """Searches list two passages at first."""
    return newsroom(ARTICLES, parameters=replace(PARAMETERS, ranking=replace(RANKING, depth=2, read=2)))


def ask(news: Newsroom, text: str = QUESTION, k: int = 3, **filters: object) -> Answer:
    return news.engine.answer(Query(text, Filters(**filters), k))


def cited(answer: Answer) -> list[str]:
    return [citation.article_id for citation in answer.citations]


# What is cited


def test_the_passage_that_answers_comes_first_with_its_sentence(news: Newsroom) -> None:
    answer = ask(news)
    assert not answer.abstained
    assert answer.citations[0].text == SUMMIT
    assert answer.citations[0].highlights[0].text == SUMMIT.partition(". ")[0] + "."
    assert answer.query.text == QUESTION
    assert answer.elapsed_ms > 0


def test_citations_say_where_they_come_from(news: Newsroom) -> None:
    for citation in ask(news, k=200).citations:
        article = news.articles[citation.article_id]
        assert (citation.title, citation.source, citation.url, citation.published) == (
            article.title,
            article.source,
            article.url,
            article.published,
        )
        citation.verify(article.text)


@pytest.mark.parametrize("question", [QUESTION, UNANSWERED, "Galwan", "What of oil, India and China?"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_each_of_the_k_best_articles_is_cited_by_its_best_passage(news: Newsroom, question: str, k: int) -> None:
    answer = ask(news, question, k)
    assert len(set(cited(answer))) == len(answer.citations) == k
    hits = news.engine.search(question, Filters()).hits
    best = {hit.article_id: hit for hit in reversed(hits)}
    order = list(dict.fromkeys(hit.article_id for hit in hits))
    assert cited(answer) == order[:k]
    for citation in answer.citations:
        passage = news.shelf.by_id[best[citation.article_id].passage_id]
        assert (citation.start, citation.end) == (passage.start, passage.end)


@pytest.mark.parametrize("k", [6, 8, 200])
def test_further_passages_are_cited_only_where_articles_run_out(news: Newsroom, k: int) -> None:
    answer = ask(news, k=k)
    assert len(news.shelf.by_id) == 8
    assert len(answer.citations) == min(k, 8)
    assert sorted(cited(answer)[:5]) == sorted(news.articles)
    places = {(citation.article_id, citation.start) for citation in answer.citations}
    assert len(places) == len(answer.citations)


def test_fewer_are_cited_for_a_smaller_k_but_the_same(news: Newsroom) -> None:
    for question in (QUESTION, UNANSWERED):
        most = ask(news, question, 200).citations
        for k in range(8):
            assert ask(news, question, k).citations == most[:k]


def test_more_articles_are_looked_for_than_a_search_lists_at_first(shallow: Newsroom) -> None:
    first = shallow.engine.search(QUESTION, Filters()).hits
    assert len({hit.article_id for hit in first}) < 5
    for k in (3, 5, 200):
        answer = ask(shallow, k=k)
        assert len(answer.citations) == min(k, 8)
        assert len(set(cited(answer))) == min(k, 5)
        assert cited(answer)[0] == first[0].article_id
    most = ask(shallow, k=200).citations
    assert [ask(shallow, k=k).citations[0] for k in (1, 3, 8)] == [most[0]] * 3


def test_an_article_of_very_many_passages_does_not_hide_the_others() -> None:
    lines = [SUMMIT.replace("four hours", f"{n} hours") for n in range(20)]
    articles = [
        Article("long", "\n\n".join(lines), "Modi in Moscow"),
        Article("strike", STRIKE),
        Article("border", BORDER),
    ]
    for depth in (1, 2, 5):
        room = newsroom(articles, parameters=replace(PARAMETERS, ranking=replace(RANKING, depth=depth, read=1)))
        answer = ask(room, k=3)
        assert sorted(cited(answer)) == ["border", "long", "strike"]
        filtered = ask(room, k=3, article_ids=frozenset({"long", "border"}))
        assert sorted(set(cited(filtered))) == ["border", "long"]
        assert len(filtered.citations) == 3


def test_as_many_passages_are_cited_as_there_are() -> None:
    long = Article("long", "\n\n".join(SUMMIT.replace("four hours", f"{n} hours") for n in range(20)))
    room = newsroom([long], parameters=replace(PARAMETERS, ranking=replace(RANKING, depth=3, read=1)))
    for k in (1, 4, 15, 20, 200):
        assert len({citation.start for citation in ask(room, k=k).citations}) == min(k, 20)


def test_hits_that_a_deeper_search_finds_are_cited_after_the_others(shallow: Newsroom) -> None:
    first = [hit.passage_id for hit in shallow.engine.search(QUESTION, Filters()).hits]
    deep = [hit.passage_id for hit in newsroom(ARTICLES).engine.search(QUESTION, Filters()).hits]
    assert set(first) < set(deep)
    cited = ask(shallow, k=200).citations
    texts = [shallow.shelf.by_id[i].text for i in first]
    placed = [texts.index(citation.text) for citation in cited if citation.text in texts]
    assert placed == sorted(placed)
    distinct = [c for n, c in enumerate(cited) if c.article_id not in {before.article_id for before in cited[:n]}]
    assert [c.score for c in distinct] == sorted((c.score for c in distinct), reverse=True)


def test_a_deeper_search_reads_nothing_again() -> None:
    reader = CountingReader()
    parameters = replace(PARAMETERS, ranking=replace(RANKING, depth=2, read=2))
    ask(newsroom(ARTICLES, parameters=parameters, reader=reader), k=200)
    assert reader.counts[0] == 2
    assert sum(reader.counts[1:]) <= 3  # what else is shown at first


# Sentences


@pytest.mark.parametrize("k", [1, 3, 200])
@pytest.mark.parametrize("question", [QUESTION, UNANSWERED, "?", "Okhmatdyt", "the of and"])
def test_every_citation_marks_one_sentence_inside_it(news: Newsroom, question: str, k: int) -> None:
    answer = ask(news, question, k)
    assert answer.citations
    for citation in answer.citations:
        text = news.articles[citation.article_id].text
        whole = {(span.start, span.end) for span in sentences(text)}
        assert citation.highlights
        for highlight in citation.highlights:
            assert citation.start <= highlight.start < highlight.end <= citation.end
            assert (highlight.start, highlight.end) in whole
            assert highlight.text == text[highlight.start : highlight.end]
        scores = [highlight.score for highlight in citation.highlights]
        assert scores == sorted(scores, reverse=True)


# Confidence and abstention


@pytest.mark.parametrize("question", [QUESTION, UNANSWERED, "Who fought in Galwan?"])
def test_confidence_is_the_same_for_every_k(news: Newsroom, shallow: Newsroom, question: str) -> None:
    for room in (news, shallow):
        answers = [ask(room, question, k) for k in (0, 1, 2, 3, 7, 200)]
        assert len({(answer.confidence, answer.abstained) for answer in answers}) == 1
        assert 0 < answers[0].confidence < 1


def test_what_is_not_in_the_corpus_is_said_so(news: Newsroom) -> None:
    answered, unanswered = ask(news), ask(news, UNANSWERED)
    assert unanswered.abstained
    assert unanswered.confidence < PARAMETERS.calibration.threshold <= answered.confidence
    assert len(unanswered.citations) == 3
    assert len(unanswered.nearest) == 3


def test_calibration_decides_when_to_abstain() -> None:
    for threshold, abstained in ((0.0001, False), (0.9999, True)):
        parameters = replace(
            PARAMETERS,
            calibration=replace(PARAMETERS.calibration, threshold=threshold),
            plain=replace(PARAMETERS.plain, threshold=threshold),
        )
        for reads in (True, False):
            assert ask(newsroom(ARTICLES, parameters=parameters, reads=reads)).abstained is abstained


def test_each_way_of_reading_has_its_own_calibration() -> None:
    parameters = replace(PARAMETERS, plain=replace(PARAMETERS.plain, intercept=-50.0))
    assert ask(newsroom(ARTICLES, parameters=parameters)).confidence > 0.5
    assert ask(newsroom(ARTICLES, parameters=parameters, reads=False)).confidence < 1e-10


class Picking(WordReader):
    """Reads by words, and keeps the sentences that it is asked to read by themselves."""

    def __init__(self) -> None:
        self.picked: list[str] = []

    def read_sentence(self, question: str, passage: Passage, sentence: Span, weigh: Weigh) -> float:
        self.picked.append(sentence.of(passage.article.text))
        return 4.0


WEIGHING = replace(
    PARAMETERS, calibration=replace(PARAMETERS.calibration, weights={**PARAMETERS.calibration.weights, ALONE: 2.0})
)


NAMED = Filters(article_ids=frozenset({"summit", "oil"}))


def test_the_marked_sentence_is_read_by_itself_where_that_counts_and_articles_are_named() -> None:
    for parameters, filters, times in ((PARAMETERS, NAMED, 0), (WEIGHING, NAMED, 1), (WEIGHING, Filters(), 0)):
        reader = Picking()
        engine = newsroom(ARTICLES, parameters=parameters, reader=reader).engine
        answer = engine.answer(Query(QUESTION, filters))
        assert reader.picked == [answer.citations[0].highlights[0].text] * times
        found = engine.signals(QUESTION, filters, engine.search(QUESTION, filters))
        assert found.get(ALONE) == (None if parameters is PARAMETERS else 4.0 * times)


def test_what_no_reader_takes_out_of_its_passage_says_nothing_by_itself() -> None:
    found = newsroom(ARTICLES).engine.search(QUESTION, NAMED)
    for reader, ranked in ((Picking(), Ranked(found.hits, {})), (WordReader(), found)):
        engine = newsroom(ARTICLES, parameters=WEIGHING, reader=reader).engine
        assert engine.signals(QUESTION, NAMED, ranked)[ALONE] == 0.0


def test_nearest_headlines_are_of_the_best_articles(news: Newsroom) -> None:
    for k in (0, 1, 3, 200):
        answer = ask(news, k=k)
        best = cited(ask(news, k=3))
        assert answer.nearest == tuple(Headline(i, news.articles[i].title, news.articles[i].published) for i in best)


def test_the_horizon_is_that_of_the_whole_corpus(news: Newsroom) -> None:
    horizon = Horizon(5, PartialDate(2020, 6), PartialDate(2024))
    assert ask(news).horizon == ask(news, sources=frozenset({"Herald"})).horizon == horizon


def test_answers_are_as_of_their_newest_citation(news: Newsroom) -> None:
    assert ask(news, k=1).as_of == PartialDate(2024, 7, 9)
    assert ask(news, "earthquake in Japan", article_ids=frozenset({"quake"})).as_of is None


# Filters


@pytest.mark.parametrize(
    ("filters", "articles"),
    [
        ({"sources": frozenset({"Herald"})}, {"strike", "border"}),
        ({"sources": frozenset({"HERALD"})}, {"strike", "border"}),
        ({"since": dt.date(2024, 7, 9)}, {"summit", "oil"}),
        ({"until": dt.date(2020, 12, 31)}, {"border"}),
        ({"article_ids": frozenset({"quake", "oil"})}, {"quake", "oil"}),
        (
            {"sources": frozenset({"The Wire"}), "since": dt.date(2024, 7, 1), "article_ids": frozenset({"oil"})},
            {"oil"},
        ),
    ],
)
def test_filters_narrow_what_is_cited(news: Newsroom, filters: dict[str, object], articles: set[str]) -> None:
    assert set(cited(ask(news, k=200, **filters))) == articles
    assert set(cited(ask(news, k=1, **filters))) <= articles


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"sources": frozenset({"Herold"})}, "'Herold': try 'Herald'"),
        ({"article_ids": frozenset({"summit", "no-such-article"})}, "'no-such-article'"),
        ({"article_ids": frozenset()}, "article_ids is empty"),
    ],
)
def test_unknown_filters_name_their_value(news: Newsroom, filters: dict[str, object], named: str) -> None:
    with pytest.raises(FilterError, match=named):
        ask(news, **filters)
    with pytest.raises(FilterError, match=named):
        news.engine.search(QUESTION, Filters(**filters))


def test_a_filter_that_keeps_nothing_leaves_nothing_to_cite(news: Newsroom) -> None:
    answer = ask(news, since=dt.date(2030, 1, 1))
    assert (answer.citations, answer.nearest) == ((), ())
    assert (answer.abstained, answer.confidence) == (True, 0.0)
    assert answer.horizon.articles == 5


@pytest.mark.parametrize("when", ["in June 1999", "last week", "since 2024", "before 2019"])
def test_a_date_in_plain_words_removes_nothing(news: Newsroom, when: str) -> None:
    query = parse_question(f"{QUESTION[:-1]} {when}?", NOW, k=200)
    assert query.suggested is not None
    answer = news.engine.answer(query)
    assert len(answer.citations) == 8
    assert set(cited(answer)) == set(news.articles)
    assert cited(answer)[0] == "summit"


# Corpora of their own


@pytest.mark.parametrize("reads", [True, False])
def test_an_empty_index_answers_nothing(reads: bool) -> None:
    room = newsroom([], reads=reads)
    answer = ask(room)
    assert (answer.citations, answer.nearest, answer.confidence, answer.abstained) == ((), (), 0.0, True)
    assert answer.horizon == Horizon(0, None, None)
    assert answer.as_of is None
    with pytest.raises(FilterError, match="without this filter"):
        ask(room, sources=frozenset({"Herald"}))


@pytest.mark.parametrize("k", [1, 3, 200])
def test_copies_elsewhere_are_named(k: int) -> None:
    copies = [Article(i, SUMMIT, "Modi in Moscow", outlet) for i, outlet in (("a", "Wire"), ("b", "Herald"))]
    nearly = Article("c", "MOSCOW (AP) - " + SUMMIT, "Modi flies")
    room = newsroom([*copies, nearly, *ARTICLES[1:]])
    for citation in ask(room, k=k).citations:
        others = {"a", "b", "c"} - {citation.article_id}
        if citation.article_id in {"a", "b", "c"} and citation.text.endswith(SUMMIT):
            assert set(citation.also_in) == others
        else:
            assert citation.also_in == ()
    assert cited(ask(room, k=1)) == ["a"]


def test_a_store_that_lacks_a_passage_is_not_guessed_at() -> None:
    room = newsroom(ARTICLES)
    with pytest.raises(IndexDamaged):
        Engine(room.index, Shelf(), room.encoder, None, PARAMETERS).answer(Query(QUESTION))


def test_several_threads_get_the_same_answers(news: Newsroom) -> None:
    questions = [QUESTION, UNANSWERED, "Who fought in Galwan?"] * 4
    alone = [replace(ask(news, question), elapsed_ms=0.0) for question in questions]
    with ThreadPoolExecutor(4) as pool:
        together = [replace(answer, elapsed_ms=0.0) for answer in pool.map(lambda q: ask(news, q), questions)]
    assert together == alone


# Explanations


@pytest.mark.parametrize("question", [QUESTION, UNANSWERED, "India and China"])
def test_explanations_agree_with_one_another(news: Newsroom, question: str) -> None:
    answer = ask(news, question, 200)
    told = [citation.explanation for citation in answer.citations]
    assert None not in told
    for rank, score in (
        ("dense_rank", "dense"),
        ("lexical_rank", "lexical"),
        ("fused_rank", "fused"),
        ("reader_rank", "reader"),
    ):
        ranked = sorted((e for e in told if getattr(e, rank) is not None), key=lambda e: getattr(e, rank))
        assert [getattr(e, rank) for e in ranked] == list(range(1, len(ranked) + 1))
        scores = [getattr(e, score) for e in ranked]
        assert scores == sorted(scores, reverse=True)
    assert sorted(e.fused_rank for e in told) == list(range(1, 9))
    assert all((e.reader is None) == (e.reader_rank is None) for e in told)
    assert all(e.lexical == 0 for e in told if e.lexical_rank is None)


def test_explanations_hold_the_exact_scores(news: Newsroom) -> None:
    vector = news.encoder.encode_queries([QUESTION])[0]
    cosines = {match.passage_id: match.score for match in news.index.search_dense(vector, 99)}
    lexical = {match.passage_id: match.score for match in news.index.search_lexical(QUESTION, 99)}
    hits = news.engine.search(QUESTION, Filters()).hits
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert hit.explanation.dense == pytest.approx(cosines[hit.passage_id], abs=1e-5)
        assert hit.explanation.lexical == pytest.approx(lexical.get(hit.passage_id, 0.0))


def test_only_the_best_few_are_read() -> None:
    for read in (0, 1, 4, 99):
        room = newsroom(ARTICLES, parameters=replace(PARAMETERS, ranking=replace(RANKING, read=read)))
        hits = room.engine.search(QUESTION, Filters()).hits
        by_fused = sorted(hits, key=lambda hit: hit.explanation.fused_rank)
        assert [hit.explanation.reader_rank is not None for hit in by_fused] == [n < read for n in range(8)]
    assert all(
        hit.explanation.reader is None for hit in newsroom(ARTICLES, reads=False).engine.search("x", Filters()).hits
    )


def test_the_text_of_a_passage_is_fetched_once() -> None:
    news = newsroom(ARTICLES)
    fetched: list[int] = []

    class Counted(Shelf):
        def passages(self, ids: Sequence[int]) -> list[Passage]:
            fetched.extend(ids)
            return super().passages(ids)

    engine = Engine(news.index, Counted(news.shelf.by_id), news.encoder, WordReader(), PARAMETERS)
    first = engine.answer(Query(QUESTION, k=5))
    assert sorted(fetched) == sorted(set(fetched)) != []
    before = len(fetched)
    again = engine.answer(Query(QUESTION, k=5))
    assert (again.citations, len(fetched)) == (first.citations, before)


# Time


class CountingReader(WordReader):
    """Remembers how many passages it read at once."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
        self.counts.append(len(passages))
        return super().read(question, passages, weigh)


def test_the_pace_decides_how_many_can_be_read() -> None:
    pace = Pace()
    budget = ReadingBudget(milliseconds=100, least=2)
    eight = [100] * 8
    assert pace.affordable(eight, budget) == 8
    pace.note(160, 800)  # 20 ms for a hundred characters
    assert pace.affordable(eight, budget) == 5
    assert pace.affordable([50] * 8, budget) == 8
    assert pace.affordable([50, 450, 50], budget) == 2
    assert pace.affordable(eight[:4], budget) == 4
    pace.note(0.0, 0)
    assert pace.affordable(eight, budget) == 5
    pace.note(1020, 100)  # 0.8 · 20 + 0.2 · 1020 = 220 ms for a hundred
    assert pace.affordable(eight, budget) == 2
    assert pace.affordable([100], budget) == 1
    assert pace.affordable([], budget) == 0


def test_a_slow_reader_reads_less() -> None:
    room, reader, pace = newsroom(ARTICLES), CountingReader(), Pace()
    parameters = replace(PARAMETERS, ranking=replace(RANKING, read=6))
    engine = Engine(room.index, room.shelf, room.encoder, reader, parameters, ReadingBudget(1000, 2), pace)
    engine.answer(Query(QUESTION))
    pace.note(1e6, 1)
    engine.answer(Query(QUESTION))
    assert reader.counts == [6, 2]


@pytest.mark.parametrize(
    ("question", "hoped", "read_on", "budget", "counts"),
    [
        (QUESTION, 1.0, 6, 1000, [2, 4]),
        (QUESTION, 1.0, 3, 1000, [2, 1]),
        (QUESTION, 0.0, 6, 1000, [2]),  # none could come first
        (QUESTION, 1.0, 2, 1000, [2]),
        (QUESTION, 1.0, 0, 1000, [2]),
        (QUESTION, 1.0, 6, 0.0, [2]),  # no time is left
        ("summit talks", 1.0, 6, 1000, [2]),  # asks nothing
    ],
)
def test_it_reads_on_while_another_passage_could_come_first(
    question: str, hoped: float, read_on: int, budget: float, counts: list[int]
) -> None:
    room, reader, pace = newsroom(ARTICLES), CountingReader(), Pace()
    ranking = replace(RANKING, read=2, read_on=read_on, hoped=hoped, reader_weight=0.9, reader_in_odds=True)
    pace.note(1e-6, 1)
    parameters = replace(PARAMETERS, ranking=ranking)
    engine = Engine(room.index, room.shelf, room.encoder, reader, parameters, ReadingBudget(budget, 2), pace)
    ranked = engine.search(question, Filters())
    assert reader.counts == counts
    assert list(ranked.readings) == [hit.passage_id for hit in by_fused(ranked)][: sum(counts)]


def by_fused(ranked: Ranked) -> list[Hit]:
    return sorted(ranked.hits, key=lambda hit: hit.explanation.fused_rank)


def test_the_reader_decides_between_what_searches_find_alike() -> None:
    class Backwards(WordReader):
        def read(self, question: str, passages: Sequence[Passage], weigh: Weigh) -> list[Reading]:
            readings = super().read(question, passages, weigh)
            return [
                Reading(-reading.score, tuple((span, -score) for span, score in reversed(reading.sentences)))
                for reading in readings
            ]

    parameters = replace(PARAMETERS, ranking=replace(RANKING, read=8, reader_weight=0.95))
    forwards, contrary = (ask(newsroom(ARTICLES, parameters=parameters, reader=r)) for r in (WordReader(), Backwards()))
    assert forwards.citations[0].text == SUMMIT
    assert contrary.citations[0].text != SUMMIT


def test_words_are_weighed_by_how_rare_they_are(news: Newsroom) -> None:
    rare, common, unknown = news.engine.weigh(["violin", "india", "xylophone"])
    assert rare == unknown > common > 0


def test_an_index_is_searched_at_the_depth_of_the_parameters() -> None:
    room = newsroom(ARTICLES, parameters=replace(PARAMETERS, ranking=replace(RANKING, depth=1, read=1)))
    hits = room.engine.search("Galwan", Filters()).hits
    assert {hit.explanation.dense_rank for hit in hits} | {hit.explanation.lexical_rank for hit in hits} <= {1, None}
    assert [hit.article_id for hit in hits if hit.explanation.lexical_rank] == ["border"]
