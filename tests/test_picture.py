"""The picture of where an answer is wrong: every wrong value shows, no right one does, and it stays small."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from spec import parse_case
from tests.test_report import backend
from verify.judge.picture import drawn
from verify.record import MOST_CELLS, Difference
from verify.run import Run


@pytest.mark.parametrize(
    ("wrong", "picture"),
    [
        ([[0, 1, 0], [0, 0, 1]], ("090", "009")),
        ([[[0, 1]], [[1, 1]], [[0, 1]]], ("39",)),
        ([1, 0], ("90",)),
        (1, ("9",)),
    ],
    ids=str,
)
def test_a_digit_for_each_cell(wrong: object, picture: tuple[str, ...]) -> None:
    """Axes before the last two are laid over each other."""
    assert drawn(np.array(wrong, bool)) == picture


def test_a_long_axis_is_cut_into_cells() -> None:
    """One wrong column of 100 is seen in one of 32 cells, and is not all of it."""
    wrong = np.zeros((2, 3, 100), bool)
    wrong[:, :, 50] = True
    (first, *others) = drawn(wrong)
    assert others == [first] * 2
    assert len(first) == MOST_CELLS
    assert first.replace("0", "") in "345"
    assert first.index(first.replace("0", "")) == 16


@given(arrays(bool, array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=40)))
def test_nothing_is_hidden(wrong: np.ndarray) -> None:
    """A cell is 0 only if all its values are right, 9 only if all are wrong; a report takes it."""
    picture = drawn(wrong)
    digits = "".join(picture)
    assert (set(digits) == {"0"}) == (not wrong.any())
    assert (set(digits) == {"9"}) == bool(wrong.all())
    made = Difference(count=int(wrong.sum()), total=wrong.size, map=picture)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Difference) == made


@pytest.mark.parametrize("picture", [["x"], ["0" * 33], ["1"] * 33, ["-1"], [1], "00"], ids=str)
def test_another_picture_is_refused(picture: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.map"):
        msgspec.convert({"count": 1, "total": 1, "map": picture}, Difference)


def test_a_wrong_answer_has_one() -> None:
    """x turned round: every value but the middle one of three is another, in all channels."""
    asked = Run([parse_case("Upsample(factor=(2,)) x=(1, 2, 3)")], [backend("shifted")], suite={"name": "case"})
    (y,) = (r for r in asked.go().records if r.output == "y")
    assert y.difference
    assert y.difference.map == ("990099", "990099")
