"""Padding against numpy.pad, which writes its modes in another way, and against one step at a time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest

from spec import Impossible, Pad, Shape, parse
from tests.test_spec import inner, integers, row

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def pads(cases: int = 2000) -> Iterator[tuple[Pad, Shape]]:
    rng, found = Random("pads"), 0
    while found < cases:
        rank, mode = rng.randint(1, 3), rng.choice(MODES)
        x = tuple(rng.randint(1, 5 if i > 1 else 2) for i in range(2 + rank))
        far = 9 if rank == 1 else 4
        padding = tuple((rng.randint(-2, far), rng.randint(-2, far)) for _ in range(rank))
        if all(n + lo + hi >= 0 for n, (lo, hi) in zip(x[2:], padding)):
            found += 1
            yield Pad(padding=padding, mode=mode, value=rng.randint(-5, 5) if mode == "constant" else 0), x


def defined(op: Pad, x: Any) -> Any:
    """numpy.pad where pads are positive, then a cut."""
    grown = ((0, 0), (0, 0), *((max(lo, 0), max(hi, 0)) for lo, hi in op.padding))
    more = {"constant_values": op.value} if op.mode == "constant" else {}
    y = np.pad(x, grown, mode=op.mode, **more)
    for axis, (lo, hi) in enumerate(op.padding, start=2):
        y = y.take(range(max(-lo, 0), y.shape[axis] - max(-hi, 0)), axis)
    return y


def test_the_answer_is_numpys() -> None:
    for op, shape in pads():
        for dtype in (np.int64, np.float64, object):
            (x,) = integers((shape,), dtype)
            y = op(x)
            assert y.shape == op.shape(shape)
            assert y.dtype == dtype
            assert np.array_equal(y, defined(op, x))


def test_the_gradient_is_the_adjoint() -> None:
    for op, shape in pads():
        x, g = integers((shape, op.shape(shape)))
        (dx,) = op.vjp(x, g)
        assert dx.shape == shape
        assert inner(dx, x) == inner(g, op(x) - op(np.zeros_like(x)))
        met = Pad(padding=op.padding, mode=op.mode).vjp(x, np.ones_like(g))[0].max(initial=0)
        assert op.terms(shape) >= met


@pytest.mark.parametrize(
    ("mode", "y"),
    [
        ("constant", (7, 7, 7, 1, 2, 3, 7, 7, 7, 7)),
        ("edge", (1, 1, 1, 1, 2, 3, 3, 3, 3, 3)),
        ("reflect", (2, 3, 2, 1, 2, 3, 2, 1, 2, 3)),
        ("symmetric", (3, 2, 1, 1, 2, 3, 3, 2, 1, 1)),
        ("wrap", (1, 2, 3, 1, 2, 3, 1, 2, 3, 1)),
    ],
)
def test_by_eye(mode: str, y: tuple[int, ...]) -> None:
    op = Pad(padding=((3, 4),), mode=mode, value=7 * (mode == "constant"))
    assert op(row(1, 2, 3)).tolist() == [[list(y)]]


def test_one_pixel_and_none() -> None:
    for mode in MODES[1:]:
        assert Pad(padding=((1, 2),), mode=mode)(row(4)).tolist() == [[[4, 4, 4, 4]]]
        assert Pad(padding=((-1, 0),), mode=mode)(row(4)).tolist() == [[[]]]
    assert Pad(padding=((-3, 2),))(row(1, 2)).tolist() == [[[0]]]


def test_hypotheses_answer_otherwise() -> None:
    (x,) = integers(((1, 1, 5, 4),))
    for mode in MODES:
        op = Pad(padding=((1, 2), (2, 0)), mode=mode)
        others = [other(x) for words, other in op.hypotheses() if words]
        assert sum(y.shape != op(x).shape or not np.array_equal(y, op(x)) for y in others) >= 6


def test_bad_pads_are_refused() -> None:
    with pytest.raises(Impossible, match="value belongs to mode constant"):
        Pad(padding=((1, 1),), mode="edge", value=2)(row(1))
    with pytest.raises(Impossible, match="negative"):
        Pad(padding=((-2, 0),))(row(1))
    with pytest.raises(Impossible, match="one of constant, edge, reflect"):
        Pad(padding=((1, 1),), mode="zeros")
    assert parse("Pad(padding=((1, -2),), value=-3)") == Pad(padding=((1, -2),), value=-3)
