"""Speed and memory: indexing, and asking cold and warm, at several sizes of real text; and where the time goes.

    python -m benchmarks.speed --corpus PARAGRAPHS.jsonl.gz --work FOLDER [--sizes 1000 10000 100000] [--json FILE]
        [--real 100000] [--kept]

The corpus is JSON lines ``{id, title, source, url, published, text}``, gzipped or not, a paragraph each; those in a row
with one ``doc_id`` are put together to an article. Questions are runs of words out of its paragraphs. Sizes are numbers
of paragraphs. Beyond ``--real``, or what the corpus holds, articles are repeated with small edits; see ``growth.py``.
With ``--kept`` vectors lie in the work folder and are used again: the time of indexing is then that without encoding
what was at hand, and what is read is kept from its first reading on, not from indexing. Each step is measured in a
process of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec

from rich.console import Console
from rich.table import Table

from benchmarks.growth import articles_of, grown, keep_vectors
from benchmarks.nearest import found_of_nearest
from benchmarks.parts import profile
from benchmarks.quoted_runs import as_line, quoted_runs, read_corpus
from benchmarks.timing import milliseconds, peak_mib, resident_mib, size_mib
from bot.app import Application
from bot.askers import Question
from bot.settings import ReaderKind, load_settings
from corpus.vectors import VectorCache
from retrieval.encoders.models import packaged_folder
from retrieval.passages import encoder_inputs

_COLD = 3
_ENCODED = 400  # passages, to compare encoders by
_P = ParamSpec("_P")


def prepare(corpus: Path, size: int, folder: Path, real: int | None = None) -> tuple[Path, list[str]]:
    """So many paragraphs as a feed, the first ``real`` ones and copies of them, and questions about those.

    Raises:
        OSError: the corpus cannot be read, or the feed not written.
    """
    lines = read_corpus(corpus, size if real is None else min(size, real))
    feed = folder / "corpus.jsonl"
    with feed.open("w", encoding="utf-8") as stream:
        stream.writelines(map(as_line, grown(list(articles_of(lines)), size)))
    return feed, [question for _, question in quoted_runs(lines)]


def keep_copies(corpus: Path, size: int, real: int, file: Path) -> dict[str, float]:
    """Make and keep the vectors of edited copies, those of the originals being kept already."""
    app = Application(load_settings(data_dir=file.parent / "encoder"))
    originals = list(articles_of(read_corpus(corpus, min(size, real))))
    copies = islice(grown(originals, size), len(originals), None)
    with closing(VectorCache(file, app.encoder.fingerprint, app.encoder.dimension)) as cache:
        return {"copied": float(keep_vectors(cache, app.encoder, originals, copies))}


def build(feed: Path, data_dir: Path) -> dict[str, float]:
    """A generation of the feed, in this process."""
    app = Application(load_settings(data_dir=data_dir))
    _ = app.encoder
    before = resident_mib()
    run = app.service.reindex([str(feed)]).run
    return {
        "articles": run.articles,
        "passages": run.passages,
        "index_s": run.seconds,
        "passages_per_s": run.passages / run.seconds,
        "index_mib": peak_mib() - before,
        "disk_mib": size_mib(data_dir),
        "index_disk_mib": size_mib(data_dir / "index"),
    }


def asked(app: Application, questions: list[str]) -> dict[str, float]:
    """Warm latency of whole questions, from text to verified answer."""
    now = datetime.now(UTC)
    app.service.ask(Question(questions[0], now), keep=False)
    times = sorted(milliseconds(lambda q=q: app.service.ask(Question(q, now), keep=False)) for q in questions)
    return {"p50_ms": statistics.median(times), "p95_ms": times[int(len(times) * 0.95)]}


def use(data_dir: Path, questions: list[str]) -> dict[str, float]:
    """Asked warm, with the reader and without, in this process; and what it takes of memory."""
    app = Application(load_settings(data_dir=data_dir))
    _ = app.encoder, app.reader, app.verifier
    before = resident_mib()
    figures = {"open_ms": milliseconds(app.store.current)}
    figures |= {f"read_{key}": value for key, value in asked(app, questions).items()}
    # Before another opens the index once more in this process: what is shared would be counted twice.
    figures |= {"resident_mib": resident_mib(), "resident_index_mib": resident_mib() - before}
    plain = Application(load_settings(data_dir=data_dir, reader=ReaderKind.WORDS), app.encoder)
    figures |= {f"plain_{key}": value for key, value in asked(plain, questions).items()}
    figures |= {f"{part}_ms": taken for part, taken in profile(app, questions).items()}
    return figures | {"cold_s": cold(data_dir, questions[0])}


def use_again(data_dir: Path, questions: list[str]) -> dict[str, float]:
    """The same questions, read by another process: what was made of the passages is kept since they were read."""
    app = Application(load_settings(data_dir=data_dir))
    return {f"again_{key}": value for key, value in asked(app, questions).items()}


def find(data_dir: Path, questions: list[str]) -> dict[str, float]:
    """What dense search finds of the nearest passages."""
    app = Application(load_settings(data_dir=data_dir))
    return found_of_nearest(app.store.current(), app.catalogue, app.encoder.encode_queries(questions))


def cold(data_dir: Path, question: str) -> float:
    """Seconds of `backchannel ask` in a new process, files in the page cache: the median of a few."""
    command = [sys.executable, "-m", "bot", "ask", question, "--json", "--data-dir", str(data_dir)]
    runs = [milliseconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(_COLD)]  # noqa: S603
    return statistics.median(runs) / 1000


def compare(data_dir: Path) -> dict[str, float]:
    """Passages a second by the encoder as shipped, and by sentence-transformers' own ``encode`` as it comes."""
    from sentence_transformers import SentenceTransformer

    app = Application(load_settings(data_dir=data_dir))
    ids = app.store.current().passage_ids()
    few = random.Random(3).sample(ids.tolist(), min(_ENCODED, len(ids)))  # noqa: S311 (a sample, no secret)
    texts = encoder_inputs((passage.article.title, passage.text) for passage in app.catalogue.passages(few))
    plain = SentenceTransformer(str(packaged_folder()), device="cpu")
    figures = {}
    for name, encoder in (("encoder", app.encoder.encode_passages), ("sentence_transformers", plain.encode)):
        encoder(texts[:32])
        figures[f"{name}_per_s"] = len(texts) / milliseconds(lambda do=encoder: do(texts)) * 1000
    return figures


def apart(action: Callable[_P, dict[str, float]], *given: _P.args, **named: _P.kwargs) -> dict[str, float]:
    """What it gives, done in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(action, *given, **named).result()


def measure(corpus: Path, size: int, work: Path, real: int | None, *, kept: bool) -> dict[str, float]:
    """One size, in the folder ``work``, where vectors stay if they are to be kept."""
    data_dir = work / "data"
    shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(parents=True)
    feed, questions = prepare(corpus, size, work, real)
    figures: dict[str, float] = {"paragraphs": size}
    if kept:
        vectors = work / VectorCache.NAME
        (data_dir / VectorCache.NAME).symlink_to(vectors)
        if real and real < size:
            figures |= apart(keep_copies, corpus, size, real, vectors)
    figures |= apart(build, feed, data_dir)
    figures |= apart(use, data_dir, questions)
    figures |= apart(use_again, data_dir, questions)
    figures |= apart(find, data_dir, questions)
    return figures | apart(compare, data_dir)


def main() -> None:
    """Measure each size, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="a folder for indexes, of which the last one stays")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--real", type=int, help="so many paragraphs at most are real, the others edited copies")
    parser.add_argument("--kept", action="store_true", help="keep vectors in the work folder, and use those there")
    parser.add_argument("--json", type=Path, help="also write the figures here, after each size")
    options = parser.parse_args()
    rows: list[dict[str, float]] = []
    for size in options.sizes:
        rows.append(measure(options.corpus, size, options.work, options.real, kept=options.kept))
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    table = Table("figure", *(f"{row['passages']:,.0f} passages" for row in rows))
    for name in rows[-1]:
        table.add_row(name, *(f"{row.get(name, 0.0):,.3f}" for row in rows))
    Console().print(table)


if __name__ == "__main__":
    main()
