"""What is sent to Discord, as plain values within its limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.discord.markdown import size

LONGEST_CONTENT = 2000
LONGEST_TITLE = 256
LONGEST_DESCRIPTION = 4096
LONGEST_FOOTER = 1024
"""Discord takes 2,048; half of it leaves room for a whole description in the same message."""
LONGEST_LABEL = 80
MOST_EMBEDS = 10
LONGEST_EMBEDS = 6000
"""Over the titles, descriptions and footers of all embeds of a message."""

PLAIN, ANSWERED, ABSTAINED = 0x5865F2, 0x2E7D32, 0x9E9E9E


class Action(StrEnum):
    """What a button does."""

    MORE = "more"
    CONTEXT = "context"
    RELATED = "related"
    ASK = "ask"
    GOOD = "good"
    BAD = "bad"
    SHARE = "share"
    END = "end"
    """A watch or digest, whose number stands in the answer's place."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button below an answer.

    Args:
        action: what it does.
        label: what stands on it.
        answer_id: the answer it belongs to.
        number: the page, the passage or the question that is meant.
        workspace: the server that the answer was given for, where it stands in a direct message.
    """

    action: Action
    label: str
    answer_id: str
    number: int = 0
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class Embed:
    """A card. Title and description are Markdown, the footer is not."""

    description: str
    title: str = ""
    url: str = ""
    footer: str = ""
    color: int = PLAIN

    @property
    def size(self) -> int:
        """What counts towards the limit of a message."""
        return sum(size(text) for text in (self.title, self.description, self.footer))


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    content: str = ""
    embeds: tuple[Embed, ...] = ()
    buttons: tuple[Button, ...] = ()
    attachment: Attachment | None = None

    def without_links(self) -> Message:
        """The same, for when Discord does not take an address for one."""
        return replace(self, embeds=tuple(replace(embed, url="") for embed in self.embeds))


def packed(content: str, embeds: Iterable[Embed], buttons: Sequence[Button] = ()) -> tuple[Message, ...]:
    """As few messages as hold all of it, in order: the text in the first, the buttons on the last.

    Discord merges the embeds of a message that have the same address; so each address stands in it once.
    """
    groups: list[list[Embed]] = [[]]
    for embed in embeds:
        if groups[-1] and not _fits(embed, groups[-1]):
            groups.append([])
        groups[-1].append(embed)
    messages = [Message(embeds=tuple(group)) for group in groups]
    messages[0] = replace(messages[0], content=content)
    messages[-1] = replace(messages[-1], buttons=tuple(buttons))
    return tuple(messages)


def _fits(embed: Embed, group: Sequence[Embed]) -> bool:
    return (
        len(group) < MOST_EMBEDS
        and sum(other.size for other in group) + embed.size <= LONGEST_EMBEDS
        and not (embed.url and any(other.url == embed.url for other in group))
    )
