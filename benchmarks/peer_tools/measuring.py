"""One tool measured alone, in this process.

python -m benchmarks.peer_tools.measuring TOOL TASK.json RESULT.json
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

_WARM_UP = 20  # questions asked before the clock starts


@dataclass(frozen=True, slots=True)
class Task:
    """What a tool is given. Files and folders are paths.

    Args:
        corpus: the articles as JSON lines, for a tool that cuts them itself.
        passages: ``(article id, text)`` of each passage, for a tool that does not; the title stands before the text.
        questions: their words.
        model: folder of the encoder, as sentence-transformers loads it.
        exported: folder of the encoder's exports, so that none is made while the clock runs.
        work: an empty folder to write in.
        wanted: how many articles a question asks for.
        limit: how many passages hold so many, on average.
    """

    corpus: str
    passages: tuple[tuple[str, str], ...]
    questions: tuple[str, ...]
    model: str
    exported: str
    work: str
    wanted: int
    limit: int


class Tool(Protocol):
    """Something that searches."""

    packages: tuple[str, ...]
    """Whose versions are reported."""

    def index(self, task: Task) -> None:
        """Take in all passages."""

    def search(self, question: str) -> Sequence[str]:
        """Ids of articles, best first; one may come several times."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one tool found, and what it took."""

    versions: dict[str, str]
    index_s: float
    milliseconds: list[float]
    peak_mib: float
    found: list[list[str]]
    """Ids of the best articles, no more than are wanted, for each question."""


def measure(tool: Tool, task: Task) -> Result:
    """Index, warm up, ask one question after the other."""
    index_s = _seconds(lambda: tool.index(task))
    for question in task.questions[:_WARM_UP]:
        tool.search(question)
    found: list[list[str]] = []
    times = [
        1000 * _seconds(lambda q=question: found.append(list(dict.fromkeys(tool.search(q)))[: task.wanted]))
        for question in task.questions
    ]
    return Result(
        versions={package: version(package) for package in tool.packages},
        index_s=index_s,
        milliseconds=times[_WARM_UP:] or times,  # what was asked to warm up has been read before
        peak_mib=_peak_mib(),
        found=found,
    )


def _peak_mib() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux the kernel's ru_maxrss begins with what the process held that started this one.
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def main() -> None:
    """Measure the tool named first; the model is loaded before the clock starts."""
    name, given, wanted = sys.argv[1:]
    row: dict[str, Any] = json.loads(Path(given).read_text(encoding="utf-8"))
    task = Task(**row)
    tool: Tool = importlib.import_module(f"benchmarks.peer_tools.{name}").load(task)
    Path(wanted).write_text(json.dumps(asdict(measure(tool, task))), encoding="utf-8")


if __name__ == "__main__":
    main()
