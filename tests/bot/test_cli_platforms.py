import json

import pytest

from tests.bot.command_line import CommandLine


def test_the_manifest_is_printed_with_the_prefix_of_the_settings(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def commands() -> set[str]:
        ran = cli("slack", "manifest")
        assert (ran.status, ran.err) == (0, "")
        return {command["command"] for command in json.loads(ran.out)["features"]["slash_commands"]}

    assert {"/ask", "/summary", "/reindex", "/backchannel"} <= commands()
    monkeypatch.setenv("BACKCHANNEL_SLACK_COMMAND_PREFIX", "news-")
    assert "/news-ask" in commands()


def test_discord_commands_cannot_be_registered_without_a_token(cli: CommandLine) -> None:
    assert "DISCORD_TOKEN is not set" in cli("discord", "sync").refused(2)


@pytest.mark.parametrize("group", ["slack", "discord"])
def test_a_group_alone_lists_its_commands_and_is_bad_input(cli: CommandLine, group: str) -> None:
    cli.data_dir = None
    ran = cli(group)
    assert (ran.status, ran.out) == (2, "")
    assert f"Usage: backchannel {group}" in ran.err
