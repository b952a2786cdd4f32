"""A soak: questions at a fixed rate for long, and whether memory stays what it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.asked import Asking, counts, latencies
from benchmarks.serving import Bots, Memory, Samples

_SAMPLED_EVERY = 10.0


async def soak(
    bots: Bots,
    asking: Asking,
    questions: Iterator[str],
    rate: float,
    seconds: float,
    note: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Ask so many a second for so long; the figures.

    Args:
        bots: are asked.
        asking: asks.
        questions: without end.
        rate: a second.
        seconds: how long.
        note: is given the memory's figures after each sample.
    """
    before = bots.complaints
    memory = Memory(bots, _SAMPLED_EVERY, lambda samples: note(memory_figures(samples)))
    async with memory.watched():
        asked = await asking.steadily(questions, rate, seconds)
    return {
        "minutes": seconds / 60,
        "asked_per_second": rate,
        **counts(asked),
        "warnings": bots.complaints - before,
        **latencies(asked),
        **memory_figures(memory.samples),
        "texts": asking.texts(),
    }


def memory_figures(samples: Samples) -> dict[str, Any]:
    """MiB after a tenth of the time and at the end, and how fast it grew in the second half, in MiB an hour."""
    end = samples[-1][0]
    early = next(value for at, value in samples if at >= end / 10)
    late = [sample for sample in samples if sample[0] >= end / 2]
    return {
        "resident_early_mib": early,
        "resident_end_mib": samples[-1][1],
        "growth_mib_per_hour": slope(late) * 3600,
        "samples": [[round(at, 1), round(value, 1)] for at, value in samples],
    }


def slope(samples: Samples) -> float:
    """By least squares, a second; 0 for fewer than two samples."""
    if len(samples) < 2:
        return 0.0
    at, values = np.array(samples).T
    return float(np.polyfit(at - at.mean(), values, 1)[0])
