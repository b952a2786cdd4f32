"""What only a real server shows. ``test_milvus_server.py`` runs this beside one, in a network namespace of its own."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders.port import Vectors
from retrieval.errors import IndexUnavailable
from retrieval.index.milvus.server import Access, MilvusServer, Shape
from retrieval.index.milvus.store import MilvusGenerations, MilvusIndexStore, MilvusPlace
from retrieval.index.port import Index, IndexedPassage
from retrieval.types import Filters
from tests.retrieval.milvus_server import GAVE_UP, TOKEN, URL
from tests.retrieval.milvus_stores import AT_ONCE, location, place, real, real_server

DIMENSION = 32
COUNT = 20_000
QUERIES = 50
# Of all passages: the outlet's name says so.
SHARES = {"half": 0.5, "twentieth": 0.05, "two-hundredth": 0.005}


def unit(count: int, seed: int) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def passages(first: int, count: int, source: Callable[[int], str] = lambda _: "Wire") -> list[IndexedPassage]:
    return [IndexedPassage(n, f"article-{n}", "", f"summit {n}", source(n)) for n in range(first, first + count)]


def filled(store: MilvusIndexStore, first: int, count: int) -> None:
    with store.begin() as writer:
        writer.add(passages(first, count), unit(count, first))
        writer.publish()


def restarted(store: MilvusIndexStore) -> Index:
    """The current generation, once the server is up again and has loaded it."""
    real_server().start()
    for _ in range(60):
        try:
            return store.current()
        except IndexUnavailable:
            time.sleep(1)
    return store.current()


def outlet(number: int) -> str:
    """Of each two hundred, one, ten and a hundred are of the outlets that filters keep."""
    at = number % 200
    return "two-hundredth" if at == 0 else "twentieth" if at <= 10 else "half" if at <= 110 else "rest"


@pytest.fixture(autouse=True)
def _on_a_server_that_goes_on() -> Iterator[None]:
    """Where the machine stands still for a minute, the server gives up: what the tests find then says nothing."""
    yield
    if real_server().process.poll() is not None:
        pytest.exit(real_server().last_words(), returncode=GAVE_UP)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, Vectors]:
    """A generation that is large enough to be searched by its graph, and its vectors."""
    store = MilvusIndexStore(place(real(), tmp_path_factory.mktemp("large")), "e", DIMENSION, grace=AT_ONCE)
    vectors = unit(COUNT, 7)
    with store.begin() as writer:
        writer.add(passages(0, COUNT, outlet), vectors)
        writer.publish()
    return store.current(), vectors


@pytest.mark.parametrize("kept", ["", *SHARES])
def test_filters_lose_no_recall(large: tuple[Index, Vectors], kept: str) -> None:
    index, vectors = large
    passing = np.array([n for n in range(COUNT) if not kept or outlet(n) == kept])
    filters = Filters(sources=frozenset({kept})) if kept else Filters()
    right = 0
    for query in unit(QUERIES, 11):
        exact = passing[np.argsort(-(vectors[passing] @ query), kind="stable")[:10]]
        right += len(set(exact.tolist()) & {match.passage_id for match in index.search_dense(query, 10, filters)})
    assert right >= 0.99 * QUERIES * 10
    if kept:
        assert len(passing) == pytest.approx(SHARES[kept] * COUNT, rel=0.01)


def test_a_flip_is_seen_by_another_client_within_a_second(tmp_path: Path) -> None:
    mine = place(real(), tmp_path)
    store = MilvusIndexStore(mine, "e", DIMENSION, grace=AT_ONCE)
    other = MilvusGenerations(MilvusPlace(real(), mine.name, mine.words), "e")
    filled(store, 1, 10)
    assert other.current_number() == 1
    filled(store, 11, 10)
    flipped = time.monotonic()
    while other.current_number() != 2:
        assert time.monotonic() - flipped < 1
    assert other.current().passage_ids().tolist() == list(range(1, 21))


def test_what_was_written_outlives_the_server(tmp_path: Path) -> None:
    store = MilvusIndexStore(place(real(), tmp_path), "e", DIMENSION, grace=AT_ONCE)
    filled(store, 1, 3000)
    writer = store.begin()
    writer.delete(range(1, 1001))
    writer.add(passages(5001, 2000), unit(2000, 5001))
    writer.delete(range(5001, 5501))
    real_server().kill()
    with pytest.raises(IndexUnavailable, match=r"http://127\.0\.0\.1:19530.*BACKCHANNEL_MILVUS_TOKEN"):
        store.current_number()
    before = restarted(store)
    assert before.info.number == 1
    assert before.passage_ids().tolist() == list(range(1, 3001))
    with writer:
        writer.publish()
    index = store.current()
    assert index.passage_ids().tolist() == [*range(1001, 3001), *range(5501, 7001)]
    own = unit(2000, 5001)[1999]
    assert index.search_dense(own, 1)[0].passage_id == 7000


def test_the_generation_that_may_have_to_stand_in_is_loaded_when_it_does(tmp_path: Path) -> None:
    lying = place(real(), tmp_path)
    for number in (1, 2):
        filled(MilvusIndexStore(lying, "e", DIMENSION, grace=AT_ONCE), number, 1)
    store = MilvusIndexStore(lying, "e", DIMENSION, grace=AT_ONCE)
    assert store.clean_up() == 1
    stands_in = store.last_good(before=2)
    assert stands_in is not None
    assert stands_in.passage_ids().tolist() == [1]


def test_a_wrong_token_is_refused_in_one_line_without_it(tmp_path: Path) -> None:
    real_server()
    secret = "root:not-the-password"  # noqa: S105
    store = MilvusIndexStore(place(MilvusServer(location(URL), Access(secret)), tmp_path), "e", 2)
    with pytest.raises(IndexUnavailable, match="BACKCHANNEL_MILVUS_TOKEN") as refused:
        store.current_number()
    assert "\n" not in str(refused.value)
    assert secret.partition(":")[2] not in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_shards_replicas_and_partitions_can_be_set(tmp_path: Path) -> None:
    server = real()
    store = MilvusIndexStore(place(server, tmp_path), "e", DIMENSION, Shape(shards=2, partitions=2), AT_ONCE)
    with store.begin() as writer:
        writer.add(passages(0, 300, outlet), unit(300, 1))
        writer.publish()
    index = store.current()
    found = index.search_dense(unit(1, 2)[0], 300, Filters(sources=frozenset({"half"})))
    assert sorted(match.passage_id for match in found) == [n for n in range(300) if outlet(n) == "half"]


def test_more_replicas_than_query_nodes_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    server = real()
    lying = place(server, tmp_path)
    with pytest.raises(IndexUnavailable):
        MilvusIndexStore(lying, "e", DIMENSION, Shape(replicas=3)).begin()
    assert MilvusGenerations(lying, "e").last_good() is None
