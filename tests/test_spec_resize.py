"""Resampling against loops: every output pixel a sum over all places of a picture that goes on far beyond its edges.

Weights are written from the fraction between two pixels (two for linear, four for cubic), as ONNX's reference does, where spec/
writes them from the distance; areas are counted in pieces as small as the denominators; windows are found by trying every pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import product
from math import ceil, floor, lcm, prod
from random import Random
from typing import Any

import numpy as np
import pytest

from spec import AdaptiveAveragePool, AdaptiveMaxPool, Impossible, Operation, Resize, Shape, Upsample
from spec.ops.resize import COORDINATES, MODES, ROUNDINGS
from tests.test_spec import fractions, grid, inner, integers, row
from tests.tiers import slow

FAR = 40
Weights = dict[int, Fraction]


# The equations again


def place(op: Resize, axis: int, j: int, n: int) -> tuple[Fraction, Fraction]:
    """(coordinate, scale)."""
    m = op.size[axis]
    s = Fraction(*op.scale[axis]) if op.scale[axis][0] else Fraction(m, n)
    if op.coordinates == "pytorch_half_pixel" and m == 1:
        return Fraction(0), s
    if op.coordinates == "align_corners":
        step = Fraction(n - 1) / (n * s - 1) if n * s != 1 else 0
        return Fraction(j * step), s
    shift = {"asymmetric": Fraction(0), "tf_half_pixel_for_nn": Fraction(1, 2) / s}.get(op.coordinates, Fraction(1, 2) / s - Fraction(1, 2))
    if op.coordinates == "half_pixel_symmetric":
        shift += Fraction(n, 2) * (1 - m / (n * s))
    return j / s + shift, s


def around(op: Resize, c: Fraction, s: Fraction) -> Weights:
    """The weights of pixels floor(c) − FAR …, before anything is done about the edges."""
    left, r, a = floor(c), c - floor(c), Fraction(op.a)
    if op.mode == "nearest":
        to = {"floor": floor(c), "ceil": ceil(c), "round_prefer_floor": left + (r > Fraction(1, 2))}
        return {to.get(op.rounding, left + (r >= Fraction(1, 2))): Fraction(1)}
    if op.antialias == "yes" and s < 1:
        return {i: (triangle if op.mode == "linear" else keys)(abs(i - c) * s, a) for i in range(left - FAR, left + FAR)}
    if op.mode == "linear":
        return {left: 1 - r, left + 1: r}
    q = 1 - r
    return {
        left - 1: ((a * (r + 1) - 5 * a) * (r + 1) + 8 * a) * (r + 1) - 4 * a,
        left: ((a + 2) * r - (a + 3)) * r * r + 1,
        left + 1: ((a + 2) * q - (a + 3)) * q * q + 1,
        left + 2: ((a * (q + 1) - 5 * a) * (q + 1) + 8 * a) * (q + 1) - 4 * a,
    }


def triangle(t: Fraction, a: Fraction) -> Fraction:
    return 1 - t if t < 1 else Fraction(0)


def keys(t: Fraction, a: Fraction) -> Fraction:
    near, far = (a + 2) * t**3 - (a + 3) * t**2 + 1, a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
    return near if t <= 1 else far if t < 2 else Fraction(0)


def covered(s: Fraction, j: int) -> Weights:
    """How much of j/s … (j+1)/s lies in each pixel, counted in pieces that divide pixels and borders alike."""
    pieces = lcm((1 / s).denominator, 1)
    first, last = int(j / s * pieces), int((j + 1) / s * pieces)
    weights: Weights = {}
    for piece in range(first, last):
        weights[piece // pieces] = weights.get(piece // pieces, Fraction(0)) + Fraction(1, last - first)
    return weights


def line(op: Resize, axis: int, n: int) -> list[Weights]:
    """For each output pixel, the weight of every pixel of x."""
    rows = []
    for j in range(op.size[axis]):
        c, s = place(op, axis, j, n)
        weights = covered(s, j) if op.mode == "area" else around(op, c, s)
        if op.outside == "excluded" and op.mode != "nearest":
            weights = {i: v for i, v in weights.items() if 0 <= i < n}
        total = sum(weights.values())
        rows.append({i: sum((v for k, v in weights.items() if sorted((0, k, n - 1))[1] == i), Fraction(0)) / total for i in range(n)})
    return rows


def resizes(cases: int = 2400) -> Iterator[tuple[Resize, Shape]]:
    rng, found = Random("resizes"), 0
    while found < cases:
        rank = rng.choice([1, 1, 1, 2, 2, 3])
        x = (1, rng.randint(1, 2), *(rng.randint(1, 8 - 2 * rank) for _ in range(rank)))
        size, scale = [], []
        for n in x[2:]:
            num, den = rng.choice([(3, 2), (2, 3), (13, 10), (2, 1), (1, 2), (7, 5), (3, 7), (1, 1)])
            given = rng.random() < 0.4
            size.append(n * num // den if given else rng.randint(0 if rng.random() < 0.1 else 1, 9 - 2 * rank))
            scale.append((num, den) if given else (0, 1))
        words = {"mode": rng.choice(MODES), "coordinates": rng.choice(COORDINATES), "rounding": rng.choice(ROUNDINGS)}
        words |= {"a": rng.choice(["-3/4", "-1/2"]), "outside": rng.choice(["edge", "excluded"]), "antialias": rng.choice(["no", "yes"])}
        op: Resize = Resize(size=tuple(size), scale=tuple(scale), **words)
        with suppress(Impossible):  # no pixel has a weight: see test_where_nothing_lies_is_refused
            op(np.ones(x, object))
            found += 1
            yield op, x


def test_the_answer_is_the_equations() -> None:
    """Value by value and gradient by gradient; the terms are counted; multiples of the unit give whole numbers."""
    for op, shape in resizes():
        x, g = integers((shape, op.shape(shape)))
        lines = [line(op, axis, n) for axis, n in enumerate(shape[2:])]
        y, (dx,) = op(x), op.vjp(x, g)
        expected, terms = np.zeros(shape, object), 1
        assert y.shape == op.shape(shape)
        for j in grid(*op.size):
            rows = [rows[a] for rows, a in zip(lines, j)]
            read = {i: prod(row[a] for row, a in zip(rows, i)) for i in product(*([a for a, v in row.items() if v] for row in rows))}
            terms = max(terms, len(read))
            for c in range(shape[1]):
                assert y[(0, c, *j)] == sum(int(x[(0, c, *i)]) * v for i, v in read.items()), op
                for i, v in read.items():
                    expected[(0, c, *i)] += int(g[(0, c, *j)]) * v
        assert np.array_equal(dx, expected), op
        assert op.terms(shape) >= terms
        unit = op.unit_on(shape)
        whole = op(x.astype(object) * unit)
        assert all(Fraction(v).denominator == 1 for v in whole.flat)
        if unit * 10 * op.terms(shape) < 1 << 53:
            assert np.array_equal(op(x.astype(float) * unit), whole.astype(float))


def test_every_partial_result_is_whole() -> None:
    """Each axis alone, and every product that is added along it."""
    op, shape = Resize(size=(3, 5), mode="cubic", outside="excluded"), (1, 1, 4, 3)
    x = integers((shape,))[0].astype(object) * op.unit_on(shape)
    for axis, m in enumerate(op.matrices(shape), start=2):
        alone = Resize(size=(3, 3) if axis == 2 else (4, 5), mode="cubic", outside="excluded")
        assert all(Fraction(v).denominator == 1 for v in alone(x).flat)
        assert all(Fraction(int(v) * n, m.denominator).denominator == 1 for v in x.flat for n in m.numerators.flat)


def test_fractions_are_exact_and_the_gradient_is_the_adjoint() -> None:
    for op, shape in resizes(300):
        x, g = fractions((shape, op.shape(shape)))
        y, (dx,) = op(x), op.vjp(x, g)
        assert inner(dx, x) == inner(g, y)
        assert {type(v) for v in (*y.flat, *dx.flat)} <= {int, Fraction}


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64, object], ids=lambda dtype: np.dtype(dtype).name)
def test_whole_answers_keep_their_dtype(dtype: Any) -> None:
    op = Resize(size=(4, 6), mode="linear")
    x = integers(((2, 2, 2, 3),), dtype)[0] * op.unit_on((2, 2, 2, 3))
    assert op(x).dtype == op.vjp(x, op(x) * op.unit_on(x.shape))[0].dtype == dtype


# By eye, and against what is said elsewhere


@pytest.mark.parametrize(
    ("op", "x", "y"),
    [
        (Resize(size=(4,), mode="linear"), (4, 8), (4, 5, 7, 8)),
        (Resize(size=(3,), mode="linear", coordinates="align_corners"), (4, 8), (4, 6, 8)),
        (Resize(size=(4,), mode="linear", coordinates="asymmetric"), (4, 8), (4, 6, 8, 8)),
        (Resize(size=(3,), coordinates="asymmetric", rounding="floor"), (0, 1, 2, 3, 4), (0, 1, 3)),  # torch nearest
        (Resize(size=(3,), rounding="round_prefer_ceil"), (0, 1, 2, 3, 4), (0, 2, 4)),  # torch nearest-exact, TF, JAX
        (Resize(size=(3,), scale=((13, 10),), coordinates="asymmetric", rounding="floor"), (0, 1, 2), (0, 0, 1)),
        (Resize(size=(3,), coordinates="asymmetric", rounding="floor"), (0, 1, 2), (0, 1, 2)),
        (Resize(size=(2,), mode="area"), (6, 12, 24), (8, 20)),
        (Resize(size=(1,), mode="linear"), tuple(range(10)), (Fraction(9, 2),)),
        (Resize(size=(1,), mode="linear", coordinates="pytorch_half_pixel"), tuple(range(10)), (0,)),
        (Resize(size=(2,), mode="linear", antialias="yes", outside="excluded"), (0, 14, 28, 42), (Fraction(10), 32)),
        (AdaptiveAveragePool(size=(3,)), (0, 1, 2, 3, 4), (Fraction(1, 2), 2, Fraction(7, 2))),
        (AdaptiveMaxPool(size=(4,)), (3, 1, 2), (3, 3, 2, 2)),
    ],
    ids=repr,
)
def test_by_eye(op: Operation, x: tuple[int, ...], y: tuple[Any, ...]) -> None:
    assert op(row(*x)).tolist() == [[list(y)]]


@pytest.mark.parametrize(
    ("coordinates", "rounding"),
    [("half_pixel", "round_prefer_floor"), ("half_pixel", "round_prefer_ceil"), ("asymmetric", "floor"), ("tf_half_pixel_for_nn", "floor")],
)
def test_upsample_is_the_simplest_resize(coordinates: str, rounding: str) -> None:
    for n, f in product(range(1, 6), range(1, 6)):
        (x,) = integers(((2, 1, n),))
        assert np.array_equal(Upsample(factor=(f,))(x), Resize(size=(n * f,), coordinates=coordinates, rounding=rounding)(x))


def test_the_exact_nearest_of_each_framework_is_one() -> None:
    """tf_half_pixel_for_nn rounded down is half_pixel rounded, up where two are as near."""
    for n, m in product(range(1, 12), range(1, 12)):
        (x,) = integers(((1, 1, n),))
        ours = Resize(size=(m,), rounding="round_prefer_ceil")(x)
        assert np.array_equal(ours, Resize(size=(m,), coordinates="tf_half_pixel_for_nn", rounding="floor")(x))


# Adaptive pools


def adaptives(kind: type[Any], cases: int = 2000) -> Iterator[tuple[Any, Shape, list[tuple[Shape, list[Shape]]]]]:
    """An adaptive pool, an image, and each of its windows: pixel i is in window j if [i, i+1) and [j·n/m, (j+1)·n/m) meet."""
    rng = Random(kind.__name__)
    for _ in range(cases):
        rank = rng.choice([1, 1, 2, 2, 3])
        x = (rng.randint(1, 2), 1, *(rng.randint(1, 9 - 2 * rank) for _ in range(rank)))
        size = tuple(rng.randint(0 if rng.random() < 0.1 else 1, 9 - 2 * rank) for _ in range(rank))
        windows = []
        for j in grid(*size):
            axes = [[i for i in range(n) if i * m < (b + 1) * n and (i + 1) * m > b * n] for n, m, b in zip(x[2:], size, j)]
            windows.append((j, list(product(*axes))))
        yield kind(size=size), x, windows


def test_an_adaptive_average_is_over_the_pixels_it_touches() -> None:
    for op, shape, windows in adaptives(AdaptiveAveragePool):
        x, g = integers((shape, op.shape(shape)))
        y, (dx,) = op(x), op.vjp(x, g)
        assert y.shape == (*shape[:2], *op.size)
        for (j, window), n in product(windows, range(shape[0])):
            assert y[(n, 0, *j)] == Fraction(sum(int(x[(n, 0, *i)]) for i in window), len(window))
        assert inner(dx, x) == inner(g, y)
        assert op.terms(shape) >= max((len(window) for _, window in windows), default=1)
        assert not (op(x.astype(object) * op.unit_on(shape)) % 1).any()


@slow
def test_an_adaptive_maximum_is_the_first_of_the_greatest() -> None:
    for op, shape, windows in adaptives(AdaptiveMaxPool):
        x, g = integers((shape, op.shape(shape)))
        x = x // 5
        y, (dx,) = op(x), op.vjp(x, g)
        expected = np.zeros_like(x)
        for (j, window), n in product(windows, range(shape[0])):
            winner = max(window, key=lambda i, n=n, x=x: x[(n, 0, *i)])
            assert y[(n, 0, *j)] == x[(n, 0, *winner)]
            expected[(n, 0, *winner)] += g[(n, 0, *j)]
        assert np.array_equal(dx, expected)


# Refusals and hypotheses


@pytest.mark.parametrize("scale", [(-1, 2), (0, 2), (3, 0), (1, -1)])
def test_a_scale_is_a_fraction_above_0(scale: tuple[int, int]) -> None:
    with pytest.raises(Impossible, match="fraction above 0"):
        Resize(size=(2,), scale=(scale,))(row(1))


def test_where_nothing_lies_is_refused() -> None:
    with pytest.raises(Impossible, match="none has a weight"):
        Resize(size=(9,), scale=((1, 1),), mode="linear", outside="excluded")(row(1, 2))


ADAPTIVE = [AdaptiveAveragePool(size=(3, 4)), AdaptiveMaxPool(size=(3, 4))]


@pytest.mark.parametrize("op", [*(Resize(size=(5, 7), scale=((13, 10), (0, 1)), mode=mode) for mode in MODES), *ADAPTIVE], ids=repr)
def test_hypotheses_answer_otherwise(op: Operation) -> None:
    (x,) = integers(((1, 1, 4, 9),), object)
    others = [(words, other(x)) for words, other in op.hypotheses()]
    assert all(words for words, _ in others)
    assert sum(y.shape != op(x).shape or not np.array_equal(y, op(x)) for _, y in others) >= 2
