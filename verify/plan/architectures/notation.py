"""The notation of the tables: a layer with its channels, its sizes and the lengths of its input.

    conv(3, 64, k=7, s=2, p=3, n=224)                         a 7 × 7 convolution with stride 2 of a 224 × 224 image
    conv(80, 512, k=3, n=(3000,))                             a 1-D convolution; `n` has a length for each axis
    pad(3, 3, "reflect", n=256) >> conv(3, 64, k=7, p=0)      a chain; its first layer has the lengths

k kernel, s stride, d dilation: one number for all axes, or one for each. p is padding: "half" (the default of a convolution, d(k−1)/2 at
either end), "same" (⌈n/s⌉ outputs, an odd pixel at the end), a number, a number for each axis, or a pair (before, after) for each.
Weights have no bias, and normalisations and activations are left out: they are no part of this family.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Literal

from spec import (
    AdaptiveAveragePool,
    AveragePool,
    Case,
    Conv,
    ConvTranspose,
    DepthToSpace,
    Impossible,
    MaxPool,
    Operation,
    Pad,
    Resize,
    Shape,
    SpaceToDepth,
    Upsample,
    ZeroInsert,
)
from spec.conventions.padding import ceil_overhang, same_crop, same_padding, span
from spec.operation import Pairs

Sizes = int | tuple[int, ...]
Padding = Literal["half", "same"] | int | tuple[int, ...] | Pairs
Made = tuple[Operation, tuple[Shape, ...]]
"""An operation, and the shapes of its weights."""


@dataclass(frozen=True)
class Step:
    """One layer of a chain. `make`: from the lengths of its input. `reach`, `period`: how many pixels a window covers along each axis, and
    what the length is to be divided by for its remainder to say how the last window lies."""

    channels: int
    out: int
    make: Callable[[Shape], Made]
    reach: Sizes = 1
    period: Sizes = 1


@dataclass(frozen=True)
class Layer:
    """A layer, or a chain of them, on an input with these lengths; none in what follows another layer."""

    lengths: Shape
    steps: tuple[Step, ...]

    def __rshift__(self, after: Layer) -> Layer:
        if self.steps[-1].out != after.steps[0].channels or after.lengths:
            raise Impossible(f"a layer of {self.steps[-1].out} channels is followed by one of {after.steps[0].channels} or with lengths")
        return Layer(self.lengths, self.steps + after.steps)

    def at(self, lengths: Shape, batch: int = 1) -> Case:
        """Its case on an input with these lengths. Raises Impossible."""
        op, x, w = self._made(lengths, batch)
        return Case(op=op, x=x, w=w)

    @cached_property
    def text(self) -> str:
        """What it is on the lengths of its architecture, which no case may have if they are very long."""
        op, x, w = self._made(self.lengths, 1)
        return " ".join([repr(op), f"x={x}", *(f"w={shape}" for shape in w)])

    @cached_property
    def kind(self) -> str:
        """What its rounding follows from besides lengths and channels: the operations, the number of axes, whether there are groups,
        strides or gaps."""
        op, _, _ = self._made(self.lengths, 1)
        fields = ("mode", "coordinates", "counted", "order")
        words = [(step.name, step.rank, *(str(getattr(step, name, "")) for name in fields)) for step in op.steps]
        wide = [tuple(max(getattr(step, name, (1,))) > 1 for name in ("stride", "dilation")) for step in op.steps]
        return repr((words, wide, [getattr(step, "groups", 1) > 1 for step in op.steps]))

    def _made(self, lengths: Shape, batch: int) -> tuple[Operation, Shape, tuple[Shape, ...]]:
        x: Shape = (batch, self.steps[0].channels, *lengths)
        ops: list[Operation] = []
        weights: list[Shape] = []
        y = x
        for step in self.steps:
            op, w = step.make(y[2:])
            ops.append(op)
            weights.extend(w)
            y = op.shape(y, *w)
            if y[1] != step.out or not min(y):
                raise Impossible(f"{op!r} gives {y}, but its table says {step.out} channels, and no length is 0")
        return reduce(lambda a, b: a >> b, ops), x, tuple(weights)

    @cached_property
    def period(self) -> Shape:
        """Lengths that are equal modulo this have windows that end alike, and are both even or both odd."""
        rank = len(self.lengths)
        strides = [_each(step.period, rank) for step in self.steps]
        return tuple(math.lcm(2, math.prod(axis)) for axis in zip(*strides, strict=True))

    @cached_property
    def reach(self) -> Shape:
        """How many pixels of the input one pixel of the answer sees along each axis; enlarging is not counted."""
        rank = len(self.lengths)
        seen, apart = [1] * rank, [1] * rank
        for step in self.steps:
            for axis, (reach, period) in enumerate(zip(_each(step.reach, rank), _each(step.period, rank), strict=True)):
                seen[axis] += (reach - 1) * apart[axis]
                apart[axis] *= period
        return tuple(seen)


def conv(
    channels: int, out: int, *, k: Sizes = 3, s: Sizes = 1, p: Padding = "half", d: Sizes = 1, groups: int = 1, n: Sizes = (),
) -> Layer:  # fmt: skip
    """A convolution."""

    def make(lengths: Shape) -> Made:
        rank = len(lengths)
        op = Conv(stride=_each(s, rank), padding=_padding(p, lengths, k, s, d), dilation=_each(d, rank), groups=groups)
        return op, ((out, channels // groups, *_each(k, rank)),)

    return _layer(n, Step(channels, out, make, _spans(k, d), s))


def depthwise(channels: int, *, k: Sizes = 3, s: Sizes = 1, p: Padding = "half", d: Sizes = 1, n: Sizes = ()) -> Layer:
    """A convolution of each channel by itself."""
    return conv(channels, channels, k=k, s=s, p=p, d=d, groups=channels, n=n)


def transpose(
    channels: int, out: int, *, k: Sizes, s: Sizes = 1, p: Literal["same"] | int = 0, extra: int = 0, n: Sizes = (),
) -> Layer:  # fmt: skip
    """A transposed convolution. p: how much is cut off at either end, but `extra` less at the end; "same": to n·s pixels."""

    def make(lengths: Shape) -> Made:
        rank = len(lengths)
        kernels, strides = _each(k, rank), _each(s, rank)
        crop = tuple(same_crop(a - b) if p == "same" else (p, p - extra) for a, b in zip(kernels, strides, strict=True))
        return ConvTranspose(stride=strides, crop=crop), ((channels, out, *kernels),)

    return _layer(n, Step(channels, out, make, _seen(k, s)))


def max_pool(channels: int, *, k: Sizes, s: Sizes = 0, p: Padding = 0, ceil: bool = False, n: Sizes = ()) -> Layer:
    """A maximum pool. s: 0 is the kernel. ceil: windows that begin inside x count, even if they end outside."""
    stride = s or k

    def make(lengths: Shape) -> Made:
        rank = len(lengths)
        pairs = _padding(p, lengths, k, stride, 1)
        beyond = _overhang(lengths, k, stride, pairs) if ceil else (0,) * rank
        pairs = tuple((lo, hi + more) for (lo, hi), more in zip(pairs, beyond, strict=True))
        return MaxPool(kernel=_each(k, rank), stride=_each(stride, rank), padding=pairs), ()

    return _layer(n, Step(channels, channels, make, k, stride))


def average(channels: int, *, k: Sizes, s: Sizes = 0, p: Padding = 0, counted: str = "window", n: Sizes = ()) -> Layer:
    """An average pool. s: 0 is the kernel. counted: "valid" leaves the padding out of the mean."""
    stride = s or k

    def make(lengths: Shape) -> Made:
        rank = len(lengths)
        pairs = _padding(p, lengths, k, stride, 1)
        return AveragePool(kernel=_each(k, rank), stride=_each(stride, rank), padding=pairs, counted=counted), ()

    return _layer(n, Step(channels, channels, make, k, stride))


def adaptive(channels: int, *, to: Sizes = 1, n: Sizes = ()) -> Layer:
    """An average pool to lengths; 1 is the mean of the whole image."""
    return _layer(n, Step(channels, channels, lambda lengths: (AdaptiveAveragePool(size=_each(to, len(lengths))), ()), to, to))


def upsample(channels: int, *, f: Sizes = 2, n: Sizes = ()) -> Layer:
    """Every pixel repeated."""
    return _layer(n, Step(channels, channels, lambda lengths: (Upsample(factor=_each(f, len(lengths))), ())))


def zeros(channels: int, *, f: Sizes = 2, n: Sizes = ()) -> Layer:
    """Zeros inserted after every pixel."""
    return _layer(n, Step(channels, channels, lambda lengths: (ZeroInsert(factor=_each(f, len(lengths))), ())))


def resize(
    channels: int, mode: str = "linear", *, f: int = 0, to: Sizes = (), align_corners: bool = False, n: Sizes = (),
) -> Layer:  # fmt: skip
    """Resampling by a factor, which is that of the gaps between pixels with align_corners, or to lengths."""

    def make(lengths: Shape) -> Made:
        lengths = tuple((length - align_corners) * f + align_corners for length in lengths) if f else _each(to, len(lengths))
        return Resize(size=lengths, mode=mode, coordinates="align_corners" if align_corners else "half_pixel"), ()

    return _layer(n, Step(channels, channels, make, 2))


def pad(channels: int, p: int | Pairs, mode: str = "constant", *, n: Sizes = ()) -> Layer:
    """Padding; negative numbers cut."""
    widest = max(map(abs, [p] if isinstance(p, int) else sum(p, ())))

    def make(lengths: Shape) -> Made:
        return Pad(padding=_padding(p, lengths, 1, 1, 1), mode=mode), ()

    return _layer(n, Step(channels, channels, make, widest + 1))


def depth_to_space(channels: int, *, f: int = 2, rank: int = 2, order: str = "CRD", n: Sizes = ()) -> Layer:
    """Channels interleaved into space."""
    return _layer(n, Step(channels, channels // f**rank, lambda lengths: (DepthToSpace(factor=(f,) * rank, order=order), ())))


def space_to_depth(channels: int, *, f: int = 2, rank: int = 2, order: str = "DCR", n: Sizes = ()) -> Layer:
    """Space moved into channels."""
    return _layer(n, Step(channels, channels * f**rank, lambda lengths: (SpaceToDepth(factor=(f,) * rank, order=order), ()), f, f))


def separable(channels: int, out: int, *, k: Sizes = 3, s: Sizes = 1, p: Padding = "half", n: Sizes = ()) -> Layer:
    """A depthwise convolution, then one of single pixels."""
    return depthwise(channels, k=k, s=s, p=p, n=n) >> conv(channels, out, k=1)


def squeeze_excite(channels: int, squeezed: int, n: Sizes) -> list[Layer]:
    """The mean of the image, then two convolutions of a single pixel."""
    one = 1 if isinstance(n, int) else (1,) * len(n)
    return [adaptive(channels, n=n), conv(channels, squeezed, k=1, n=one), conv(squeezed, channels, k=1, n=one)]


def after(n: int, *strides: int) -> int:
    """A length behind layers with these strides that keep the others' lengths, rounded up."""
    return reduce(lambda length, s: -(-length // s), strides, n)




def _layer(n: Sizes, step: Step) -> Layer:
    return Layer((n, n) if isinstance(n, int) else n, (step,))


def _each(value: Sizes, rank: int) -> Shape:
    value = (value,) * rank if isinstance(value, int) else value
    if len(value) != rank:
        raise Impossible(f"{value} has not a number for each of {rank} axes")
    return value


def _spans(k: Sizes, d: Sizes) -> Sizes:
    if isinstance(k, int) and isinstance(d, int):
        return span(k, d)
    rank = max(len(value) for value in (k, d) if not isinstance(value, int))
    return tuple(map(span, _each(k, rank), _each(d, rank)))


def _seen(k: Sizes, s: Sizes) -> Sizes:
    """How many pixels of its input a pixel of a transposed convolution sees."""
    if isinstance(k, int) and isinstance(s, int):
        return -(-k // s)
    rank = max(len(value) for value in (k, s) if not isinstance(value, int))
    return tuple(-(-a // b) for a, b in zip(_each(k, rank), _each(s, rank), strict=True))


def _padding(p: Padding, lengths: Shape, k: Sizes, s: Sizes, d: Sizes) -> Pairs:
    rank = len(lengths)
    axes = list(zip(lengths, _each(k, rank), _each(s, rank), _each(d, rank), strict=True))
    if p == "half":
        return tuple((d * (k - 1) // 2,) * 2 for _, k, _, d in axes)
    if p == "same":
        return tuple(same_padding(*axis) for axis in axes)
    values: Sequence[int | tuple[int, int]] = (p,) * rank if isinstance(p, int) else p
    return tuple((value, value) if isinstance(value, int) else value for value in values)


def _overhang(lengths: Shape, k: Sizes, s: Sizes, pairs: Pairs) -> Shape:
    rank = len(lengths)
    axes = zip(lengths, _each(k, rank), _each(s, rank), pairs, strict=True)
    return tuple(max(ceil_overhang(n, k, s, 1, *pair), 0) for n, k, s, pair in axes)


def half(n: Sizes) -> Sizes:
    """Return each length divided by 2, rounded down, in pixels."""
    return n // 2 if isinstance(n, int) else tuple(length // 2 for length in n)


__all__ = [
    "Layer", "adaptive", "after", "average", "conv", "depth_to_space", "depthwise", "half", "max_pool", "pad", "resize", "separable",
    "space_to_depth", "squeeze_excite", "transpose", "upsample", "zeros",
]  # fmt: skip
