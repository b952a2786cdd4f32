"""JSON as it is printed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.json import json_text


@given(st.text())
@pytest.mark.parametrize("ascii_only", [True, False])
def test_what_is_printed_reads_back_and_steers_no_screen(ascii_only: bool, text: str) -> None:
    written = json_text({"text": text}, ascii_only=ascii_only)
    assert json.loads(written) == {"text": text}
    assert all(letter.isprintable() or ord(letter) > 0x9F for letter in written)
    assert not set(written) & set("\u009b\u202e\u2066\u200f")
    assert not ascii_only or written.isascii()


def test_letters_stay_as_they_are() -> None:
    assert json_text({"text": "Čedomir 😀 \u202eevil"}) == '{"text": "Čedomir 😀 \\u202eevil"}'
