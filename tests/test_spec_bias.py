"""Convolutions with a bias, which is added once to every pixel of its channel; and depthwise ones, which are groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec import Case, Conv, ConvTranspose, Impossible, parse_case
from tests.test_spec import briefly, inner, inputs_of, integers, row, thoroughly
from tests.tiers import sampled

both = pytest.mark.parametrize("kind", [Conv, ConvTranspose])


@pytest.mark.parametrize("kind", sampled([Conv, ConvTranspose], ConvTranspose))
@settings(thoroughly, max_examples=1000)
@given(data=st.data())
def test_the_bias_is_added_to_the_unbiased(kind: type[Any], data: st.DataObject) -> None:
    plain, (x, w) = data.draw(inputs_of(kind))
    op, y = replace(plain, bias="yes"), plain.shape(x, w)
    shapes = (x, w, (1, y[1], *(1,) * op.rank))
    a, v, b, g = integers((*shapes, y))
    expected = plain(a, v)
    for channel in range(y[1]):
        expected[:, channel] += b.flat[channel]
    dx, dw, db = op.vjp(a, v, b, g)
    assert op.shape(*shapes) == y
    assert np.array_equal(op(a, v, b), expected)
    assert all(np.array_equal(one, other) for one, other in zip((dx, dw), plain.vjp(a, v, g), strict=True))
    assert [int(s) for s in db.flat] == [int(g[:, channel].sum()) for channel in range(y[1])]
    assert db.shape == b.shape
    assert op.degree == 2
    assert op.terms(*shapes) >= max(plain.terms(x, w), g.size // max(y[1], 1))


@both
@briefly
@given(data=st.data())
def test_depthwise_is_groups(kind: type[Any], data: st.DataObject) -> None:
    """As many groups as channels: each channel alone."""
    plain, (x, w) = data.draw(inputs_of(kind))
    c = x[1]
    op = replace(plain, groups=c)
    weight = (2 * c, 1, *w[2:]) if kind is Conv else (c, 2, *w[2:])
    a, v = integers((x, weight))
    alone = [
        replace(plain, groups=1)(a[:, i : i + 1], v[2 * i : 2 * i + 2] if kind is Conv else v[i : i + 1]) for i in range(c)
    ]  # fmt: skip
    assert np.array_equal(op(a, v), np.concatenate(alone, 1))


def test_by_eye() -> None:
    w, b = row(1, 10), np.array([[[100]]])
    assert Conv(stride=(1,), bias="yes")(row(1, 2, 3), w, b).tolist() == [[[121, 132]]]
    assert ConvTranspose(stride=(2,), crop=((-1, 0),), bias="yes")(row(1, 2), w, b).tolist() == [[[100, 101, 110, 102, 120]]]


@both
def test_a_bias_of_another_shape_is_refused(kind: type[Any]) -> None:
    op = kind(stride=(1,), bias="yes")
    for b in ((2, 1, 1), (1, 3, 1), (1, 2, 2), (2,), (1, 2)):
        with pytest.raises(Impossible, match=r"2 output channels need \(1, 2, 1\)"):
            op.shape((1, 2, 4), (2, 2, 2), b)
    with pytest.raises(Impossible, match="1 weight arrays were given, but it takes 2"):
        op.shape((1, 2, 4), (2, 2, 2))
    with pytest.raises(Impossible, match="one of no, yes"):
        kind(stride=(1,), bias="maybe")


def test_a_question_with_a_bias_comes_back() -> None:
    op = Conv(stride=(2,), bias="yes") >> ConvTranspose(stride=(2,), bias="yes")
    case = Case(op=op, x=(1, 2, 7), w=((3, 2, 3), (1, 3, 1), (3, 4, 2), (1, 4, 1)))
    assert parse_case(repr(case)) == case
    assert case.op.degree == 3
    arrays = integers((case.x, *case.w, case.y), object)
    y, (dx, *_) = op(*arrays[:-1]), op.vjp(*arrays)
    zero = [np.zeros_like(arrays[0]), *arrays[1:-1]]
    assert inner(dx, arrays[0]) == inner(arrays[-1], y - op(*zero))
