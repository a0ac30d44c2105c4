"""The statements. Numbers in parentheses are those of docs/theorems.md.

x is N C *n, w is O C *k for Conv and C O *k for ConvTranspose;
slack = (n + lo + hi − d(k−1) − 1) mod s is what the last window leaves unread.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spec.operation import Array, Impossible, Index, Operation, Pairs, Shape
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.maxpool import MaxPool, MaxUnpool
from spec.ops.pool import AveragePool, SumPool
from spec.ops.rearrange import DepthToSpace, SpaceToDepth, ZeroInsert
from spec.ops.resize import Upsample
from spec.program import Program
from spec.theorems.theorem import Draw, Side, Sides, convolved, flipped, stretched, swapped, theorem

DUMOULIN = "Dumoulin & Visin 2016, A guide to convolution arithmetic for deep learning, arXiv:1603.07285"
ODENA = "Odena, Dumoulin & Olah 2016, Deconvolution and Checkerboard Artifacts, Distill"
SHI = "Shi et al. 2016, Is the deconvolution layer the same as a convolutional layer?, arXiv:1609.07009"
ALGEBRA = "linearity of the definition"

CONV: dict[str, list[Any]] = {"n": [1, 4, 5, 8], "k": [1, 2, 3, 4], "s": [1, 2, 3], "d": [1, 2], "lo": [0, 1, 2, -1], "hi": [0, 1, -1]}
TRANSPOSE: dict[str, list[Any]] = {"n": [1, 2, 5], "k": [1, 2, 3, 4], "s": [1, 2, 3], "d": [1, 2], "lo": [0, 1, -1], "hi": [0, 2, -1]}


def _pairs(lo: Shape, hi: Shape) -> Pairs:
    return tuple(zip(lo, hi, strict=True))


def _slack(n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Shape:
    rows = zip(n, k, s, d, lo, hi, strict=True)
    return tuple((m + a + b - e * (t - 1) - 1) % q for m, t, q, e, a, b in rows)


def _less(hi: Shape, by: Shape) -> Shape:
    return tuple(h - b for h, b in zip(hi, by, strict=True))


def _reach(k: Shape, d: Shape) -> Shape:
    return tuple(e * (t - 1) for t, e in zip(k, d, strict=True))


def _total(a: Array) -> Array:
    return np.asarray(a.sum())


def _either(op: str, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Conv | ConvTranspose:
    pairs = _pairs(lo, hi)
    return Conv(stride=s, padding=pairs, dilation=d) if op == "Conv" else ConvTranspose(stride=s, crop=pairs, dilation=d)


# Transposition


@theorem(CONV, source=DUMOULIN + ", §4")
def adjoint(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(1) ⟨Conv(w) x, y⟩ = ⟨x, ConvTranspose(w) y⟩, with crop hi reduced by the slack of the last window."""
    conv = Conv(stride=s, padding=_pairs(lo, hi), dilation=d)
    back = ConvTranspose(stride=s, crop=_pairs(lo, _less(hi, _slack(n, k, s, d, lo, hi))), dilation=d)
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    y = draw(*conv.shape(x.shape, w.shape))
    return Side(conv, x, w, after=lambda a: _total(a * y)), Side(back, y, w, after=lambda a: _total(a * x))


@theorem(CONV, source=DUMOULIN + ", §4")
def input_gradient(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(2) ∂⟨g, Conv(w) x⟩/∂x, by the framework's own differentiation, = ConvTranspose(w) g, with crop hi reduced by the slack."""
    conv = Conv(stride=s, padding=_pairs(lo, hi), dilation=d)
    back = ConvTranspose(stride=s, crop=_pairs(lo, _less(hi, _slack(n, k, s, d, lo, hi))), dilation=d)
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    g = draw(*conv.shape(x.shape, w.shape))
    return Side(conv, x, w, g=g, output="dx"), Side(back, g, w)


@theorem(CONV, source=DUMOULIN + ", §4")
def weight_gradient(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(3) ∂⟨g, Conv(w) x⟩/∂w = Conv of x (batch and channels exchanged; stride d, dilation s, hi reduced by the slack) with kernel g."""
    conv = Conv(stride=s, padding=_pairs(lo, hi), dilation=d)
    over = Conv(stride=d, padding=_pairs(lo, _less(hi, _slack(n, k, s, d, lo, hi))), dilation=s)
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    g = draw(*conv.shape(x.shape, w.shape))
    return Side(conv, x, w, g=g, output="dw"), Side(over, swapped(x), swapped(g), after=swapped)


@theorem(TRANSPOSE, source=DUMOULIN + ", §4")
def adjoint_of_the_transpose(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(4) ∂⟨g, ConvTranspose(w) x⟩/∂x = Conv(w) g with padding = crop: transposing twice is the identity."""
    transpose = ConvTranspose(stride=s, crop=_pairs(lo, hi), dilation=d)
    x, w = draw(2, 3, *n), draw(3, 2, *k)
    g = draw(*transpose.shape(x.shape, w.shape))
    return Side(transpose, x, w, g=g, output="dx"), Side(Conv(stride=s, padding=_pairs(lo, hi), dilation=d), g, w)


# Stride and dilation


@theorem(TRANSPOSE, source=DUMOULIN + ", §4.6")
def zero_insertion(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(5) ConvTranspose(s, w) = ZeroInsert(s, no trailing zeros), then Conv(flip wᵀ) with padding d(k−1) − crop."""
    x, w, reach = draw(2, 3, *n), draw(3, 2, *k), _reach(k, d)
    conv = Conv(stride=(1,) * len(n), padding=_pairs(_less(reach, lo), _less(reach, hi)), dilation=d)
    zeros = ZeroInsert(factor=s, trailing=(0,) * len(n))
    return Side(ConvTranspose(stride=s, crop=_pairs(lo, hi), dilation=d), x, w), Side(zeros >> conv, x, flipped(swapped(w)))


@theorem(CONV, source=DUMOULIN + ", §2.4")
def stride_is_subsampling(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(6) Conv(stride s) = Conv(stride 1), then every s-th pixel."""
    x, w, rank = draw(2, 3, *n), draw(2, 3, *k), len(n)
    ones = (1,) * rank
    unit = Conv(stride=ones, padding=_pairs(lo, hi), dilation=d)
    return Side(Conv(stride=s, padding=_pairs(lo, hi), dilation=d), x, w), Side(unit >> SumPool(kernel=ones, stride=s), x, w)


@theorem(CONV, source=DUMOULIN + ", §5.1")
def dilation_is_a_stretched_kernel(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(7) Conv(dilation d, w) = Conv(dilation 1) with d − 1 zeros between the taps of w."""
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    dense = Conv(stride=s, padding=_pairs(lo, hi))
    return Side(Conv(stride=s, padding=_pairs(lo, hi), dilation=d), x, w), Side(dense, x, stretched(w, d))


# Upsampling


@theorem({"n": [1, 2, 4, 5], "k": [1, 2, 3, 4], "s": [1, 2, 3], "d": [1, 2], "lo": [0, 1, 2], "hi": [0, 1, 3]}, source=SHI)
def nearest_then_convolution(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(9) Upsample(s), then Conv(w, stride 1) = ConvTranspose(s) with kernel box_s ∗ flip(dilated wᵀ) and crop d(k−1) − padding."""
    x, w, reach = draw(2, 3, *n), draw(2, 3, *k), _reach(k, d)
    program = Upsample(factor=s) >> Conv(stride=(1,) * len(n), padding=_pairs(lo, hi), dilation=d)
    wide = convolved(np.ones((1, 1, *s), np.int64), flipped(swapped(stretched(w, d))), "ab,cd->cd")
    return Side(program, x, w), Side(ConvTranspose(stride=s, crop=_pairs(_less(reach, lo), _less(reach, hi))), x, wide)


@theorem({"n": [1, 2, 5], "s": [1, 2, 3, 4]}, source=SHI)
def nearest_is_a_transposed_box(draw: Draw, n: Shape, s: Shape) -> Sides:
    """(10) Upsample(s) = ConvTranspose(stride s) of each channel alone, with a kernel of s ones."""
    x = draw(2, 1, *n)
    return Side(Upsample(factor=s), x), Side(ConvTranspose(stride=s), x, np.ones((1, 1, *s), np.int64))


@theorem({"n": [1, 2, 5], "s": [1, 2, 3, 4]}, source=ALGEBRA)
def nearest_is_the_adjoint_of_sum_pooling(draw: Draw, n: Shape, s: Shape) -> Sides:
    """(11) Upsample(s) g = ∂⟨g, SumPool(s) x⟩/∂x."""
    g = draw(2, 2, *n)
    x = draw(2, 2, *(m * f for m, f in zip(n, s, strict=True)))
    return Side(Upsample(factor=s), g), Side(SumPool(kernel=s), x, g=g, output="dx")


@theorem({"n": [1, 2, 5], "s": [1, 2, 3, 4]}, source=ALGEBRA)
def nearest_is_the_scaled_adjoint_of_average_pooling(draw: Draw, n: Shape, s: Shape) -> Sides:
    """(11) Upsample(s) g = ∂⟨g′, AveragePool(s) x⟩/∂x, where g′ is g times the number of pixels in a window."""
    g = draw(2, 2, *n)
    x = draw(2, 2, *(m * f for m, f in zip(n, s, strict=True)))
    return Side(Upsample(factor=s), g), Side(AveragePool(kernel=s), x, g=g * math.prod(s), output="dx")


@theorem({"n": [1, 2, 5], "a": [1, 2, 3], "b": [1, 2, 4]}, source=ALGEBRA)
def nearest_factors_multiply(draw: Draw, n: Shape, a: Shape, b: Shape) -> Sides:
    """(12) Upsample(a), then Upsample(b) = Upsample(a·b)."""
    x = draw(2, 2, *n)
    return Side(Upsample(factor=a) >> Upsample(factor=b), x), Side(Upsample(factor=tuple(p * q for p, q in zip(a, b, strict=True))), x)


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
    there = ConvTranspose(stride=s, crop=_pairs(lo, hi), dilation=d)
    back = ConvTranspose(stride=s, crop=_pairs(hi, lo), dilation=d)
    return Side(there, x, w), Side(back, flipped(x), flipped(w), after=flipped)


@theorem(CONV, source=ALGEBRA)
def mirrored_convolution(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(28) Mirroring x and w mirrors Conv's answer, with padding (hi − slack, lo)."""
    x, w = draw(2, 3, *n), draw(2, 3, *k)
    there = Conv(stride=s, padding=_pairs(lo, hi), dilation=d)
    back = Conv(stride=s, padding=_pairs(_less(hi, _slack(n, k, s, d, lo, hi)), lo), dilation=d)
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
    x, w, reach, ones = draw(2, 3, *n), draw(3, 2, *k), _reach(k, d), (1,) * len(n)
    conv = Conv(stride=ones, padding=_pairs(_less(reach, lo), _less(reach, hi)), dilation=d)
    return Side(ConvTranspose(stride=ones, crop=_pairs(lo, hi), dilation=d), x, w), Side(conv, x, flipped(swapped(w)))


# Sub-pixel convolution


@theorem({"n": [1, 2, 4], "k": [1, 2, 3, 4, 5], "s": [1, 2, 3]}, source=SHI, only_1d=True)
def sub_pixel_convolution(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """(18) ConvTranspose(s, w) = Conv of x with w's s phases as channels, then its channels interleaved together, cut to length."""
    x, w = draw(2, 3, *n), draw(3, 2, *k)
    (stride,), (taps,) = s, k
    whole = -(-taps // stride) * stride
    phases = np.pad(w, ((0, 0), (0, 0), (0, whole - taps))).reshape(3, 2, whole // stride, stride)
    kernel = np.flip(phases, 2).transpose(1, 3, 0, 2).reshape(2 * stride, 3, -1)
    reach = whole // stride - 1
    conv = Conv(stride=(1,), padding=((reach, reach),))
    length = (n[0] - 1) * stride + taps

    def interleaved(y: Array) -> Array:
        return y.reshape(2, 2, stride, -1).swapaxes(2, 3).reshape(2, 2, -1)[..., :length]

    return Side(ConvTranspose(stride=s), x, w), Side(conv, x, kernel, after=interleaved)


@theorem({"n": [1, 2, 3], "s": [1, 2, 3], "order": ["DCR", "CRD"]}, source=SHI)
def depth_to_space_is_a_transposed_convolution(draw: Draw, n: Shape, s: Shape, order: str) -> Sides:
    """(19) DepthToSpace(s) = ConvTranspose(stride s) with a one-hot kernel: channel(c, p) goes to channel c at place p of its cell."""
    phases = math.prod(s)
    x, c = draw(2, 2 * phases, *n), 2
    channel = np.arange(c * phases).reshape((*s, c) if order == "DCR" else (c, *s))
    channel = np.moveaxis(channel, -1, 0) if order == "DCR" else channel
    w = np.equal(np.arange(c * phases).reshape(-1, 1, *(1,) * len(s)), channel[None]).astype(np.int64)
    return Side(DepthToSpace(factor=s, order=order), x), Side(ConvTranspose(stride=s), x, w)


@theorem({"n": [1, 2, 3], "s": [1, 2, 3], "order": ["DCR", "CRD"]}, source=ALGEBRA)
def space_to_depth_undoes_depth_to_space(draw: Draw, n: Shape, s: Shape, order: str) -> Sides:
    """(20) DepthToSpace(s), then SpaceToDepth(s) = x."""
    x = draw(2, 2 * math.prod(s), *n)
    return Side(DepthToSpace(factor=s, order=order) >> SpaceToDepth(factor=s, order=order), x), x


# Pooling


@theorem({"n": [4, 5, 7], "k": [1, 2, 3], "s": [3, 4]}, source=ALGEBRA)
def max_pooling_gradient(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """(35) ∂⟨g, MaxPool x⟩/∂x = MaxUnpool of g at the maxima, for windows that do not overlap."""
    x = draw.distinct(2, 2, *n)
    pool = MaxPool(kernel=k, stride=s)
    g = draw(*pool.shape(x.shape))
    return Side(pool, x, g=g, output="dx"), Side(MaxUnpool(size=n), g, pool.indices(x))


@theorem({"n": [4, 5, 7], "k": [1, 2, 3], "s": [3, 4]}, source=ALGEBRA)
def unpooling_keeps_the_maxima(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """(36) MaxPool of MaxUnpool of MaxPool x = MaxPool x, for positive x and windows that do not overlap."""
    x = draw.distinct(2, 2, *n)
    x = x - x.min() + 1
    pool = MaxPool(kernel=k, stride=s)
    return Side(pool, x), Side(Program(inner=(MaxUnpool(size=n), pool)), pool(x), pool.indices(x))


@theorem({"n": [4, 5, 7], "k": [1, 2, 3], "s": [3, 4]}, source=ALGEBRA)
def unpooling_gradient(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """⟨g, MaxUnpool x⟩ = ⟨∂⟨g, MaxUnpool x⟩/∂x, x⟩: what was put somewhere gets its gradient from there."""
    before, pool, g = draw.distinct(2, 2, *n), MaxPool(kernel=k, stride=s), draw(2, 2, *n)
    x, indices = draw(*pool.shape(before.shape)), pool.indices(before)
    unpool = MaxUnpool(size=n)
    return Side(unpool, x, indices, after=lambda y: _total(y * g)), Side(
        unpool, x, indices, g=g, output="dx", after=lambda dx: _total(dx * x)
    )


@theorem({"n": [1, 2, 3], "s": [2, 3]}, source=ALGEBRA, refuted=True)
def zero_insertion_is_unpooling(draw: Draw, n: Shape, s: Shape) -> Sides:
    """(37) ZeroInsert(s) = MaxUnpool at the maxima of the input that was pooled."""
    before = draw.distinct(1, 1, *(m * f for m, f in zip(n, s, strict=True)))
    x = draw(1, 1, *n)
    return Side(ZeroInsert(factor=s), x), Side(MaxUnpool(size=before.shape[2:]), x, MaxPool(kernel=s).indices(before))


def gain(op: Operation, n: Shape, w: Array, margin: int) -> Sides:
    """The answer to a constant input, away from its borders, and the same one pixel further on."""
    x = np.ones((1, w.shape[1 if isinstance(op.steps[-1], Conv) else 0], *n), np.int64)
    length = op.shape(x.shape, w.shape)[-1]
    if length < 2 * margin + 2:
        raise Impossible("no pixel is away from the borders")
    here, next_ = slice(margin, length - margin - 1), slice(margin + 1, length - margin)
    return Side(op, x, w, after=lambda y: y[..., here]), Side(op, x, w, after=lambda y: y[..., next_])


@theorem({"n": [9, 12], "k": [1, 2, 3, 4, 5], "s": [2, 3]}, source=ODENA, only_1d=True)
def nearest_has_equal_gain(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """(56) Away from the borders of a constant input, Upsample then Conv answers the same in every phase, for every kernel."""
    return gain(Upsample(factor=s) >> Conv(stride=(1,)), n, draw(2, 3, *k), 1)


def equal_phases(w: Array, s: int) -> Array:
    """w (1-D, C O k) with its first taps changed so that, for each output channel, all its phases that have taps sum to the same."""
    w = w.copy()
    sums = [w[:, :, phase::s].sum((0, 2)) for phase in range(s)]
    for phase in range(1, min(s, w.shape[2])):
        w[0, :, phase] += sums[0] - sums[phase]
    return w


def _phases_are_equal(kernel: str, k: Shape, s: Shape, **_: object) -> bool:
    return kernel == "with equal phase sums" and k[0] % s[0] == 0


@theorem(
    {"n": [9, 12], "k": [1, 2, 3, 4, 6], "s": [2, 3], "kernel": ["any", "with equal phase sums"]}, source=ODENA, only_1d=True,
    when=("the kernel's phases have equal sums, for each output channel", _phases_are_equal),
)  # fmt: skip
def transposed_gain(draw: Draw, n: Shape, k: Shape, s: Shape, kernel: str) -> Sides:
    """(57) Away from the borders of a constant input, ConvTranspose answers the same in every phase."""
    w = draw(3, 2, *k)
    if kernel == "with equal phase sums":
        w = equal_phases(w, s[0])
    return gain(ConvTranspose(stride=s), n, w, k[0])
