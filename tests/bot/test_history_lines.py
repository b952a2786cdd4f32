"""An article's history as lines."""

import pytest

from bot.render.history import history_lines
from retrieval.types import Article
from tests.bot.replies import history

VERSIONS = [Article("oslo", f"Envoys met on day {number}.") for number in range(4)]
WHOLE = len(history_lines(history(*VERSIONS)))


@pytest.mark.parametrize("most", range(2, WHOLE + 2))
@pytest.mark.parametrize("shown", [1, 2, 4])
def test_no_more_lines_are_shown_than_there_is_room_for_and_the_last_says_what_is_left(most: int, shown: int) -> None:
    reply = history(*VERSIONS, most=shown)
    whole = history_lines(reply)
    lines = history_lines(reply, most)
    assert len(lines) == min(most, len(whole))
    assert ("`backchannel history` shows all" in lines[-1].text) == (shown < len(VERSIONS) or most < len(whole))
    if len(whole) <= most:
        assert lines == whole
