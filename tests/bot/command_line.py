"""The command line driven in process, with an encoder that needs no model."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import Application
from bot.cli import run
from bot.settings import Settings
from corpus.catalogue import Catalogue
from retrieval.encoders.fake import FakeEncoder
from retrieval.parameters import Parameters


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output; there must be nothing else."""
        assert self.status == 0, self.err
        assert self.out.count("\n") == 1, "standard output holds more than one line"
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    def refused(self, status: int) -> str:
        """The one line on standard error; there must be nothing else anywhere."""
        assert (self.status, self.out) == (status, ""), (self.out, self.err)
        assert self.err.startswith("backchannel: ")
        assert self.err.count("\n") == 1, f"more than one line: {self.err}"
        return self.err


@dataclass
class CommandLine:
    """Runs commands on one data folder.

    Args:
        capsys: catches what they print.
        data_dir: is named by ``--data-dir``; ``None`` leaves it to the settings.
        threshold: the confidence below which an answer abstains; ``None`` takes the shipped one.
    """

    capsys: pytest.CaptureFixture[str]
    data_dir: Path | None
    threshold: float | None = None
    encoder: FakeEncoder = field(default_factory=FakeEncoder)
    applications: list[Application] = field(default_factory=list)

    def __call__(self, *arguments: str) -> Ran:
        folder = ["--data-dir", str(self.data_dir)] if self.data_dir else []
        self.capsys.readouterr()
        status = run([*arguments, *folder], make_application=self._make)
        return Ran(status, *self.capsys.readouterr())

    def _make(self, settings: Settings) -> Application:
        app = application(settings, self.encoder, self.threshold)
        self.applications.append(app)
        return app

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue that the last command used."""
        return self.applications[-1].catalogue

    def close(self) -> None:
        for app in self.applications:
            close(app)


def application(settings: Settings, encoder: FakeEncoder, threshold: float | None = None) -> Application:
    """The parts of a data folder; with a threshold of 0 nothing abstains, with one of 2 everything."""
    app = Application(settings, encoder=encoder)
    if threshold is not None:
        shipped = Parameters.load()
        app.parameters = replace(
            shipped,
            calibration=replace(shipped.calibration, threshold=threshold),
            plain=replace(shipped.plain, threshold=threshold),
        )
    return app


def close(app: Application) -> None:
    """Close what an application opened in this thread."""
    app.close()


def jsonl(file: Path) -> list[dict[str, Any]]:
    """The objects in a file of JSON lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
