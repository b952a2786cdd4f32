"""The small Slack and Discord of the tests, as people ask in them, and what each of these is told.

Every question is somebody else's, so that what is said is known by whom it is said to.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from bot.render.words import waiting_words
from tests.bot.discord import server as discord_server
from tests.bot.slack import server as slack_server

_CHANNEL = "C1"
_FIRST_PERSON = 1_000_000
_WAIT = waiting_words(0).partition(";")[0]
_FAILED = "Something went wrong"


class Kind(StrEnum):
    """What somebody may be told."""

    ANSWER = "answered"
    WAIT = "told to wait"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody was told something."""

    person: int
    kind: Kind
    text: str = ""


class Chat(Protocol):
    """A chat with the bot in it."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process of the bot needs to connect."""
        ...

    async def ask(self, person: int, text: str) -> None:
        """Have somebody ask who has not asked before."""
        ...

    def told(self) -> Iterator[Told]:
        """What people were told since the last look."""
        ...


class SlackChat:
    """The small Slack; each event goes to one of the connections, whichever that is."""

    def __init__(self, server: slack_server.FakeSlack) -> None:
        self._server = server
        self._asked: dict[str, int] = {}
        self._chance = random.Random(7)  # noqa: S311 (no secret)
        self._seen = self._seen_alone = 0

    @property
    def environment(self) -> Mapping[str, str]:
        """As :class:`Chat`."""
        return {
            "SLACK_BOT_TOKEN": slack_server.BOT_TOKEN,
            "SLACK_APP_TOKEN": slack_server.APP_TOKEN,
            "SLACK_API_BASE_URL": self._server.api,
        }

    async def ask(self, person: int, text: str) -> None:
        """As :class:`Chat`."""
        message = self._server.write(_CHANNEL, f"U{person}", f"<@{slack_server.BOT}> {text}")
        self._asked[message.ts] = person
        event = self._server.event(message, "app_mention")
        await self._server.push(event, self._chance.randrange(self._server.connections))

    def told(self) -> Iterator[Told]:
        """As :class:`Chat`."""
        new, self._seen = self._server.messages[self._seen :], len(self._server.messages)
        for message in new:
            if message.user == slack_server.BOT and message.thread in self._asked:
                yield Told(self._asked.pop(message.thread), Kind.ANSWER)
        alone, self._seen_alone = self._server.private[self._seen_alone :], len(self._server.private)
        for message in alone:
            yield told_in_a_line(int(message.only_for[1:]), message.text)


class DiscordChat:
    """The small Discord; a line that tells somebody to wait becomes the answer."""

    def __init__(self, server: discord_server.FakeDiscord) -> None:
        self._server = server
        self._seen = 0
        self._lines: dict[str, tuple[int, dict[str, Any], str]] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        """As :class:`Chat`."""
        return {"DISCORD_TOKEN": discord_server.TOKEN, "DISCORD_API_BASE_URL": self._server.api}

    async def ask(self, person: int, text: str) -> None:
        """As :class:`Chat`."""
        await self._server.say(text, user=_FIRST_PERSON + person)

    def told(self) -> Iterator[Told]:
        """As :class:`Chat`."""
        new, self._seen = self._server.posted[self._seen :], len(self._server.posted)
        for message in new:
            asked = self._server.messages[str(message["message_reference"]["message_id"])]
            self._lines[message["id"]] = (int(asked["author"]["id"]) - _FIRST_PERSON, message, "")
        for key, (person, message, before) in list(self._lines.items()):
            if message["embeds"]:
                del self._lines[key]
                yield Told(person, Kind.ANSWER)
            elif message["content"] != before:
                line = told_in_a_line(person, message["content"])
                self._lines[key] = (person, message, message["content"])
                if line.kind is not Kind.WAIT:
                    del self._lines[key]
                yield line


def told_in_a_line(person: int, text: str) -> Told:
    """What a line that is no answer says."""
    if text.startswith(_WAIT):
        return Told(person, Kind.WAIT, text)
    if text.startswith(_FAILED):
        # Without its reference, which is each time another one.
        return Told(person, Kind.FAILED, _FAILED)
    return Told(person, Kind.REFUSED, text)


@asynccontextmanager
async def slack() -> AsyncIterator[SlackChat]:
    """The small Slack, nobody connected yet."""
    async with slack_server.FakeSlack() as server:
        yield SlackChat(server)


@asynccontextmanager
async def discord() -> AsyncIterator[DiscordChat]:
    """The small Discord, nobody connected yet."""
    server = discord_server.FakeDiscord()
    await server.start()
    try:
        yield DiscordChat(server)
    finally:
        await server.stop()


CHATS: Mapping[str, Callable[[], AbstractAsyncContextManager[Chat]]] = {"Slack": slack, "Discord": discord}
