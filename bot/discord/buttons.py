"""Buttons and a form that carry all they need in their ids, so that they work after a restart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import discord

from bot.discord.payloads import Action, Button
from corpus.journal import Reason

_ANSWER = r"(?P<answer>[0-9A-Z]{1,16})"
_WORKSPACE = r"(?P<workspace>\d{0,20})"
_BUTTON = re.compile(rf"bc:(?P<action>{'|'.join(Action)}):{_ANSWER}:(?P<number>\d{{1,4}}):{_WORKSPACE}")
_FORM = re.compile(rf"bc:why:{_ANSWER}:{_WORKSPACE}")
_STYLES = {Action.GOOD: discord.ButtonStyle.success, Action.BAD: discord.ButtonStyle.danger}
_FORM_SECONDS = 900.0


class AnswerButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_BUTTON):
    """A button below an answer; a press becomes the client's event ``answer_button``."""

    def __init__(self, button: Button) -> None:
        self.button = button
        super().__init__(
            discord.ui.Button(
                label=button.label,
                style=_STYLES.get(button.action, discord.ButtonStyle.secondary),
                custom_id=f"bc:{button.action}:{button.answer_id}:{button.number}:{button.workspace}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button that was pressed, whichever run of the program made it."""
        label = str(getattr(item, "label", "") or "")
        return cls(Button(Action(match["action"]), label, match["answer"], int(match["number"]), match["workspace"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press over."""
        interaction.client.dispatch("answer_button", interaction, self.button)


def view_of(buttons: Sequence[Button]) -> discord.ui.View | None:
    """The buttons, five in a row; ``None`` where there are none."""
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(AnswerButton(button))
    return view


class ReasonForm(discord.ui.Modal):
    """Asks what is wrong with an answer."""

    def __init__(self, answer_id: str, workspace: str) -> None:
        super().__init__(
            title="What is wrong with it?", custom_id=f"bc:why:{answer_id}:{workspace}", timeout=_FORM_SECONDS
        )
        choices = [discord.SelectOption(label=reason.value.capitalize(), value=reason.value) for reason in Reason]
        select: discord.ui.Select[Self] = discord.ui.Select(
            custom_id="reason", options=choices, required=False, min_values=0
        )
        self.add_item(
            discord.ui.Label(text="Reason", description="An admin sees it; your name is not kept.", component=select)
        )


def sent_form(interaction: discord.Interaction[Any]) -> tuple[str, str, Reason | None] | None:
    """Of a form that was sent, whichever run showed it: the answer's id, its server, and the reason."""
    data: Mapping[str, Any] = interaction.data or {}
    match = _FORM.fullmatch(str(data.get("custom_id", "")))
    if interaction.type is not discord.InteractionType.modal_submit or not match:
        return None
    chosen = [value for value in _values(data.get("components", ())) if value in set(Reason)]
    return match["answer"], match["workspace"], Reason(chosen[0]) if chosen else None


def _values(components: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for component in components:
        yield from map(str, component.get("values") or ())
        inner = component.get("component")
        yield from _values([*component.get("components", ()), *([inner] if inner else [])])
