"""Statements about what moves and mixes pixels: resampling, pooling, channels interleaved into space. Numbers as in convolutions.py.

Where coefficients are fractions, x is drawn as multiples of the operation's unit, so that both sides are whole.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np

from spec.operation import Array, Impossible, Index, Operation, Pairs, Shape, fit
from spec.ops.adaptive import AdaptiveAveragePool, AdaptiveMaxPool
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.maxpool import MaxPool
from spec.ops.pool import AveragePool
from spec.ops.rearrange import DepthToSpace, SpaceToDepth
from spec.ops.resize import COORDINATES, Resize
from spec.theorems.convolutions import CONV
from spec.theorems.sources import ALGEBRA, DUMOULIN, LONG, ONNX, SHI, SIFRE
from spec.theorems.theorem import Draw, Side, Sides, stretched, theorem


def _times(n: Shape, s: Shape) -> Shape:
    return tuple(m * f for m, f in zip(n, s, strict=True))


def _whole(op: Operation, x: Array) -> Array:
    """x in multiples of the operation's unit."""
    return x * op.unit_on(x.shape)


def _outer(rows: list[Array]) -> Array:
    """The kernel (1 1 *k) that is one row for each axis."""
    return np.asarray(reduce(np.multiply.outer, rows))[None, None]


# Stride, channels and groups


@theorem(CONV | {"order": ["DCR", "CRD"]}, source=SHI)
def strided_is_space_to_depth(
    draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape, order: str
) -> Sides:  # fmt: skip
    """(8) Conv(stride s, w) with m outputs = x padded or cut to (m − 1 + ⌈(d(k−1) + 1)/s⌉)·s, SpaceToDepth(s), then Conv(stride 1) with
    the kernel that dilation, padding to a multiple of s and SpaceToDepth(s) make of w."""
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    conv = Conv(stride=s, padding=tuple(zip(lo, hi, strict=True)), dilation=d)
    count, wide = conv.shape(x.shape, w.shape)[2:], stretched(w, d)
    if not min(count):
        raise Impossible("no window fits")
    cells = tuple(-(-q // f) for q, f in zip(wide.shape[2:], s, strict=True))
    rows = zip(n, lo, count, cells, s, strict=True)
    ends: Pairs = tuple((a, (m - 1 + c) * f - q - a) for q, a, m, c, f in rows)
    unravel = SpaceToDepth(factor=s, order=order)
    kernel = unravel(fit(wide, tuple((0, c * f - q) for c, f, q in zip(cells, s, wide.shape[2:], strict=True))))
    return Side(conv, x, w), Side(unravel >> Conv(stride=(1,) * len(n)), fit(x, ends), kernel)


@theorem({"n": [1, 2, 3], "s": [1, 2, 3], "c": [1, 2, 3]}, source=SHI)
def orders_differ_by_a_permutation(draw: Draw, n: Shape, s: Shape, c: Shape) -> Sides:
    """(21) DepthToSpace in the order CRD = the channels c·P + p moved to p·C + c, then DepthToSpace in the order DCR."""
    phases = math.prod(s)
    x = draw(2, c[0] * phases, *n)
    moved = x.reshape(2, c[0], phases, *n).swapaxes(1, 2).reshape(x.shape)
    return Side(DepthToSpace(factor=s, order="CRD"), x), Side(DepthToSpace(factor=s, order="DCR"), moved)


@theorem(
    {"n": [1, 2, 3], "s": [2, 3], "c": [1, 2, 3]}, source=SHI,
    when=("there is one output channel", lambda c, **_: c[0] == 1),
)  # fmt: skip
def orders_agree(draw: Draw, n: Shape, s: Shape, c: Shape) -> Sides:
    """(21) DepthToSpace in the order CRD = DepthToSpace in the order DCR."""
    x = draw(2, c[0] * math.prod(s), *n)
    return Side(DepthToSpace(factor=s, order="CRD"), x), Side(DepthToSpace(factor=s, order="DCR"), x)


@theorem({"n": [4, 5, 8], "k": [1, 2, 3], "s": [1, 2], "d": [1, 2], "lo": [0, 1], "hi": [0, 2]}, source=SIFRE)
def separable_convolution(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(24) Depthwise Conv(u), then 1×1 Conv(v) = Conv with the kernel v[o,c]·u[c]."""
    ones = (1,) * len(n)
    x, u, v = draw(2, 3, *n), draw(3, 1, *k), draw(2, 3, *ones)
    padding = tuple(zip(lo, hi, strict=True))
    program = Conv(stride=s, padding=padding, dilation=d, groups=3) >> Conv(stride=ones)
    return Side(program, x, u, v), Side(Conv(stride=s, padding=padding, dilation=d), x, v * u[:, 0])


@theorem({"n": [1, 2, 5]}, source=ALGEBRA)
def pointwise_is_a_matrix(draw: Draw, n: Shape) -> Sides:
    """(25) 1×1 Conv(w) = each pixel's channels times the matrix w."""
    x, w = draw(2, 3, *n), draw(4, 3, *(1,) * len(n))
    product = np.matmul(w.reshape(4, 3), x.reshape(2, 3, -1)).reshape(2, 4, *n)
    return Side(Conv(stride=(1,) * len(n)), x, w), product


@theorem({"n": [3, 4], "k": [1, 2, 3], "s": [1, 2], "g": [2, 3], "op": ["Conv", "ConvTranspose"]}, source=ALGEBRA)
def groups_are_blocks(draw: Draw, n: Shape, k: Shape, s: Shape, g: Shape, op: str) -> Sides:
    """(26) groups = weights that are 0 between the channels of different groups."""
    groups, kind = g[0], Conv if op == "Conv" else ConvTranspose
    x, w = draw(2, 2 * groups, *n), draw(2 * groups, 2, *k)
    block = np.zeros((2 * groups, 2 * groups, *k), w.dtype)
    for i in range(0, 2 * groups, 2):
        block[i : i + 2, i : i + 2] = w[i : i + 2]
    return Side(kind(stride=s, groups=groups), x, w), Side(kind(stride=s), x, block)


# Resampling


@theorem({"n": [1, 2, 5], "s": [1, 2, 3, 4]}, source=LONG)
def bilinear_is_a_transposed_triangle(draw: Draw, n: Shape, s: Shape) -> Sides:
    """(13) Linear half-pixel Resize by s = x with its edge repeated once, then ConvTranspose(s) of each channel alone with the triangle
    1 − |t|/s of 2s taps (2s − 1 if s is odd), cropped by s + ⌊s/2⌋ at both ends."""
    x, op = draw(2, 1, *n), Resize(size=_times(n, s), mode="linear")
    taps = [2 * f - f % 2 for f in s]
    triangles = [2 * f - abs(2 * np.arange(k) - k + 1) for f, k in zip(s, taps, strict=True)]  # times 2s
    crop = tuple((f + f // 2, f + f // 2) for f in s)
    wide = np.pad(x, ((0, 0), (0, 0), *((1, 1) for _ in n)), mode="edge")
    return Side(op, x * math.prod(2 * f for f in s)), Side(ConvTranspose(stride=s, crop=crop), wide, _outer(triangles))


@theorem({"n": [1, 2, 5], "s": [1, 2, 3, 4]}, source=LONG)
def aligned_bilinear_is_a_transposed_triangle(draw: Draw, n: Shape, s: Shape) -> Sides:
    """(14) Linear align-corners Resize to (n − 1)s + 1 = ConvTranspose(s) of each channel alone with the triangle 1 − |t|/s of 2s − 1
    taps, cropped by s − 1 at both ends."""
    x = draw(2, 1, *n)
    op = Resize(size=tuple((m - 1) * f + 1 for m, f in zip(n, s, strict=True)), mode="linear", coordinates="align_corners")
    triangles = [f - abs(np.arange(2 * f - 1) - f + 1) for f in s]  # times s
    back = ConvTranspose(stride=s, crop=tuple((f - 1, f - 1) for f in s))
    return Side(op, x * math.prod(s)), Side(back, x, _outer(triangles))


SAMPLED: dict[str, list[Any]] = {"mode": ["nearest", "linear", "cubic"], "coordinates": list(COORDINATES)}


@theorem(
    {"n": [1, 2, 5]} | SAMPLED, source=ONNX, see=("a-scale-that-keeps-the-length",),
    when=("the coordinates are not tf_half_pixel_for_nn", lambda coordinates, **_: coordinates != "tf_half_pixel_for_nn"),
)  # fmt: skip
def resize_to_the_same_size(draw: Draw, n: Shape, mode: str, coordinates: str) -> Sides:
    """(15) Resize by size to the size of x = x."""
    op = Resize(size=n, mode=mode, coordinates=coordinates)
    x = _whole(op, draw(2, 2, *n))
    return Side(op, x), x


@theorem(
    {"n": [2, 3]} | SAMPLED | {"coordinates": list(COORDINATES[:-1])}, source=ONNX, see=("resize-to-the-same-size",),
    refuted=True, only_1d=True,
)  # fmt: skip
def a_scale_that_keeps_the_length(draw: Draw, n: Shape, mode: str, coordinates: str) -> Sides:
    """(15) Resize by a scale with ⌊n·scale⌋ = n, here 5/4, = x."""
    op = Resize(size=n, scale=((5, 4),) * len(n), mode=mode, coordinates=coordinates)
    x = _whole(op, draw(1, 1, *n))
    return Side(op, x), x


@theorem({"n": [1, 2, 3, 5], "m": [1, 2, 4, 8]} | SAMPLED, source=ONNX, only_1d=True)
def resize_keeps_constants(draw: Draw, n: Shape, m: Shape, mode: str, coordinates: str) -> Sides:
    """(16) Resize of a constant input = that constant."""
    op, x = Resize(size=m, mode=mode, coordinates=coordinates), draw(2, 2, *(1,) * len(n))
    constant = _whole(op, np.broadcast_to(x, (2, 2, *n)))
    return Side(op, constant), np.broadcast_to(constant[..., :1], (2, 2, *m))


@theorem({"n": [1, 2, 3]}, source=ALGEBRA, see=("nearest-factors-multiply",), refuted=True)
def bilinear_factors_multiply(draw: Draw, n: Shape) -> Sides:
    """(17) Linear half-pixel Resize by 2, and again by 2 = Resize by 4."""
    two, four = _times(n, (2,) * len(n)), _times(n, (4,) * len(n))
    once, again = Resize(size=two, mode="linear"), Resize(size=four, mode="linear")
    x = _whole(once >> again, draw(1, 1, *n))
    return Side(once >> again, x), Side(again, x)


# Pooling


@theorem({"n": [3, 4, 7], "k": [1, 2, 4], "s": [1, 2, 3], "lo": [0, 1], "hi": [0, 1]}, source=DUMOULIN + ", §3")
def average_pooling_is_a_convolution(draw: Draw, n: Shape, k: Shape, s: Shape, lo: Shape, hi: Shape) -> Sides:
    """(33) AveragePool(k) that counts every tap = Conv of each channel alone with the kernel 1/k (here, both times the number of taps)."""
    x, padding = draw(2, 1, *n), tuple(zip(lo, hi, strict=True))
    pool = AveragePool(kernel=k, stride=s, padding=padding)
    return Side(pool, _whole(pool, x)), Side(Conv(stride=s, padding=padding), x, np.ones((1, 1, *k), np.int64))


def _only_pixels_count(lo: Shape, hi: Shape, counted: str, **_: object) -> bool:
    return counted == "valid" or not any((*lo, *hi))


@theorem(
    {"n": [2, 4, 5], "k": [2, 4], "s": [1, 2], "lo": [0, 1], "hi": [0, 1], "counted": ["valid", "padded", "window"]}, source=ALGEBRA,
    when=("only pixels of x are counted, or nothing is padded", _only_pixels_count),
)  # fmt: skip
def average_pooling_keeps_constants(draw: Draw, n: Shape, k: Shape, s: Shape, lo: Shape, hi: Shape, counted: str) -> Sides:
    """(34) AveragePool of a constant input = that constant."""
    pool = AveragePool(kernel=k, stride=s, padding=tuple(zip(lo, hi, strict=True)), counted=counted)
    constant = _whole(pool, np.broadcast_to(draw(2, 2, *(1,) * len(n)), (2, 2, *n)))
    first: Index = (..., *(slice(1),) * len(n))
    return Side(pool, constant), np.broadcast_to(constant[first], pool.shape(constant.shape))


ADAPTIVE: dict[str, list[Any]] = {"n": [2, 4, 6, 8], "m": [1, 2, 4], "pool": ["average", "max"]}
ADAPTIVE_SOURCE = "torch.nn.AdaptiveAvgPool2d; Lin, Chen & Yan 2013, Network in network, arXiv:1312.4400"


def _divides(n: Shape, m: Shape, **_: object) -> bool:
    return not any(a % b for a, b in zip(n, m, strict=True))


@theorem(ADAPTIVE, source=ADAPTIVE_SOURCE, when=("m divides n", _divides))
def adaptive_is_plain(draw: Draw, n: Shape, m: Shape, pool: str) -> Sides:
    """(38) Adaptive pooling of n pixels to m = plain pooling with kernel and stride n/m; with m = 1, global pooling."""
    k = tuple(max(a // b, 1) for a, b in zip(n, m, strict=True))
    adaptive, plain = (AdaptiveAveragePool, AveragePool) if pool == "average" else (AdaptiveMaxPool, MaxPool)
    x = _whole(adaptive(size=m), draw(2, 2, *n))
    return Side(adaptive(size=m), x), Side(plain(kernel=k), x)


@theorem({"n": [1, 2, 5], "pool": ["average", "max"]}, source=ADAPTIVE_SOURCE)
def adaptive_to_the_same_size(draw: Draw, n: Shape, pool: str) -> Sides:
    """(38) Adaptive pooling of n pixels to n = x."""
    x = draw(2, 2, *n)
    return Side(AdaptiveAveragePool(size=n) if pool == "average" else AdaptiveMaxPool(size=n), x), x


@theorem({"n": [4, 5, 7], "k": [1, 2, 3], "s": [1, 2, 3], "lo": [0, 1], "d": [1, 2]}, source=ALGEBRA)
def maxima_commute_with_increasing_functions(draw: Draw, n: Shape, k: Shape, s: Shape, lo: Shape, d: Shape) -> Sides:
    """(39) MaxPool of f(x) = f of MaxPool x, for an increasing f, here v³ + 2v."""

    def f(v: Array) -> Array:
        return np.asarray(v**3 + 2 * v)

    pool = MaxPool(kernel=k, stride=s, padding=tuple((a, 0) for a in lo), dilation=d)
    x = draw(2, 2, *n)
    return Side(pool, f(x)), Side(pool, x, after=f)
