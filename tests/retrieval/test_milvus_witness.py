"""A query node that has just taken another's place answers as if nothing were stored; that is never believed."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.dates import PartialDate
from retrieval.errors import IndexDamaged, IndexUnavailable
from retrieval.index.milvus.rows import Row
from retrieval.index.milvus.server import Access, MilvusServer
from retrieval.index.milvus.store import MilvusIndexStore
from retrieval.index.port import Index, IndexedPassage
from retrieval.types import Filters
from tests.retrieval.milvus_stores import AT_ONCE, lite, place

EAST = np.array([1, 0], dtype=np.float32)
DAY = PartialDate(2024, 7, 9)
PATIENCE = 1.0


class TakenOver(MilvusServer):
    """A server whose query nodes read nothing so many times."""

    empty_answers = 0

    def _empty(self) -> bool:
        self.empty_answers -= 1
        return self.empty_answers >= 0

    def count(self, *asked: Any, **more: Any) -> int:  # noqa: ANN401 (as it was asked)
        return 0 if self._empty() else super().count(*asked, **more)

    def rows(self, *asked: Any, **more: Any) -> dict[int, Row]:  # noqa: ANN401 (as it was asked)
        return {} if self._empty() else super().rows(*asked, **more)

    def select(self, *asked: Any, **more: Any) -> list[Row]:  # noqa: ANN401 (as it was asked)
        return [] if self._empty() else super().select(*asked, **more)

    def stream(self, *asked: Any, **more: Any) -> Iterator[list[Row]]:  # noqa: ANN401 (as it was asked)
        return iter(()) if self._empty() else super().stream(*asked, **more)

    def nearest(self, *asked: Any, **more: Any) -> list[tuple[int, float, str]]:  # noqa: ANN401 (as it was asked)
        return [] if self._empty() else super().nearest(*asked, **more)


@pytest.fixture(scope="module")
def server() -> TakenOver:
    return TakenOver(lite().location, Access(timeout=PATIENCE))


def opened(server: MilvusServer, folder: Path) -> MilvusIndexStore:
    return MilvusIndexStore(place(server, folder), "e", 2, grace=AT_ONCE)


@pytest.fixture(scope="module")
def store(server: TakenOver, tmp_path_factory: pytest.TempPathFactory) -> MilvusIndexStore:
    return opened(server, tmp_path_factory.mktemp("shared"))


def publish(store: MilvusIndexStore, passages: Sequence[IndexedPassage]) -> Index:
    with store.begin() as writer:
        writer.add(passages, np.tile(EAST, (len(passages), 1)))
        writer.publish()
    return store.current()


PASSAGES = [
    IndexedPassage(1, "a", "", "", "Wire", DAY),
    IndexedPassage(2, "a", "", "", "Wire", None),
    IndexedPassage(3, "b", "", "", "Herald", PartialDate(2024)),
]


@pytest.fixture(scope="module")
def index(store: MilvusIndexStore) -> Index:
    return publish(store, PASSAGES)


def found(index: Index, filters: Filters, k: int = 9) -> list[int]:
    return [match.passage_id for match in index.search_dense(EAST, k, filters)]


@pytest.mark.parametrize("k", [1, 9])
@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), [1, 2, 3]),
        (Filters(sources=frozenset({"Wire"})), [1, 2]),
        (Filters(sources=frozenset({"Herald"})), [3]),
        (Filters(article_ids=frozenset({"b", "nowhere"})), [3]),
        (Filters(since=dt.date(2024, 8, 1)), [3]),
        (Filters(until=DAY.first), [1, 3]),
        (Filters(sources=frozenset({"nobody"})), []),
        (Filters(since=dt.date(2025, 1, 1)), []),
        (Filters(sources=frozenset({"unstorable \ud800"})), []),
    ],
)
@pytest.mark.parametrize("empty_answers", [0, 1, 2, 3])
def test_a_search_finds_what_passes_whoever_answers_first(
    index: Index, server: TakenOver, filters: Filters, kept: list[int], k: int, empty_answers: int
) -> None:
    server.empty_answers = empty_answers
    assert found(index, filters, k) == kept[:k]


READS: list[tuple[Callable[[Index], object], object]] = [
    (lambda index: index.published([1, 2]), [DAY, None]),
    (lambda index: index.vectors([3]).tolist(), [[1, 0]]),
    (lambda index: index.known_articles(["b", "nowhere"]), {"b"}),
    (lambda index: index.known_articles(["nowhere"]), set()),
    (lambda index: index.passage_ids().tolist(), [1, 2, 3]),
]


@pytest.mark.parametrize(("read", "right"), READS)
@pytest.mark.parametrize("empty_answers", [1, 2])
def test_what_is_read_is_whole(
    index: Index, server: TakenOver, read: Callable[[Index], object], right: object, empty_answers: int
) -> None:
    server.empty_answers = empty_answers
    assert read(index) == right


@pytest.mark.parametrize("read", [*(read for read, _ in READS), lambda index: found(index, Filters())])
def test_where_no_query_node_gets_ready_the_server_cannot_be_used(
    index: Index, server: TakenOver, read: Callable[[Index], object]
) -> None:
    server.empty_answers = 10_000
    with pytest.raises(IndexUnavailable, match="no query node has all of"):
        read(index)


def test_a_generation_is_opened_once_a_query_node_has_it(
    index: Index, store: MilvusIndexStore, server: TakenOver
) -> None:
    for server.empty_answers in (1, 2, 3):
        assert found(store.current(), Filters()) == [1, 2, 3]
    server.empty_answers = 10_000
    with pytest.raises(IndexDamaged):
        store.current()


def test_no_generation_is_removed_because_its_note_was_not_seen_at_first(tmp_path: Path) -> None:
    server = TakenOver(lite().location, Access(timeout=PATIENCE))
    store = opened(server, tmp_path)
    publish(store, PASSAGES).close()
    publish(store, [IndexedPassage(4, "c", "", "")]).close()
    server.empty_answers = 1
    assert store.clean_up() == 1
    stands_in = store.last_good(before=2)
    assert stands_in is not None
    assert stands_in.passage_ids().tolist() == [1, 2, 3]
