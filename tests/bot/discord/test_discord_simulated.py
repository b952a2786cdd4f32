"""The client in a simulated Discord, which knows permissions and the rules of interactions."""

from __future__ import annotations

from collections.abc import AsyncIterator

import discord
import pytest_asyncio
import simcord

from bot.app import Application
from bot.discord.client import Client
from bot.discord.commands import sync
from bot.discord.host import Host
from bot.discord.parts import Parts
from bot.reception import Reception

QUESTION = "Who met in Oslo on Monday?"
SENTENCE = "Envoys of both countries met in Oslo on Monday"


def client_of(app: Application) -> Client:
    return Client(Parts(Host(app, Reception(app.policy, app.metrics, 2)), progress_every=0.01))


@pytest_asyncio.fixture
async def env(app: Application) -> AsyncIterator[simcord.Env]:
    """A simulated Discord with the bot in it, its commands registered."""
    client = client_of(app)
    running = simcord.Env(client, shard_count=1)
    await running.start()
    await sync(client.tree, None)
    yield running
    await running.shutdown()
    simcord.assert_no_errors(running)


def general(env: simcord.Env) -> tuple[simcord.GuildHandle, simcord.ChannelHandle, simcord.MemberActor]:
    guild = env.create_guild()
    return guild, guild.create_text_channel("general"), guild.add_member(env.create_user("alice"))


async def test_ask_is_private_and_can_be_shared(env: simcord.Env) -> None:
    _, channel, alice = general(env)
    result = await alice.slash(channel, "ask", question=QUESTION)

    assert result.ephemeral
    assert result.response
    assert SENTENCE in (result.response.embeds[0].description or "")
    assert channel.last_message is None

    await alice.click(result.response, label="Share in channel")

    assert channel.last_message
    assert SENTENCE in (channel.last_message.embeds[0].description or "")


async def test_a_button_of_an_earlier_run_works(env: simcord.Env, app: Application) -> None:
    guild, channel, alice = general(env)
    assert guild.me
    await alice.send(channel, f"{guild.me.mention} {QUESTION}")
    answer = channel.last_message
    assert answer

    await env.restart_bot(client_of(app))
    result = await alice.click(answer, label="Context 1")

    assert result.response
    assert "The harbour had been closed" in (result.response.embeds[0].description or "")


async def test_commands_for_admins_are_hidden_and_checked(env: simcord.Env) -> None:
    guild, channel, alice = general(env)
    role = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    manager = guild.add_member(env.create_user("max"), roles=[role])

    assert "status" not in alice.available_commands(channel)
    assert "status" in manager.available_commands(channel)
    result = await manager.slash(channel, "status")

    assert result.response
    assert "passages" in (result.response.embeds[0].description or "")


async def test_an_injected_failure_is_survived(env: simcord.Env) -> None:
    guild, channel, alice = general(env)
    assert guild.me
    env.inject_error("POST", f"/channels/{channel.id}/messages", status=403, code=50013)

    await alice.send(channel, f"{guild.me.mention} {QUESTION}")

    assert channel.last_message
    mailed = alice.user.dm_channel.last_message
    assert mailed
    assert SENTENCE in (mailed.embeds[0].description or "")
