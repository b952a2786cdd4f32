import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.quotations import quotations
from retrieval.segmentation import paragraphs


def words(text: str) -> list[str]:
    return [quotation.words.of(text) for quotation in quotations(text)]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("“We sail,” he said. “Soon.”", ["We sail,", "Soon."]),
        ('"We sail," he said. "Soon."', ["We sail,", "Soon."]),
        ('“We sail," he said. "Soon.”', ["We sail,", "Soon."]),
        ("He said: “She told me ‘no’ twice.”", ["She told me ‘no’ twice."]),
        ('The plank, 6" wide, broke. "It broke," she said.', ["It broke,"]),
        (
            "‘We sail at dawn,’ the captain’s mate said. ‘If the wind holds.’",
            ["We sail at dawn,", "If the wind holds."],
        ),
        ("The sailors’ union met at the captains’ inn.", []),
        ("Nothing is said.", []),
        ("“We sail", []),
        ("“We sail.\n\nThe harbour is empty.", []),
        ("”“”", []),
        ("“”", []),
    ],
)
def test_quotations_are_found_by_their_marks(text: str, quoted: list[str]) -> None:
    assert words(text) == quoted


def test_a_quotation_of_several_paragraphs_opens_each_and_closes_once() -> None:
    text = "“We sail.\n\n“The wind is fair.\n\n“We shall be back,” she said.\n\n“Or not.”"
    assert words(text) == ["We sail.", "The wind is fair.", "We shall be back,", "Or not."]
    assert [(q.continued, q.goes_on) for q in quotations(text)] == [
        *((False, True), (True, True), (True, False), (False, False)),
    ]


def test_one_that_is_never_closed_is_left_out_and_the_next_is_found() -> None:
    assert words("She said: “We sail.\n\n“And we come back,” he said.\n\nRain fell on “the Anna”.") == [
        *("We sail.", "And we come back,", "the Anna"),
    ]
    assert words("She said “We sail and “we come back,” he said.") == ["we come back,"]


pieces = st.sampled_from(
    ["“", "”", '"', "‘", "’", "'", " ", "\n", "\n\n", "word", "said", ",", ".", "6", "é", "\u00a0"]
)


@given(st.one_of(st.lists(pieces, max_size=40).map("".join), st.text(max_size=60)))
def test_offsets_lie_in_order_within_paragraphs_and_the_marks_hold_the_words(text: str) -> None:
    end = 0
    for quotation in quotations(text):
        assert end <= quotation.marked.start < quotation.words.start < quotation.words.end <= quotation.marked.end
        assert any(p.start <= quotation.marked.start and quotation.marked.end <= p.end for p in paragraphs(text))
        assert quotation.goes_on == (quotation.words.end == quotation.marked.end)
        end = quotation.marked.end
