"""Representations in few bytes: as near as eight and four bits allow, and nothing else is taken for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retrieval.encoders.port import Halves, Representation
from retrieval.joint.packing import packed, unpacked


def halves(rows: int, width: int) -> st.SearchStrategy[Halves]:
    return arrays(np.float16, (rows, width), elements=st.floats(-50, 50, width=16))


@st.composite
def representations(draw: st.DrawFn) -> Representation:
    count, width = draw(st.integers(0, 5)), draw(st.integers(1, 7))
    return Representation(draw(halves(count + 2, width)), draw(halves(count, width)))


@given(representations())
def test_each_row_comes_back_but_for_the_rounding(one: Representation) -> None:
    found = unpacked(packed(one))
    for rows, back, top in ((one.states, found.states.floats(), 127), (one.vectors, found.vectors.floats(), 7)):
        assert back.shape == rows.shape
        assert back.dtype == np.float32
        # Half a step of what is rounded to, and the rounding of the scale.
        widest = np.abs(rows.astype(float)).max(axis=1, initial=0, keepdims=True)
        assert (np.abs(back.astype(float) - rows) <= widest * (0.5 / top + 2e-3) + 1e-5).all()


@given(representations())
def test_it_takes_one_and_a_half_bytes_a_number(one: Representation) -> None:
    count, width = one.vectors.shape
    assert len(packed(one)) == 4 + (count + 2) * (width + 2) + count * (-(-width // 2) + 2)


def test_a_row_of_numbers_worked_by_hand() -> None:
    one = Representation(np.array([[127, -64], [0, 0], [2, 1]], np.float16), np.array([[7, -3]], np.float16))
    found = unpacked(packed(one))
    assert found.states.floats()[:2].tolist() == [[127, -64], [0, 0]]
    assert found.states.floats(np.array([1, 0])).tolist() == [[0, 0], [127, -64]]
    assert found.vectors.floats().tolist() == [[7, -3]]


@given(representations(), st.integers(1, 40))
def test_what_is_cut_short_or_goes_on_is_refused(one: Representation, by: int) -> None:
    data = packed(one)
    for wrong in (data[: max(len(data) - by, 0)], data + bytes(by)):
        with pytest.raises(ValueError, match="are no representation"):
            unpacked(wrong)
