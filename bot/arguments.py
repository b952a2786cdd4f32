"""Kinds of arguments that the command line takes."""

from __future__ import annotations

from pathlib import Path

import click

from corpus.parts import Part


class Folder(click.ParamType[Path]):
    """A folder's name. An empty one would be the current folder, which nobody means."""

    name = "folder"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The folder, whether it is there or not."""
        if value == "":
            self.fail("it is empty: name a folder", param, ctx)
        return Path(value)


class PartOf(click.ParamType[Part]):
    """A part of a corpus, such as ``2/8``."""

    name = "part"

    def convert(self, value: str | Part, param: click.Parameter | None, ctx: click.Context | None) -> Part:
        """The part."""
        try:
            return value if isinstance(value, Part) else Part.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
