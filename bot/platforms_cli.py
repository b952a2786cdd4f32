"""The commands that set the bot up on a platform: ``backchannel slack manifest`` and ``backchannel discord sync``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.arguments import Folder
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Application

_data_dir = click.option("--data-dir", type=Folder(), metavar="DIR", help="The only folder that is written to.")


def platform_groups(make_application: Callable[[Path | None], Application]) -> tuple[click.Group, click.Group]:
    """The groups ``slack`` and ``discord``.

    Args:
        make_application: wires the parts of a data folder.
    """

    @click.group()
    def slack() -> None:
        """What is needed to set up the bot in Slack."""

    @slack.command()
    @_data_dir
    def manifest(data_dir: Path | None) -> None:
        """Print the manifest to paste at https://api.slack.com/apps under "From a manifest"."""
        from bot.slack.manifest import manifest as slack_manifest

        prefix = make_application(data_dir).settings.slack_command_prefix
        click.echo(json.dumps(slack_manifest(prefix), indent=2, ensure_ascii=True))

    @click.group()
    def discord() -> None:
        """What is needed to set up the bot in Discord."""

    @discord.command()
    @_data_dir
    def sync(data_dir: Path | None) -> None:
        """Register the bot's commands with Discord, for all servers."""
        import asyncio

        from bot.discord.platform import sync_commands

        app = make_application(data_dir)
        if app.settings.discord_token is None:
            raise UsageError("DISCORD_TOKEN is not set: `backchannel serve` says where to get one")
        count = asyncio.run(sync_commands(app))
        click.echo(f"{count} commands are registered. Discord shows them at once; restart your Discord if it does not.")

    return slack, discord
