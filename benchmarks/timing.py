"""How long things take, and how much memory."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

MIB = 1024 * 1024


def milliseconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def resident_mib() -> float:
    """Memory of this process that is in use, with what it has touched of the files that are mapped, in MiB."""
    return float(psutil.Process().memory_info().rss) / MIB
