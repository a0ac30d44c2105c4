"""Rules for convolutions and transposed convolutions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from spec.operation import Pairs, Shape, size
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.pad import Pad
from spec.ops.pool import SumPool
from spec.ops.rearrange import DepthToSpace, SpaceToDepth, ZeroInsert
from spec.rewriting.rule import Piece, Step, added, pads_with_zeros, rule, turned
from spec.rewriting.sourced import Sourced, blocks, composed, flipped, mixed, padded, repeated, reshaped, stretched, swapped, transposed


def _pad(x: Pairs) -> Piece:
    return (Step(Pad(padding=x)),) if any(map(any, x)) else ()


def _in_cells(w: Sourced, op: Conv | ConvTranspose) -> tuple[Sourced, Shape]:
    """The dilated kernel with zeros up to whole cells of s taps: each spatial axis is split into the cells and the taps of one. And their
    number along each axis."""
    wide = stretched(w, op.dilation)
    cells = tuple(-(-k // f) for k, f in zip(wide.shape[2:], op.stride, strict=True))
    wide = padded(wide, tuple(m * f - k for m, f, k in zip(cells, op.stride, wide.shape[2:], strict=True)))
    return reshaped(wide, (*wide.shape[:2], *(n for pair in zip(cells, op.stride, strict=True) for n in pair))), cells


@rule(ConvTranspose, theorem="zero-insertion")
def zeros_first(x: Shape, one: Step) -> Iterator[Piece]:
    """A transposed convolution puts zeros between the pixels and is then a convolution."""
    op = one.op
    assert isinstance(op, ConvTranspose)
    conv = Conv(
        stride=(1,) * op.rank, padding=turned(one.w.shape[2:], op.dilation, op.crop), dilation=op.dilation, groups=op.groups, bias=op.bias
    )  # fmt: skip
    zeros = (Step(ZeroInsert(factor=op.stride, trailing=(0,) * op.rank)),) if max(op.stride) > 1 else ()
    yield (*zeros, Step(conv, (flipped(swapped(one.w, op.groups)), *one.bias)))


@rule(Conv, theorem="stride-one")
def stride_one(x: Shape, one: Step) -> Iterator[Piece]:
    """With stride 1 a convolution is a transposed convolution, its kernel flipped and its channels exchanged."""
    op = one.op
    assert isinstance(op, Conv)
    if max(op.stride) == 1:
        crop = turned(one.w.shape[2:], op.dilation, op.padding)
        back = ConvTranspose(stride=op.stride, crop=crop, dilation=op.dilation, groups=op.groups, bias=op.bias)
        yield (Step(back, (flipped(swapped(one.w, op.groups)), *one.bias)),)


@rule(ConvTranspose, theorem="sub-pixel-convolution")
def sub_pixel(x: Shape, one: Step) -> Iterator[Piece]:
    """A transposed convolution with stride s is a convolution that computes the s phases as channels, and interleaves them."""
    op = one.op
    assert isinstance(op, ConvTranspose)
    if max(op.stride) == 1 or op.groups > 1:
        return
    s, rank, y = op.stride, op.rank, one.shape(x)
    split, cells = _in_cells(one.w, op)
    channels, out = split.shape[:2]
    order = (1, *range(3, 3 + 2 * rank, 2), 0, *range(2, 2 + 2 * rank, 2))
    kernel = flipped(reshaped(transposed(split, order), (out * size(s), channels, *cells)))
    padding, rest = [], []
    for n, m, f, (lo, _), length in zip(x[2:], cells, s, op.crop, y[2:], strict=True):
        first, last = lo // f, -(-(lo + length) // f)
        padding.append((m - 1 - first, last - n))
        rest.append((first * f - lo, lo + length - last * f))
    conv = Conv(stride=(1,) * rank, padding=tuple(padding), bias=op.bias)
    bias = tuple(repeated(b, size(s), 1) for b in one.bias)
    yield Step(conv, (kernel, *bias)), Step(DepthToSpace(factor=s, order="CRD")), *_pad(tuple(rest))


@rule(Conv, DepthToSpace, theorem="orders-differ-by-a-permutation")
def other_order(x: Shape, conv: Step, after: Step) -> Iterator[Piece]:
    """Channels are interleaved in the other order, if the convolution before gives them in that order."""
    op = after.op
    assert isinstance(op, DepthToSpace)
    assert isinstance(conv.op, Conv)
    if conv.op.groups > 1:
        return
    out, phases = conv.w.shape[0], size(op.factor)
    counts = (out // phases, phases) if op.order == "CRD" else (phases, out // phases)

    def moved(axis: int) -> tuple[int, ...]:
        return (*range(axis), axis + 1, axis, *range(axis + 2, conv.op.rank + 3))

    kernel = transposed(reshaped(conv.w, (*counts, *conv.w.shape[1:])), moved(0))
    bias = tuple(transposed(reshaped(b, (1, *counts, *b.shape[2:])), moved(1)) for b in conv.bias)
    arrays = (reshaped(kernel, conv.w.shape), *(reshaped(b, old.shape) for b, old in zip(bias, conv.bias, strict=True)))
    yield Step(conv.op, arrays), Step(replace(op, order="DCR" if op.order == "CRD" else "CRD"))


@rule(Conv, theorem="strided-is-space-to-depth")
def space_to_depth_first(x: Shape, one: Step) -> Iterator[Piece]:
    """A convolution with stride s moves cells of s pixels into the channels, and then has stride 1."""
    op = one.op
    assert isinstance(op, Conv)
    if max(op.stride) == 1 or op.groups > 1:
        return
    s, rank, y = op.stride, op.rank, one.shape(x)
    split, cells = _in_cells(one.w, op)
    order = (0, 1, *range(3, 3 + 2 * rank, 2), *range(2, 2 + 2 * rank, 2))
    kernel = reshaped(transposed(split, order), (split.shape[0], split.shape[1] * size(s), *cells))
    ends = tuple((lo, (m - 1 + c) * f - n - lo) for n, (lo, _), m, c, f in zip(x[2:], op.padding, y[2:], cells, s, strict=True))
    conv = Conv(stride=(1,) * rank, bias=op.bias)
    yield *_pad(ends), Step(SpaceToDepth(factor=s, order="CRD")), Step(conv, (kernel, *one.bias))


@rule(Conv, theorem="dilation-is-a-stretched-kernel")
def stretched_kernel(x: Shape, one: Step) -> Iterator[Piece]:
    """A dilated convolution is a plain one with zeros between the taps."""
    op = one.op
    assert isinstance(op, Conv)
    if max(op.dilation) > 1:
        yield (Step(replace(op, dilation=(1,) * op.rank), (stretched(one.w, op.dilation), *one.bias)),)


@rule(Conv, theorem="groups-are-blocks")
def dense(x: Shape, one: Step) -> Iterator[Piece]:
    """A convolution with groups is one without, whose kernel is 0 between the channels of different groups."""
    op = one.op
    assert isinstance(op, Conv)
    if op.groups > 1:
        yield (Step(replace(op, groups=1), (blocks(one.w, op.groups), *one.bias)),)


@rule(Conv, Conv, theorem="convolutions-compose")
def one_convolution(x: Shape, first: Step, second: Step) -> Iterator[Piece]:
    """Two convolutions in a row are one with a larger kernel, if nothing is padded between them."""
    a, b = first.op, second.op
    assert isinstance(a, Conv)
    assert isinstance(b, Conv)
    if a.groups == b.groups == 1 and not any(map(any, b.padding)) and not first.bias:
        both = tuple(p * q for p, q in zip(a.stride, b.stride, strict=True))
        apart = tuple(p * q for p, q in zip(a.stride, b.dilation, strict=True))
        kernel = composed(stretched(first.w, a.dilation), second.w, apart)
        yield (Step(Conv(stride=both, padding=a.padding, bias=b.bias), (kernel, *second.bias)),)


@rule(Conv, Conv, theorem="separable-convolution")
def not_separable(x: Shape, first: Step, second: Step) -> Iterator[Piece]:
    """A depthwise convolution and the 1×1 convolution behind it are one convolution."""
    a, b = first.op, second.op
    assert isinstance(a, Conv)
    assert isinstance(b, Conv)
    if second.pointwise and 1 < a.groups == first.w.shape[0] == x[1] and not first.bias:
        yield (Step(replace(a, groups=1, bias=b.bias), (mixed(first.w, second.w), *second.bias)),)


@rule(Conv, theorem="padding-is-a-step-before")
def padding_first(x: Shape, one: Step) -> Iterator[Piece]:
    """Padding is a step of its own."""
    op = one.op
    assert isinstance(op, Conv)
    if any(map(any, op.padding)):
        yield Step(Pad(padding=op.padding)), Step(replace(op, padding=((0, 0),) * op.rank), one.arrays)


@rule(Pad, Conv, theorem="padding-is-a-step-before")
def padding_inside(x: Shape, before: Step, one: Step) -> Iterator[Piece]:
    """Zeros put around x are the convolution's own padding."""
    pad, op = before.op, one.op
    assert isinstance(pad, Pad)
    assert isinstance(op, Conv)
    if pads_with_zeros(pad) and min(map(min, (*pad.padding, *op.padding))) >= 0:
        yield (Step(replace(op, padding=added(pad.padding, op.padding)), one.arrays),)


@rule(Conv, theorem="stride-is-subsampling")
def subsampled_first(x: Shape, one: Step) -> Iterator[Piece]:
    """A 1×1 convolution with stride s takes every s-th pixel and then has stride 1."""
    op = one.op
    assert isinstance(op, Conv)
    if max(op.stride) > 1 and size(one.w.shape[2:]) == 1 and not any(map(any, op.padding)):
        ones = (1,) * op.rank
        yield Step(SumPool(kernel=ones, stride=op.stride)), Step(replace(op, stride=ones), one.arrays)
