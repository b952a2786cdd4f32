"""A real Milvus server, in a network namespace of its own, since it listens on every interface."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.retrieval.milvus_server import GAVE_UP, namespaced, run_beside_server

ROOT = Path(__file__).parent.parent.parent


def permitted() -> bool:
    """Whether a network namespace can be made."""
    try:
        return subprocess.run(["unshare", "--user", "--map-root-user", "--net", "true"], check=False).returncode == 0  # noqa: S607
    except FileNotFoundError:
        return False


@pytest.mark.server
@pytest.mark.timeout(1800)
@pytest.mark.skipif(importlib.util.find_spec("milvus") is None, reason="the package milvus is not installed")
@pytest.mark.skipif(not permitted(), reason="a network namespace cannot be made here (unshare)")
def test_on_a_real_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ran = run_beside_server(namespaced(["-m", "pytest", "-q", "tests/retrieval/on_milvus_server.py"]))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("statuses", "seen"),
    [([0], 0), ([1, 0], 1), ([GAVE_UP, 0], 0), ([GAVE_UP, 1], 1), ([GAVE_UP, GAVE_UP, 0], GAVE_UP)],
)
def test_a_server_that_ends_by_itself_is_given_one_more_chance(statuses: list[int], seen: int, tmp_path: Path) -> None:
    run = "import sys; file = open(sys.argv[1], 'a'); file.write('x'); sys.exit(int(sys.argv[2:][file.tell() - 1]))"
    command = [sys.executable, "-c", run, str(tmp_path / "runs"), *map(str, statuses)]
    assert run_beside_server(command).returncode == seen
