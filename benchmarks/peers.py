"""Backchannel beside txtai and Haystack: the same passages, questions and encoder, one tool after the other.

    python -m benchmarks.peers --data EVAL --work FOLDER [--sets squad2 clapnq] [--most 300] [--held-out] [--json FILE]
    python -m benchmarks.peers --corpus PARAGRAPHS.jsonl.gz --work FOLDER [--paragraphs 10000] [--articles 3]

Both peers search as their own guides show hybrid search, with their defaults: txtai adds the scores of FAISS and BM25,
Haystack joins BM25 and embeddings by reciprocal rank fusion. They are given Backchannel's passages, each after its
article's title as Backchannel encodes it, and asked for as many as hold ten articles on average, or as many as
``--articles`` says; Backchannel is given the articles. Ranks are those of articles. Each tool runs in a process and an
environment of its own, which is made in FOLDER the first time (network and some minutes); while it is measured nothing
is fetched. Times are from the question's text to ranked articles, after twenty questions of warming up; loading the
encoder is not counted. With ``--corpus`` a set is made for the time alone: of so many paragraphs, asked for runs of
twelve words out of them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.asking import NOTHING_LEFT, chosen, place_of, question_sets
from benchmarks.figures import Estimate, hit_at, mean, reciprocal_rank
from benchmarks.peer_tools.measuring import Result, Task
from benchmarks.quoted_runs import quoting_set
from benchmarks.tables import Table, print_tables
from bot.app import Application
from retrieval.encoders.models import packaged_folder
from retrieval.passages import title_prefix
from training.data import LabelledQuestion, indexed, read_questions

_ROOT = Path(__file__).parents[1]
_SETS = ("squad2", "clapnq", "realtimeqa_2022")
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "PYTHONPATH": str(_ROOT),
}


@dataclass(frozen=True, slots=True)
class Contender:
    """A tool: its module in ``benchmarks.peer_tools``, and what pip installs for it; nothing for this environment."""

    name: str
    module: str
    requirements: tuple[str, ...] = ()


# Newer releases of torch bring gigabytes of CUDA libraries when installed from PyPI.
CONTENDERS = (
    Contender("Backchannel", "backchannel_service"),
    Contender("Backchannel, nothing read", "backchannel_words"),
    Contender("txtai (hybrid)", "txtai_hybrid", ("txtai==9.14.0", "torch==2.13.0")),
    Contender(
        "Haystack (hybrid)",
        "haystack_hybrid",
        (
            "haystack-ai==3.4.1",
            "sentence-transformers-haystack==2.0.0",
            "sentence-transformers==6.2.0",
            "torch==2.13.0",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """Figures of one tool on one set; times in seconds and milliseconds."""

    set: str
    tool: str
    versions: dict[str, str]
    articles: int
    passages: int
    questions: int
    figures: dict[str, Estimate]
    p50_ms: float
    p95_ms: float
    index_s: float
    peak_mib: float


def interpreter(contender: Contender, work: Path) -> Path:
    """Python of the tool's environment, which is made where it is missing or its requirements have changed."""
    if not contender.requirements:
        return Path(sys.executable)
    folder = work / "environments" / contender.module
    python, made = folder / ("Scripts" if os.name == "nt" else "bin") / "python", folder / "requirements.json"
    wanted = json.dumps(contender.requirements)
    if not made.exists() or made.read_text(encoding="utf-8") != wanted:
        print(f"Making the environment of {contender.name}.", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *contender.requirements], check=True)  # noqa: S603
        made.write_text(wanted, encoding="utf-8")
    return python


def task_of(folder: Path, questions: list[LabelledQuestion], work: Path, wanted: int = 10) -> Task:
    """What each tool is given: the passages are those that Backchannel cuts."""
    with indexed(folder / "corpus.jsonl", work / "cut") as app:
        passages = _passages(app)
        exported = app.settings.data_dir / "models"
    articles = len({article for article, _ in passages})
    return Task(
        corpus=str((folder / "corpus.jsonl").resolve()),
        passages=passages,
        questions=tuple(question.text for question in questions),
        model=str(packaged_folder()),
        exported=str(exported.resolve()),
        work=str((work / "measured").resolve()),
        wanted=wanted,
        limit=math.ceil(wanted * len(passages) / articles),
    )


def _passages(app: Application) -> tuple[tuple[str, str], ...]:
    found = app.catalogue.passages(app.catalogue.current_passages().tolist())
    return tuple((p.article.id, title_prefix(p.article.title) + p.text) for p in found)


def run(contender: Contender, task: Task, work: Path) -> Result:
    """Measure one tool in its own process."""
    python = interpreter(contender, work)
    shutil.rmtree(task.work, ignore_errors=True)
    given, wanted = work / "task.json", work / "result.json"
    given.write_text(json.dumps(asdict(task)), encoding="utf-8")
    subprocess.run(  # noqa: S603
        [str(python), "-m", "benchmarks.peer_tools.measuring", contender.module, str(given), str(wanted)],
        check=True,
        env=os.environ | _OFFLINE,
        stdout=sys.stderr,
    )
    return Result(**json.loads(wanted.read_text(encoding="utf-8")))


def compared(name: str, contender: Contender, task: Task, gold: list[frozenset[str]], result: Result) -> Compared:
    """The figures of what a tool found."""
    places = [place_of(right, found) for right, found in zip(gold, result.found, strict=True)]
    figures = {f"hit@{k}": mean([hit_at(k, place) for place in places]) for k in (1, 4, 10)}
    return Compared(
        set=name,
        tool=contender.name,
        versions=result.versions,
        articles=len({article for article, _ in task.passages}),
        passages=len(task.passages),
        questions=len(gold),
        figures=figures | {"mrr@10": mean([reciprocal_rank(place) for place in places])},
        p50_ms=float(np.percentile(result.milliseconds, 50)),
        p95_ms=float(np.percentile(result.milliseconds, 95)),
        index_s=result.index_s,
        peak_mib=result.peak_mib,
    )


def tables(rows: list[Compared]) -> list[Table]:
    """Quality and cost, and the versions."""
    ranking = Table("Ranking of articles", ("set", "questions", "tool", "Hit@1", "Hit@4", "Hit@10", "MRR@10"))
    cost = Table("Cost", ("set", "passages", "tool", "p50", "p95", "indexed in", "peak memory"))
    versions = Table("Versions", ("tool", "packages"))
    for row in rows:
        ranking.add(row.set, str(row.questions), row.tool, *(str(figure) for figure in row.figures.values()))
        times = (f"{row.p50_ms:.0f} ms", f"{row.p95_ms:.0f} ms", f"{row.index_s:.1f} s", f"{row.peak_mib:,.0f} MiB")
        cost.add(row.set, f"{row.passages:,}", row.tool, *times)
    for tool, used in {row.tool: row.versions for row in rows}.items():
        versions.add(tool, ", ".join(f"{package} {version}" for package, version in used.items()))
    return [ranking, cost, versions]


def _folders(options: argparse.Namespace) -> list[Path]:
    if options.corpus:
        # The index that is kept for a set goes by its folder's name.
        name = f"{options.paragraphs} of {options.corpus.name}"
        return [quoting_set(options.corpus, options.paragraphs, options.work / name)]
    return question_sets(options.data, options.sets)


def main() -> None:
    """Measure each tool on each set; print tables, and write JSON after each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--data", type=Path, help="folder of the question sets")
    asked.add_argument("--corpus", type=Path, help="paragraphs as JSON lines, of which a set is made")
    parser.add_argument("--paragraphs", type=int, default=10_000, help="how many of them; default: %(default)s")
    parser.add_argument("--work", type=Path, required=True, help="folder for environments and indexes, kept")
    parser.add_argument("--sets", nargs="+", default=_SETS, help="default: %(default)s")
    parser.add_argument("--articles", type=int, default=10, help="asked for by a question; default: %(default)s")
    parser.add_argument("--most", type=int, default=300, help="questions of each set; default: %(default)s")
    parser.add_argument("--held-out", action="store_true", help="only questions that no parameter was fitted on")
    parser.add_argument("--json", type=Path, help="write the figures here, after each tool")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        folders = _folders(options)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    rows: list[Compared] = []
    for folder in folders:
        asked = chosen(folder.name, read_questions(folder), options.most, held_out=options.held_out)
        questions = [question for question in asked if question.answerable]
        if not questions:
            print(f"{folder.name}: {NOTHING_LEFT}", file=sys.stderr)
            continue
        gold = [question.gold for question in questions]
        task = task_of(folder, questions, options.work, options.articles)
        for contender in CONTENDERS:
            rows.append(compared(folder.name, contender, task, gold, run(contender, task, options.work)))
            if options.json:
                found = json.dumps([asdict(row) for row in rows], indent=1)
                options.json.write_text(found + "\n", encoding="utf-8")
    print_tables(tables(rows), as_markdown=options.markdown)


if __name__ == "__main__":
    main()
