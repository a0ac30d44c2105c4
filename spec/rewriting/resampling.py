"""Rules for resizing, interleaving and padding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce

import numpy as np

from spec.operation import Array, Shape, size
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.pad import Pad
from spec.ops.pool import AveragePool
from spec.ops.rearrange import DepthToSpace
from spec.ops.resize import Resize, Upsample
from spec.rewriting.rule import Piece, Step, added, pads_with_zeros, rule, turned
from spec.rewriting.sourced import boxed, constant, flipped, repeated, stretched, swapped


def each_channel(op: Conv | ConvTranspose, rows: list[Array], channels: int, parts: int = 1) -> Step:
    """That convolution of each channel alone, with one fixed kernel: the product of a row for each axis, divided by `parts`."""
    kernel = np.broadcast_to(reduce(np.multiply.outer, rows), (channels, 1, *map(len, rows)))
    return Step(replace(op, groups=channels), (constant(kernel, parts),))


@rule(Upsample, theorem="nearest-is-a-transposed-box")
def box(x: Shape, one: Step) -> Iterator[Piece]:
    """Nearest upsampling is a transposed convolution of each channel alone with a kernel of ones."""
    op = one.op
    assert isinstance(op, Upsample)
    yield (each_channel(ConvTranspose(stride=op.factor), [np.ones(f, int) for f in op.factor], x[1]),)


@rule(Upsample, Conv, theorem="nearest-then-convolution")
def one_transposed(x: Shape, before: Step, one: Step) -> Iterator[Piece]:
    """Nearest upsampling and a convolution are one transposed convolution, whose kernel is wider by the factor less one."""
    up, op = before.op, one.op
    assert isinstance(up, Upsample)
    assert isinstance(op, Conv)
    if max(op.stride) > 1 or op.groups > 1:
        return
    crop = turned(one.w.shape[2:], op.dilation, op.padding)
    kernel = boxed(flipped(swapped(stretched(one.w, op.dilation))), up.factor)
    yield (Step(ConvTranspose(stride=up.factor, crop=crop, bias=op.bias), (kernel, *one.bias)),)


@rule(Conv, Upsample, theorem="icnr")
def repeated_phases(x: Shape, one: Step, after: Step) -> Iterator[Piece]:
    """A convolution and nearest upsampling are a convolution with every output channel repeated, whose channels are then interleaved."""
    op, up = one.op, after.op
    assert isinstance(op, Conv)
    assert isinstance(up, Upsample)
    if op.groups == 1:
        phases = size(up.factor)
        arrays = (repeated(one.w, phases, 0), *(repeated(b, phases, 1) for b in one.bias))
        yield Step(op, arrays), Step(DepthToSpace(factor=up.factor, order="CRD"))


@rule(Upsample, Upsample, theorem="nearest-factors-multiply")
def one_upsampling(x: Shape, first: Step, second: Step) -> Iterator[Piece]:
    """Nearest upsampling twice is nearest upsampling by the product."""
    a, b = first.op, second.op
    assert isinstance(a, Upsample)
    assert isinstance(b, Upsample)
    yield (Step(Upsample(factor=tuple(p * q for p, q in zip(a.factor, b.factor, strict=True)))),)


def _linear(op: Resize, coordinates: str, x: Shape) -> bool:
    """Whether it resizes so, by size/n and by no other scale."""
    scales = zip(op.scale, op.size, x[2:], strict=True)
    by_size = all(not a or a * n == b * m for (a, b), m, n in scales)
    return by_size and (op.mode, op.coordinates, op.antialias, op.outside) == ("linear", coordinates, "no", "edge")


@rule(Resize, theorem="bilinear-is-a-transposed-triangle")
def triangle(x: Shape, one: Step) -> Iterator[Piece]:
    """Linear resizing by a whole factor repeats the edge, and is then a transposed convolution of each channel alone with a triangle."""
    op = one.op
    assert isinstance(op, Resize)
    if not _linear(op, "half_pixel", x) or any(m % n for m, n in zip(op.size, x[2:], strict=True)):
        return
    s = tuple(m // n for m, n in zip(op.size, x[2:], strict=True))
    taps = [2 * f - f % 2 for f in s]
    rows = [2 * f - abs(2 * np.arange(k) - k + 1) for f, k in zip(s, taps, strict=True)]
    crop = tuple((f + f // 2, f + f // 2) for f in s)
    edge = Step(Pad(padding=((1, 1),) * op.rank, mode="edge"))
    yield edge, each_channel(ConvTranspose(stride=s, crop=crop), rows, x[1], size(tuple(2 * f for f in s)))


@rule(Resize, theorem="aligned-bilinear-is-a-transposed-triangle")
def aligned_triangle(x: Shape, one: Step) -> Iterator[Piece]:
    """Linear resizing with aligned corners to (n − 1)s + 1 pixels is a transposed convolution of each channel alone with a triangle."""
    op = one.op
    assert isinstance(op, Resize)
    lengths = list(zip(op.size, x[2:], strict=True))
    if not _linear(op, "align_corners", x) or any(n < 2 or m < n or (m - 1) % (n - 1) for m, n in lengths):
        return
    s = tuple((m - 1) // (n - 1) for m, n in lengths)
    rows = [f - abs(np.arange(2 * f - 1) - f + 1) for f in s]
    yield (each_channel(ConvTranspose(stride=s, crop=tuple((f - 1, f - 1) for f in s)), rows, x[1], size(s)),)


@rule(Resize, theorem="halving-is-average-pooling")
def halved(x: Shape, one: Step) -> Iterator[Piece]:
    """Linear resizing to half the length, without antialiasing, is average pooling by 2."""
    op = one.op
    assert isinstance(op, Resize)
    if _linear(op, "half_pixel", x) and all(n == 2 * m for m, n in zip(op.size, x[2:], strict=True)):
        yield (Step(AveragePool(kernel=(2,) * op.rank)),)


@rule(Pad, Pad, theorem="paddings-add")
def one_padding(x: Shape, first: Step, second: Step) -> Iterator[Piece]:
    """Zeros put around x twice are zeros put around it once."""
    a, b = first.op, second.op
    assert isinstance(a, Pad)
    assert isinstance(b, Pad)
    if pads_with_zeros(a) and pads_with_zeros(b) and min(map(min, (*a.padding, *b.padding))) >= 0:
        yield (Step(Pad(padding=added(a.padding, b.padding))),)
