"""Watches and digests as people keep them: who may, where, and how many."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import Application
from bot.askers import Asker, Platform
from bot.errors import NotAllowed, UsageError
from bot.schedule import Every
from bot.settings import Settings
from bot.watches import Watches, Where
from corpus.subscriptions import Finding
from retrieval.encoders.fake import FakeEncoder
from retrieval.errors import InputError
from tests.bot.command_line import application, close

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
ANN = Asker(Platform.DISCORD, "100", "200", "", "1", zone="Asia/Kolkata")
BOB = Asker(Platform.DISCORD, "100", "200", "", "2")
BOSS = replace(BOB, user="7", is_admin=True)


@pytest.fixture
def options() -> dict[str, Any]:
    return {}


@pytest.fixture
def app(news: Path, options: dict[str, Any]) -> Iterator[Application]:
    made = application(Settings(data_dir=news, **options), FakeEncoder())
    made.watches = Watches(made, lambda: NOON)
    yield made
    close(made)


def test_a_watch_is_kept_with_its_place_its_zone_and_no_name(app: Application) -> None:
    (kept,) = app.watches.watch(ANN, "  grain \n deal ").own
    assert (kept.id, kept.topic, kept.zone, kept.to.channel, kept.to.person) == (
        1,
        "grain deal",
        "Asia/Kolkata",
        "200",
        "",
    )
    assert kept.owner == app.people.of(ANN.person)
    (alone,) = app.watches.watch(ANN, "grain deal", Where.DM).own
    assert (alone.to.channel, alone.to.person) == ("", "1")
    assert app.watches.mine(ANN).own == (kept, alone)


def test_a_digest_is_due_at_its_hour_by_the_persons_clock_else_by_the_settings(app: Application) -> None:
    (kept,) = app.watches.digest(ANN, Every.WEEKLY).own
    assert kept.due == dt.datetime(2026, 11, 30, 2, 30, tzinfo=dt.UTC)
    (kept,) = app.watches.digest(BOB, Every.DAILY, "grain").own
    assert (kept.due, kept.zone) == (dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC), "UTC")


def test_what_is_kept_already_is_kept_once(app: Application) -> None:
    app.watches.watch(ANN, "grain deal")
    assert "already" in app.watches.watch(ANN, "Grain  Deal").said
    app.watches.watch(BOB, "grain deal")
    app.watches.digest(ANN, Every.DAILY, "grain deal")
    app.watches.digest(ANN, Every.WEEKLY, "grain deal")
    assert len(app.subscriptions.active(["discord"])) == 4
    (moved,) = app.watches.watch(replace(ANN, zone="Europe/Oslo"), "grain deal").own
    assert (moved.id, moved.zone) == (1, "Europe/Oslo")


@pytest.mark.parametrize("options", [{"watches_per_person": 2}])
def test_nobody_has_more_than_is_set(app: Application) -> None:
    app.watches.watch(ANN, "grain")
    app.watches.digest(ANN, Every.DAILY)
    with pytest.raises(UsageError, match="2 is the most"):
        app.watches.watch(ANN, "ore")
    app.watches.watch(BOB, "ore")
    app.watches.remove(ANN, 1)
    app.watches.watch(ANN, "ore")


@pytest.mark.parametrize("topic", ["", "?!", "source:", "since:2024 until:2023 grain", "source:Nobody grain"])
def test_what_cannot_be_searched_for_cannot_be_watched(app: Application, topic: str) -> None:
    with pytest.raises(InputError):
        app.watches.watch(ANN, topic)


def test_a_topic_is_no_longer_than_fits(app: Application) -> None:
    app.watches.watch(ANN, "x" * 200)
    for length in (201, 2001):
        with pytest.raises(UsageError, match=f"{length:,} characters, at most 200"):
            app.watches.watch(ANN, "x" * length)


@pytest.mark.parametrize("options", [{"channels_allowed": ("300",)}, {"channels_denied": ("200",)}])
def test_where_the_bot_is_silent_only_the_person_is_told(app: Application) -> None:
    with pytest.raises(UsageError, match="dm"):
        app.watches.watch(ANN, "grain")
    app.watches.watch(ANN, "grain", Where.DM)
    app.watches.watch(replace(ANN, direct=True), "grain")
    app.watches.watch(replace(ANN, channel="301", parent="300"), "grain")


@pytest.mark.parametrize("options", [{"threads_only": True}])
def test_where_threads_alone_are_posted_in_a_channel_hears_nothing(app: Application) -> None:
    with pytest.raises(UsageError, match="threads"):
        app.watches.digest(ANN, Every.DAILY)
    app.watches.digest(replace(ANN, channel="201", parent="200"), Every.DAILY)


def test_a_zone_that_is_none_is_told(app: Application) -> None:
    with pytest.raises(UsageError, match="Europe/Oslo"):
        app.watches.watch(replace(ANN, zone="Mars/Olympus"), "grain")


def test_the_channel_sees_what_is_told_there_and_not_what_is_told_alone(app: Application) -> None:
    app.watches.watch(ANN, "grain")
    app.watches.watch(ANN, "ore", Where.DM)
    assert [s.topic for s in app.watches.mine(BOB).here] == ["grain"]
    assert app.watches.mine(replace(BOB, channel="201")).here == ()
    assert app.watches.mine(replace(BOB, workspace="101")).here == ()
    assert app.watches.mine(replace(BOB, direct=True)).here == ()


def test_one_ends_ones_own_and_an_admin_those_of_the_channel(app: Application) -> None:
    app.watches.watch(ANN, "grain")
    app.watches.watch(ANN, "ore", Where.DM)
    with pytest.raises(NotAllowed):
        app.watches.remove(BOB, 1)
    for asker in (BOB, BOSS, replace(BOSS, workspace="101")):
        with pytest.raises(UsageError, match="no watch or digest 2"):
            app.watches.remove(asker, 2)
    with pytest.raises(UsageError, match="no watch or digest 1"):
        app.watches.remove(replace(BOSS, channel="201"), 1)
    app.watches.remove(BOSS, 1)
    app.watches.remove(replace(ANN, channel="5", direct=True), 2)
    assert app.watches.mine(ANN).own == ()


def test_forgetting_somebody_ends_theirs_with_all_that_was_found_for_them(app: Application) -> None:
    (watch,) = app.watches.watch(ANN, "grain").own
    app.watches.watch(BOB, "grain")
    app.subscriptions.found(watch, 9, [Finding("oslo", "{}")], NOON)
    app.subscriptions.tell(watch, ["oslo"], "{}", NOON)
    assert app.subscriptions.unsent(["slack"], NOON) == []
    assert app.subscriptions.unsent(["discord"], NOON)
    assert "Ended: 1 watch or digest." in app.desk.forget(ANN).text
    assert app.subscriptions.unsent(["discord"], NOON) == []
    assert app.subscriptions.found_articles(watch.id) == []
    assert len(app.subscriptions.active(["discord"])) == 1
    assert "Ended" not in app.desk.forget(ANN).text


def test_what_two_processes_find_at_once_is_noted_once(app: Application) -> None:
    (watch,) = app.watches.watch(ANN, "grain").own
    assert app.subscriptions.found(watch, 9, [Finding("oslo", "{}")], NOON)
    assert not app.subscriptions.found(watch, 9, [Finding("copy", "{}")], NOON)
    assert app.subscriptions.found_articles(watch.id) == ["oslo"]


def test_what_was_told_long_ago_is_deleted(app: Application) -> None:
    (watch,) = app.watches.watch(ANN, "grain").own
    app.subscriptions.found(watch, 9, [Finding("oslo", "{}"), Finding("copy", "{}")], NOON)
    app.subscriptions.tell(watch, ["oslo"], "{}", NOON)
    (post,) = app.subscriptions.unsent(["discord"], NOON)
    app.subscriptions.expire(NOON)
    assert app.subscriptions.found_articles(watch.id) == ["copy", "oslo"]
    app.subscriptions.expire(NOON + dt.timedelta(days=1))
    assert app.subscriptions.unsent(["discord"], NOON)
    assert app.subscriptions.found_articles(watch.id) == ["oslo"], "what is about to be told stays"
    app.subscriptions.sent(post.id)
    app.subscriptions.expire(NOON + dt.timedelta(days=1))
    assert app.subscriptions.found_articles(watch.id) == []
