"""When something is due, over zones, summer time and quiet hours."""

import datetime as dt
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UsageError
from bot.schedule import Every, QuietHours, last_due, next_due, zone_of, zones_like

UTC = dt.UTC
instants = st.integers(946684800, 2114380800).map(lambda seconds: dt.datetime.fromtimestamp(seconds, UTC))
zones = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})).map(ZoneInfo)
hours = st.integers(0, 23)
often = st.sampled_from(Every)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(UTC)


@given(instants, often, hours, zones)
def test_it_is_due_within_its_period_at_its_hour_and_on_mondays(
    now: dt.datetime, every: Every, hour: int, zone: ZoneInfo
) -> None:
    due = next_due(now, every, hour, zone)
    # A zone may skip a day, as Samoa did.
    assert now < due <= now + dt.timedelta(days=2 if every is Every.DAILY else 9)
    local = due.astimezone(zone)
    wanted = dt.datetime.combine(local.date(), dt.time(hour), zone)
    skipped = wanted.astimezone(UTC).astimezone(zone).hour != hour
    assert local.hour == hour or skipped or _moved(due, zone)
    assert every is Every.DAILY or local.weekday() == 0 or _moved(due, zone)


def _moved(due: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether the clock was moved within the day before."""
    return due.astimezone(zone).utcoffset() != (due - dt.timedelta(days=1)).astimezone(zone).utcoffset()


@given(instants, often, hours, zones)
def test_what_was_due_last_is_followed_by_what_is_due_next(
    now: dt.datetime, every: Every, hour: int, zone: ZoneInfo
) -> None:
    last = last_due(now, every, hour, zone)
    assert last <= now < next_due(now, every, hour, zone)
    assert next_due(last, every, hour, zone) == next_due(now, every, hour, zone)
    assert last_due(next_due(now, every, hour, zone), every, hour, zone) == next_due(now, every, hour, zone)


@pytest.mark.parametrize(
    ("now", "hour", "due"),
    [
        ("2026-03-28T12:00Z", 8, "2026-03-29T08:00+02:00"),  # the night that is an hour short
        ("2026-03-28T12:00Z", 2, "2026-03-29T03:00+02:00"),  # 2:00 is skipped
        ("2026-10-24T12:00Z", 8, "2026-10-25T08:00+01:00"),  # the night that is an hour long
        ("2026-10-24T12:00Z", 2, "2026-10-25T02:00+02:00"),  # 2:00 comes twice
        ("2026-10-25T00:30Z", 2, "2026-10-26T02:00+01:00"),  # and is due once
    ],
)
def test_the_clock_of_oslo_is_followed_into_and_out_of_summer_time(now: str, hour: int, due: str) -> None:
    assert next_due(at(now), Every.DAILY, hour, ZoneInfo("Europe/Oslo")) == at(due)


def test_a_week_begins_on_monday() -> None:
    assert next_due(at("2026-11-22T12:00Z"), Every.WEEKLY, 8, ZoneInfo("UTC")) == at("2026-11-23T08:00Z")
    assert next_due(at("2026-11-23T08:00Z"), Every.WEEKLY, 8, ZoneInfo("UTC")) == at("2026-11-30T08:00Z")


def test_a_day_that_a_zone_skips_gives_no_second_digest() -> None:
    apia = ZoneInfo("Pacific/Apia")
    first = next_due(at("2011-12-29T20:00Z"), Every.DAILY, 8, apia)
    assert next_due(first, Every.DAILY, 8, apia) - first == dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "hour", "held"),
    [("22-7", 22, True), ("22-7", 6, True), ("22-7", 7, False), ("22-7", 12, False), ("1-3", 2, True),
     ("1-3", 3, False), ("off", 0, False), ("5-5", 5, False), ("22 - 24", 23, True), ("22-24", 0, False)],
)  # fmt: skip
def test_quiet_hours_hold_from_the_first_to_before_the_last(text: str, hour: int, held: bool) -> None:
    when = dt.datetime(2026, 6, 1, hour, 30, tzinfo=ZoneInfo("Asia/Kolkata"))
    assert QuietHours.parse(text).hold(when, ZoneInfo("Asia/Kolkata")) is held


@pytest.mark.parametrize("text", ["", "22", "22-", "22-25", "a-b", "22-7-9", "-1-5", "²-3"])
def test_what_are_no_quiet_hours_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="22-7"):
        QuietHours.parse(text)


def test_a_zone_is_known_by_its_name_letter_case_aside() -> None:
    assert zone_of(" europe/oslo ").key == "Europe/Oslo"
    for name in ("Oslo", "", "../../etc/passwd", "localtime", "Europe/Oslo\x00"):
        with pytest.raises(UsageError, match="Europe/Oslo"):
            zone_of(name)


def test_zones_are_offered_by_a_part_of_their_names() -> None:
    assert zones_like("oslo", 25) == ["Europe/Oslo"]
    assert zones_like("new y", 25) == ["America/New_York"]
    assert zones_like("ondon", 25) == ["Europe/London"]
    assert len(zones_like("", 25)) == 25
