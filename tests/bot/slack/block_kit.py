"""Slack's rules for messages and views, as far as they are documented or known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

Block = dict[str, Any]

_BLOCK_KEYS = {
    "rich_text": {"elements"},
    "context": {"elements"},
    "actions": {"elements"},
    "header": {"text"},
    "input": {"label", "element", "optional"},
}
_STYLES = {"bold", "italic", "strike", "code"}


def message_problems(payload: dict[str, Any]) -> list[str]:
    """What Slack would not take in a message, or would cut."""
    return [*_text_problems(payload), *_blocks_problems(payload.get("blocks", []), most=50, heaviest=12_000)]


def view_problems(view: dict[str, Any]) -> list[str]:
    """Likewise in a view."""
    problems = list(_blocks_problems(view["blocks"], most=100, heaviest=250_000))
    for name in ("title", "submit", "close"):
        if name in view:
            problems += _plain_problems(view[name], 24, name)
    if len(view.get("private_metadata", "")) > 3000:
        problems.append("private_metadata is too long")
    return problems


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _text_problems(payload: dict[str, Any]) -> Iterator[str]:
    text = payload.get("text", "")
    if not text.strip():
        yield "no text beside the blocks"
    if units(text) > 4000:
        yield "the text is too long"
    if "<" in text or ">" in text:
        yield "the text holds markup"
    if payload.get("unfurl_links") or payload.get("unfurl_media"):
        yield "links are unfurled"


def _blocks_problems(blocks: list[Block], most: int, heaviest: int) -> Iterator[str]:
    if not 1 <= len(blocks) <= most:
        yield f"{len(blocks)} blocks"
    if units(json.dumps(blocks, ensure_ascii=False)) > heaviest:
        yield "the blocks are too long together"
    for block in blocks:
        kind = block.get("type")
        if kind not in _BLOCK_KEYS:
            yield f"a block of type {kind}"
        elif set(block) - {"type", "block_id"} - _BLOCK_KEYS[kind]:
            yield f"unknown keys in {kind}: {sorted(block)}"
        else:
            yield from _CHECKS[kind](block)


def _rich_text(block: Block) -> Iterator[str]:
    if not block["elements"]:
        yield "empty rich text"
    if sum(units(run.get("text", "")) for element in block["elements"] for run in element["elements"]) > 3000:
        yield "rich text is too long"
    for element in block["elements"]:
        if element["type"] not in {"rich_text_section", "rich_text_quote"}:
            yield f"a {element['type']} in rich text"
        if not element["elements"]:
            yield f"an empty {element['type']}"
        for run in element["elements"]:
            yield from _run(run)


def _run(run: Block) -> Iterator[str]:
    if run["type"] not in {"text", "link"}:
        yield f"a {run['type']} in rich text: it could ping"
    if not run.get("text"):
        yield "an empty run"
    if set(run.get("style", {})) - _STYLES:
        yield f"styles {run['style']}"
    if run["type"] == "link":
        url = run["url"]
        if not url.startswith(("http://", "https://")) or len(url) > 3000 or set(url) & set('<>|" \n'):
            yield f"the link {url!r}"


def _context(block: Block) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 10:
        yield "context elements"
    for element in block["elements"]:
        yield from _plain_problems(element, 2000, "context")


def _actions(block: Block) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= 25:
        yield "action elements"
    for name, count in Counter(element["action_id"] for element in block["elements"]).items():
        if count > 1 or len(name) > 255:
            yield f"the action id {name}"
    for element in block["elements"]:
        if element["type"] != "button":
            yield f"a {element['type']} among actions"
        yield from _plain_problems(element["text"], 75, "button")
        if units(element["value"]) > 2000:
            yield "a button's value is too long"
        if units(element.get("accessibility_label", "")) > 75:
            yield "an accessibility label is too long"


def _header(block: Block) -> Iterator[str]:
    yield from _plain_problems(block["text"], 150, "header")


def _input(block: Block) -> Iterator[str]:
    yield from _plain_problems(block["label"], 2000, "label")
    element = block["element"]
    if element["type"] != "radio_buttons" or not 1 <= len(element["options"]) <= 10:
        yield "radio buttons"
    for option in element["options"]:
        yield from _plain_problems(option["text"], 75, "option")
        if units(option["value"]) > 150:
            yield "an option's value"


def _plain_problems(text: Block, most: int, where: str) -> Iterator[str]:
    if text.get("type") != "plain_text":
        yield f"{where} holds {text.get('type')}, in which markup is read"
    if text.get("emoji") is not False:
        yield f"{where} reads :names: as emoji"
    if not text["text"].strip() or units(text["text"]) > most:
        yield f"{where} has {units(text['text'])} characters"


_CHECKS = {
    "rich_text": _rich_text,
    "context": _context,
    "actions": _actions,
    "header": _header,
    "input": _input,
}


def shown(blocks: list[Block]) -> str:
    """All that blocks show, but for buttons."""
    return "\n".join("".join(_texts(block)) for block in blocks if block["type"] != "actions")


def buttons(blocks: list[Block]) -> list[Block]:
    """The buttons in blocks."""
    return [element for block in blocks if block["type"] == "actions" for element in block["elements"]]


def links(blocks: list[Block]) -> list[str]:
    """Where the links in blocks lead."""
    return [url for block in blocks for url in _urls(block)]


def marked(blocks: list[Block]) -> list[str]:
    """What is bold inside quotations, joined where it goes on."""
    found = []
    for block in blocks:
        for element in block.get("elements", []):
            if element.get("type") == "rich_text_quote":
                bold = "".join(run["text"] for run in element["elements"] if run.get("style", {}).get("bold"))
                if bold:
                    found.append(bold)
    return found


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("text"), str):
            yield part["text"]
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)


def _urls(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if part.get("type") == "link":
            yield part["url"]
        for value in part.values():
            yield from _urls(value)
    elif isinstance(part, list):
        for value in part:
            yield from _urls(value)
