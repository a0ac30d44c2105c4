"""What stride and zeros between pixels may be exchanged with: the noble identities, phases, shifts and blurring first."""

from __future__ import annotations

import math

import numpy as np

from spec.operation import Array, Index, Operation, Shape
from spec.ops.conv import Conv
from spec.ops.maxpool import MaxPool
from spec.ops.pool import AveragePool, SumPool
from spec.ops.rearrange import ZeroInsert
from spec.theorems.sources import VAIDYANATHAN, ZHANG
from spec.theorems.theorem import Draw, Side, Sides, theorem


def _ones(k: Shape) -> Shape:
    return (1,) * len(k)


def _every(s: Shape) -> Operation:
    """Every s-th pixel."""
    return SumPool(kernel=_ones(s), stride=s)


def _zeros(s: Shape) -> Operation:
    return ZeroInsert(factor=s)


@theorem({"n": [7, 9], "k": [1, 2, 3], "s": [2, 3]}, source=VAIDYANATHAN + " (first noble identity)")
def subsampling_moves_before_a_dilated_filter(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """Conv(w, dilation s), then every s-th pixel = every s-th pixel, then Conv(w)."""
    x, w = draw(1, 2, *n), draw(2, 2, *k)
    return Side(Conv(stride=_ones(k), dilation=s) >> _every(s), x, w), Side(_every(s) >> Conv(stride=_ones(k)), x, w)


@theorem({"n": [3, 5], "k": [1, 2, 3], "s": [2, 3]}, source=VAIDYANATHAN + " (second noble identity)")
def zeros_move_behind_a_filter(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """Conv(w), then s − 1 zeros behind every pixel = the zeros, then Conv(w, dilation s)."""
    x, w = draw(1, 2, *n), draw(2, 2, *k)
    return Side(Conv(stride=_ones(k)) >> _zeros(s), x, w), Side(_zeros(s) >> Conv(stride=_ones(k), dilation=s), x, w)


@theorem({"n": [6, 8, 9], "k": [2, 3, 4], "s": [2, 3]}, source=VAIDYANATHAN, only_1d=True)
def strided_convolution_by_phases(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """Conv(stride s, w) = the sum over the s phases of Conv(stride 1) of that phase of x with that phase of w."""
    x, w, f = draw(1, 2, *n), draw(2, 2, *k), s[0]
    conv = Conv(stride=s)
    m = conv.shape(x.shape, w.shape)[-1]
    parts = [Conv(stride=(1,))(x[..., r::f], w[..., r::f])[..., :m] for r in range(min(f, k[0]))]
    return Side(conv, x, w), np.sum(parts, 0)


@theorem({"n": [1, 3, 4], "s": [2, 3]}, source=VAIDYANATHAN)
def subsampling_undoes_zeros(draw: Draw, n: Shape, s: Shape) -> Sides:
    """Zeros inserted by s, then every s-th pixel = x."""
    x = draw(1, 2, *n)
    return Side(_zeros(s) >> _every(s), x), x


def _coprime(s: Shape, t: Shape, **_: object) -> bool:
    return all(math.gcd(a, b) == 1 for a, b in zip(s, t, strict=True))


@theorem(
    {"n": [5, 6, 7], "s": [2, 3, 4], "t": [2, 3, 5]}, source=VAIDYANATHAN, only_1d=True,
    when=("s and t have no common factor", _coprime),
)  # fmt: skip
def zeros_and_subsampling_commute(draw: Draw, n: Shape, s: Shape, t: Shape) -> Sides:
    """Zeros inserted by s, then every t-th pixel = every t-th pixel, then zeros inserted by s (compared as far as both go)."""
    x = draw(1, 2, *n)
    count = -(-n[0] * s[0] // t[0])

    def first(y: Array) -> Array:
        return y[..., :count]

    return Side(_zeros(s) >> _every(t), x, after=first), Side(_every(t) >> _zeros(s), x, after=first)


SHIFTED = {"n": [8, 9], "k": [1, 2, 3], "s": [2, 3]}


def _shifted(draw: Draw, n: Shape, k: Shape, s: Shape, by: Shape) -> Sides:
    """Conv of x without its first pixels, and the answer without its first one; both as far as the second goes."""
    x, w, conv = draw(1, 2, *n), draw(2, 2, *k), Conv(stride=s)
    cut: Index = (..., *(slice(b, None) for b in by))
    later: Index = (..., *(slice(1, None) for _ in by))
    common: Index = (..., *(slice(m - 1) for m in conv.shape(x.shape, w.shape)[2:]))
    return Side(conv, x[cut], w, after=lambda y: y[common]), Side(conv, x, w, after=lambda y: y[later])


@theorem(SHIFTED, source=ZHANG, see=("a-shift-by-one-pixel",))
def a_shift_by_the_stride(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """Shifting x by s pixels shifts the answer of Conv(stride s) by one pixel, away from the border."""
    return _shifted(draw, n, k, s, s)


@theorem(SHIFTED, source=ZHANG, see=("a-shift-by-the-stride",), refuted=True)
def a_shift_by_one_pixel(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """Convolutional layers are equivariant to shifts: shifting x by one pixel shifts the answer of Conv(stride s)."""
    return _shifted(draw, n, k, s, _ones(s))


@theorem({"n": [5, 7], "k": [2, 3], "s": [1, 2, 3]}, source=ZHANG)
def max_pooling_is_dense_then_subsampled(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """MaxPool(k, stride s) = MaxPool(k, stride 1), then every s-th pixel: only the second step loses shifts."""
    x = draw(1, 2, *n)
    return Side(MaxPool(kernel=k, stride=s), x), Side(MaxPool(kernel=k, stride=_ones(k)) >> _every(s), x)


@theorem({"n": [6, 7], "s": [1, 2, 3]}, source=ZHANG)
def blur_pooling_is_two_boxes(draw: Draw, n: Shape, s: Shape) -> Sides:
    """Blur pooling, Conv of each channel alone with (1, 2, 1)/4 and stride s = the mean of two pixels, twice, then every s-th pixel."""
    x = draw(1, 1, *n) * 4 ** len(n)
    pair = AveragePool(kernel=(2,) * len(n), stride=_ones(n))
    w = np.ones((1, 1, *_ones(n)), np.int64)
    for axis in range(len(n)):
        taps = np.array([1, 2, 1]).reshape(tuple(3 if a == axis else 1 for a in range(len(n))))
        w = w * taps
    return Side(Conv(stride=s), x // 4 ** len(n), w), Side(pair >> pair >> _every(s), x)


@theorem(
    {"n": [6, 8], "s": [2, 4], "first": ["blurred", "not blurred"]}, source=ZHANG, only_1d=True,
    when=("x is blurred by (1, 1)/2 first", lambda first, **_: first == "blurred"),
)  # fmt: skip
def alternation_is_gone(draw: Draw, n: Shape, s: Shape, first: str) -> Sides:
    """Every s-th pixel of what alternates, a, −a, a, −a …, = 0: nothing of it appears as a constant (aliasing)."""
    x = draw(1, 2, 1) * 2 * (-1) ** np.arange(n[0])
    blur = AveragePool(kernel=(2,), stride=(1,)) >> _every(s)
    op = blur if first == "blurred" else _every(s)
    return Side(op, x), np.zeros(op.shape(x.shape), int)
