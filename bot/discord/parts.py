"""The parts of the adapter, wired together, as commands find them by their client."""

from __future__ import annotations

from typing import Any

import discord

from bot.discord.conversation import Conversation
from bot.discord.host import Host
from bot.discord.interactions import Interactions
from bot.discord.presses import Presses
from bot.discord.reindex import Reindexing


class Parts:
    """Everything that answers.

    Args:
        host: serves.
        progress_every: seconds between two edits of a message that tells how far a re-index is.
    """

    def __init__(self, host: Host, progress_every: float = 3.0) -> None:
        self.host = host
        self.conversation = Conversation(host)
        self.interactions = Interactions(host)
        self.presses = Presses(self.interactions)
        self.reindexing = Reindexing(self.interactions, progress_every)


class ClientWithParts(discord.AutoShardedClient):
    """A client that knows them."""

    parts: Parts


def parts_of(interaction: discord.Interaction[Any]) -> Parts:
    """The parts of the client that an interaction came to.

    Raises:
        TypeError: it came to another client.
    """
    client = interaction.client
    if not isinstance(client, ClientWithParts):
        raise TypeError(f"{type(client).__name__} has no parts")
    return client.parts
