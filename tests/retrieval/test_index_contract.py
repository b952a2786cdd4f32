"""What every index must do. A distributed engine joins by one more entry in ``STORES``."""

import datetime as dt
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.dates import PartialDate
from retrieval.encoders.port import Vectors
from retrieval.errors import IndexMissing
from retrieval.index.embedded import EmbeddedIndexStore
from retrieval.index.memory import MemoryIndexStore
from retrieval.index.milvus.index import MilvusIndex
from retrieval.index.port import Index, IndexedPassage, IndexStore, Match
from retrieval.types import Filters, Horizon
from tests.retrieval.milvus_server import ALONE
from tests.retrieval.milvus_stores import on_lite, on_server, on_wordless

ENCODER = "two-dimensional"
STORES: dict[str, Callable[[Path, int], IndexStore]] = {
    "embedded": lambda folder, dimension: EmbeddedIndexStore(folder / "index", ENCODER, dimension),
    "embedded, in segments": lambda folder, dimension: EmbeddedIndexStore(
        folder / "index", ENCODER, dimension, segment=2
    ),
    "memory": lambda _folder, dimension: MemoryIndexStore(ENCODER, dimension),
    "milvus lite": lambda folder, dimension: on_lite(folder, ENCODER, dimension),
    "milvus lite, words in the folder": lambda folder, dimension: on_wordless(folder, ENCODER, dimension),
}
if ALONE in os.environ:
    STORES["milvus server"] = lambda folder, dimension: on_server(folder, ENCODER, dimension)
# Half precision keeps three decimal places.
TOLERANCE = 1e-3

OpenStore = Callable[[int], IndexStore]


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    return lambda dimension: STORES[request.param](tmp_path, dimension)


@pytest.fixture
def store(open_store: OpenStore) -> IndexStore:
    return open_store(2)


@pytest.fixture(scope="module", params=STORES)
def shared_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> IndexStore:
    """For generations that several tests look into."""
    return STORES[request.param](tmp_path_factory.mktemp("shared"), 2)


def at_degrees(*degrees: float) -> Vectors:
    """Unit vectors in the plane, float32 (n, 2)."""
    radians = np.deg2rad(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


EAST = at_degrees(0)[0]


def passage(number: int, text: str = "summit", article: str = "", **fields: object) -> IndexedPassage:
    return IndexedPassage(number, article or f"article-{number}", text=text, **({"title": ""} | fields))  # type: ignore[arg-type]


def publish(store: IndexStore, passages: list[IndexedPassage], vectors: Vectors | None = None) -> Index:
    """A generation more, with these passages added."""
    with store.begin() as writer:
        writer.add(passages, at_degrees(*range(len(passages))) if vectors is None else vectors)
        writer.publish()
    return store.current()


def publish_fresh(store: IndexStore, passages: list[IndexedPassage], vectors: Vectors | None = None) -> Index:
    """A generation of these passages alone."""
    with store.begin(fresh=True) as writer:
        writer.add(passages, at_degrees(*range(len(passages))) if vectors is None else vectors)
        writer.publish()
    return store.current()


def found(matches: list[Match]) -> list[int]:
    return [match.passage_id for match in matches]


def everything(index: Index) -> list[int]:
    return sorted(found(index.search_dense(EAST, 100)))


# Generations


def test_a_store_without_generation_says_so(store: IndexStore) -> None:
    assert store.current_number() is None
    with pytest.raises(IndexMissing):
        store.current()


def test_nothing_can_be_seen_before_it_is_published(store: IndexStore) -> None:
    with store.begin() as writer:
        writer.add([passage(1)], at_degrees(0))
        assert store.current_number() is None
        with pytest.raises(IndexMissing):
            store.current()
        writer.publish()
    with store.begin() as writer:
        writer.add([passage(2)], at_degrees(0))
        writer.delete([1])
        assert everything(store.current()) == [1]
        assert found(store.current().search_lexical("summit", 9)) == [1]


def test_generations_number_up_and_say_what_they_hold(store: IndexStore) -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    numbers = []
    for number in (5, 6, 7):
        with store.begin() as writer:
            writer.add([passage(number, article="a", published=PartialDate(2024))], at_degrees(0))
            info = writer.publish()
        assert info == store.current().info
        assert info.number == store.current_number()
        numbers.append(info.number)
    assert numbers == sorted(set(numbers))
    assert (info.encoder, info.dimension, info.passages) == (ENCODER, 2, 3)
    assert info.horizon == Horizon(1, PartialDate(2024), PartialDate(2024))
    assert before <= dt.datetime.fromisoformat(info.created) <= dt.datetime.now(dt.UTC)


def test_a_generation_goes_on_from_the_current_one_or_starts_fresh(store: IndexStore) -> None:
    publish(store, [passage(1)])
    assert everything(publish(store, [passage(2)])) == [1, 2]
    index = publish_fresh(store, [passage(1, "treaty")])
    assert index.info.number > 2
    assert everything(index) == [1]
    assert found(index.search_lexical("summit treaty", 9)) == [1]
    assert index.search_lexical("summit", 9) == []


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("ending", ["abandoned", "left", "interrupted", "forgotten"])
def test_a_generation_that_was_not_published_changes_nothing(store: IndexStore, ending: str) -> None:
    publish(store, [passage(1)])
    writer = store.begin()
    writer.add([passage(2)], at_degrees(90))
    writer.delete([1])
    if ending == "abandoned":
        writer.abandon()
    elif ending == "left":
        with writer:
            pass
    elif ending == "interrupted":
        with pytest.raises(Interrupted), writer:
            raise Interrupted
    index = store.current()
    assert index.info.number == store.current_number() == 1
    assert everything(index) == [1]
    assert everything(publish(store, [passage(3)])) == [1, 3]


def test_a_published_generation_survives_the_end_of_its_writer(store: IndexStore) -> None:
    with suppress(Interrupted), store.begin() as writer:
        writer.add([passage(1)], at_degrees(0))
        writer.publish()
        raise Interrupted
    assert everything(store.current()) == [1]


def test_an_empty_generation_finds_nothing(store: IndexStore) -> None:
    with store.begin() as writer:
        assert writer.publish().passages == 0
    index = store.current()
    assert index.search_dense(EAST, 3) == index.search_lexical("summit", 3) == []
    assert index.search_dense(EAST, 3, Filters(since=dt.date(2024, 1, 1))) == []
    assert index.document_frequencies(["summit", "the"]) == [0, 0]
    assert index.vectors([]).shape == (0, 2)
    assert len(index.passage_ids()) == len(index.sources()) == 0
    assert index.info.horizon == Horizon(0, None, None)


def test_an_opened_generation_does_not_change(store: IndexStore) -> None:
    opened = publish(store, [passage(1, "summit in Delhi"), passage(2, "summit in Moscow")])
    before = [opened.search_dense(EAST, 9), opened.search_lexical("summit moscow", 9), opened.info]
    for number in (3, 4, 5):
        with store.begin() as writer:
            writer.delete([1, 2])
            writer.add([passage(number, "summit")], at_degrees(0))
            writer.publish()
    assert [opened.search_dense(EAST, 9), opened.search_lexical("summit moscow", 9), opened.info] == before
    assert opened.document_frequencies(["moscow"]) == [1]
    np.testing.assert_allclose(opened.vectors([2]), at_degrees(1), atol=TOLERANCE)
    assert everything(store.current()) == [3, 4, 5]


# Removing generations


def publish_anew(store: IndexStore, number: int) -> None:
    publish_fresh(store, [passage(number)])


def test_the_last_two_generations_are_left(store: IndexStore) -> None:
    assert store.clean_up() is None
    for number, oldest in ((1, 1), (2, 1), (3, 2), (4, 3)):
        publish_anew(store, number)
        assert store.clean_up() == oldest
    assert everything(store.current()) == [4]


def test_a_generation_that_is_open_is_left_until_the_last_reader_has_closed_it(store: IndexStore) -> None:
    publish_anew(store, 1)
    first, second = store.current(), store.current()
    for number in (2, 3, 4):
        publish_anew(store, number)
        assert store.clean_up() == 1
    first.close()
    first.close()
    assert store.clean_up() == 1
    assert everything(second) == [1]
    second.close()
    assert store.clean_up() == 3


def test_a_generation_that_nobody_refers_to_any_more_is_not_held(store: IndexStore) -> None:
    publish_anew(store, 1)
    opened = [store.current()]
    for number in (2, 3, 4):
        publish_anew(store, number)
    assert store.clean_up() == 1
    opened.clear()
    assert store.clean_up() == 3


def test_the_last_good_generation_is_the_current_one_where_nothing_is_damaged(store: IndexStore) -> None:
    assert store.last_good() is None
    publish_anew(store, 1)
    publish_anew(store, 2)
    good = store.last_good()
    assert good is not None
    assert (good.info, everything(good)) == (store.current().info, [2])
    publish_anew(store, 3)
    publish_anew(store, 4)
    assert store.clean_up() == 2


def test_what_was_withdrawn_neither_answers_nor_stands_in_nor_is_built_upon(store: IndexStore) -> None:
    publish_anew(store, 1)
    publish_anew(store, 2)
    store.withdraw()
    assert (store.current_number(), store.last_good()) == (None, None)
    with pytest.raises(IndexMissing):
        store.current()
    assert everything(publish(store, [passage(3)])) == [3]


# Adding and deleting


def test_what_was_deleted_is_gone_everywhere(store: IndexStore) -> None:
    publish(store, [passage(1, "summit", "a", source="Wire"), passage(2, "treaty", "a"), passage(3, "treaty", "b")])
    with store.begin() as writer:
        writer.delete([1, 3])
        writer.publish()
    index = store.current()
    assert everything(index) == index.passage_ids().tolist() == [2]
    assert found(index.search_lexical("summit treaty", 9)) == [2]
    assert index.known_articles({"a", "b"}) == {"a"}
    assert (index.info.passages, index.info.horizon.articles) == (1, 1)
    with pytest.raises(KeyError):
        index.vectors([1])


def test_deleting_what_is_not_there_is_passed_over(store: IndexStore) -> None:
    publish(store, [passage(1)])
    with store.begin() as writer:
        writer.delete([404])
        writer.delete([])
        writer.add([passage(2)], at_degrees(0))
        writer.delete([2, 2])
        writer.publish()
    assert everything(store.current()) == store.current().passage_ids().tolist() == [1]
    assert found(store.current().search_lexical("summit", 9)) == [1]


def test_a_passage_can_be_replaced_within_one_generation(store: IndexStore) -> None:
    publish(store, [passage(1, "summit", "a", source="Old"), passage(2, "pact", "b")])
    with store.begin() as writer:
        writer.delete([1])
        writer.add([passage(1, "treaty", "a", source="New")], at_degrees(180))
        writer.publish()
    index = store.current()
    assert index.search_lexical("summit", 9) == []
    assert found(index.search_lexical("treaty", 9)) == [1]
    assert found(index.search_dense(at_degrees(180)[0], 1)) == [1]
    assert dict(index.sources()) == {"New": 1}
    assert index.info.passages == 2


@pytest.mark.parametrize("ids", [[1], [2], [3, 1], [4, 4]])
def test_an_id_that_is_there_already_is_refused(store: IndexStore, ids: list[int]) -> None:
    publish(store, [passage(1)])
    with store.begin() as writer:
        writer.add([passage(2)], at_degrees(0))
        with pytest.raises(ValueError, match="already"):
            writer.add([passage(number, "refused") for number in ids], at_degrees(*ids))
        writer.publish()
    assert everything(store.current()) == [1, 2]
    assert store.current().search_lexical("refused", 9) == []


@pytest.mark.parametrize("shape", [(1, 2), (3, 2), (2, 3), (2, 1), (4,)])
def test_vectors_of_another_shape_are_refused(store: IndexStore, shape: tuple[int, ...]) -> None:
    with store.begin() as writer:
        with pytest.raises(ValueError, match=r"\(2, 2\)"):
            writer.add([passage(1), passage(2)], np.zeros(shape, dtype=np.float32))
        writer.publish()
    assert everything(store.current()) == []


def test_no_passages_at_all_can_be_added(store: IndexStore) -> None:
    with store.begin() as writer:
        writer.add([], np.empty((0, 2), dtype=np.float32))
        writer.add([passage(1)], at_degrees(0))
        writer.publish()
    assert everything(store.current()) == [1]


def test_ids_may_be_as_large_as_a_database_makes_them(store: IndexStore) -> None:
    large = 2**40
    index = publish(store, [passage(large, "summit"), passage(3, "pact")], at_degrees(0, 90))
    assert found(index.search_dense(EAST, 2)) == [large, 3]
    assert found(index.search_lexical("summit", 2)) == [large]
    assert index.passage_ids().tolist() == [3, large]


# Dense search


def test_dense_scores_are_those_of_numpy(store: IndexStore) -> None:
    degrees = (0, 30, 45, 90, 135, 180, 200)
    vectors = at_degrees(*degrees)
    index = publish(store, [passage(number) for number in range(len(degrees))], vectors)
    for query in at_degrees(0, 37, 100, 270):
        expected = vectors @ query
        matches = index.search_dense(query, len(degrees))
        assert found(matches) == np.argsort(-expected, kind="stable").tolist()
        assert [match.score for match in matches] == pytest.approx(sorted(expected, reverse=True), abs=TOLERANCE)


def test_dense_search_of_two_vectors_worked_by_hand(store: IndexStore) -> None:
    vectors = np.array([[0.6, 0.8], [1.0, 0.0]], dtype=np.float32)
    index = publish(store, [passage(1, article="a"), passage(2, article="b")], vectors)
    first, second = index.search_dense(np.array([0.8, 0.6], dtype=np.float32), 2)
    assert (first.passage_id, first.article_id) == (1, "a")
    assert first.score == pytest.approx(0.6 * 0.8 + 0.8 * 0.6, abs=TOLERANCE)
    assert (second.passage_id, second.article_id) == (2, "b")
    assert second.score == pytest.approx(0.8, abs=TOLERANCE)


@pytest.mark.parametrize(("k", "count"), [(0, 0), (1, 1), (3, 3), (50, 4)])
def test_no_more_than_k_are_listed(store: IndexStore, k: int, count: int) -> None:
    index = publish(store, [passage(number) for number in range(1, 5)])
    assert found(index.search_dense(EAST, k)) == list(range(1, count + 1))
    assert len(index.search_lexical("summit", k)) == count


@pytest.fixture(scope="module")
def ties(shared_store: IndexStore) -> Index:
    publish_fresh(shared_store, [passage(8, source="Wire")])
    for number in (6, 9):
        publish(shared_store, [passage(number, source="Wire")])
    return publish(
        shared_store, [passage(number, source="Wire") for number in (4, 2, 7, 1, 5, 3)], at_degrees(*[0] * 6)
    )


@pytest.mark.parametrize("filters", [Filters(), Filters(sources=frozenset({"Wire"}))])
@pytest.mark.parametrize("k", [1, 3, 5, 9])
def test_equal_scores_come_by_ascending_id(ties: Index, filters: Filters, k: int) -> None:
    assert found(ties.search_dense(EAST, k, filters)) == list(range(1, k + 1))
    assert found(ties.search_lexical("summit", k, filters)) == list(range(1, k + 1))


@pytest.mark.parametrize("filters", [Filters(), Filters(sources=frozenset({"Wire"}))])
def test_the_same_vector_always_scores_the_same(open_store: OpenStore, filters: Filters) -> None:
    rng = np.random.default_rng(7)
    vector, query = (row / np.linalg.norm(row) for row in rng.standard_normal((2, 384)).astype(np.float32))
    index = publish(open_store(384), [passage(number, source="Wire") for number in range(33)], np.tile(vector, (33, 1)))
    matches = index.search_dense(query, 33, filters)
    assert sorted(found(matches)) == list(range(33))
    scores = [match.score for match in matches]
    # Where a vector lies in memory decides, on some processors, in which order Milvus Lite adds up its product.
    assert max(scores) - min(scores) <= (np.spacing(np.float32(max(scores))) if isinstance(index, MilvusIndex) else 0)
    assert [(-match.score, match.passage_id) for match in matches] == sorted(
        (-match.score, match.passage_id) for match in matches
    )


# Filters

DAY, MONTH, YEAR = PartialDate(2024, 7, 9), PartialDate(2024, 7), PartialDate(2024)
# By id: what it is filtered by. All share one word; the later ones are nearer to the query.
SHELF = {
    1: ("a", "Wire", DAY),
    2: ("a", "Wire", DAY),
    3: ("b", "Wire", MONTH),
    4: ("c", "Herald", YEAR),
    5: ("d", "Herald", None),
    6: ("e", "", DAY),
    7: ("f", "The Hindu, Delhi", PartialDate(2023, 12, 31)),
    8: ("g", "wire", PartialDate(2025)),
}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


FILTERED = [
    (Filters(), {1, 2, 3, 4, 5, 6, 7, 8}),
    (Filters(since=day("2024-07-09")), {1, 2, 3, 4, 6, 8}),
    (Filters(since=day("2024-07-10")), {3, 4, 8}),
    (Filters(since=day("2024-07-31")), {3, 4, 8}),
    (Filters(since=day("2024-08-01")), {4, 8}),
    (Filters(since=day("2024-12-31")), {4, 8}),
    (Filters(since=day("2025-01-01")), {8}),
    (Filters(since=day("2026-01-01")), set()),
    (Filters(until=day("2023-12-30")), set()),
    (Filters(until=day("2023-12-31")), {7}),
    (Filters(until=day("2024-01-01")), {4, 7}),
    (Filters(until=day("2024-06-30")), {4, 7}),
    (Filters(until=day("2024-07-01")), {3, 4, 7}),
    (Filters(until=day("2024-07-08")), {3, 4, 7}),
    (Filters(until=day("2024-07-09")), {1, 2, 3, 4, 6, 7}),
    (Filters(since=day("2024-07-09"), until=day("2024-07-09")), {1, 2, 3, 4, 6}),
    (Filters(since=day("2024-02-01"), until=day("2024-02-28")), {4}),
    (Filters(sources=frozenset({"Wire"})), {1, 2, 3}),
    (Filters(sources=frozenset({"The Hindu, Delhi", "wire"})), {7, 8}),
    (Filters(sources=frozenset({"Hindu"})), set()),
    (Filters(sources=frozenset({"Wire", "unknown"})), {1, 2, 3}),
    (Filters(sources=frozenset()), set()),
    (Filters(article_ids=frozenset({"a"})), {1, 2}),
    (Filters(article_ids=frozenset({"a", "d", "unknown"})), {1, 2, 5}),
    (Filters(article_ids=frozenset()), set()),
    (Filters(sources=frozenset({"Wire"}), article_ids=frozenset({"b", "d"})), {3}),
    (Filters(since=day("2024-07-10"), sources=frozenset({"Wire", "Herald"})), {3, 4}),
    (Filters(until=day("2024-07-09"), article_ids=frozenset({"a", "d", "g"})), {1, 2}),
    (
        Filters(day("2024-07-01"), day("2024-07-31"), frozenset({"Wire"}), frozenset({"a", "c", "e"})),
        {1, 2},
    ),
]


@pytest.fixture(scope="module")
def shelf(shared_store: IndexStore) -> Index:
    passages = [
        passage(number, "summit", article, source=source, published=published)
        for number, (article, source, published) in SHELF.items()
    ]
    return publish_fresh(shared_store, passages, at_degrees(*(90 - 10 * number for number in SHELF)))


@pytest.mark.parametrize(("filters", "kept"), FILTERED)
def test_filters_keep_what_they_should(shelf: Index, filters: Filters, kept: set[int]) -> None:
    assert found(shelf.search_dense(EAST, 100, filters)) == sorted(kept, reverse=True)
    assert found(shelf.search_lexical("summit", 100, filters)) == sorted(kept)


@pytest.mark.parametrize(("filters", "kept"), FILTERED)
def test_filters_act_before_k_is_counted(shelf: Index, filters: Filters, kept: set[int]) -> None:
    for k in (1, 2):
        assert found(shelf.search_dense(EAST, k, filters)) == sorted(kept, reverse=True)[:k]
        assert found(shelf.search_lexical("summit", k, filters)) == sorted(kept)[:k]


@pytest.mark.parametrize("filters", [filters for filters, _ in FILTERED])
def test_filters_leave_scores_as_they_are(shelf: Index, filters: Filters) -> None:
    for search in (
        lambda kept: shelf.search_dense(EAST, 100, kept),
        lambda kept: shelf.search_lexical("summit", 100, kept),
    ):
        scores = {match.passage_id: match.score for match in search(Filters())}
        for match in search(filters):
            assert match.score == pytest.approx(scores[match.passage_id], abs=1e-5)


def test_filters_may_keep_thousands(store: IndexStore) -> None:
    count = 6000
    degrees = np.random.default_rng(3).uniform(0, 180, count)
    passages = [passage(n, source="Wire" if n % 5 else "Herald") for n in range(count)]
    index = publish(store, passages, at_degrees(*degrees))
    stored = index.vectors(range(count)) @ EAST
    expected = [n for n in np.lexsort((np.arange(count), -stored)).tolist() if n % 5][:7]
    matches = index.search_dense(EAST, 7, Filters(sources=frozenset({"Wire"})))
    assert [match.score for match in matches] == pytest.approx(stored[expected], abs=1e-6)
    assert found(matches) == expected


# Lexical search


def test_a_passage_with_more_of_the_words_comes_first(store: IndexStore) -> None:
    index = publish(
        store,
        [
            passage(1, "The envoy spoke in Delhi for an hour."),
            passage(2, "The envoy praised the treaty in Delhi."),
            passage(3, "Rain fell on the coast all day long."),
        ],
    )
    matches = index.search_lexical("envoy treaty", 9)
    assert [(match.passage_id, match.article_id) for match in matches] == [(2, "article-2"), (1, "article-1")]
    assert matches[0].score > matches[1].score > 0


def test_a_rare_word_weighs_more_than_a_common_one(store: IndexStore) -> None:
    texts = ["summit pact", "summit talks", "summit lunch", "summit walk", "treaty walk"]
    index = publish(store, [passage(number, text) for number, text in enumerate(texts)])
    assert found(index.search_lexical("summit treaty", 1)) == [4]


def test_the_title_is_searched_too(store: IndexStore) -> None:
    index = publish(store, [passage(1, "He flew home.", title="Envoy in Tehran"), passage(2, "She stayed.")])
    assert found(index.search_lexical("tehran", 9)) == [1]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("The leader spoke.", "leaders"),
        ("Both leaders spoke.", "Leader"),
        ("SANCTIONS were imposed.", "sanction"),
        ("Elections in Türkiye", "turkiye"),
        ("Elections in Turkiye", "TÜRKIYE"),
        ("São Tomé voted.", "sao tome"),
        ("India’s envoy left.", "india"),
        ("the S-400 deal", "S-400"),
        ("a 90-day pause", "90"),
    ],
)
def test_words_are_found_in_other_forms(store: IndexStore, text: str, query: str) -> None:
    index = publish(store, [passage(1, text), passage(2, "Nothing of that kind happened.")])
    assert found(index.search_lexical(query, 9)) == [1]


@pytest.fixture(scope="module")
def few_words(shared_store: IndexStore) -> Index:
    texts = ["The end of the war and the way to peace.", "?!… — “”", "summit", "pact"]
    return publish_fresh(shared_store, [passage(number, text) for number, text in enumerate(texts, 1)])


@pytest.mark.parametrize("query", ["", "   ", "the of and to", "The. Of? AND!", "?!… — “”", "xylophone"])
def test_a_query_without_a_word_to_find_gives_nothing(few_words: Index, query: str) -> None:
    assert few_words.search_lexical(query, 9) == []


HOSTILE = [
    '"summit',
    'summit "',
    "title:summit",
    "id:1 summit",
    "summit AND",
    "NOT summit",
    "AND OR NOT summit",
    "summit && || !",
    "(summit",
    "summit)",
    "[summit TO",
    "{summit]",
    "summit^5",
    "summit~2",
    "+summit -summit",
    "sum*mit summit",
    "summit\\",
    "/summit/ summit",
    "summit\x00\x1b[2J\u202e",
    "summit \ud800",
    "summit' OR 1=1 --",
    "summit " * 285,
    "summit " + "x" * 1992,
    "summit " + " ".join(f"word{n}" for n in range(200)),
    "summit 🕊️ 首脑会议 قمة",
]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_queries_are_only_words(few_words: Index, query: str) -> None:
    assert found(few_words.search_lexical(query[:2000], 9)) == [3]


def test_a_query_in_another_language_is_searched(store: IndexStore) -> None:
    index = publish(store, [passage(1, "Саммит прошёл в Москве."), passage(2, "Встреча в Дели.")])
    assert found(index.search_lexical("саммит в", 1)) == [1]


def test_hostile_filters_are_only_names(store: IndexStore) -> None:
    names = ['a" OR "b', "id:1", "", "x" * 70_000]
    index = publish(store, [passage(1, article='a" OR "b', source="id:1")])
    for name in names:
        for filters, match in (
            (Filters(sources=frozenset({name})), name == "id:1"),
            (Filters(article_ids=frozenset({name})), name == 'a" OR "b'),
        ):
            assert found(index.search_lexical("summit", 9, filters)) == [1] * match
            assert found(index.search_dense(EAST, 9, filters)) == [1] * match


# What an index knows of its passages


def test_document_frequencies_count_passages(store: IndexStore) -> None:
    texts = ["The leader met the leaders.", "A leader of Türkiye left.", "The treaty lapsed."]
    index = publish(store, [passage(number, text, title="treaty") for number, text in enumerate(texts)])
    words = ["leader", "LEADERS", "turkiye", "treaty", "unknown", "the", "of", "?"]
    assert index.document_frequencies(words) == [2, 2, 1, 1, 0, 3, 3, 3]
    assert index.document_frequencies([]) == []


def test_document_frequencies_never_exceed_the_number_of_passages(store: IndexStore) -> None:
    publish(store, [passage(number) for number in range(1, 9)])
    with store.begin() as writer:
        writer.delete(range(1, 8))
        writer.publish()
    (frequency,) = store.current().document_frequencies(["summit"])
    assert frequency == store.current().info.passages == 1


def test_sources_count_articles(shelf: Index) -> None:
    assert dict(shelf.sources()) == {"Wire": 2, "Herald": 2, "The Hindu, Delhi": 1, "wire": 1}


def test_known_articles_are_those_of_the_generation(shelf: Index) -> None:
    assert shelf.known_articles(["a", "g", "unknown", ""]) == {"a", "g"}
    assert shelf.known_articles([]) == set()


@pytest.mark.parametrize(
    ("published", "first", "last"),
    [
        ([None, DAY, None], DAY, DAY),
        ([YEAR, MONTH, DAY], YEAR, YEAR),
        ([PartialDate(2023, 12, 31), YEAR], PartialDate(2023, 12, 31), YEAR),
        ([PartialDate(2024, 12, 31), YEAR, PartialDate(2024, 12)], YEAR, PartialDate(2024, 12, 31)),
        ([YEAR, PartialDate(2024, 1, 1), MONTH], PartialDate(2024, 1, 1), YEAR),
        ([None, None], None, None),
    ],
)
def test_the_horizon_spans_what_dates_may_mean(
    store: IndexStore, published: list[PartialDate | None], first: PartialDate | None, last: PartialDate | None
) -> None:
    index = publish(store, [passage(number, published=date) for number, date in enumerate(published)])
    assert index.info.horizon == Horizon(len(published), first, last)


def test_dates_of_publication_come_back_in_the_order_asked_for(store: IndexStore) -> None:
    dated = [passage(7, article="a", published=YEAR), passage(5, article="b"), passage(9, article="c", published=DAY)]
    index = publish(store, dated)
    assert index.published([9, 5, 7, 9]) == [DAY, None, YEAR, DAY]
    assert index.published([]) == []
    for unknown in ([6], [9, 10], [1]):
        with pytest.raises(KeyError):
            index.published(unknown)


def test_an_index_without_passages_knows_no_dates(store: IndexStore) -> None:
    index = publish(store, [])
    assert index.published([]) == []
    with pytest.raises(KeyError):
        index.published([1])


def test_vectors_come_back_in_the_order_asked_for(store: IndexStore) -> None:
    vectors = at_degrees(10, 20, 30)
    index = publish(store, [passage(7), passage(5), passage(9)], vectors)
    back = index.vectors([9, 7, 5, 7])
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, vectors[[2, 0, 1, 0]], atol=TOLERANCE)
    assert index.vectors([]).shape == (0, 2)


@pytest.mark.parametrize("ids", [[404], [1, 404], [-1]])
def test_vectors_of_unknown_passages_are_refused(store: IndexStore, ids: list[int]) -> None:
    with pytest.raises(KeyError):
        publish(store, [passage(1)]).vectors(ids)


def test_passage_ids_ascend(store: IndexStore) -> None:
    publish(store, [passage(9), passage(2)])
    ids = publish(store, [passage(5)]).passage_ids()
    assert ids.tolist() == [2, 5, 9]
    assert ids.dtype == np.int64


def test_an_index_can_be_searched_from_several_threads(shelf: Index) -> None:
    def search(number: int) -> object:
        filters = FILTERED[number % len(FILTERED)][0]
        return shelf.search_dense(EAST, 5, filters), shelf.search_lexical("summit", 5, filters)

    alone = [search(number) for number in range(60)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(search, range(60))) == alone


def test_changed_vectors_of_the_caller_do_not_change_the_index(store: IndexStore) -> None:
    vectors = at_degrees(0, 90)
    with store.begin() as writer:
        writer.add([passage(1), replace(passage(2), article_id="b")], vectors)
        vectors[:] = at_degrees(180)
        writer.publish()
    assert store.current().search_dense(EAST, 1)[0].score == pytest.approx(1, abs=TOLERANCE)
