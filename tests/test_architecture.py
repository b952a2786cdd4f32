"""What the design asks of the code as a whole."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("retrieval", "corpus", "bot")
# Each may import itself and what stands before it.
MAY_IMPORT = {"retrieval": {"retrieval"}, "corpus": {"corpus", "retrieval"}, "bot": {"bot", "corpus", "retrieval"}}
# Where a library may be imported: files, or folders (ending in "/").
ALLOWED = {
    "faiss": ("retrieval/index/dense.py",),
    "tantivy": ("retrieval/index/lexical.py",),
    "pymilvus": ("retrieval/index/milvus/server.py",),
    "sqlite3": ("corpus/sqlite.py", "corpus/schema.py", "corpus/snapshots.py"),
    "sqlalchemy": ("corpus/",),
    "alembic": ("corpus/migrations/",),
    "psycopg": ("corpus/postgresql.py",),
    "sentence_transformers": ("retrieval/encoders/sentence_transformer.py", "retrieval/named_readers.py"),
    "openvino": ("retrieval/encoders/runtime.py",),
    "feedparser": ("corpus/webfeeds/rss.py",),
    "protego": ("corpus/fetching/robots.py",),
    "torch": (
        "retrieval/encoders/sentence_transformer.py",
        "retrieval/joint/",
        "retrieval/named_readers.py",
        "retrieval/verifier/entailment.py",
    ),
    "transformers": (
        "retrieval/encoders/sentence_transformer.py",
        "retrieval/named_readers.py",
        "retrieval/verifier/entailment.py",
    ),
    "slack_bolt": ("bot/slack/",),
    "slack_sdk": ("bot/slack/",),
    "discord": ("bot/discord/",),
    "trafilatura": ("corpus/readers/pages/",),
    "htmldate": ("corpus/readers/pages/",),
    "lxml": ("corpus/readers/pages/",),
    "pypdf": ("corpus/readers/pdf.py",),
    "datasketch": ("corpus/stories/minhash.py",),
}
LONGEST_MODULE = 400

MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in MODULES]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively, line {node.lineno}"
            yield node.module or ""
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called in {"importlib.import_module", "import_module", "__import__"}:
                yield str(node.args[0].value)


def in_python(code: str, folder: Path) -> str:
    """What a fresh interpreter prints; all that it may write by itself goes to ``folder``."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_packages_were_found() -> None:
    assert {"retrieval/engine.py", "corpus/catalogue.py", "bot/cli.py"} <= set(NAMES)


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    ours = {name.partition(".")[0] for name in imports(path)} & {*PACKAGES, "tests", "benchmarks", "training"}
    assert ours <= MAY_IMPORT[package]


@pytest.mark.parametrize("library", sorted(ALLOWED))
def test_a_library_is_imported_in_its_place_alone(library: str) -> None:
    places = [
        name
        for name, path in zip(NAMES, MODULES, strict=True)
        if any(imported.partition(".")[0] == library for imported in imports(path))
    ]
    strays = [name for name in places if not any(name == home or name.startswith(home) for home in ALLOWED[library])]
    assert strays == []


@pytest.mark.parametrize("library", ["faiss", "tantivy", "pymilvus", "sqlite3", "sentence_transformers", "openvino"])
def test_the_place_of_a_library_does_import_it(library: str) -> None:
    assert any(library in {name.partition(".")[0] for name in imports(ROOT / home)} for home in ALLOWED[library])


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_is_not_long_and_says_what_it_is(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE
    docstring = ast.get_docstring(tree(path))
    assert docstring, f"{path} has no docstring"
    assert docstring.splitlines()[0].endswith((".", ":")), docstring


IMPORT_EVERYTHING = """
import logging, os, sys, threading
from pathlib import Path

before = dict(os.environ)
handlers, level, threads = list(logging.root.handlers), logging.root.level, threading.active_count()
for name in {names!r}:
    __import__(name)
assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())
assert logging.root.handlers == handlers, logging.root.handlers
assert logging.root.level == level
ours = [n for n in logging.root.manager.loggerDict if n.partition(".")[0] in {packages!r}]
assert all(not logging.getLogger(n).handlers and not logging.getLogger(n).level for n in ours)
assert threading.active_count() == threads
assert list(Path().rglob("*")) == [], list(Path().rglob("*"))
heavy = {heavy!r} & set(sys.modules)
assert not heavy, heavy
"""


def importable(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def test_importing_every_module_has_no_effects_and_loads_no_model_library(tmp_path: Path) -> None:
    # A torch module by its nature; imported where it is trained, exported or run by torch.
    apart = {"bot.__main__", "retrieval.joint.network"}
    names = [name for name in map(importable, MODULES) if name not in apart]
    in_python(
        IMPORT_EVERYTHING.format(
            names=names,
            packages=PACKAGES,
            heavy={"torch", "sentence_transformers", "openvino", "trafilatura", "pypdf", "pymilvus"},
        ),
        tmp_path,
    )


def test_the_command_line_starts_without_what_takes_long_to_import(tmp_path: Path) -> None:
    heavy = {
        "torch",
        "faiss",
        "openvino",
        "sentence_transformers",
        "transformers",
        "tantivy",
        "numpy",
        "dateparser",
        "nupunkt",
        "rich",
        "lxml",
        "trafilatura",
        "pypdf",
    }
    in_python(IMPORT_EVERYTHING.format(names=["bot.cli"], packages=PACKAGES, heavy=heavy), tmp_path)


def test_help_is_shown_without_what_takes_long_to_import(tmp_path: Path) -> None:
    code = """
import sys
from bot.cli import run
assert run(["ask", "--help"]) == 0
print(sorted({"torch", "faiss", "sentence_transformers", "tantivy", "numpy", "nupunkt"} & set(sys.modules)))
"""
    assert in_python(code, tmp_path).splitlines()[-1] == "[]"


def test_without_a_question_to_answer_nothing_for_models_the_web_or_servers_is_loaded(tmp_path: Path) -> None:
    code = """
import sys
from bot.cli import run
assert run(["status", "--data-dir", "nowhere"]) == 1
assert run(["ask", "?!", "--data-dir", "nowhere"]) == 2
print(sorted({"torch", "sentence_transformers", "aiohttp", "alembic", "psycopg"} & set(sys.modules)))
"""
    assert in_python(code, tmp_path) == "[]\n"
