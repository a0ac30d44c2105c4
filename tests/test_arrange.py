"""Arrangements of weights: composed, undone, written as source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.arrange import Arrangement


@st.composite
def arrangements(draw: Any) -> Arrangement:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    made = Arrangement(shape)
    for _ in range(draw(st.integers(0, 5))):
        now = made.result
        what = draw(st.sampled_from(["transpose", "flip", "reshape"]))
        if what == "transpose":
            made = made.transpose(*draw(st.permutations(range(len(now)))))
        elif what == "flip":
            made = made.flip(*draw(st.lists(st.integers(0, len(now) - 1), unique=True)))
        else:
            made = made.reshape(*draw(st.sampled_from([(int(np.prod(now)),), (1, *now), (*now, 1)])))
    return made


def _filled(shape: tuple[int, ...]) -> Any:
    return np.arange(np.prod(shape)).reshape(shape)


@given(arrangements())
def test_the_inverse_undoes(made: Arrangement) -> None:
    a = _filled(made.shape)
    assert made(a).shape == made.result
    assert (made.inverse(made(a)) == a).all()
    assert made.inverse.result == made.shape


@given(arrangements())
def test_the_source_does_the_same(made: Arrangement) -> None:
    a = _filled(made.shape)
    assert (eval(made.written("w"), {"np": np, "w": a}) == made(a)).all()


@given(arrangements(), st.data())
def test_one_after_the_other(made: Arrangement, data: Any) -> None:
    after = Arrangement(made.result).transpose(*data.draw(st.permutations(range(len(made.result)))))
    a = _filled(made.shape)
    assert (made.then(after)(a) == after(made(a))).all()


def test_moves_that_move_nothing_are_left_out() -> None:
    assert Arrangement((2, 3)).transpose(0, 1).flip().reshape(2, 3).moves == ()
    assert Arrangement((2, 3, 4)).transpose(2, 0, 1).transpose(1, 2, 0).moves == ()
    assert Arrangement((6,)).reshape(1, 6).reshape(2, 3).moves == (("reshape", (2, 3)),)
    assert Arrangement((2, 3, 4)).transpose(2, 0, 1).written("w") == "w.transpose(2, 0, 1)"


def test_two_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"an array of shape \(2, 3\) is not one of shape \(3, 2\)"):
        Arrangement((2, 3)).then(Arrangement((3, 2)))
