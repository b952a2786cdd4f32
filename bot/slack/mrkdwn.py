"""Slack's markup: what we write without any of it, and what people write with it."""

from __future__ import annotations

import re

_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|([^<>]*))?>")
_CHANNEL = re.compile(r"<#([A-Z0-9]+)(?:\|([^<>]*))?>")
_SPECIAL = re.compile(r"<!([^<>|]*)(?:\|([^<>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto|tel):[^<>|]*)(?:\|([^<>]*))?>")


def escape(text: str) -> str:
    """The text with the three characters escaped that Slack takes for markup, so that nothing pings or links."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str) -> str:
    """What a person wrote, without Slack's markup: links by their labels, channels by their names, nobody named."""
    text = _MENTION.sub(lambda match: match[2] or " ", text)
    text = _CHANNEL.sub(lambda match: f"#{match[2]}" if match[2] else " ", text)
    text = _SPECIAL.sub(lambda match: match[2] or " ", text)
    text = _LINK.sub(lambda match: match[2] or match[1], text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return " ".join(text.split())


def addressee(text: str) -> str | None:
    """The person whom a message addresses: the id of the mention that it begins with."""
    match = _MENTION.match(text.lstrip())
    return match[1] if match else None
