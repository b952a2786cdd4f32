from hypothesis import given
from hypothesis import strategies as st

from bot.render.excerpts import ELLIPSIS, excerpt, pieces
from bot.render.words import visible
from tests.bot.replies import cite

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200) | st.lists(
    st.sampled_from(["envoys", "met", "U.S.", "“grain”", "ø", ELLIPSIS, "\n"]), max_size=60
).map(" ".join)
shown_texts = texts.map(visible)
sentences = shown_texts.filter(bool)


def unmarked(text: str, at_end: bool) -> str:
    """What is left of a part without the sign that something was cut off."""
    return text.removesuffix(ELLIPSIS).rstrip(" ") if at_end else text.removeprefix(ELLIPSIS).lstrip(" ")


@given(shown_texts, sentences, shown_texts, st.integers(0, 700))
def test_the_sentence_is_whole_and_what_stands_around_it_is_verbatim(
    before: str, sentence: str, after: str, room: int
) -> None:
    part = excerpt(cite((before, sentence, after)), room)
    assert part.marked == sentence
    assert part.before == before or before.endswith(unmarked(part.before, at_end=False))
    assert part.after == after or after.startswith(unmarked(part.after, at_end=True))


@given(shown_texts, sentences, shown_texts, st.integers(0, 700))
def test_what_was_cut_off_is_told_and_the_room_is_kept(before: str, sentence: str, after: str, room: int) -> None:
    part = excerpt(cite((before, sentence, after)), room)
    if part.before != before:
        assert part.before.startswith(f"{ELLIPSIS} ")
    if part.after != after:
        assert part.after.endswith(f" {ELLIPSIS}")
    assert len(str(part)) <= max(room, len(sentence)) + 2 * len(f"{ELLIPSIS} ")


@given(shown_texts, sentences, shown_texts)
def test_where_there_is_room_everything_is_shown(before: str, sentence: str, after: str) -> None:
    whole = before + sentence + after
    assert str(excerpt(cite((before, sentence, after)), len(whole))) == whole


@given(texts, texts, texts, st.integers(0, 700))
def test_nothing_in_it_steers_a_screen(before: str, sentence: str, after: str, room: int) -> None:
    shown = str(excerpt(cite((before, sentence, after)), room))
    assert visible(shown) == shown


def test_room_that_one_side_does_not_need_goes_to_the_other() -> None:
    part = excerpt(cite(("", "They met.", " one two three four five")), 30)
    assert (part.before, part.after) == ("", " one two three four …")
    part = excerpt(cite(("one two three four five ", "They met.", "")), 30)
    assert (part.before, part.after) == ("… two three four five ", "")


@given(texts, st.integers(1, 80))
def test_pieces_are_the_whole_text_and_none_is_too_long(text: str, longest: int) -> None:
    parts = list(pieces(text, longest))
    assert "".join(parts) == text
    assert all(0 < len(part) <= longest for part in parts)


def test_pieces_end_after_a_space_where_there_is_one() -> None:
    assert list(pieces("one two three", 8)) == ["one two ", "three"]
    assert list(pieces("a" * 10, 4)) == ["aaaa", "aaaa", "aa"]
