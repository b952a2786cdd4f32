"""A real Milvus server, in a network namespace of its own, since it listens on every interface."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from tests.retrieval.milvus_server import GAVE_UP, namespaced

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
def test_on_a_real_server() -> None:
    command = namespaced(["-m", "pytest", "-q", "tests/retrieval/on_milvus_server.py"])
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode == GAVE_UP:
        pytest.skip("the server gave up, as it does where the machine stands still for a minute")
    assert ran.returncode == 0, ran.stdout + ran.stderr
