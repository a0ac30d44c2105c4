"""The pools against loops: for each window a list of taps, pixel by pixel, with fractions; and their edges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import isqrt, prod
from random import Random
from typing import Any

import numpy as np
import pytest

from spec import AdaptiveMaxPool, Array, AveragePool, Conv, Impossible, LpPool, MaxPool, MaxUnpool, Operation, Shape, SumPool, Upsample
from tests.test_spec import grid, inner, integers, row
from tests.tiers import sampled

Where = tuple[int, ...]


def windows(op: Any, x: Shape) -> Iterator[tuple[Where, list[Where]]]:
    """Each window j with the place of every tap in x, in row-major order, wherever that is."""
    padding = [(lo, hi + more) for (lo, hi), more in zip(op.padding, getattr(op, "overhang", (0,) * len(op.kernel)))]
    axes = []
    for n, k, s, d, (lo, hi) in zip(x[2:], op.kernel, op.stride, op.dilation, padding):
        starts = [p for p in range(-lo, n + hi) if p + d * (k - 1) < n + hi][::s]
        axes.append([[start + d * t for t in range(k)] for start in starts])
    for j in grid(*map(len, axes)):
        yield j, list(product(*(axis[a] for axis, a in zip(axes, j))))


def exists(at: Where, x: Shape) -> bool:
    return all(0 <= p < n for p, n in zip(at, x[2:]))


def divisor(op: AveragePool, window: list[Where], x: Shape) -> int:
    """How many of a window's taps are counted."""
    if op.divisor:
        return op.divisor
    if op.counted == "window":
        return prod(op.kernel)
    if op.counted == "valid":
        return sum(exists(at, x) for at in window)
    return sum(all(-lo <= p < n + hi for p, n, (lo, hi) in zip(at, x[2:], op.padding)) for at in window)


def pools(kind: type[Any], cases: int = 2000) -> Iterator[tuple[Any, Shape]]:
    """Pools with images that they take, in one to three dimensions; some of their windows reach far out."""
    rng, found = Random(kind.__name__), 0
    while found < cases:
        rank = rng.choice([1, 1, 2, 2, 3])

        def each(low: int, high: int, rank: int = rank) -> Shape:
            return tuple(rng.randint(low, high) for _ in range(rank))

        x = (rng.randint(1, 2), 1, *each(1, 8 - 2 * rank))
        fields: dict[str, Any] = {"kernel": each(1, 5 - rank), "stride": each(1, 5 - rank), "dilation": each(1, rng.choice([1, 2]))}
        fields["padding"] = tuple(zip(each(-1, 2), each(-1, 2)))
        if kind is AveragePool:
            fields |= {"overhang": each(0, 2), "counted": rng.choice(["window", "padded", "valid"]), "divisor": rng.choice([0, 0, 0, 5])}
        if kind is MaxPool:
            fields["ties"] = rng.choice(["first", "last"])
        if kind is LpPool:
            fields["p"] = rng.randint(1, 3)
        op = kind(**fields)
        with suppress(Impossible):
            op.shape(x)
            found += 1
            yield op, x


def test_a_sum_is_over_the_pixels_that_exist() -> None:
    for op, x in pools(SumPool):
        a, g = integers((x, op.shape(x)))
        y, (dx,) = op(a), op.vjp(a, g)
        expected = np.zeros_like(a)
        for j, window in windows(op, x):
            for n, c in grid(*x[:2]):
                assert y[(n, c, *j)] == sum(a[(n, c, *at)] for at in window if exists(at, x))
                for at in window:
                    if exists(at, x):
                        expected[(n, c, *at)] += g[(n, c, *j)]
        assert y.size == x[0] * x[1] * len(list(windows(op, x)))
        assert np.array_equal(dx, expected)
        assert op.terms(x) >= max([1, *(sum(exists(at, x) for at in window) for _, window in windows(op, x))])


def test_an_average_is_that_sum_over_its_divisor() -> None:
    for op, x in pools(AveragePool):
        a, g = integers((x, op.shape(x)), np.int64 if op.stride[0] % 2 else object)
        y, (dx,) = op(a), op.vjp(a, g)
        assert y.shape == op.shape(x)
        for j, window in windows(op, x):
            for n, c in grid(*x[:2]):
                total = sum(int(a[(n, c, *at)]) for at in window if exists(at, x))
                assert y[(n, c, *j)] == Fraction(total, divisor(op, window, x))
        assert inner(dx, a) == inner(g, y)
        assert {type(v) for v in (*y.flat, *dx.flat)} <= {int, np.int64, Fraction}
        whole = op(a.astype(np.float64) * op.unit_on(x))
        assert np.array_equal(whole, np.rint(whole))
        assert np.array_equal(whole, (y * op.unit_on(x)).astype(float))


def test_a_maximum_is_the_greatest_that_exists() -> None:
    """Its value, its place and its gradient; few different numbers, so that many are equal."""
    for op, x in pools(MaxPool):
        a, g = integers((x, op.shape(x)))
        a = a // 5 - 7
        y, indices, (dx,) = op(a), op.indices(a), op.vjp(a, g)
        expected = np.zeros_like(a)
        for j, window in windows(op, x):
            for n, c in grid(*x[:2]):
                real = [at for at in window if exists(at, x)]
                greatest = max(a[(n, c, *at)] for at in real)
                winners = [at for at in real if a[(n, c, *at)] == greatest]
                winner = winners[0 if op.ties == "first" else -1]
                assert y[(n, c, *j)] == greatest
                assert indices[(n, c, *j)] == np.ravel_multi_index(winner, x[2:])
                expected[(n, c, *winner)] += g[(n, c, *j)]
        assert np.array_equal(dx, expected)
        assert op.terms(x) >= 1


def test_a_norm_is_the_root_of_the_powers() -> None:
    for op, x in pools(LpPool):
        a, g = integers((x, op.shape(x)))
        y, (dx,) = op(a), op.vjp(a, g)
        expected = np.zeros(x)
        for j, window in windows(op, x):
            for n, c in grid(*x[:2]):
                powers = sum(abs(int(a[(n, c, *at)])) ** op.p for at in window if exists(at, x))
                assert abs(y[(n, c, *j)] - powers ** (1 / op.p)) <= 1e-14 * powers
                for at in window:
                    if exists(at, x) and powers:
                        v = int(a[(n, c, *at)])
                        expected[(n, c, *at)] += int(g[(n, c, *j)]) * np.sign(v) * (abs(v) / powers ** (1 / op.p)) ** (op.p - 1)
        assert np.allclose(dx, expected, rtol=1e-12, atol=1e-12)
        if op.p == 1:
            assert y.dtype == dx.dtype == np.int64


# By eye


@pytest.mark.parametrize(
    ("op", "x", "y"),
    [
        (SumPool(kernel=(3,), stride=(2,), padding=((1, 1),)), (1, 2, 3, 4), (3, 9)),
        (SumPool(kernel=(2,), stride=(1,), dilation=(2,)), (1, 2, 3, 4), (4, 6)),
        (SumPool(kernel=(2,), padding=((-1, 0),)), (1, 2, 3), (5,)),
        (AveragePool(kernel=(3,), stride=(1,), padding=((1, 1),)), (3, 6), (3, 3)),
        (AveragePool(kernel=(3,), stride=(1,), padding=((1, 1),), counted="valid"), (2, 4), (3, 3)),
        (AveragePool(kernel=(2,), overhang=(1,)), (2, 4, 8), (3, 4)),
        (AveragePool(kernel=(2,), overhang=(1,), counted="padded"), (2, 4, 8), (3, 8)),
        (AveragePool(kernel=(3,), padding=((1, 1),), overhang=(1,), counted="padded"), (3, 3, 3, 3, 3, 4), (2, 3, 2)),
        (AveragePool(kernel=(2,), stride=(1,), divisor=3), (1, 2, 4), (1, 2)),
        (MaxPool(kernel=(2,), stride=(1,), padding=((1, 1),)), (-3, -1, -2), (-3, -1, -1, -2)),
        (MaxPool(kernel=(5,), stride=(1,), padding=((2, 2),)), (4,), (4,)),
        (LpPool(kernel=(2,)), (3, -4, 0, 5), (5, 5)),
        (LpPool(kernel=(2,), p=1), (3, -4, 0, 5), (7, 5)),
    ],
    ids=repr,
)
def test_by_eye(op: Operation, x: tuple[int, ...], y: tuple[int, ...]) -> None:
    assert op(row(*x)).tolist() == [[list(y)]]


def test_nan_is_the_maximum() -> None:
    x = np.array([[[1.0, np.nan, 3.0, np.nan]]])
    assert np.isnan(MaxPool(kernel=(4,))(x)).all()
    assert MaxPool(kernel=(4,)).indices(x).tolist() == [[[1]]]
    assert MaxPool(kernel=(2,), padding=((1, 1),))(x)[0, 0, ::2].tolist()[0] == 1.0


@pytest.mark.parametrize(
    ("op", "x", "told"),
    [
        (MaxPool(kernel=(2,), stride=(1,), padding=((2, 0),)), (1, 1, 3), "wholly in the padding"),
        (MaxPool(kernel=(1, 1), padding=((0, 0), (0, 1))), (1, 1, 2, 2), "wholly in the padding"),
        (AveragePool(kernel=(1,), padding=((1, 0),), counted="valid"), (1, 1, 2), "divided by 0"),
        (AveragePool(kernel=(1,), overhang=(1,), counted="padded"), (1, 1, 2), "divided by 0"),
        (SumPool(kernel=(1,), padding=((-2, -2),)), (1, 1, 3), "(-1,)"),
        (LpPool(kernel=(5,), stride=(1,)), (1, 1, 2), "(-2,)"),
    ],
    ids=repr,
)
def test_what_has_no_answer_is_refused(op: Operation, x: Shape, told: str) -> None:
    for attempt in (lambda: op.shape(x), lambda: op(np.ones(x))):
        with pytest.raises(Impossible) as refusal:
            attempt()
        assert told in str(refusal.value)


@pytest.mark.parametrize("kind", [SumPool, AveragePool, MaxPool, LpPool])
def test_a_window_larger_than_x_gives_nothing(kind: type[Any]) -> None:
    op = kind(kernel=(4,))
    x = np.ones((2, 3, 3), np.int64)
    assert op(x).shape == op.shape(x.shape) == (2, 3, 0)
    assert not op.vjp(x, op(x))[0].any()


@pytest.mark.parametrize("kind", [SumPool, AveragePool, MaxPool, LpPool])
def test_hypotheses_are_others_and_answer(kind: type[Any]) -> None:
    op = kind(kernel=(3, 2), stride=(2, 1), padding=((1, 0), (0, 1)), dilation=(1, 2))
    x = integers(((1, 2, 7, 6),))[0]
    apart = 0
    for words, other in op.hypotheses():
        assert words
        answer = other(x)
        apart += answer.shape != op(x).shape or not (answer == op(x)).all()
    assert apart >= (2 if kind is LpPool else 4)


def test_ties_are_told_apart_by_the_gradient() -> None:
    op = MaxPool(kernel=(2,))
    x, g = np.ones((1, 1, 4), np.int64), np.ones((1, 1, 2), np.int64)
    assert op.vjp(x, g)[0].tolist() == [[[1, 0, 1, 0]]]
    assert replace(op, ties="last").vjp(x, g)[0].tolist() == [[[0, 1, 0, 1]]]


def test_a_root_that_is_whole_is_exact() -> None:
    big = 10**7 + 1
    x = np.array([[[3 * big, 4 * big]]])
    assert LpPool(kernel=(2,))(x).tolist() == [[[5 * big]]]
    assert isqrt(25 * big * big) == 5 * big


# Where gradients are defined

STEP = 2.0**-16

NORMS_AND_MAXIMA = [
    LpPool(kernel=(2,), stride=(1,), padding=((1, 2),)),
    LpPool(kernel=(2,), dilation=(2,), p=3),
    LpPool(kernel=(3,), stride=(2,), p=1),
    LpPool(kernel=(2, 1), stride=(1, 2), p=1),
    AdaptiveMaxPool(size=(3,)),
    AdaptiveMaxPool(size=(2, 1)),
    AdaptiveMaxPool(size=(1,)),
]


def sides(op: Operation, x: Array, at: Where) -> tuple[Array, Array]:
    """The derivatives of all of y by one pixel, from the right and from the left."""
    step = np.zeros_like(x)
    step[at] = STEP
    return (op(x + step) - op(x)) / STEP, (op(x) - op(x - step)) / STEP


@pytest.mark.parametrize("op", sampled(NORMS_AND_MAXIMA, NORMS_AND_MAXIMA[0], NORMS_AND_MAXIMA[4]), ids=repr)
def test_a_gradient_is_defined_where_both_sides_have_the_same_slope(op: Operation) -> None:
    rng, met = np.random.default_rng(1), {False: 0, True: 0}
    for _ in range(60):
        x = rng.integers(-1, 2, (2, 1, *(5, 4)[: op.rank])).astype(float)
        (undefined,) = op.undefined(x, np.zeros(op.shape(x.shape), bool))
        (gradient,) = op.vjp(x, np.ones(op.shape(x.shape)))
        for at in np.ndindex(x.shape):
            right, left = sides(op, x, at)
            assert undefined[at] == (np.abs(right - left) > 0.1).any()
            assert undefined[at] or abs(right.sum() - gradient[at]) < 1e-3
            met[bool(undefined[at])] += 1
    assert min(met.values()) > 10


def test_a_maximum_that_says_which_of_several_has_the_gradient_is_defined_everywhere() -> None:
    for ties in ("first", "last", "all"):
        op, x = MaxPool(kernel=(2,), ties=ties), np.zeros((1, 1, 4))
        assert not op.undefined(x, np.zeros((1, 1, 2), bool))[0].any()
        places = {"first": [0, 0, 1, 0], "last": [0, 0, 0, 1], "all": [0, 0, 1, 1]}[ties]
        assert op.undefined(x, np.array([[[False, True]]]))[0].tolist() == [[[bool(place) for place in places]]]


def test_what_is_not_defined_spreads_to_all_that_adds_it() -> None:
    """A window of zeros behind a convolution: its pixels, and every weight they are multiplied by, whatever those are."""
    x, w = np.array([[[0.0, 0, 0, 1, 2]]]), np.array([[[1.0, 0]]])
    op = Conv(stride=(1,)) >> LpPool(kernel=(2,))
    assert op(x, w).tolist() == [[[0, 1]]]
    dx, dw = op.undefined(x, w, np.zeros((1, 1, 2), bool))
    assert dx.tolist() == [[[True, True, True, False, False]]]
    assert dw.tolist() == [[[True, True]]]
    before = Upsample(factor=(2,)) >> AdaptiveMaxPool(size=(1,))
    assert before.undefined(np.array([[[1.0, 3]]]), np.zeros((1, 1, 1), bool))[0].tolist() == [[[False, True]]]


def test_an_index_has_no_derivative() -> None:
    dx, none = MaxUnpool(size=(3,)).undefined(np.ones((1, 1, 2)), np.array([[[0, 2]]]), np.array([[[True, True, False]]]))
    assert (dx.tolist(), none.tolist()) == ([[[True, False]]], [[[True, True]]])


@pytest.mark.parametrize("op", [MaxPool(kernel=(2,)), MaxPool(kernel=(2,), ties="all"), AdaptiveMaxPool(size=(3,))], ids=repr)
def test_a_maximum_that_is_nan_has_no_derivative(op: Operation) -> None:
    x = np.array([[[1, np.nan, 2, 3, 5, 4]]])
    assert op.undefined(x, np.zeros((1, 1, 3), bool))[0].tolist() == [[[True, True, False, False, False, False]]]
