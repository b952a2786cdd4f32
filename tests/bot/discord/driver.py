"""A person on Discord: asks the bot over loopback, and sees what Discord would show."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from bot.app import Application
from bot.discord.platform import DiscordPlatform
from bot.discord.supervisor import BackOff
from bot.reception import Reception
from bot.settings import Settings
from corpus.journal import Reason
from tests.bot.discord.server import ADMIN, BOT, CHANNEL, TOKEN, FakeDiscord, Json, Pressed, buttons_of, dm_of

PATIENCE = 30.0

Start = Callable[..., Awaitable["Bot"]]
"""Starts a bot that the test's end stops."""


@dataclass(frozen=True)
class Shown:
    """What a person sees of a reply."""

    text: str
    buttons: tuple[str, ...]
    private: bool = False

    @classmethod
    def of(cls, *messages: Json) -> Shown:
        lines: list[str] = []
        for message in messages:
            lines.append(message["content"])
            for embed in message["embeds"]:
                lines += [
                    embed.get("title", ""),
                    embed.get("description", ""),
                    (embed.get("footer") or {}).get("text", ""),
                ]
        buttons = tuple(button["label"] for message in messages for button in buttons_of(message))
        private = any(int(message.get("flags") or 0) & 64 for message in messages)
        return cls(plain("\n".join(line for line in lines if line)), buttons, private)


def plain(markdown: str) -> str:
    """What is read of Markdown: without marks, and without the backslashes before what is none."""
    shown = re.sub(r"(?<!\\)\*\*|^>>> |^-# ", "", markdown, flags=re.MULTILINE)
    shown = re.sub(r"(?<!\\)\[((?:\\.|[^\]\\])*)\]\(https?://[^)]*\)", r"\1", shown)
    return re.sub(r"\\([^\w\s])", r"\1", shown)


async def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something to come true."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.005)


class Bot:
    """The bot as `serve` runs it, connected to a fake Discord.

    Args:
        app: the parts of a data folder; its settings come from :func:`settings_for`.
        progress_every: seconds between edits of a re-index' message.
        heartbeat_timeout: seconds after which a silent gateway is left.
    """

    def __init__(self, app: Application, progress_every: float = 0.05, heartbeat_timeout: float = 60.0) -> None:
        self.app = app
        self.reception = Reception(app.policy, app.metrics, app.settings.workers, app.settings.most_waiting)
        quick = BackOff(first=0.02, longest=0.05)
        self.platform = DiscordPlatform(
            app, self.reception, back_off=quick, progress_every=progress_every, heartbeat_timeout=heartbeat_timeout
        )
        self.ready = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def start(self, *, connected: bool = True) -> None:
        self.task = asyncio.create_task(self.platform.run(self.ready.set))
        if connected:
            ready = asyncio.create_task(self.ready.wait())
            await asyncio.wait({ready, self.task}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            if self.task.done():
                self.task.result()
            assert self.ready.is_set()

    async def stop(self) -> None:
        task, self.task = self.task, None
        if task is None:
            return
        await self.platform.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await self.reception.drain(5)


def settings_for(server: FakeDiscord, settings: Settings) -> Settings:
    """The settings, with a token for a fake Discord."""
    changed = {"discord_token": TOKEN, "discord_api_base_url": server.api}
    return Settings(**{**settings.model_dump(exclude_unset=True), **changed})


class DiscordDriver:
    """A scenario's hands on Discord.

    Args:
        make_application: makes the parts of a data folder from settings; called at each start.
        settings: without a token and addresses.
    """

    def __init__(self, make_application: Callable[[Settings], Application], settings: Settings) -> None:
        self._make = make_application
        self._settings = settings
        self.server = FakeDiscord()
        self.bot: Bot | None = None
        self._last: Json | None = None
        self._last_user = 1

    async def start(self) -> None:
        """Start Discord, and the bot on it."""
        await self.server.start()
        await self._start_bot()

    async def stop(self) -> None:
        """Stop both."""
        await self._stop_bot()
        await self.server.stop()

    async def restart(self) -> None:
        """Restart the bot; Discord keeps what was posted."""
        await self._stop_bot()
        await self._start_bot()

    async def ask(self, text: str, user: str = "1", *, direct: bool = False) -> Shown:
        """Mention the bot in a channel, or write to it alone."""
        channel = dm_of(int(user)) if direct else CHANNEL
        return await self._said(text, int(user), channel=channel, direct=direct)

    async def follow_up(self, text: str) -> Shown:
        """Reply to what the bot posted last."""
        assert self._last
        return await self._said(text, self._last_user, channel=self._last["channel_id"], reply_to=self._last)

    async def press(self, label: str) -> Shown:
        """Press a button of what the bot showed last."""
        assert self._last
        direct = self._last["channel_id"] == str(dm_of(self._last_user))
        pressed = await self.server.press(self._last, label, user=self._last_user, direct=direct)
        return await self._seen(pressed)

    async def down_vote(self, reason: str | None) -> Shown:
        """Press 👎, and send the form that comes."""
        assert self._last
        pressed = await self.server.press(self._last, "👎", user=self._last_user)
        await until(lambda: pressed.callbacks)
        sent = await self.server.submit(pressed.callbacks[0]["data"], reason and Reason(reason), user=self._last_user)
        return await self._seen(sent, keep=False)

    async def command(self, name: str, text: str = "", user: str = "1") -> Shown:
        """Run a command with its first option."""
        first = {"ask": "question", "summary": "topic", "answer": "id", "timeline": "topic", "quotes": "person"} | {
            "history": "article"
        }
        options = {first[name]: text} if text and name in first else {}
        self._last_user = int(user)
        return await self._seen(await self.server.command(name, options, user=int(user)))

    async def _said(
        self, text: str, user: int, *, channel: int | str, direct: bool = False, reply_to: Json | None = None
    ) -> Shown:
        before = len(self.server.posted)
        self._last_user = user
        await self.server.say(text, user=user, channel=channel, direct=direct, reply_to=reply_to)
        await until(lambda: len(self.server.posted) > before)
        await self._at_rest()
        posted = self.server.posted[before:]
        self._last = posted[-1]
        return Shown.of(*posted)

    async def _seen(self, pressed: Pressed, *, keep: bool = True) -> Shown:
        await until(lambda: pressed.replies)
        await self._at_rest()
        if keep and any(True for reply in pressed.replies for _ in buttons_of(reply)):
            self._last = pressed.replies[-1]
        return Shown.of(*pressed.replies)

    async def _at_rest(self) -> None:
        """Until the bot does nothing more."""
        assert self.bot
        await self.bot.platform.at_rest()

    async def _start_bot(self) -> None:
        self.bot = Bot(self._make(settings_for(self.server, self._settings)))
        await self.bot.start()

    async def _stop_bot(self) -> None:
        if self.bot:
            await self.bot.stop()


__all__ = ["ADMIN", "BOT", "CHANNEL", "Bot", "DiscordDriver", "Shown", "plain", "settings_for", "until"]
