"""Kinds of arguments that the command line takes."""

from __future__ import annotations

from pathlib import Path

import click


class Folder(click.ParamType[Path]):
    """A folder's name. An empty one would be the current folder, which nobody means."""

    name = "folder"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The folder, whether it is there or not."""
        if value == "":
            self.fail("it is empty: name a folder", param, ctx)
        return Path(value)
