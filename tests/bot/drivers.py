"""A person at the bot, the same on every platform, so that a scenario is written once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Protocol

from rich.console import Console

from bot.app import Application
from bot.chat import Chat
from bot.settings import Settings
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application, close


class Shown(Protocol):
    """What a person sees of a reply."""

    @property
    def text(self) -> str:
        """All that can be read."""
        ...

    @property
    def buttons(self) -> Sequence[str]:
        """The labels of all that can be pressed."""
        ...


class Driver(Protocol):
    """Hands on one platform, with the bot on it."""

    async def start(self) -> None:
        """Begin."""
        ...

    async def stop(self) -> None:
        """End."""
        ...

    async def restart(self) -> None:
        """Another process of the bot on the same data folder."""
        ...

    async def ask(self, text: str, user: str = ...) -> Shown:
        """Ask the bot, where others can see it."""
        ...

    async def follow_up(self, text: str) -> Shown:
        """Go on from the last answer."""
        ...

    async def press(self, label: str) -> Shown:
        """Press what the last answer offers under a label."""
        ...

    async def down_vote(self, reason: str | None) -> Shown:
        """Say that the last answer is bad, and perhaps why."""
        ...

    async def command(self, name: str, text: str = "", user: str = ...) -> Shown:
        """Run a command."""
        ...


@dataclass(frozen=True)
class Screen:
    """What a terminal showed."""

    text: str
    buttons: tuple[str, ...]


# What the terminal has for the buttons of the other platforms.
_TYPED = {
    "More passages": "more",
    "Context 1": "context 1",
    "Related questions": "related",
    "👍": "good",
    "👎": "bad",
}


class TerminalDriver:
    """A person at the terminal, who is alone there.

    Args:
        folder: the bot's data folder.
        threshold: the confidence below which an answer abstains.
    """

    def __init__(self, folder: Path, threshold: float) -> None:
        self._folder = folder
        self._threshold = threshold
        self._lines: Iterator[str] = iter(())
        self._screen = StringIO()
        self._app: Application | None = None
        self._chat: Chat | None = None

    async def start(self) -> None:
        self._app = application(Settings(data_dir=self._folder), FakeEncoder(), self._threshold)
        console = Console(file=self._screen, width=100, color_system=None, markup=False, highlight=False)
        self._chat = Chat(self._app, self._read, console)

    async def stop(self) -> None:
        assert self._app
        close(self._app)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def ask(self, text: str, user: str = "") -> Screen:
        return self._type(text)

    async def follow_up(self, text: str) -> Screen:
        return self._type(text)

    async def press(self, label: str) -> Screen:
        return self._type(_TYPED[label])

    async def down_vote(self, reason: str | None) -> Screen:
        return self._type(f"bad {reason or ''}")

    async def command(self, name: str, text: str = "", user: str = "") -> Screen:
        return self._type(f"/{name} {text}")

    def _read(self, prompt: str) -> str:
        line = next(self._lines, None)
        if line is None:
            raise EOFError
        return line

    def _type(self, line: str) -> Screen:
        """What is shown for one line, below the greeting."""
        assert self._chat
        self._screen.seek(0)
        self._screen.truncate()
        self._lines = iter([line])
        self._chat.run()
        text = self._screen.getvalue().partition("\n")[2]
        hint = text.rstrip().rpartition("\n")[2]
        return Screen(text, tuple(label for label, typed in _TYPED.items() if typed in hint))
