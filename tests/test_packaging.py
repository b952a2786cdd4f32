"""The wheel holds all it needs: built, installed into an empty environment, asked from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [pytest.mark.packaging, pytest.mark.model]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_packages_and_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"bot", "retrieval", "corpus"}
    assert {
        f"retrieval/data/{name}" for name in ("parameters.json", "reader.json", "reader.npz", "reader/alone.bin")
    } <= set(names)
    assert sum(name.startswith("corpus/articles/") and name.endswith(".md") for name in names) >= 20
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_an_installed_wheel_answers_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    # Few of all the modules that come with it are imported, so they are not all compiled.
    options = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    install = [str(python), "-m", "pip", "install", *options, str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BACKCHANNEL_"))}
    asked = subprocess.run(
        [
            str(environment / "bin" / "backchannel"),
            "ask",
            "Why does India keep channels open to Russia?",
            "--json",
            "--data-dir",
            str(tmp_path / "data"),
        ],
        check=True,
        capture_output=True,
        text=True,
        cwd=elsewhere,
        env=outside,
    )
    answer = json.loads(asked.stdout)
    assert not answer["abstained"]
    assert answer["citations"][0]["article_id"] == "strategic-autonomy"
    assert list(elsewhere.iterdir()) == []
