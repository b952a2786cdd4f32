"""The README and the settings' example hold what they say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from bot.cli import cli, run
from bot.settings import Settings, variable

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """The lines `$ backchannel …` of console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    return [line.removeprefix("$ backchannel ") for block in blocks for line in block.splitlines() if line]


@pytest.mark.model
def test_every_command_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BACKCHANNEL_DATA_DIR", str(tmp_path))
    assert len(commands()) >= 5
    for command in commands():
        assert run(shlex.split(command)) == 0, command
        assert capsys.readouterr().out.strip(), command


def test_the_command_reference_names_every_command() -> None:
    reference = README.split("## Command reference")[1].split("## Settings")[0]
    for name in cli.commands:
        assert re.search(rf"\b{name}\b", reference), name


def test_the_settings_table_names_every_setting() -> None:
    table = README.split("## Settings")[1].split("## How it works")[0]
    named = re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)
    assert named == [variable(name) for name in Settings.model_fields]


def test_every_file_that_the_readme_links_exists() -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_every_dependency_is_in_the_table() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = re.findall(
        r'^    "([a-z0-9-]+)[^"]*",$', project.split("dependencies = [")[1].split("]\n")[0], re.MULTILINE
    )
    table = README.split("## Dependencies")[1].split("## Limits")[0]
    assert len(declared) >= 10
    for name in declared:
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", table), name
