"""What several replicas have in common: events, rates, states of the index, and one run at a time."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from corpus.admissions import Exceeded, Limit
from corpus.catalogue import Catalogue, KnownFeed
from corpus.clock import utc_now
from corpus.database import Place
from corpus.errors import CatalogueError, IndexBusy
from corpus.events import OpenQuestion
from corpus.journal import Journal
from corpus.progress import Step
from retrieval.errors import IndexDamaged
from retrieval.index.port import GenerationInfo
from retrieval.types import Article, Horizon, Span

OSLO = Article("oslo", "Envoys met in Oslo.", "Talks", "The Wire", "https://w.example/1")


@pytest.fixture
def journals(place: Place) -> Iterator[tuple[Journal, Journal]]:
    journals = Journal(place, "a"), Journal(place, "b")
    yield journals
    for journal in journals:
        journal.close()


# Events


def test_what_a_replica_is_at_is_its_own_as_long_as_it_is_heard_of(journals: tuple[Journal, Journal]) -> None:
    a, b = journals
    a.heard()
    assert (a.first_sight("e", "question"), b.first_sight("e", "question")) == (True, False)
    assert b.take_over("e") is False
    assert b.left_open(utc_now()) == []
    assert a.take_over("e") is True  # as when it comes again after a crash


@pytest.mark.parametrize("lost", [Journal.left, lambda journal: None])
def test_what_a_lost_replica_was_at_is_taken_up_by_one(
    journals: tuple[Journal, Journal], place: Place, lost: Callable[[Journal], None]
) -> None:
    a, b = journals
    c = Journal(place, "c")
    for journal in (b, c):
        journal.lost_after = 3600
        journal.heard()
    a.first_sight("e", "question")
    lost(a)
    assert b.left_open(utc_now()) == c.left_open(utc_now()) == [OpenQuestion("e", "question")]
    assert [b.take_over("e"), c.take_over("e")] == [True, False]
    assert c.left_open(utc_now()) == []
    c.close()


def test_a_replica_that_says_nothing_for_long_is_lost(journals: tuple[Journal, Journal]) -> None:
    a, b = journals
    a.heard()
    a.first_sight("e", "question")
    b.lost_after = -1
    assert b.left_open(utc_now()) == [OpenQuestion("e", "question")]


def test_a_replica_takes_up_what_it_was_at_before_it_was_started_again(journals: tuple[Journal, Journal]) -> None:
    a, _ = journals
    a.first_sight("e", "question")
    assert a.left_open(utc_now() - dt.timedelta(minutes=1)) == []
    assert a.left_open(utc_now() + dt.timedelta(minutes=1)) == [OpenQuestion("e", "question")]


def test_of_what_is_handled_or_cannot_be_taken_up_nothing_is_left(journals: tuple[Journal, Journal]) -> None:
    a, b = journals
    a.first_sight("done", "question")
    a.handled("done")
    a.first_sight("press")
    assert b.left_open(utc_now()) == []
    assert a._column(text("SELECT question FROM events")) == ["", ""]


def test_nobody_waits_for_an_answer_for_hours(journals: tuple[Journal, Journal]) -> None:
    a, b = journals
    a.first_sight("e", "question")
    long_ago = (utc_now() - dt.timedelta(hours=2)).isoformat()
    a._write(text("UPDATE events SET seen = :then").bindparams(then=long_ago))
    assert b.left_open(utc_now()) == []
    a.expire(utc_now() - dt.timedelta(days=90))
    assert a._column(text("SELECT question FROM events")) == [""]


def test_replicas_agree_on_what_was_proposed_first(journals: tuple[Journal, Journal]) -> None:
    a, b = journals
    assert [a.agreed("salt", "x"), b.agreed("salt", "y"), b.agreed("other", "z")] == ["x", "x", "z"]


# Rates


def test_what_is_admitted_counts_over_all_replicas(journals: tuple[Journal, Journal]) -> None:
    a, b = journals
    limits = [Limit("person", 2, 60), Limit("channel", 3, 60)]
    assert [journal.admit(limits) for journal in (a, b)] == [None, None]
    refused = a.admit(limits)
    assert refused is not None
    assert refused.place == 0
    assert 50 < refused.wait <= 60
    other = [Limit("another", 2, 60), Limit("channel", 3, 60)]
    assert b.admit(other) is None  # what was refused was not counted
    refused = b.admit(other)
    assert isinstance(refused, Exceeded)
    assert refused.place == 1


def test_what_was_admitted_long_ago_counts_no_more_and_is_forgotten_with_the_person(
    journals: tuple[Journal, Journal],
) -> None:
    a, _ = journals
    limit = [Limit("person", 1, 60)]
    assert a.admit(limit) is None
    a._write(text("UPDATE admissions SET at = at - 61"))
    assert a.admit(limit) is None
    a.forget("person")
    assert a._column(text("SELECT count(*) FROM admissions")) == [0]


# States of the index


@pytest.fixture
def catalogues(place: Place) -> Iterator[tuple[Catalogue, Catalogue]]:
    catalogues = Catalogue(place, "a"), Catalogue(place, "b")
    catalogues[0].add_feed(KnownFeed("wire", "/news/wire"))
    yield catalogues
    for catalogue in catalogues:
        catalogue.close()


def change(catalogue: Catalogue, said: str) -> list[int]:
    """Store another text of an article; returns the ids of its passages."""
    catalogue.store("wire", [replace(OSLO, text=said)])
    rows = catalogue.revisions(catalogue.uncut("encoder"))
    catalogue.store_passages(((r, a, [Span(0, len(a.text))]) for r, a in rows), "encoder")
    return [int(i) for i in catalogue.current_passages()]


def publish(catalogue: Catalogue, number: int, created: str = "2024-07-09") -> None:
    catalogue.published(GenerationInfo(number, created, "encoder", 64, 1, Horizon(1, None, None)))


def test_an_index_is_behind_until_it_has_what_another_one_published(catalogues: tuple[Catalogue, Catalogue]) -> None:
    a, b = catalogues
    assert (a.behind(), b.behind()) == (False, False)
    change(a, "Envoys met.")
    publish(a, 1)
    assert (a.behind(), b.behind()) == (False, True)
    publish(b, 7)
    assert (a.behind(), b.behind()) == (False, False)
    publish(a, 2)  # nothing is new
    assert (a.behind(), b.behind()) == (False, False)


def test_replicas_that_share_an_index_are_never_behind_each_other(place: Place) -> None:
    a, b = (Catalogue(place, replica, "milvus+http://host news") for replica in "ab")
    a.add_feed(KnownFeed("wire", "/news/wire"))
    change(a, "Envoys met.")
    publish(a, 1)
    assert (a.behind(), b.behind()) == (False, False)
    change(b, "Envoys parted.")
    publish(b, 2)
    assert (a.behind(), b.behind()) == (False, False)
    for catalogue in (a, b):
        catalogue.close()


def test_a_passage_is_kept_as_long_as_any_index_may_quote_it(catalogues: tuple[Catalogue, Catalogue]) -> None:
    a, b = catalogues
    first = change(a, "Envoys met.")
    publish(a, 1)
    publish(b, 1)
    for number, said in enumerate(("Nobody met.", "Somebody met.", "All met."), start=2):
        change(a, said)
        publish(a, number)
    assert [p.text for p in a.passages(first)] == ["Envoys met."]  # b quotes it
    publish(b, 2)
    publish(b, 3)
    publish(a, 5)
    with pytest.raises(IndexDamaged):
        a.passages(first)


def test_an_index_of_which_nothing_is_heard_for_a_week_holds_nothing_back(
    catalogues: tuple[Catalogue, Catalogue],
) -> None:
    a, b = catalogues
    first = change(a, "Envoys met.")
    publish(b, 1)
    b._write(text("UPDATE published SET created = '2024-01-01' WHERE index_name = 'b'"))
    for number, said in enumerate(("Nobody met.", "Somebody met.", "All met."), start=2):
        change(a, said)
        publish(a, number)
    with pytest.raises(IndexDamaged):
        a.passages(first)
    assert b.behind()


def test_an_index_that_is_made_anew_from_number_one_leaves_nothing_behind(
    catalogues: tuple[Catalogue, Catalogue],
) -> None:
    a, _ = catalogues
    change(a, "Envoys met.")
    publish(a, 56)
    publish(a, 57)
    publish(a, 1)
    assert a._column(text("SELECT generation FROM published")) == [1]


# One run at a time


@pytest.fixture
def replicas(database: str) -> Iterator[tuple[Catalogue, Catalogue]]:
    replicas = Catalogue(database, "a"), Catalogue(database, "b")
    yield replicas
    for catalogue in replicas:
        catalogue.close()


def test_a_second_run_is_told_of_the_first(replicas: tuple[Catalogue, Catalogue]) -> None:
    a, b = replicas
    with a.indexing("/reindex"):
        with pytest.raises(IndexBusy, match=r"already by process \d+ on .* started by /reindex: wait"), b.indexing():
            pytest.fail("two at a time")
        holder = b.indexing_underway()
        assert holder is not None
        assert holder.by == "/reindex"
    assert b.indexing_underway() is None
    with b.indexing():
        pass


def test_a_run_ends_when_its_lock_is_lost(replicas: tuple[Catalogue, Catalogue]) -> None:
    a, b = replicas
    with a.indexing() as told:
        b._column(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        told._written -= 60  # type: ignore[attr-defined]
        with pytest.raises(CatalogueError, match="cannot be used"):
            told(Step("reading"))
    with b.indexing():
        pass
