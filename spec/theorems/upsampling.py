"""Upsampling and what equals it: nearest, sub-pixel convolution, and the checkerboard. Numbers as in convolutions.py."""

from __future__ import annotations

import math

import numpy as np

from spec.operation import Array, Impossible, Operation, Shape
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.pool import AveragePool, SumPool
from spec.ops.rearrange import DepthToSpace, SpaceToDepth
from spec.ops.resize import Upsample
from spec.theorems.convolutions import beyond, less, paired
from spec.theorems.sources import ALGEBRA, ODENA, SHI
from spec.theorems.theorem import Draw, Side, Sides, convolved, flipped, stretched, swapped, theorem

# Upsampling


@theorem({"n": [1, 2, 4, 5], "k": [1, 2, 3, 4], "s": [1, 2, 3], "d": [1, 2], "lo": [0, 1, 2], "hi": [0, 1, 3]}, source=SHI)
def nearest_then_convolution(draw: Draw, n: Shape, k: Shape, s: Shape, d: Shape, lo: Shape, hi: Shape) -> Sides:
    """(9) Upsample(s), then Conv(w, stride 1) = ConvTranspose(s) with kernel box_s ∗ flip(dilated wᵀ) and crop d(k−1) − padding."""
    x, w, reach = draw(2, 3, *n), draw(2, 3, *k), beyond(k, d)
    program = Upsample(factor=s) >> Conv(stride=(1,) * len(n), padding=paired(lo, hi), dilation=d)
    wide = convolved(np.ones((1, 1, *s), np.int64), flipped(swapped(stretched(w, d))), "ab,cd->cd")
    return Side(program, x, w), Side(ConvTranspose(stride=s, crop=paired(less(reach, lo), less(reach, hi))), x, wide)


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
