"""Rules for pools, and for what may change places with a 1×1 convolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from spec.operation import Operation, Shape, put, size
from spec.ops.adaptive import AdaptiveAveragePool, AdaptiveMaxPool
from spec.ops.conv import Conv
from spec.ops.maxpool import MaxPool
from spec.ops.pool import AveragePool, SumPool
from spec.ops.resize import Resize, Upsample
from spec.rewriting.resampling import each_channel
from spec.rewriting.rule import Piece, Step, rule


def counts_every_tap(op: Operation) -> bool:
    """Whether an average divides by the size of its window everywhere."""
    return isinstance(op, AveragePool) and op.counted == "window" and not op.divisor and not any(op.overhang)


@rule(AveragePool, theorem="average-pooling-is-a-convolution")
def average_as_convolution(x: Shape, one: Step) -> Iterator[Piece]:
    """Average pooling that counts every tap is a convolution of each channel alone, whose taps are all the same."""
    op = one.op
    assert isinstance(op, AveragePool)
    inside = replace(op, counted="window") if not any(map(any, op.padding)) and not any(op.overhang) else op
    if counts_every_tap(inside):
        rows = [np.ones(k, int) for k in op.kernel]
        yield (each_channel(Conv(stride=op.stride, padding=op.padding, dilation=op.dilation), rows, x[1], size(op.kernel)),)


@rule(SumPool, theorem="average-pooling-is-a-convolution")
def sum_as_convolution(x: Shape, one: Step) -> Iterator[Piece]:
    """Sum pooling is a convolution of each channel alone with a kernel of ones."""
    op = one.op
    assert isinstance(op, SumPool)
    rows = [np.ones(k, int) for k in op.kernel]
    yield (each_channel(Conv(stride=op.stride, padding=op.padding, dilation=op.dilation), rows, x[1]),)


@rule(MaxPool, MaxPool, theorem="max-pools-compose")
def one_maximum(x: Shape, first: Step, second: Step) -> Iterator[Piece]:
    """Max pooling twice is max pooling with a larger window, if the second has stride 1 and the first leaves out no pixel."""
    a, b = first.op, second.op
    assert isinstance(a, MaxPool)
    assert isinstance(b, MaxPool)
    apart = max(b.stride) > 1 or any(map(any, b.padding)) or max((*a.dilation, *b.dilation)) > 1
    if not apart and all(s <= k for s, k in zip(a.stride, a.kernel, strict=True)):
        wide = tuple(k + (m - 1) * s for k, m, s in zip(a.kernel, b.kernel, a.stride, strict=True))
        yield (Step(replace(a, kernel=wide)),)


@rule(MaxPool, theorem="max-pools-compose")
def two_maxima(x: Shape, one: Step) -> Iterator[Piece]:
    """Max pooling with a large window is max pooling with two small ones, the second with stride 1."""
    op = one.op
    assert isinstance(op, MaxPool)
    if max(op.dilation) > 1 or any(map(any, op.padding)):
        return
    second = tuple((k - s) // (2 * s) + 1 for k, s in zip(op.kernel, op.stride, strict=True))
    first = tuple(k - (m - 1) * s for k, m, s in zip(op.kernel, second, op.stride, strict=True))
    if max(second) > 1 and all(s <= k for s, k in zip(op.stride, first, strict=True)):
        yield Step(replace(op, kernel=first)), Step(MaxPool(kernel=second, stride=(1,) * op.rank))


@rule(SumPool, SumPool, theorem="sums-of-sums")
def one_sum(x: Shape, first: Step, second: Step) -> Iterator[Piece]:
    """Sum pooling twice is sum pooling by the product, if windows do not overlap."""
    a, b = first.op, second.op
    assert isinstance(a, SumPool)
    assert isinstance(b, SumPool)
    if all(op == SumPool(kernel=op.kernel) for op in (a, b)):
        yield (Step(SumPool(kernel=tuple(p * q for p, q in zip(a.kernel, b.kernel, strict=True)))),)


@rule(MaxPool, theorem="pooling-by-rows-and-columns")
def maxima_by_axes(x: Shape, one: Step) -> Iterator[Piece]:
    """Max pooling is max pooling along one axis after the other."""
    yield from _by_axes(one.op, one)


@rule(AveragePool, theorem="pooling-by-rows-and-columns")
def averages_by_axes(x: Shape, one: Step) -> Iterator[Piece]:
    """Average pooling that counts every tap is average pooling along one axis after the other."""
    if counts_every_tap(one.op):
        yield from _by_axes(one.op, one)


def _by_axes(op: Any, one: Step) -> Iterator[Piece]:
    """op: a pool."""
    ones, none = (1,) * op.rank, ((0, 0),) * op.rank
    rows = zip(op.kernel, op.stride, op.padding, op.dilation, strict=True)
    if sum(k > 1 for k in op.kernel) > 1:
        yield tuple(
            Step(replace(op, kernel=put(ones, i, k), stride=put(ones, i, s), padding=put(none, i, p), dilation=put(ones, i, d)))
            for i, (k, s, p, d) in enumerate(rows)
        )


@rule(AdaptiveAveragePool, theorem="adaptive-is-plain")
def plain_average(x: Shape, one: Step) -> Iterator[Piece]:
    """Adaptive average pooling is plain average pooling, if the lengths are multiples."""
    if kernel := _windows(one.op, x):
        yield (Step(AveragePool(kernel=kernel)),)


@rule(AdaptiveMaxPool, theorem="adaptive-is-plain")
def plain_maximum(x: Shape, one: Step) -> Iterator[Piece]:
    """Adaptive max pooling is plain max pooling, if the lengths are multiples."""
    if kernel := _windows(one.op, x):
        yield (Step(MaxPool(kernel=kernel)),)


def _windows(op: Any, x: Shape) -> Shape:
    """op: an adaptive pool."""
    lengths = list(zip(x[2:], op.size, strict=True))
    return tuple(n // m for n, m in lengths) if all(m and n % m == 0 for n, m in lengths) else ()


PER_CHANNEL = (Upsample, Resize, AveragePool, SumPool)
"""Linear operations that treat every channel alike."""


def _keeps_constants(op: Operation) -> bool:
    return isinstance(op, Upsample | Resize) or (isinstance(op, AveragePool) and not any(map(any, op.padding)) and not any(op.overhang))


def _exchanged(first: Step, second: Step, conv: Step, other: Step) -> Iterator[Piece]:
    if conv.pointwise and (not conv.bias or _keeps_constants(other.op)):
        yield second, first


@rule(PER_CHANNEL, Conv, theorem="sum-pooling-commutes-with-mixing")
def mixing_first(x: Shape, first: Step, second: Step) -> Iterator[Piece]:
    """A 1×1 convolution behind an operation on each channel may stand before it."""
    yield from _exchanged(first, second, second, first)


@rule(Conv, PER_CHANNEL, theorem="sum-pooling-commutes-with-mixing")
def mixing_last(x: Shape, first: Step, second: Step) -> Iterator[Piece]:
    """A 1×1 convolution before an operation on each channel may stand behind it."""
    yield from _exchanged(first, second, first, second)
