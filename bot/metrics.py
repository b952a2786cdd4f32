"""What the process has done, for its admins and for Prometheus."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from bot.askers import Platform
from bot.messages import Health

_HOUR = 3600.0
_KEPT = 10_000
_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """Counts answers and errors. Safe to use from several threads.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._errors: deque[float] = deque(maxlen=_KEPT)
        self.registry = CollectorRegistry()
        self._answers = Histogram(
            "backchannel_answer_seconds",
            "From a request to its reply, by platform.",
            ["platform"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._failed = Counter(
            "backchannel_errors", "Requests that failed, by platform.", ["platform"], registry=self.registry
        )
        self._turned_away = Counter(
            "backchannel_turned_away",
            "Requests that came while too many waited, by platform.",
            ["platform"],
            registry=self.registry,
        )

    def answered(self, platform: Platform, seconds: float) -> None:
        """Note a reply and how long it took."""
        self._answers.labels(platform.value).observe(seconds)
        with self._lock:
            self._latencies.append((self._clock(), seconds))

    def failed(self, platform: Platform) -> None:
        """Note a request that failed for no fault of who made it."""
        self._failed.labels(platform.value).inc()
        with self._lock:
            self._errors.append(self._clock())

    def turned_away(self, platform: Platform) -> None:
        """Note a request that came while too many waited."""
        self._turned_away.labels(platform.value).inc()

    def health(self) -> Health:
        """Of the last hour."""
        since = self._clock() - _HOUR
        with self._lock:
            recent = [seconds * 1000 for at, seconds in self._latencies if at >= since]
            errors = sum(at >= since for at in self._errors)
        p50, p95 = np.percentile(recent, [50, 95]).tolist() if recent else (None, None)
        return Health(self._clock() - self._started, len(recent), p50, p95, errors)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
