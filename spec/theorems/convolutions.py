"""The statements. Numbers in parentheses are those of docs/theorems.md.

x is N C *n, w is O C *k for Conv and C O *k for ConvTranspose;
slack = (n + lo + hi − d(k−1) − 1) mod s is what the last window leaves unread.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spec.operation import Array, Index, Pairs, Shape
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.pool import SumPool
from spec.ops.rearrange import ZeroInsert
from spec.theorems.sources import ALGEBRA, DUMOULIN
from spec.theorems.theorem import Draw, Side, Sides, convolved, flipped, stretched, swapped, theorem

CONV: dict[str, list[Any]] = {"n": [1, 4, 5, 8], "k": [1, 2, 3, 4], "s": [1, 2, 3], "d": [1, 2], "lo": [0, 1, 2, -1], "hi": [0, 1, -1]}
TRANSPOSE: dict[str, list[Any]] = {"n": [1, 2, 5], "k": [1, 2, 3, 4], "s": [1, 2, 3], "d": [1, 2], "lo": [0, 1, -1], "hi": [0, 2, -1]}


def paired(lo: Shape, hi: Shape) -> Pairs:
    return tuple(zip(lo, hi, strict=True))


def slack(n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Shape:
    rows = zip(n, k, s, d, lo, hi, strict=True)
    return tuple((m + a + b - e * (t - 1) - 1) % q for m, t, q, e, a, b in rows)


def less(hi: Shape, by: Shape) -> Shape:
    return tuple(h - b for h, b in zip(hi, by, strict=True))


def beyond(k: Shape, d: Shape) -> Shape:
    return tuple(e * (t - 1) for t, e in zip(k, d, strict=True))


def total(a: Array) -> Array:
    return np.asarray(a.sum())


def _either(op: str, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Conv | ConvTranspose:
    pairs = paired(lo, hi)
    return Conv(stride=s, padding=pairs, dilation=d) if op == "Conv" else ConvTranspose(stride=s, crop=pairs, dilation=d)


# Transposition


@theorem(CONV, source=DUMOULIN + ", §4")
def adjoint(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(1) ⟨Conv(w) x, y⟩ = ⟨x, ConvTranspose(w) y⟩, with crop hi reduced by the slack of the last window."""
    conv = Conv(stride=s, padding=paired(lo, hi), dilation=d)
    back = ConvTranspose(stride=s, crop=paired(lo, less(hi, slack(n, k, s, d, lo, hi))), dilation=d)
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    y = draw(*conv.shape(x.shape, w.shape))
    return Side(conv, x, w, after=lambda a: total(a * y)), Side(back, y, w, after=lambda a: total(a * x))


@theorem(CONV, source=DUMOULIN + ", §4")
def input_gradient(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(2) ∂⟨g, Conv(w) x⟩/∂x, by the framework's own differentiation, = ConvTranspose(w) g, with crop hi reduced by the slack."""
    conv = Conv(stride=s, padding=paired(lo, hi), dilation=d)
    back = ConvTranspose(stride=s, crop=paired(lo, less(hi, slack(n, k, s, d, lo, hi))), dilation=d)
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    g = draw(*conv.shape(x.shape, w.shape))
    return Side(conv, x, w, g=g, output="dx"), Side(back, g, w)


@theorem(CONV, source=DUMOULIN + ", §4")
def weight_gradient(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(3) ∂⟨g, Conv(w) x⟩/∂w = Conv of x (batch and channels exchanged; stride d, dilation s, hi reduced by the slack) with kernel g."""
    conv = Conv(stride=s, padding=paired(lo, hi), dilation=d)
    over = Conv(stride=d, padding=paired(lo, less(hi, slack(n, k, s, d, lo, hi))), dilation=s)
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    g = draw(*conv.shape(x.shape, w.shape))
    return Side(conv, x, w, g=g, output="dw"), Side(over, swapped(x), swapped(g), after=swapped)


@theorem(TRANSPOSE, source=DUMOULIN + ", §4")
def adjoint_of_the_transpose(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(4) ∂⟨g, ConvTranspose(w) x⟩/∂x = Conv(w) g with padding = crop: transposing twice is the identity."""
    transpose = ConvTranspose(stride=s, crop=paired(lo, hi), dilation=d)
    x, w = draw(2, 3, *n), draw(3, 2, *k)
    g = draw(*transpose.shape(x.shape, w.shape))
    return Side(transpose, x, w, g=g, output="dx"), Side(Conv(stride=s, padding=paired(lo, hi), dilation=d), g, w)


# Stride and dilation


@theorem(TRANSPOSE, source=DUMOULIN + ", §4.6")
def zero_insertion(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(5) ConvTranspose(s, w) = ZeroInsert(s, no trailing zeros), then Conv(flip wᵀ) with padding d(k−1) − crop."""
    x, w, reach = draw(2, 3, *n), draw(3, 2, *k), beyond(k, d)
    conv = Conv(stride=(1,) * len(n), padding=paired(less(reach, lo), less(reach, hi)), dilation=d)
    zeros = ZeroInsert(factor=s, trailing=(0,) * len(n))
    return Side(ConvTranspose(stride=s, crop=paired(lo, hi), dilation=d), x, w), Side(zeros >> conv, x, flipped(swapped(w)))


@theorem(CONV, source=DUMOULIN + ", §2.4")
def stride_is_subsampling(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(6) Conv(stride s) = Conv(stride 1), then every s-th pixel."""
    x, w, rank = draw(2, 3, *n), draw(2, 3, *k), len(n)
    ones = (1,) * rank
    unit = Conv(stride=ones, padding=paired(lo, hi), dilation=d)
    return Side(Conv(stride=s, padding=paired(lo, hi), dilation=d), x, w), Side(unit >> SumPool(kernel=ones, stride=s), x, w)


@theorem(CONV, source=DUMOULIN + ", §5.1")
def dilation_is_a_stretched_kernel(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(7) Conv(dilation d, w) = Conv(dilation 1) with d − 1 zeros between the taps of w."""
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    dense = Conv(stride=s, padding=paired(lo, hi))
    return Side(Conv(stride=s, padding=paired(lo, hi), dilation=d), x, w), Side(dense, x, stretched(w, d))


# Composition


@theorem({"n": [6, 7, 11], "k": [1, 2, 3], "m": [1, 2, 3], "s": [1, 2, 3], "t": [1, 2]}, source=ALGEBRA, only_1d=True)
def convolutions_compose(draw: Draw, n: Shape, k: Shape, m: Shape, s: Shape, t: Shape) -> Sides:
    """(22) Conv(s, w), then Conv(t, v) = Conv(s·t, w ∗ v) without padding, where v's taps are first s apart."""
    x, w, v = draw(2, 2, *n), draw(3, 2, *k), draw(2, 3, *m)
    both = Conv(stride=tuple(p * q for p, q in zip(s, t, strict=True)))
    return Side(Conv(stride=s) >> Conv(stride=t), x, w, v), Side(both, x, convolved(w, stretched(v, s), "mc,om->oc"))


@theorem({"n": [1, 2, 4], "k": [1, 2, 3], "m": [1, 2, 3], "s": [1, 2, 3], "t": [1, 2]}, source=ALGEBRA, only_1d=True)
def transposed_convolutions_compose(draw: Draw, n: Shape, k: Shape, m: Shape, s: Shape, t: Shape) -> Sides:
    """(23) ConvTranspose(s, w), then ConvTranspose(t, v) = ConvTranspose(s·t, w ∗ v), where w's taps are first t apart."""
    x, w, v = draw(2, 2, *n), draw(2, 3, *k), draw(3, 2, *m)
    both = ConvTranspose(stride=tuple(p * q for p, q in zip(s, t, strict=True)))
    wide = convolved(stretched(w, t), v, "cm,mo->co")
    return Side(ConvTranspose(stride=s) >> ConvTranspose(stride=t), x, w, v), Side(both, x, wide)


# Symmetry


@theorem(CONV | {"lo": [0, 1], "hi": [0, 2], "op": ["Conv", "ConvTranspose"]}, source=ALGEBRA)
def linear_in_x(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape, op: str) -> Sides:
    """(27) f(a + 2b, w) = f(a, w) + 2·f(b, w): the batch [a, b] answered at once says the same as a + 2b."""
    f = _either(op, s, d, lo, hi)
    a, b, w = draw(1, 3, *n), draw(1, 3, *n), draw(3, 3, *k)
    return Side(f, a + 2 * b, w), Side(f, np.concatenate([a, b]), w, after=lambda y: y[:1] + 2 * y[1:])


@theorem(CONV | {"lo": [0, 1], "hi": [0, 2], "op": ["Conv", "ConvTranspose"]}, source=ALGEBRA)
def linear_in_w(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape, op: str) -> Sides:
    """(27) f(x, v + 2w) = f(x, v) + 2·f(x, w): both kernels in one weight, side by side, say the same as v + 2w."""
    x, v, w = draw(2, 3, *n), draw(3, 3, *k), draw(3, 3, *k)
    f, both = _either(op, s, d, lo, hi), np.concatenate([v, w], 0 if op == "Conv" else 1)
    return Side(f, x, v + 2 * w), Side(f, x, both, after=lambda y: y[:, :3] + 2 * y[:, 3:])


@theorem(TRANSPOSE, source=ALGEBRA)
def mirrored_transpose(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(28) Mirroring x and w mirrors ConvTranspose's answer, with lo and hi of the crop exchanged."""
    x, w = draw(2, 3, *n), draw(3, 2, *k)
    there = ConvTranspose(stride=s, crop=paired(lo, hi), dilation=d)
    back = ConvTranspose(stride=s, crop=paired(hi, lo), dilation=d)
    return Side(there, x, w), Side(back, flipped(x), flipped(w), after=flipped)


@theorem(CONV, source=ALGEBRA)
def mirrored_convolution(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(28) Mirroring x and w mirrors Conv's answer, with padding (hi − slack, lo)."""
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    there = Conv(stride=s, padding=paired(lo, hi), dilation=d)
    back = Conv(stride=s, padding=paired(less(hi, slack(n, k, s, d, lo, hi)), lo), dilation=d)
    return Side(there, x, w), Side(back, flipped(x), flipped(w), after=flipped)


@theorem({"n": [1, 2, 5], "k": [1, 2, 3], "s": [1, 2, 3], "d": [1, 2]}, source=ALGEBRA)
def translation(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape) -> Sides:
    """(29) Shifting x by one pixel (a zero before it) shifts ConvTranspose's uncropped answer by s pixels."""
    x, w, op = draw(2, 3, *n), draw(3, 2, *k), ConvTranspose(stride=s, dilation=d)
    before = ((0, 0), (0, 0), *((1, 0) for _ in n))
    late: Index = (..., *(slice(m, None) for m in s))
    return Side(op, x, w), Side(op, np.pad(x, before), w, after=lambda y: y[late])


@theorem({"n": [4, 5], "k": [1, 2, 3], "s": [1, 2], "d": [1, 2]}, source=ALGEBRA)
def channels_and_batch_permute(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape) -> Sides:
    """(30) Reversing the batch, the input channels (of x and w) and the output channels (of w) reverses the answer's batch and channels."""
    x, w, op = draw(3, 2, *n), draw(4, 2, *k), Conv(stride=s, dilation=d)
    return Side(op, x, w), Side(op, x[::-1, ::-1], w[::-1, ::-1], after=lambda y: y[::-1, ::-1])


@theorem(TRANSPOSE | {"op": ["Conv", "ConvTranspose"]}, source=ALGEBRA, only_1d=True)
def embedding(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape, op: str) -> Sides:
    """(31) The 1-D case, with an axis of length 1 added, gives the same numbers in 2-D."""
    x, w = draw(2, 3, *n), draw(3, 3, *k)
    line, plane = _either(op, s, d, lo, hi), _either(op, (*s, 1), (*d, 1), (*lo, 0), (*hi, 0))
    return Side(line, x, w), Side(plane, x[..., None], w[..., None], after=lambda y: y[..., 0])


# Stride 1


@theorem({"n": [1, 3, 5], "k": [1, 2, 3, 4], "d": [1, 2], "lo": [0, 1, -1], "hi": [0, 2, -1]}, source=DUMOULIN + ", §4.1–4.3")
def stride_one(draw: Draw, n: Shape, k: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(32) ConvTranspose(stride 1, w) = Conv(flip wᵀ) with padding d(k−1) − crop."""
    x, w, reach, ones = draw(2, 3, *n), draw(3, 2, *k), beyond(k, d), (1,) * len(n)
    conv = Conv(stride=ones, padding=paired(less(reach, lo), less(reach, hi)), dilation=d)
    return Side(ConvTranspose(stride=ones, crop=paired(lo, hi), dilation=d), x, w), Side(conv, x, flipped(swapped(w)))
