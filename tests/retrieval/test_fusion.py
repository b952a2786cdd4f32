from collections.abc import Callable
from threading import Barrier, Event, current_thread, main_thread
from typing import Any

import numpy as np
import pytest

from retrieval.dates import PartialDate
from retrieval.encoders.port import Vectors
from retrieval.fusion import search
from retrieval.index.memory import MemoryIndex, MemoryIndexStore
from retrieval.index.port import IndexedPassage
from retrieval.types import Filters


def east() -> Vectors:
    """A question's encoding."""
    return np.array([1, 0], dtype=np.float32)


@pytest.fixture
def index() -> MemoryIndex:
    store = MemoryIndexStore("plane", 2)
    passages = [
        IndexedPassage(9, "a", "", "The pact", "Wire"),
        IndexedPassage(4, "b", "", "The summit", "Herald"),
        IndexedPassage(6, "a", "", "The summit and the treaty", "Wire"),
    ]
    with store.begin() as writer:
        writer.add(passages, np.array([[1, 0], [0.6, 0.8], [0.28, 0.96]], dtype=np.float32))
        writer.publish()
    return store.current()


def test_what_either_search_finds_is_a_candidate(index: MemoryIndex) -> None:
    found = search(index, "treaty", east, 1, Filters())
    assert found.ids.tolist() == [6, 9]
    assert found.article_ids == ("a", "a")
    assert found.dense_rank.tolist() == [0, 1]
    assert found.lexical_rank.tolist() == [1, 0]
    # Each has its exact cosine, listed or not, but a lexical score only where it is listed.
    assert found.dense == pytest.approx([0.28, 1.0])
    assert found.lexical[0] > 0
    assert found.lexical[1] == 0


def test_a_passage_found_by_both_is_one_candidate(index: MemoryIndex) -> None:
    found = search(index, "summit treaty", east, 3, Filters())
    assert found.ids.tolist() == [4, 6, 9]
    assert found.article_ids == ("b", "a", "a")
    assert found.dense_rank.tolist() == [2, 3, 1]
    assert found.lexical_rank.tolist() == [2, 1, 0]
    assert found.dense == pytest.approx([0.6, 0.28, 1.0])
    assert found.lexical[1] > found.lexical[0] > found.lexical[2] == 0


def test_depth_counts_for_each_search(index: MemoryIndex) -> None:
    assert search(index, "summit", east, 2, Filters()).ids.tolist() == [4, 6, 9]
    assert search(index, "pact", east, 1, Filters()).ids.tolist() == [9]


def test_filters_act_on_both_searches(index: MemoryIndex) -> None:
    found = search(index, "summit", east, 1, Filters(sources=frozenset({"Herald"})))
    assert found.ids.tolist() == [4]
    assert (found.dense_rank.tolist(), found.lexical_rank.tolist()) == ([1], [1])


def test_candidates_know_how_new_they_are_where_that_is_asked_for() -> None:
    store = MemoryIndexStore("plane", 2)
    dates = {1: PartialDate(2024, 7, 9), 2: PartialDate(2023, 7, 10), 3: None}
    with store.begin() as writer:
        passages = [IndexedPassage(n, f"article-{n}", "", "summit", published=date) for n, date in dates.items()]
        writer.add(passages, np.array([[1, 0]] * 3, dtype=np.float32))
        writer.publish()
    assert search(store.current(), "latest summit", east, 3, Filters()).newness == pytest.approx([1.0, 0.5, 0.75])
    assert search(store.current(), "summit", east, 3, Filters()).newness.tolist() == [0.0, 0.0, 0.0]


def test_nothing_found_is_no_candidate(index: MemoryIndex) -> None:
    found = search(index, "summit", east, 9, Filters(article_ids=frozenset()))
    assert len(found) == len(found.dense) == len(found.lexical) == 0
    assert found.article_ids == ()


class Watched:
    """An index, before whose searches something is done."""

    def __init__(self, inner: MemoryIndex, before: Callable[[str], object]) -> None:
        self._inner, self._before = inner, before

    def __getattr__(self, name: str) -> object:
        found: Any = getattr(self._inner, name)
        if not name.startswith("search"):
            return found

        def searched(*given: object) -> object:
            self._before(name)
            return found(*given)

        return searched


def test_both_searches_go_on_at_the_same_time(index: MemoryIndex) -> None:
    meeting = Barrier(2, timeout=5)
    watched: Any = Watched(index, lambda _: meeting.wait())
    assert search(watched, "treaty", east, 1, Filters()).ids.tolist() == [6, 9]


def test_the_search_by_words_does_not_wait_for_the_encoding(index: MemoryIndex) -> None:
    begun = Event()
    watched: Any = Watched(index, lambda name: begun.set() if name == "search_lexical" else None)

    def encoded() -> Vectors:
        assert begun.wait(5)
        return east()

    assert search(watched, "treaty", encoded, 1, Filters()).ids.tolist() == [6, 9]


def test_searches_that_take_no_time_go_on_one_after_the_other(index: MemoryIndex) -> None:
    index.at_once = False
    steps: list[str] = []
    watched: Any = Watched(index, lambda name: steps.append(f"{name} {current_thread() is main_thread()}"))

    def encoded() -> Vectors:
        steps.append("encoded")
        return east()

    assert search(watched, "treaty", encoded, 1, Filters()).ids.tolist() == [6, 9]
    assert steps == ["encoded", "search_dense True", "search_lexical True"]


def test_a_question_that_cannot_be_encoded_is_not_searched_for(index: MemoryIndex) -> None:
    def failing() -> Vectors:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        search(index, "treaty", failing, 1, Filters())


@pytest.mark.parametrize("failing", ["search_dense", "search_lexical"])
def test_what_goes_wrong_in_either_search_is_raised_when_both_have_ended(index: MemoryIndex, failing: str) -> None:
    began: list[str] = []

    def fail(name: str) -> None:
        began.append(name)
        if name == failing:
            raise OSError("the disk is gone")

    watched: Any = Watched(index, fail)
    with pytest.raises(OSError, match="the disk is gone"):
        search(watched, "treaty", east, 1, Filters())
    assert sorted(began) == ["search_dense", "search_lexical"]
