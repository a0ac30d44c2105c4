"""How long the output is: the fifteen relationships of Dumoulin & Visin, in their order, and two that follow.

Each says what the lengths along the spatial axes are. i is the length of the input, k of the kernel, s the stride, p the padding on
both sides; i′ and o′ are those of the transposed convolution, i′ = the output length of the convolution that it transposes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spec.operation import Array, Impossible, Operation, Shape
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.pool import SumPool
from spec.theorems.sources import DUMOULIN
from spec.theorems.theorem import Draw, Side, Sides, theorem

LENGTHS, K, S, P = [3, 5, 8], [1, 2, 3], [1, 2, 3], [0, 1, 2]


def _each(formula: Callable[..., int], *rows: Shape) -> Shape:
    return tuple(formula(*entries) for entries in zip(*rows, strict=True))


def _lengths(y: Array) -> Array:
    return np.array(y.shape[2:])


def _measured(draw: Draw, op: Operation, n: Shape, k: Shape, expected: Shape) -> Sides:
    """The lengths that op gives for lengths n, and those expected."""
    kernel = (draw(2, 2, *k),) * op.weights
    return Side(op, draw(1, 2, *n), *kernel, after=_lengths), np.array(expected)


def _conv(s: Shape, p: Shape, d: Shape | None = None) -> Conv:
    return Conv(stride=s, padding=tuple((a, a) for a in p), dilation=d or (1,) * len(s))


def _back(s: Shape, p: Shape, extra: Shape | None = None) -> ConvTranspose:
    return ConvTranspose(stride=s, crop=tuple((a, a - e) for a, e in zip(p, extra or (0,) * len(p), strict=True)))


def _ones(k: Shape) -> Shape:
    return (1,) * len(k)


def _half(k: Shape) -> Shape:
    return tuple(m // 2 for m in k)


def _full(k: Shape) -> Shape:
    return tuple(m - 1 for m in k)


def _zeros(k: Shape) -> Shape:
    return (0,) * len(k)


def _odd(k: Shape, **_: object) -> bool:
    return all(m % 2 for m in k)


def _transposed(draw: Draw, k: Shape, s: Shape, p: Shape, i: Shape, extra: Shape | None = None) -> Sides:
    """Whether the transpose of the convolution of i pixels has i pixels again."""
    short = _conv(s, p).shape((1, 2, *i), (2, 2, *k))[2:]
    if not min(short):
        raise Impossible("the convolution has no output")
    return _measured(draw, _back(s, p, extra), short, k, i)


def _remainder(i: Shape, k: Shape, s: Shape, p: Shape) -> Shape:
    return _each(lambda a, b, c, e: (a + 2 * e - b) % c, i, k, s, p)


def _no_remainder(i: Shape, k: Shape, s: Shape, p: Shape | None = None) -> bool:
    return not any(_remainder(i, k, s, p or _zeros(k)))


@theorem({"i": LENGTHS, "k": K}, source=DUMOULIN + ", relationship 1")
def length_without_padding(draw: Draw, i: Shape, k: Shape) -> Sides:
    """(40) Conv with unit stride and no padding: o = i − k + 1."""
    return _measured(draw, _conv(_ones(k), _zeros(k)), i, k, _each(lambda a, b: a - b + 1, i, k))


@theorem({"i": LENGTHS, "k": K, "p": P}, source=DUMOULIN + ", relationship 2")
def length_with_padding(draw: Draw, i: Shape, k: Shape, p: Shape) -> Sides:
    """(41) Conv with unit stride and padding p: o = i − k + 2p + 1."""
    return _measured(draw, _conv(_ones(k), p), i, k, _each(lambda a, b, c: a - b + 2 * c + 1, i, k, p))


@theorem({"i": LENGTHS, "k": K}, source=DUMOULIN + ", relationship 3", when=("k is odd", _odd))
def half_padding_keeps_the_length(draw: Draw, i: Shape, k: Shape) -> Sides:
    """(42) Conv with unit stride and padding ⌊k/2⌋: o = i."""
    return _measured(draw, _conv(_ones(k), _half(k)), i, k, i)


@theorem({"i": LENGTHS, "k": K}, source=DUMOULIN + ", relationship 4")
def full_padding_adds_to_the_length(draw: Draw, i: Shape, k: Shape) -> Sides:
    """(43) Conv with unit stride and padding k − 1: o = i + k − 1."""
    return _measured(draw, _conv(_ones(k), _full(k)), i, k, _each(lambda a, b: a + b - 1, i, k))


@theorem({"i": LENGTHS, "k": K, "s": S}, source=DUMOULIN + ", relationship 5")
def length_with_stride(draw: Draw, i: Shape, k: Shape, s: Shape) -> Sides:
    """(44) Conv with stride s and no padding: o = ⌊(i − k)/s⌋ + 1."""
    return _measured(draw, _conv(s, _zeros(k)), i, k, _each(lambda a, b, c: (a - b) // c + 1, i, k, s))


@theorem({"i": LENGTHS, "k": K, "s": S, "p": P}, source=DUMOULIN + ", relationship 6")
def length_with_stride_and_padding(draw: Draw, i: Shape, k: Shape, s: Shape, p: Shape) -> Sides:
    """(45) Conv with stride s and padding p: o = ⌊(i + 2p − k)/s⌋ + 1."""
    return _measured(draw, _conv(s, p), i, k, _each(lambda a, b, c, e: (a + 2 * e - b) // c + 1, i, k, s, p))


@theorem({"i": LENGTHS, "k": K, "s": S}, source=DUMOULIN + ", relationship 7")
def length_of_pooling(draw: Draw, i: Shape, k: Shape, s: Shape) -> Sides:
    """(46) Pooling without padding: o = ⌊(i − k)/s⌋ + 1."""
    return _measured(draw, SumPool(kernel=k, stride=s), i, k, _each(lambda a, b, c: (a - b) // c + 1, i, k, s))


@theorem({"i": LENGTHS, "k": K}, source=DUMOULIN + ", relationship 8")
def transposed_length_without_padding(draw: Draw, i: Shape, k: Shape) -> Sides:
    """(47) ConvTranspose with unit stride and no crop, of i′ pixels: o′ = i′ + k − 1."""
    return _measured(draw, _back(_ones(k), _zeros(k)), i, k, _each(lambda a, b: a + b - 1, i, k))


@theorem({"i": LENGTHS, "k": K, "p": P}, source=DUMOULIN + ", relationship 9")
def transposed_length_with_padding(draw: Draw, i: Shape, k: Shape, p: Shape) -> Sides:
    """(48) ConvTranspose with unit stride and crop p, of i′ pixels: o′ = i′ + k − 1 − 2p."""
    return _measured(draw, _back(_ones(k), p), i, k, _each(lambda a, b, c: a + b - 1 - 2 * c, i, k, p))


@theorem({"i": LENGTHS, "k": K}, source=DUMOULIN + ", relationship 10", when=("k is odd", _odd))
def transposed_half_padding_keeps_the_length(draw: Draw, i: Shape, k: Shape) -> Sides:
    """(49) ConvTranspose with unit stride and crop ⌊k/2⌋, of i′ pixels: o′ = i′."""
    return _measured(draw, _back(_ones(k), _half(k)), i, k, i)


@theorem({"i": LENGTHS, "k": K}, source=DUMOULIN + ", relationship 11")
def transposed_full_padding_takes_from_the_length(draw: Draw, i: Shape, k: Shape) -> Sides:
    """(50) ConvTranspose with unit stride and crop k − 1, of i′ pixels: o′ = i′ − (k − 1)."""
    return _measured(draw, _back(_ones(k), _full(k)), i, k, _each(lambda a, b: a - b + 1, i, k))


@theorem({"i": LENGTHS, "k": K, "s": S}, source=DUMOULIN + ", relationship 12", when=("s divides i − k", _no_remainder))
def transposing_gives_back_the_length(draw: Draw, i: Shape, k: Shape, s: Shape) -> Sides:
    """(51) Conv with stride s and no padding, of i pixels, then ConvTranspose with the same stride and no crop has length i."""
    return _transposed(draw, k, s, _zeros(k), i)


@theorem({"i": LENGTHS, "k": K, "s": S, "p": P}, source=DUMOULIN + ", relationship 13", when=("s divides i + 2p − k", _no_remainder))
def transposing_padding_gives_back_the_length(draw: Draw, i: Shape, k: Shape, s: Shape, p: Shape) -> Sides:
    """(52) Conv with stride s and padding p, of i pixels, then ConvTranspose with the same stride and crop p has length i."""
    return _transposed(draw, k, s, p, i)


@theorem({"i": LENGTHS, "k": K, "s": S, "p": P}, source=DUMOULIN + ", relationship 14")
def output_padding_gives_back_the_length(draw: Draw, i: Shape, k: Shape, s: Shape, p: Shape) -> Sides:
    """(53) As before for every s, if the end is cropped a = (i + 2p − k) mod s pixels less: a is the output padding."""
    return _transposed(draw, k, s, p, i, _remainder(i, k, s, p))


@theorem({"i": LENGTHS, "k": K, "s": S, "p": P, "d": [1, 2]}, source=DUMOULIN + ", relationship 15")
def length_with_dilation(draw: Draw, i: Shape, k: Shape, s: Shape, p: Shape, d: Shape) -> Sides:
    """(54) Conv with dilation d: o = ⌊(i + 2p − k − (k − 1)(d − 1))/s⌋ + 1."""
    expected = _each(lambda a, b, c, e, f: (a + 2 * e - b - (b - 1) * (f - 1)) // c + 1, i, k, s, p, d)
    return _measured(draw, _conv(s, p, d), i, k, expected)


@theorem({"k": K, "m": K, "s": S, "t": [1, 2]}, source="Araujo, Norris & Sim 2019, Computing receptive fields, Distill")
def receptive_field(draw: Draw, k: Shape, m: Shape, s: Shape, t: Shape) -> Sides:
    """Two Convs, of kernels k and m and strides s and t, see k + (m − 1)s pixels: of so many they make one."""
    x, u, v = draw(1, 2, *_each(lambda a, b, c: a + (b - 1) * c, k, m, s)), draw(2, 2, *k), draw(2, 2, *m)
    return Side(_conv(s, _zeros(k)) >> _conv(t, _zeros(m)), x, u, v, after=_lengths), np.array(_ones(k))
