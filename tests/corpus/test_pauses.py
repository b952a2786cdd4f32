import datetime as dt

import pytest

from corpus.pauses import doubled

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (10_000, 60)])
def test_a_pause_is_twice_as_long_each_time_up_to_a_limit(failures: int, minutes: int) -> None:
    assert doubled(MINUTE, failures, HOUR) == minutes * MINUTE
    assert doubled(1.0, failures, 60.0) == minutes


@pytest.mark.parametrize("failures", [1, 15, 10_000])
def test_a_first_pause_of_centuries_is_the_limit_at_once(failures: int) -> None:
    assert doubled(dt.timedelta(days=99_999), failures, HOUR) == HOUR
