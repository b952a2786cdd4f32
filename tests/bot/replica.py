"""A replica of the bot in a process of its own, on the small Slack, with a catalogue in PostgreSQL."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from bot.app import Application
from bot.askers import Platform
from bot.serve import Timing, serve
from bot.settings import Settings
from bot.slack.platform import SlackPlatform
from retrieval.encoders.fake import FakeEncoder
from retrieval.encoders.port import Vectors
from tests.bot.command_line import application
from tests.bot.slack.server import APP_TOKEN, BOT_TOKEN

TIMING = Timing(heard_every=0.2, look_every=0.3, stop_within=3)
LOST_AFTER = 1.5
HELD = "holds a question"


class SlowEncoder(FakeEncoder):
    """Takes its time over passages, and never ends with a question that says so."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        if any("patiently" in text for text in texts):
            print(HELD, flush=True)  # noqa: T201
            threading.Event().wait()
        return super().encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        time.sleep(0.5)
        return super().encode_passages(texts)


def settings(folder: Path, url: str, slack: str) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=url,
        http_port=0,
        refresh=False,
        slack_bot_token=BOT_TOKEN,
        slack_app_token=APP_TOKEN,
        slack_api_base_url=slack,
        slack_admins=("U1",),
    )


def replica(folder: Path, url: str, slack: str, *, slow: bool = False) -> Application:
    """The parts of one, which takes another for lost soon."""
    app = application(settings(folder, url, slack), SlowEncoder() if slow else FakeEncoder(), threshold=0)
    app.journal.lost_after = LOST_AFTER
    return app


def main(folder: str, url: str, slack: str, *how: str) -> int:
    """Serve until a signal; what it says goes to standard output."""
    app = replica(Path(folder), url, slack, slow="slow" in how)
    platforms = {Platform.SLACK: lambda app, reception: SlackPlatform(app, reception, every=0.5, report_every=0.1)}
    status = serve(app, platforms, lambda line: print(line, flush=True), timing=TIMING)  # noqa: T201
    app.close()
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
