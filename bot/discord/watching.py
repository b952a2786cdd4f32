"""`/watch`, `/digest` and `/watches`, as Discord lists them. What they show, the person alone sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from discord import app_commands

from bot.askers import Asker
from bot.discord.askers import asker_of_interaction
from bot.discord.interactions import Interaction
from bot.discord.markdown import clip
from bot.discord.parts import parts_of
from bot.messages import WatchesReply
from bot.render.unasked import subscription_words
from bot.schedule import Every, zones_like
from bot.watches import LONGEST_TOPIC, Watches, Where

_CHOICES = 25
_LONGEST_CHOICE = 100
_WHERE = "In this channel, which is the default, or to you alone"
_ZONE = "Yours, such as Europe/Oslo; for quiet hours and for the hour of a digest"
_Topic = app_commands.Range[str, 1, LONGEST_TOPIC]


@app_commands.command(description="Hear of each new article on a topic")
@app_commands.describe(topic="A question, or a few words such as: grain deal", where=_WHERE, timezone=_ZONE)
async def watch(
    interaction: Interaction, topic: _Topic, where: Literal["here", "dm"] = "here", timezone: str | None = None
) -> None:
    """Begin a watch."""
    await _answer(interaction, timezone, lambda watches, asker: watches.watch(asker, topic, Where(where)))


@app_commands.command(description="Hear at a set hour what is new")
@app_commands.describe(
    every="Daily, or weekly on Mondays", topic="On a topic; else what most outlets tell", where=_WHERE, timezone=_ZONE
)
async def digest(
    interaction: Interaction,
    every: Literal["daily", "weekly"],
    topic: _Topic | None = None,
    where: Literal["here", "dm"] = "here",
    timezone: str | None = None,
) -> None:
    """Begin a digest."""
    await _answer(
        interaction, timezone, lambda watches, asker: watches.digest(asker, Every(every), topic or "", Where(where))
    )


@watch.autocomplete("timezone")
@digest.autocomplete("timezone")
async def _zones(_: Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name) for name in zones_like(current[:_LONGEST_CHOICE], _CHOICES)]


@app_commands.command(name="watches", description="Your watches and digests, and those of this channel; end one")
@app_commands.describe(remove="The number of one to end")
async def watches_(interaction: Interaction, remove: app_commands.Range[int, 1, 2**31] | None = None) -> None:
    """List them, or end one."""

    def work(watches: Watches, asker: Asker) -> WatchesReply:
        return watches.mine(asker) if remove is None else watches.remove(asker, remove)

    await _answer(interaction, None, work)


@watches_.autocomplete("remove")
async def _own(interaction: Interaction, _: str) -> list[app_commands.Choice[Any]]:
    host = parts_of(interaction).host
    asker = asker_of_interaction(interaction)
    own = (await host.ledger.run(lambda: host.app.watches.mine(asker))).own[:_CHOICES]
    named = [(clip(subscription_words(one, asker.channel), _LONGEST_CHOICE), one.id) for one in own]
    return [app_commands.Choice(name=name, value=number) for name, number in named]


async def _answer(interaction: Interaction, zone: str | None, work: Callable[[Watches, Asker], WatchesReply]) -> None:
    parts = parts_of(interaction)
    watches = parts.host.app.watches
    await parts.interactions.answer(interaction, lambda asker: work(watches, replace(asker, zone=zone or "")))


WATCHING: tuple[app_commands.Command[Any, ..., Any], ...] = (watch, digest, watches_)
