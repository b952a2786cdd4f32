"""Slack's markup, written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.mrkdwn import addressee, escape, plain


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@UBOT> who met?", "who met?"),
        ("<@UBOT|backchannel> who met?", "backchannel who met?"),
        ("in <#C1|general> and <#C2>", "in #general and"),
        ("<!here> <!date^1^{date}|9 July> <!subteam^S1|@desk>", "9 July @desk"),
        ("<https://a.example/?b=1&amp;c|a page> <https://a.example/>", "a page https://a.example/"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("3 < 4 > 2", "3 < 4 > 2"),
        ("two\n lines", "two lines"),
    ],
)
def test_what_people_write_is_read_as_words(written: str, read: str) -> None:
    assert plain(written) == read


def test_who_is_addressed_is_known_by_the_first_mention() -> None:
    assert addressee(" <@U2> what?") == "U2"
    assert addressee("<@U2|name> what?") == "U2"
    assert addressee("what, <@U2>?") is None


@given(st.text())
def test_what_is_escaped_holds_no_markup_and_is_read_back(text: str) -> None:
    escaped = escape(text)
    assert "<" not in escaped
    assert ">" not in escaped
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text
