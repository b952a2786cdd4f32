"""Subscriptions, what they found, and the outbox."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from corpus.catalogue import Catalogue, KnownFeed
from corpus.database import Place
from corpus.journal import Journal, StoredAnswer
from corpus.outbox import Address, Post
from corpus.subscriptions import Finding, Kind, Subscription, Subscriptions
from retrieval.types import Article

NOW = dt.datetime(2024, 7, 9, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
HERE = Address("slack", "T1", "C1")
WATCH = Subscription(0, Kind.WATCH, HERE, "aa", "grain", "", "UTC", NOW, mark=3)
DIGEST = replace(WATCH, kind=Kind.DIGEST, every="daily", due=NOW)


@pytest.fixture
def store(place: Place) -> Iterator[Subscriptions]:
    store = Subscriptions(place)
    yield store
    store.close()


def unsent(store: Subscriptions, now: dt.datetime = NOW) -> list[Post]:
    return store.unsent(["slack"], now)


def test_a_subscription_comes_back_as_it_was_made_and_has_a_number(store: Subscriptions) -> None:
    first, second = store.add(WATCH), store.add(replace(DIGEST, owner="bb", to=replace(HERE, channel="C2")))
    assert first == replace(WATCH, id=first.id)
    assert store.get(second.id) == second
    assert (store.of_owner("aa"), store.at(HERE), store.active(["slack"])) == ([first], [first], [first, second])
    assert store.at(replace(HERE, channel="")) == store.active(["discord"]) == []


def test_an_ended_ones_number_is_never_used_again(store: Subscriptions) -> None:
    first = store.add(WATCH)
    store.remove(first.id)
    assert store.get(first.id) is None
    assert store.add(WATCH).id > first.id


def test_one_that_is_paused_is_told_nothing_until_it_goes_on(store: Subscriptions) -> None:
    watch = store.add(WATCH)
    store.found(watch, 5, [Finding("oslo", "{}")], NOW)
    store.pause(watch.id, "the channel is gone")
    assert store.active(["slack"]) == []
    assert store.waiting(watch.id) == []
    again = store.resume(watch.id, "Europe/Oslo", 9, None)
    assert (again.paused, again.zone, again.mark) == ("", "Europe/Oslo", 9)


def test_what_was_found_waits_in_its_order_and_is_noted_by_one_alone(store: Subscriptions) -> None:
    watch = store.add(WATCH)
    findings = [Finding(article, f'"{article}"') for article in ("oslo", "bergen", "arendal")]
    assert store.found(watch, 5, findings, NOW) is True
    assert store.found(watch, 5, [Finding("narvik", "")], NOW) is False  # another replica's look of the same time
    later = [Finding("narvik", '"narvik"'), Finding("bergen", '"anew"')]
    assert store.found(replace(watch, mark=5), 6, later, NOW + HOUR) is True
    told = ["oslo", "bergen", "arendal", "narvik"]
    assert [(f.article, f.body) for f in store.waiting(watch.id)] == [
        (article, '"anew"' if article == "bergen" else f'"{article}"') for article in told
    ]
    store.discard(watch.id, ["arendal"])
    assert sorted(store.found_articles(watch.id)) == ["bergen", "narvik", "oslo"]


def test_what_is_told_becomes_one_post_that_one_replica_sends(store: Subscriptions) -> None:
    watch = store.add(WATCH)
    store.found(watch, 5, [Finding("oslo", "{}")], NOW)
    store.tell(watch, ["oslo"], "what is said", NOW)
    assert store.waiting(watch.id) == []
    (post,) = unsent(store)
    assert (post.body, post.to, post.subscription, post.tried) == ("what is said", HERE, watch.id, None)
    assert store.trying(post, NOW, NOW + HOUR) is True
    assert store.trying(post, NOW, NOW + HOUR) is False
    assert unsent(store) == []
    (again,) = unsent(store, NOW + HOUR)
    assert (again.tries, again.tried) == (1, NOW)
    store.sent(post.id)
    assert unsent(store, NOW + 2 * HOUR) == []
    assert (store.made_for(watch.id, NOW - HOUR), store.made_at(HERE, NOW - HOUR), store.made_at(HERE, NOW)) == (
        1,
        1,
        0,
    )


def test_a_digest_of_one_day_is_written_down_once(store: Subscriptions) -> None:
    digest = store.add(DIGEST)
    for _ in range(2):
        store.digested(digest, 7, NOW + 24 * HOUR, ["oslo", "bergen"], "the digest", NOW)
    assert [post.body for post in unsent(store)] == ["the digest"]
    advanced = store.get(digest.id)
    assert advanced is not None
    assert (advanced.mark, advanced.due) == (7, NOW + 24 * HOUR)


def test_a_watch_that_ended_meanwhile_is_told_nothing(store: Subscriptions) -> None:
    watch = store.add(WATCH)
    store.found(watch, 5, [Finding("oslo", "{}")], NOW)
    store.remove(watch.id)
    store.tell(watch, ["oslo"], "what is said", NOW)
    assert unsent(store) == []


def test_what_is_old_goes_and_what_is_yet_to_be_sent_stays(store: Subscriptions) -> None:
    watch = store.add(WATCH)
    store.found(watch, 5, [Finding("oslo", "{}"), Finding("bergen", "{}")], NOW)
    store.tell(watch, ["oslo"], "sent", NOW)
    store.sent(unsent(store)[0].id)
    store.tell(watch, ["bergen"], "unsent", NOW)
    store.expire(NOW + HOUR)
    assert store.found_articles(watch.id) == ["bergen"]
    assert [post.body for post in unsent(store)] == ["unsent"]


# Corrections


@pytest.fixture
def quoted(store: Subscriptions, place: Place) -> Iterator[Catalogue]:
    """A catalogue with an article that an answer quotes."""
    catalogue, journal = Catalogue(place), Journal(place)
    catalogue.add_feed(KnownFeed("wire", "/news/wire"))
    oslo = Article("oslo", "Envoys met in Oslo.")
    catalogue.store("wire", [oslo, Article("bergen", "A ferry was late.")])
    citations = [{"article_id": oslo.id, "text_hash": oslo.text_hash}]
    for answer_id, body in (("000001", {"citations": citations}), ("000002", {"citations": []}), ("000003", {})):
        journal.add_answer(StoredAnswer(answer_id, NOW.isoformat(), "Who met?", False, json.dumps(body)))
        for _ in range(2):
            store.note_posting(answer_id, replace(HERE, thread="1"))
    store.note_posting("none", HERE)
    yield catalogue
    catalogue.close()
    journal.close()


def test_an_answer_is_looked_at_once_what_it_quotes_is_not_said_any_more(
    store: Subscriptions, quoted: Catalogue
) -> None:
    assert store.postings(["slack"], NOW - HOUR) == []
    quoted.store("wire", [Article("oslo", "Nobody met in Oslo.")])
    (posting,) = store.postings(["slack"], NOW - HOUR)
    assert (posting.answer_id, posting.to) == ("000001", replace(HERE, thread="1"))
    assert store.postings(["discord"], NOW - HOUR) == store.postings(["slack"], NOW + HOUR) == []


def test_a_correction_is_told_once(store: Subscriptions, quoted: Catalogue) -> None:
    for body in ("first", "second"):
        store.correct("000001", [("oslo", 0), ("oslo", 20)], [(HERE, body)], NOW)
    assert [post.body for post in unsent(store)] == ["first"]
    assert store.corrected("000001") == {("oslo", 0), ("oslo", 20)}
