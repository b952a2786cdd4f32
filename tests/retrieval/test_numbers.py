"""Numbers in news and what their wording allows."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.numbers import numbers


def read(sentence: str) -> list[tuple[str, float, float]]:
    return [(number.span.of(sentence), number.low, number.high) for number in numbers(sentence)]


@pytest.mark.parametrize(
    ("sentence", "text", "low", "high"),
    [
        ("They counted 14 boats.", "14", 14, 14),
        ("They counted seventeen boats.", "seventeen", 17, 17),
        ("They counted twenty-one boats.", "twenty-one", 21, 21),
        ("At least 14 boats sank.", "At least 14", 14, 14),
        ("At least 100 boats sank.", "At least 100", 100, math.inf),
        ("More than 100 boats sank.", "More than 100", 100, math.inf),
        ("No more than 20 boats sank.", "No more than 20", 0, 20),
        ("As many as 20 boats sank.", "As many as 20", 0, 20),
        ("About 40 boats sank.", "About 40", 34, 46),
        ("Nearly 40 boats sank.", "Nearly 40", 34, 40),
        ("Between 10 and 15 boats sank.", "Between 10 and 15", 10, 15),
        ("Some 10 to 15 boats sank.", "Some 10 to 15", 10, 15),
        ("Dozens of boats sank.", "Dozens", 24, 240),
        ("Hundreds of thousands fled.", "Hundreds of thousands", 2e5, 3e6),
        ("1,153 boats sank.", "1,153", 1153, 1153),
        ("20+ boats sank.", "20+", 20, math.inf),
    ],
)
def test_what_a_wording_allows(sentence: str, text: str, low: float, high: float) -> None:
    assert read(sentence) == [(text, pytest.approx(low), pytest.approx(high))]


@pytest.mark.parametrize(
    "sentence",
    [
        "One hundred and fifty boats sank.",
        "At least one hundred and twenty-three boats sank.",
        "Two thousand five hundred boats sank.",
        "Two hundred thousand boats sank.",
        "A hundred and two boats sank.",
    ],
)
def test_a_number_of_several_words_is_no_other_one(sentence: str) -> None:
    assert read(sentence) == []


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("$44 billion", "$44.2 billion", True),
        ("$44 billion", "$43 billion", False),
        ("8%", "8.3 percent", True),
        ("8.3%", "8.6%", False),
        ("300 boats", "304 boats", True),
        ("20 boats", "21 boats", False),
        ("half a million", "520,000", True),
        ("2 million", "2,100,000", True),
        ("two dozen", "25", True),
        ("two dozen", "40", False),
    ],
)
def test_what_rounding_explains(one: str, other: str, agree: bool) -> None:
    (first,), (second,) = numbers(one), numbers(other)
    assert (first.low <= second.high and second.low <= first.high) == agree


@pytest.mark.parametrize(
    "sentence",
    [
        "In 2022 they met on May 14.",
        "They met on 14 May at 5 p.m.",
        "A 10-year deal for the 18-year-old, aged 18.",
        "The vote was 219-212 under Article 5.",
        "Covid-19 and Boeing 737 are names, and so is 9/11.",
        "It came 3rd at 10:45.",
    ],
)
def test_dates_ages_times_scores_and_names_are_no_numbers(sentence: str) -> None:
    assert read(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "unit"),
    [
        ("$5 million", "$"),
        ("US$5 million", "US$"),
        ("€5m", "€"),
        ("5 per cent", "%"),
        ("5 percentage points", "points"),
    ],
)
def test_units(sentence: str, unit: str) -> None:
    assert [number.unit for number in numbers(sentence)] == [unit]


@given(st.integers(1, 10**12), st.sampled_from(["{:,}", "{}"]))
def test_a_whole_number_is_within_its_own_bounds(value: int, written: str) -> None:
    text = written.format(value)
    assert all(number.low <= value <= number.high for number in numbers(f"They saw {text} boats."))


PIECES = st.sampled_from(
    "at least|more than|between|and|to|or|-|–|$|€|%|percent|million|bn|a|half a|dozen|dozens|of|hundreds|14|2|1,200|"
    "3.5|twenty-one|two|about|nearly|people|killed|May|2022|.|,|\n|\u202e|😀|’s|+".split("|")
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=30), st.sampled_from([" ", ""]))
def test_spans_lie_in_the_sentence_in_order_and_bounds_are_no_nonsense(parts: list[str], between: str) -> None:
    sentence = between.join(parts)
    found = list(numbers(sentence))
    assert all(0 <= n.span.start <= n.core.start < n.core.end <= n.span.end <= len(sentence) for n in found)
    assert all(one.span.end <= other.span.start for one, other in pairwise(found))
    assert all(0 <= n.low <= n.high for n in found)
