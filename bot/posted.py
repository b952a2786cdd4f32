"""What is told unasked, as it is kept until it is sent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from bot.messages import Unasked

_UNASKED: TypeAdapter[Unasked] = TypeAdapter(Annotated[Unasked, Field(discriminator="kind")])


def dumped(reply: Unasked) -> str:
    """A post's body: JSON."""
    return _UNASKED.dump_json(reply).decode()


def loaded(body: str) -> Unasked:
    """What :func:`dumped` made a body of."""
    return _UNASKED.validate_json(body)
