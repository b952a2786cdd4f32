"""The bot on the small Slack, and a person who uses it there."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bot.app import Application
from bot.reception import Reception
from bot.settings import Settings
from bot.slack.platform import SlackPlatform
from retrieval.encoders.fake import FakeEncoder
from tests.bot.command_line import application, close
from tests.bot.slack import block_kit
from tests.bot.slack.server import APP_TOKEN, BOT, BOT_TOKEN, SECRET, FakeSlack, Message

CHANNEL = "C1"
Body = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """What was said in answer to something: its messages, what they show, and the labels of their buttons."""

    messages: tuple[Message, ...]

    @property
    def text(self) -> str:
        return "\n".join(block_kit.shown(message.blocks) or message.text for message in self.messages)

    @property
    def buttons(self) -> list[str]:
        return [b["text"]["text"] for m in self.messages for b in block_kit.buttons(m.blocks)]

    def button(self, label: str) -> tuple[Body, Message]:
        """A button by its label or the beginning of it, and the message that it stands in."""
        for message in self.messages:
            for button in block_kit.buttons(message.blocks):
                if button["text"]["text"].casefold().startswith(label.casefold()):
                    return button, message
        raise AssertionError(f"no button {label!r} among {self.buttons}")


class Bot:
    """The bot with its data folder, connected to the small Slack.

    Args:
        slack: the server.
        folder: the data folder.
        encoder: takes the place of the usual fake.
        threshold: the confidence below which an answer abstains; with 0 nothing does, with 2 everything.
        settings: beside what is needed.
    """

    def __init__(
        self,
        slack: FakeSlack,
        folder: Path,
        *,
        encoder: FakeEncoder | None = None,
        threshold: float | None = 0,
        **settings: object,
    ) -> None:
        self.slack = slack
        unlimited = {"rate_per_person": "9999/minute", "rate_per_channel": "9999/minute"}
        self.settings = Settings(
            **unlimited
            | {
                "data_dir": folder,
                "slack_bot_token": BOT_TOKEN,
                "slack_app_token": APP_TOKEN,
                "slack_signing_secret": SECRET,
                "slack_api_base_url": slack.api,
            }
            | settings
        )
        self.app: Application = application(self.settings, encoder or FakeEncoder(), threshold)
        self.reception = Reception(self.app.policy, self.app.metrics, self.settings.workers, self.settings.most_waiting)
        self.platform = SlackPlatform(self.app, self.reception, every=0.5, pause=0.01, report_every=0.05)
        self._ready = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> Self:
        """Connect; raises what the platform raises."""
        self._running = asyncio.ensure_future(self.platform.run(self._ready.set))
        waiting = asyncio.ensure_future(self._ready.wait())
        await asyncio.wait([self._running, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._running.done():
            ended, self._running = self._running, None
            await ended
        return self

    async def stop(self) -> None:
        """End as `serve` does."""
        await self.platform.close()
        await self.reception.drain(10)
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        close(self.app)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def hear(self, payload: Body, *, times: int = 1) -> Shown:
        """Have something delivered; what the bot says is what came new."""
        public, private = len(self.slack.messages), len(self.slack.private)
        await self.slack.deliver(payload, times=times)
        await self.platform.idle()
        new = [m for m in self.slack.messages[public:] if m.user == BOT] + self.slack.private[private:]
        return Shown(tuple(new))

    async def mention(self, text: str, user: str = "U1", channel: str = CHANNEL, thread: str = "") -> Shown:
        message = self.slack.write(channel, user, f"<@{BOT}> {text}", thread)
        return await self.hear(self.slack.event(message, "app_mention"))

    async def say(self, text: str, user: str = "U1", channel: str = CHANNEL, thread: str = "") -> Shown:
        return await self.hear(self.slack.event(self.slack.write(channel, user, text, thread)))

    async def command(self, name: str, text: str = "", user: str = "U1", channel: str = CHANNEL) -> Shown:
        return await self.hear(self.slack.command(f"/{name}", text, user, channel))

    async def press(self, shown: Shown, label: str, user: str = "U1", *, times: int = 1) -> Shown:
        button, message = shown.button(label)
        return await self.hear(self.slack.press(button, message, user), times=times)

    async def submit(self, reason: str | None, user: str = "U1") -> Shown:
        """Send the modal that was opened last."""
        return await self.hear(self.slack.submission(self.slack.modals[-1], user, reason))


class SlackDriver:
    """A person in a channel, for scenarios that every platform plays.

    Args:
        folder: the bot's data folder.
        settings: of the bot.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self._folder = folder
        self._settings = settings
        self.slack = FakeSlack()
        self.bot: Bot | None = None
        self._answer = Shown(())
        self._shown = Shown(())

    async def start(self) -> None:
        await self.slack.__aenter__()
        self.bot = await Bot(self.slack, self._folder, **self._settings).start()

    async def stop(self) -> None:
        await self._bot.stop()
        await self.slack.__aexit__()
        assert self.slack.problems == []

    async def restart(self) -> None:
        """Another process on the same data folder."""
        await self._bot.stop()
        self.bot = await Bot(self.slack, self._folder, **self._settings).start()

    async def ask(self, text: str, user: str = "U1") -> Shown:
        """Ask in the channel."""
        self._answer = self._shown = await self._bot.mention(text, user)
        return self._answer

    async def follow_up(self, text: str, user: str = "U1") -> Shown:
        """Go on where the answer stands, without naming the bot."""
        self._answer = self._shown = await self._bot.say(text, user, thread=self._answer.messages[0].thread)
        return self._answer

    async def press(self, label: str, user: str = "U1") -> Shown:
        """Press a button of what was shown last or else of the last answer."""
        has = any(name.casefold().startswith(label.casefold()) for name in self._shown.buttons)
        self._shown = await self._bot.press(self._shown if has else self._answer, label, user)
        return self._shown

    async def down_vote(self, reason: str | None, user: str = "U1") -> Shown:
        """Vote the last answer down."""
        await self._bot.press(self._answer, "👎", user)
        return await self._bot.submit(reason, user)

    async def command(self, name: str, text: str = "", user: str = "U1") -> Shown:
        """A command by its name: those of their own, else one of `/backchannel`."""
        alone = name in {"ask", "summary", "timeline", "reindex", "backchannel"}
        self._shown = await self._bot.command(
            name if alone else "backchannel", text if alone else f"{name} {text}", user
        )
        return self._shown

    @property
    def _bot(self) -> Bot:
        assert self.bot is not None, "start the driver first"
        return self.bot
