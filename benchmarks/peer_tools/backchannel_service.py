"""Backchannel as it ships: it cuts the articles, and verifies what it quotes, itself."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from benchmarks.peer_tools.measuring import Task
from bot.app import Application
from bot.askers import Question
from bot.settings import ReaderKind, load_settings
from retrieval.encoders.loading import load_encoder


class BackchannelService:
    """Whole questions, from text to verified answer."""

    packages = ("backchannel", "openvino", "faiss-cpu", "tantivy")

    def __init__(self, app: Application, wanted: int) -> None:
        self._app = app
        self._wanted = wanted

    def index(self, task: Task) -> None:
        """Take in all articles."""
        self._app.service.reindex([task.corpus])

    def search(self, question: str) -> list[str]:
        """Ids of as many articles as are wanted, best first."""
        reply = self._app.service.ask(Question(question, dt.datetime.now(dt.UTC)), k=self._wanted, keep=False)
        return [citation.article_id for citation in reply.answer.citations]


def load(task: Task) -> BackchannelService:
    """With the encoder loaded."""
    return service_of(task, ReaderKind.JOINT)


def service_of(task: Task, reader: ReaderKind) -> BackchannelService:
    """With the encoder loaded, and what reads."""
    settings = load_settings(data_dir=Path(task.work), reader=reader)
    encoder = load_encoder(settings.model, settings.precision, settings.encoder_backend, Path(task.exported))
    return BackchannelService(Application(settings, encoder), task.wanted)
