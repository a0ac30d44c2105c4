"""The question this project began with, and the ten statements of its well-known answer (docs/claims.md).

    A   UpSampling2D(s), then Conv2DTranspose(k, padding="same", strides=1)
    B   Conv2DTranspose(k, padding="same", strides=s)

Each statement is a theorem with a number; what is true instead, or how far, stands beside it without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from spec.conventions.padding import keras_same_crop, on_every_axis, same_padding, torch_transpose_crop
from spec.families.exact import rank
from spec.families.founding import decoders
from spec.operation import Array, Hypothesis, Index, Operation, Pairs, Shape
from spec.ops.conv import Conv, ConvTranspose
from spec.ops.maxpool import MaxPool, MaxUnpool
from spec.ops.pool import SumPool
from spec.ops.rearrange import ZeroInsert
from spec.ops.resize import Upsample
from spec.theorems.sources import ALGEBRA, ODENA, SHI
from spec.theorems.theorem import Draw, Side, Sides, convolved, flipped, swapped, theorem
from spec.theorems.upsampling import equal_phases, gain

SEED = "a well-known question and its accepted answer"


@dataclass(frozen=True, kw_only=True, repr=False)
class Parameters(Upsample):
    """What claim 9 counts, and no operation that a case can have: how many numbers an Upsample layer learns. None, whatever the shape
    of x it is built for. Each backend counts them in the live layer (backends.COUNTS)."""

    def shape(self, x: Shape, *w: Shape) -> Shape:
        return super().shape(x, *w) and (1,) * len(x)

    def __call__(self, x: Array, *w: Array) -> Array:
        return np.zeros(self.shape(x.shape), x.dtype)

    def vjp(self, x: Array, *w_and_g: Array) -> tuple[Array, ...]:
        return (np.zeros_like(x),)

    def hypotheses(self) -> Iterator[tuple[Hypothesis, Operation]]:
        """A number that is counted is taken for no other."""
        return iter(())


def _ones(k: Shape) -> Shape:
    return (1,) * len(k)


def _times(n: Shape, s: Shape) -> Shape:
    return tuple(m * f for m, f in zip(n, s, strict=True))


def _same(k: Shape, s: Shape) -> Pairs:
    return on_every_axis(keras_same_crop, k, s)


def _all_odd(k: Shape, **_: object) -> bool:
    return all(m % 2 for m in k)


def _b(k: Shape, s: Shape) -> ConvTranspose:
    return ConvTranspose(stride=s, crop=_same(k, s))


def _a(k: Shape, s: Shape) -> Operation:
    return Upsample(factor=s) >> _b(k, _ones(k))


@theorem({"s": [2, 3]}, source=SEED, claim=1)
def repeats(draw: Draw, s: Shape) -> Sides:
    """Nearest upsampling repeats: by 2, [[1, 2], [3, 4]] becomes [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]."""
    x = np.arange(1, 2 ** len(s) + 1).reshape(1, 1, *(2,) * len(s))
    return Side(Upsample(factor=s), x), np.kron(x, np.ones((1, 1, *s), int))


@theorem({"n": [2, 4, 5], "k": [1, 2, 3, 4, 5]}, source=SEED, claim=2, see=("stride-one",), when=("every k is odd", _all_odd))
def stride_one_is_classical(draw: Draw, n: Shape, k: Shape) -> Sides:
    """Conv2DTranspose(k, "same", stride 1) is Conv2D(k, "same"), with the kernel flipped in space and its channels exchanged."""
    x, w = draw(1, 2, *n), draw(2, 3, *k)
    padding = on_every_axis(same_padding, n, k)
    return Side(_b(k, _ones(k)), x, w), Side(Conv(stride=_ones(k), padding=padding), x, flipped(swapped(w)))


def _picture(draw: Draw, n: Shape, s: Shape, maxima: str) -> Array:
    picture = draw.distinct(1, 2, *_times(n, s))
    if maxima == "in the first corners":
        corners: Index = (..., *(slice(None, None, f) for f in s))
        picture[corners] += picture.size
    return picture


def _in_the_first_corners(maxima: str, **_: object) -> bool:
    return maxima == "in the first corners"


CORNERS = ("every maximum sat in the first corner of its window", _in_the_first_corners)
MAXIMA: dict[str, list[Any]] = {"n": [1, 2, 3], "s": [2, 3], "maxima": ["anywhere", "in the first corners"]}


@theorem(MAXIMA, source=SEED, claim=3, see=("zero-insertion", "zero-insertion-is-unpooling"), when=CORNERS)
def unpools(draw: Draw, n: Shape, s: Shape, maxima: str) -> Sides:
    """Conv2DTranspose(stride s) first un-pools: the zeros it puts between the pixels are those of max-unpooling."""
    x, picture = draw(1, 2, *n), _picture(draw, n, s, maxima)
    return Side(ZeroInsert(factor=s), x), Side(MaxUnpool(size=picture.shape[2:]), x, MaxPool(kernel=s).indices(picture))


def _torch_same(k: int) -> tuple[int, int]:
    return torch_transpose_crop((k - 1) // 2, k % 2)


def _torch_and_odd(k: Shape, crop: str, **_: object) -> bool:
    return crop == "PyTorch's" and _all_odd(k)


@theorem(
    {"n": [2, 4, 5], "k": [2, 3, 4, 5], "crop": ["Keras's", "PyTorch's"]}, source=SEED, claim=4, see=("one-pixel-off",),
    when=("the crop is PyTorch's, padding (k−1)/2 and output_padding 1, and every k is odd", _torch_and_odd),
)  # fmt: skip
def then_a_classical_convolution(draw: Draw, n: Shape, k: Shape, crop: str) -> Sides:
    """… and then applies a classical convolution: Conv2DTranspose(k, stride 2) of length 2n is ZeroInsert(2), then
    Conv(flip wᵀ, "same")."""
    x, w, s = draw(1, 2, *n), draw(2, 3, *k), (2,) * len(k)
    b = _b(k, s) if crop == "Keras's" else ConvTranspose(stride=s, crop=on_every_axis(_torch_same, k))
    classical = Conv(stride=_ones(k), padding=on_every_axis(same_padding, _times(n, s), k))
    return Side(b, x, w), Side(ZeroInsert(factor=s) >> classical, x, flipped(swapped(w)))


@theorem({"n": [2, 4, 5], "k": [2, 3, 4, 5]}, source=SHI)
def one_pixel_off(draw: Draw, n: Shape, k: Shape) -> Sides:
    """Keras's and TensorFlow's Conv2DTranspose(k, "same", stride 2) is ZeroInsert(2), then Conv(flip wᵀ) with "same" padding moved
    by one pixel, (lo + 1, hi − 1): for k = 2, 3, 4, 5 it is (1, 0), (2, 0), (2, 1), (3, 1), and "same" (0, 1), (1, 1), (1, 2), (2, 2)."""
    x, w, s = draw(1, 2, *n), draw(2, 3, *k), (2,) * len(k)
    moved = tuple((lo + 1, hi - 1) for lo, hi in on_every_axis(same_padding, _times(n, s), k))
    return Side(_b(k, s), x, w), Side(ZeroInsert(factor=s) >> Conv(stride=_ones(k), padding=moved), x, flipped(swapped(w)))


@theorem({"n": [2, 4, 6], "k": [1, 2, 3, 4, 5]}, source=SEED, claim=5, see=("input-gradient",))
def is_the_gradient(draw: Draw, n: Shape, k: Shape) -> Sides:
    """Transposed convolution "approximates" the gradient of convolution: it is the gradient with respect to the input, exactly
    (here of Conv2D(k, "same", stride 2) on even lengths)."""
    s = (2,) * len(k)
    n = tuple(m + m % 2 for m in n)
    conv = Conv(stride=s, padding=on_every_axis(same_padding, n, k, s))
    x, w = draw(1, 2, *n), draw(3, 2, *k)
    g = draw(*conv.shape(x.shape, w.shape))
    return Side(conv, x, w, g=g, output="dx"), Side(_b(k, s), g, w)


@theorem({"n": [1, 2, 3], "s": [2, 3]}, source=SEED, claim=6, see=("nearest-is-the-adjoint-of-sum-pooling",))
def is_the_gradient_of_sum_pooling(draw: Draw, n: Shape, s: Shape) -> Sides:
    """A approximates the gradient of sum pooling: nearest upsampling is that gradient, exactly."""
    g, x = draw(1, 2, *n), draw(1, 2, *_times(n, s))
    return Side(Upsample(factor=s), g), Side(SumPool(kernel=s), x, g=g, output="dx")


@theorem(MAXIMA, source=SEED, claim=7, see=("stride-is-subsampling",), when=CORNERS)
def is_the_gradient_of_max_pooling(draw: Draw, n: Shape, s: Shape, maxima: str) -> Sides:
    """B approximates the gradient of max pooling: zero insertion is that gradient. (It always is that of taking every s-th pixel.)"""
    g, picture = draw(1, 2, *n), _picture(draw, n, s, maxima)
    return Side(ZeroInsert(factor=s), g), Side(MaxPool(kernel=s), picture, g=g, output="dx")


def _smooth(decoder: str, kernel: str, k: Shape, s: Shape, **_: object) -> bool:
    return decoder == "A" or (kernel == "with equal phase sums" and k[0] % s[0] == 0)


@theorem(
    {"n": [9, 12], "k": [2, 3, 4, 6], "s": [2, 3], "decoder": ["A", "B"], "kernel": ["any", "with equal phase sums"]}, source=ODENA,
    only_1d=True, claim=8, see=("nearest-has-equal-gain", "transposed-gain"),
    when=("it is A, or the phases of B's kernel have equal sums, for each output channel", _smooth),
)  # fmt: skip
def is_smoother(draw: Draw, n: Shape, k: Shape, s: Shape, decoder: str, kernel: str) -> Sides:
    """A gives smoother results: away from the borders of a constant input the answer is the same in every output phase."""
    w = draw(3, 2, *k)
    if kernel == "with equal phase sums":
        w = equal_phases(w, s[0])
    return gain(_a(k, s) if decoder == "A" else _b(k, s), n, w, k[0] + s[0])


@theorem({"n": [2, 3], "s": [2, 3]}, source=SEED, claim=9)
def has_no_parameters(draw: Draw, n: Shape, s: Shape) -> Sides:
    """UpSampling2D has no parameters: counted in the live framework."""
    return Side(Parameters(factor=s), draw(1, 2, *n)), np.zeros((1,) * (len(n) + 2), int)


@theorem(
    {"n": [1, 2, 3, 4], "k": [1, 2, 3, 4], "s": [2, 3]}, source=SEED, claim=10, see=("what-both-express", "a-is-b-one-pixel-wider"),
    refuted=True,
)  # fmt: skip
def are_the_same(draw: Draw, n: Shape, k: Shape, s: Shape) -> Sides:
    """A and B, with one kernel, differ only in how they reach the same thing."""
    x, w = draw(1, 2, *n), draw(2, 3, *k)
    return Side(_a(k, s), x, w), Side(_b(k, s), x, w)


@theorem({"n": [1, 2, 4, 5], "k": [1, 2, 3, 4, 5]}, source=SHI)
def a_is_b_one_pixel_wider(draw: Draw, n: Shape, k: Shape) -> Sides:
    """A with kernel w (k wide, s = 2) is B with the kernel box₂ ∗ w, k + 1 wide: B one pixel wider contains A entirely."""
    x, w, s = draw(1, 2, *n), draw(2, 3, *k), (2,) * len(k)
    wide = convolved(np.ones((1, 1, *s), int), w, "ab,cd->cd")
    return Side(_a(k, s), x, w), Side(_b(tuple(m + 1 for m in k), s), x, wide)


def _numbers(own: Array, other: Array) -> Array:
    """The dimension of the space that the rows span, and of what it shares with that of other rows."""
    dimension, both = rank(own), rank(np.concatenate([own, other]))
    return np.array([dimension, dimension + rank(other) - both])


def _maps(y: Array) -> Array:
    """A row for each kernel: all results of all inputs, one after the other."""
    return np.asarray(y).swapaxes(0, 1).reshape(y.shape[1], -1).astype(int)


@theorem(
    {"n": [3, 4], "k": [1, 2, 3, 4], "s": [2, 3], "decoder": ["A", "B"], "crop": ["Keras's", "PyTorch's"]}, source=ALGEBRA,
    see=("a-is-b-one-pixel-wider",),
)  # fmt: skip
def what_both_express(draw: Draw, n: Shape, k: Shape, s: Shape, decoder: str, crop: str) -> Sides:
    """With free weights, A and B with k taps along each axis both express linear maps of Π k dimensions. They share
    Π max(k − s + 1, 0) of them: for s = 2 in 2-D, (k − 1)² of k². Neither contains the other."""
    taps, pixels = int(np.prod(k)), int(np.prod(n))
    x, w = np.eye(pixels, dtype=int).reshape(pixels, 1, *n), np.eye(taps, dtype=int).reshape(1, taps, *k)
    one, other = decoders(crop.removesuffix("'s"), k, s)[:: 1 if decoder == "A" else -1]
    kernels = [w.swapaxes(0, 1) if isinstance(op.steps[-1], Conv) else w for op in (one, other)]
    shared = _maps(other(x, kernels[1]))
    numbers = np.array([taps, np.prod([max(q - f + 1, 0) for q, f in zip(k, s, strict=True)])])
    return Side(one, x, kernels[0], after=lambda y: _numbers(_maps(y), shared)), numbers
