"""What Slack has to know about the app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("manifest.json")


def manifest(prefix: str = "") -> dict[str, Any]:
    """The app's manifest, to be pasted where apps are made; ``prefix`` stands before each command's name."""
    whole: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    for command in whole["features"]["slash_commands"]:
        command["command"] = f"/{prefix}{command['command'].removeprefix('/')}"
    return whole
