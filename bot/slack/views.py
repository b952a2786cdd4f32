"""Views: the modal that asks what is wrong with an answer, and the App Home tab. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.messages import GapsReply, HelpReply, SourcesReply, StatusReply
from bot.slack.actions import REASON_BLOCK, REASON_VIEW
from bot.slack.blocks import gaps_blocks, help_blocks, sources_blocks, status_blocks
from bot.slack.elements import Block, paragraphs
from corpus.journal import Reason

View = dict[str, Any]

HOW_TO_ASK = (
    "Mention me in a channel, or write to me here: “Who brokered the grain deal?” Every answer is quoted word for word "
    "from an article, with its source, its date and a link. Where no article answers, I say so. In the thread of an "
    'answer, go on without a mention; “new topic” begins anew. since:2024-06, until:2024 and source:"BBC News" '
    "inside a question narrow the search."
)


def reason_modal(private: str) -> View:
    """Asks what is wrong with an answer; ``private`` comes back with what is chosen."""
    choices = [{"text": _plain(reason.value.capitalize()), "value": reason.value} for reason in Reason]
    return {
        "type": "modal",
        "callback_id": REASON_VIEW,
        "private_metadata": private,
        "title": _plain("What is wrong with it?"),
        "submit": _plain("Send"),
        "close": _plain("Cancel"),
        "blocks": [
            {
                "type": "input",
                "block_id": REASON_BLOCK,
                "optional": True,
                "label": _plain("The answer is"),
                "element": {"type": "radio_buttons", "action_id": REASON_BLOCK, "options": choices},
            }
        ],
    }


def chosen_reason(view: View) -> Reason | None:
    """What was chosen in the modal, if anything."""
    chosen = view["state"]["values"][REASON_BLOCK][REASON_BLOCK].get("selected_option")
    return Reason(chosen["value"]) if chosen else None


def home(sources: SourcesReply | None, commands: HelpReply, status: StatusReply | None, gaps: GapsReply | None) -> View:
    """The App Home tab; ``status`` and ``gaps`` are for admins. Without ``sources`` there is no index yet."""
    corpus = sources_blocks(sources) if sources else paragraphs(["Nothing can be searched yet: an admin has to index."])
    blocks = [
        *_titled("How to ask", paragraphs([HOW_TO_ASK])),
        *_titled("What can be searched", corpus),
        *_titled("Commands", help_blocks(commands)),
        *(_titled("Status", status_blocks(status)) if status else []),
        *(_titled("Not answered well", gaps_blocks(gaps)) if gaps else []),
    ]
    return {"type": "home", "blocks": blocks}


def _titled(title: str, blocks: Sequence[Block]) -> list[Block]:
    return [{"type": "header", "text": _plain(title)}, *blocks]


def _plain(content: str) -> Block:
    return {"type": "plain_text", "text": content, "emoji": False}
