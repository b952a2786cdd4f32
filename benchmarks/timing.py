"""How long things take, and how much memory and disk."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

MIB = 1024 * 1024


def milliseconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def resident_mib(process: psutil.Process | None = None) -> float:
    """Memory of a process, or of this one, that is in use, with what it has touched of the files that are mapped."""
    import psutil  # tests, which import this module, need not have it

    return float((process or psutil.Process()).memory_info().rss) / MIB


def peak_mib() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def size_mib(folder: Path) -> float:
    """What the files of a folder hold."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / MIB
