"""Draw ``docs/demo.svg`` from what the bot really answers.

python docs/render_demo.py
"""

from __future__ import annotations

import datetime as dt
import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.app import Application
from bot.askers import Question
from bot.render.terminal import render
from bot.settings import load_settings

QUESTIONS = ("Why does India keep channels open to Russia?", "Who won the 2019 Rugby World Cup?")


def main() -> None:
    """Index the briefs, ask, draw."""
    console = Console(record=True, width=100, force_terminal=True, color_system="truecolor", file=io.StringIO())
    now = dt.datetime.now().astimezone()
    with tempfile.TemporaryDirectory() as folder:
        app = Application(load_settings(data_dir=Path(folder)))
        app.service.reindex()
        for question in QUESTIONS:
            console.print(Text(f'$ backchannel ask "{question}"', style="bold green"))
            console.print(render(app.service.ask(Question(question, now)), today=now.date(), color=True))
            console.print()
    svg = console.export_svg(title="backchannel")
    # The picture stands alone: no fonts from elsewhere.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    Path(__file__).with_name("demo.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
