import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.follow_ups import combined, is_follow_up, new_topic
from retrieval.questions import LONGEST_QUESTION


@pytest.mark.parametrize(
    "text",
    [
        "and China?",
        "And what about the grain deal of last year?",
        "But who signed the agreement in the end?",
        "why?",
        "since when",
        "who else attended the meeting?",
        "What did he say about the border?",
        "When did they agree on the ceasefire?",
        "Is it still in force today or not?",
        "What happened after that?",
        "Who was there?",
        "What does this mean for grain exports?",
        "Why did the former refuse to sign?",
        "and China? since:2024",
        'China since:2024 source:"BBC World News"',
    ],
)
def test_what_points_back_is_a_follow_up(text: str) -> None:
    assert is_follow_up(text)


@pytest.mark.parametrize(
    "text",
    [
        "Why does India keep channels open to Russia?",
        "What did Modi say about his visit to Kyiv?",
        "Did Macron and the chancellor agree on their budget?",
        "Is it true that grain ships passed the strait?",
        "What happened this week in Oslo?",
        "How many members does BRICS have?",
        "Who said that the talks failed?",
        "Which countries are there in the Quad?",
        "?!",
        " … ",
    ],
)
def test_what_can_stand_alone_is_none(text: str) -> None:
    assert not is_follow_up(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("new topic", ""),
        ("New topic.", ""),
        ("New topic: who won?", "who won?"),
        ("NEW TOPIC – who won?", "who won?"),
        ("  new topic, who won?", "who won?"),
        ("new topics in the news", None),
        ("a new topic", None),
        ("who won?", None),
    ],
)
def test_new_topic_is_read_off_with_what_follows_it(text: str, rest: str | None) -> None:
    assert new_topic(text) == rest


def test_a_follow_up_is_searched_with_what_went_before() -> None:
    assert combined("Who met in Oslo?", "  and why? ") == "Who met in Oslo? and why?"


@given(st.text(min_size=1), st.text(max_size=LONGEST_QUESTION // 2 - 1))
def test_the_end_of_a_long_history_is_kept_and_the_whole_can_be_asked(before: str, text: str) -> None:
    history = f"begin {before * (LONGEST_QUESTION // len(before))} end"
    searched = combined(history, text)
    assert len(searched) <= LONGEST_QUESTION
    assert searched.endswith(f" {text.strip()}")
    assert history.endswith(searched[: len(searched) - len(text.strip()) - 1])
