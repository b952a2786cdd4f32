"""The client in a simulated Discord, which knows permissions and the rules of interactions."""

from __future__ import annotations

import discord
import pytest
import simcord

from bot.app import Application
from bot.discord.client import Client
from bot.discord.host import Host
from bot.discord.parts import Parts
from bot.reception import Reception

QUESTION = "Who met in Oslo on Monday?"
SENTENCE = "Envoys of both countries met in Oslo on Monday"


def client_of(app: Application) -> Client:
    return Client(Parts(Host(app, Reception(app.policy, app.metrics, 2))))


async def run_here(app: Application) -> simcord.Env:
    raise NotImplementedError


async def test_ask_is_deferred_at_once_and_private(app: Application) -> None:
    client = client_of(app)
    async with simcord.run(client, shard_count=1, strict_sync=False) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("general")
        alice = guild.add_member(env.create_user("alice"))

        result = await alice.slash(channel, "ask", question=QUESTION)

        assert result.deferred
        assert result.ephemeral
        assert result.response
        assert SENTENCE in (result.response.embeds[0].description or "")
