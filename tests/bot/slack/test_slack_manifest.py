"""What Slack is told about the app, against what the code does."""

import re
from pathlib import Path

from bot.slack import actions, commands
from bot.slack.manifest import manifest
from bot.slack.web import retry_handlers

SLACK = Path(commands.__file__).parent
SOURCE = "\n".join(file.read_text(encoding="utf-8") for file in SLACK.glob("*.py"))

# Which scope each call of the Web API needs.
SCOPES = {
    "auth_test": set(),
    "apps_connections_open": set(),
    "chat_postMessage": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_open": {"im:write"},
    "files_upload_v2": {"files:write"},
    "reactions_add": {"reactions:write"},
    "reactions_remove": {"reactions:write"},
    "users_info": {"users:read"},
    "views_open": set(),
    "views_publish": set(),
}
EVENTS = {
    "app_mention": {"app_mentions:read"},
    "app_home_opened": set(),
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
}


def test_the_scopes_are_those_that_are_used() -> None:
    called = set(re.findall(r"client\.(\w+_\w+)\b", SOURCE)) - {"retry_handlers", "base_url", "wss_uri", "is_connected"}
    assert called == set(SCOPES)
    needed = {"commands"}.union(*SCOPES.values(), *EVENTS.values())
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed


def test_the_events_are_those_that_are_listened_to() -> None:
    events = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert set(events) == set(EVENTS)
    assert {event.partition(".")[0] for event in events} == set(re.findall(r'bolt\.event\("(\w+)"\)', SOURCE))


def test_the_commands_and_the_shortcut_are_those_that_are_listened_to() -> None:
    features = manifest()["features"]
    assert [c["command"] for c in features["slash_commands"]] == [f"/{command}" for command in commands.Command]
    assert [(s["type"], s["callback_id"]) for s in features["shortcuts"]] == [("message", actions.ASK_SHORTCUT)]
    assert features["app_home"]["home_tab_enabled"]
    assert features["app_home"]["messages_tab_enabled"]
    assert not features["app_home"]["messages_tab_read_only_enabled"]


def test_a_prefix_stands_before_each_command() -> None:
    named = [c["command"] for c in manifest("news-")["features"]["slash_commands"]]
    assert named == [f"/news-{command}" for command in commands.Command]
    assert manifest()["features"]["slash_commands"][0]["command"] == "/ask"


def test_it_keeps_to_slacks_lengths() -> None:
    whole = manifest("sixteen-letters-")
    assert len(whole["display_information"]["description"]) <= 140
    for command in whole["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["usage_hint"]) <= 1000
        assert len(command["description"]) <= 2000
        assert command["should_escape"] is False
    for shortcut in whole["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
    assert whole["settings"]["socket_mode_enabled"]
    assert whole["settings"]["interactivity"]["is_enabled"]


def test_help_names_the_commands_with_their_prefix() -> None:
    named = [command for command, _ in commands.help_reply("x-").commands]
    assert {n.split()[0] for n in named if n.startswith("/")} == {
        "/x-ask",
        "/x-summary",
        "/x-timeline",
        "/x-backchannel",
        "/x-reindex",
    }


def test_rate_limits_broken_connections_and_failed_servers_are_tried_again() -> None:
    assert len(retry_handlers()) == 3
