import re
import threading

import pytest

from bot.askers import Platform
from bot.metrics import Metrics


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_of_the_last_hour_answers_latencies_and_errors_are_told() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    for seconds in (0.1, 0.2, 0.3):
        metrics.answered(Platform.SLACK, seconds)
    metrics.failed(Platform.DISCORD)
    clock.now += 60
    health = metrics.health()
    assert (health.uptime, health.answered, health.errors) == (60, 3, 1)
    assert health.p50_ms == pytest.approx(200)
    assert health.p95_ms == pytest.approx(290)
    clock.now += 3600
    health = metrics.health()
    assert (health.uptime, health.answered, health.errors) == (3660, 0, 0)
    assert health.p50_ms is health.p95_ms is None


def test_prometheus_is_told_by_platform() -> None:
    metrics = Metrics()
    metrics.answered(Platform.SLACK, 0.3)
    metrics.answered(Platform.SLACK, 3)
    metrics.failed(Platform.DISCORD)
    text = metrics.exposition().decode()
    assert 'backchannel_answer_seconds_count{platform="slack"} 2.0' in text
    assert 'backchannel_answer_seconds_bucket{le="0.5",platform="slack"} 1.0' in text
    assert 'backchannel_errors_total{platform="discord"} 1.0' in text


def test_each_process_counts_by_itself() -> None:
    first, second = Metrics(), Metrics()
    first.failed(Platform.SLACK)
    assert not re.search(r"errors_total{", second.exposition().decode())


def test_several_threads_count_at_once_and_nothing_is_lost() -> None:
    metrics = Metrics()

    def count() -> None:
        for _ in range(200):
            metrics.answered(Platform.SLACK, 0.1)
            metrics.failed(Platform.SLACK)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (metrics.health().answered, metrics.health().errors) == (800, 800)
