"""Backchannel where nothing is read: it ranks by both searches, and marks and judges by words alone."""

from __future__ import annotations

from benchmarks.peer_tools.backchannel_service import BackchannelService, service_of
from benchmarks.peer_tools.measuring import Task
from bot.settings import ReaderKind


def load(task: Task) -> BackchannelService:
    """With the encoder loaded."""
    return service_of(task, ReaderKind.WORDS)
